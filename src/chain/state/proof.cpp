#include "chain/state/proof.h"

#include "crypto/merkle.h"

#include <algorithm>
#include <cstring>

namespace assay::chain {
namespace {

constexpr std::uint8_t kProofFormat = 1;
constexpr std::size_t kModuleSiblingsMax = 8; // of up to 255 leaves
constexpr std::size_t kHeaderBytes = 5;       // format, end, module count, index and siblings
constexpr std::size_t kCountBytes = 2;

void add_digest(Bytes& out, const Digest& digest) { out.insert(out.end(), digest.begin(), digest.end()); }

class ProofReader {
public:
    explicit ProofReader(ByteView bytes) : rest_(bytes) {}
    std::size_t left() const { return rest_.size(); }
    ByteView take(std::size_t count) {
        const ByteView taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }
    Digest digest() {
        Digest digest;
        std::memcpy(digest.data(), take(digest.size()).data(), digest.size());
        return digest;
    }

private:
    ByteView rest_;
};

Result<void> read_siblings(ProofReader& reader, std::vector<Digest>& siblings) {
    if (reader.left() < kCountBytes) return fail(ErrorCode::malformed, "proof: cut short");
    const ByteView number = reader.take(kCountBytes);
    const std::size_t count = std::size_t{number[0]} << 8 | number[1];
    if (count > kKeyBits) return fail(ErrorCode::malformed, "proof: more siblings than a key has bits");
    const std::size_t map_bytes = (count + 7) / 8;
    if (reader.left() < map_bytes) return fail(ErrorCode::malformed, "proof: cut short");
    const ByteView map = reader.take(map_bytes);
    if (count % 8 != 0 && (map.back() & (0xffU >> count % 8)) != 0) {
        return fail(ErrorCode::malformed, "proof: bits set behind the last sibling");
    }
    siblings.assign(count, kEmptyDigest);
    for (std::size_t i = 0; i < count; ++i) {
        if (((map[i / 8] >> (7 - i % 8)) & 1U) == 0) continue;
        if (reader.left() < crypto::kDigestBytes) return fail(ErrorCode::malformed, "proof: cut short");
        siblings[i] = reader.digest();
        if (siblings[i] == kEmptyDigest) return fail(ErrorCode::malformed, "proof: empty sibling written out");
    }
    if (count > 0 && siblings.back() == kEmptyDigest) {
        return fail(ErrorCode::malformed, "proof: the last sibling is empty, so the path ends earlier");
    }
    return {};
}

Result<StateProof> read_header(ProofReader& reader) {
    if (reader.left() < kHeaderBytes) return fail(ErrorCode::malformed, "proof: cut short");
    const ByteView header = reader.take(kHeaderBytes);
    if (header[0] != kProofFormat) return fail(ErrorCode::malformed, "proof: unknown format");
    if (header[1] > static_cast<std::uint8_t>(StateProof::End::other_leaf)) {
        return fail(ErrorCode::malformed, "proof: unknown kind of end");
    }
    StateProof proof;
    proof.end = static_cast<StateProof::End>(header[1]);
    proof.module_count = header[2];
    proof.module_index = header[3];
    const std::size_t siblings = header[4];
    if (siblings > kModuleSiblingsMax) return fail(ErrorCode::malformed, "proof: too many module siblings");
    if (reader.left() < siblings * crypto::kDigestBytes) return fail(ErrorCode::malformed, "proof: cut short");
    for (std::size_t i = 0; i < siblings; ++i) proof.module_siblings.push_back(reader.digest());
    return proof;
}

/// The hash at the end of the path, or nothing when it cannot show what is claimed.
std::optional<Digest> end_hash(const StateProof& proof, const Digest& key, const std::optional<ByteView>& value) {
    switch (proof.end) {
        case StateProof::End::leaf:
            if (!value) return std::nullopt;
            return tree_leaf(key, crypto::sha256(*value));
        case StateProof::End::empty:
            if (value) return std::nullopt;
            return kEmptyDigest;
        case StateProof::End::other_leaf: {
            const bool shares_path = shares_bits(proof.other_key, key, static_cast<unsigned>(proof.siblings.size()));
            if (value || proof.other_key == key || !shares_path) return std::nullopt;
            return tree_leaf(proof.other_key, proof.other_value_hash);
        }
    }
    return std::nullopt;
}

} // namespace

Bytes encode_state_proof(const StateProof& proof) {
    Bytes out = {kProofFormat, static_cast<std::uint8_t>(proof.end), proof.module_count, proof.module_index,
                 static_cast<std::uint8_t>(proof.module_siblings.size())};
    for (const Digest& sibling : proof.module_siblings) add_digest(out, sibling);
    const std::size_t count = proof.siblings.size();
    out.push_back(static_cast<std::uint8_t>(count >> 8));
    out.push_back(static_cast<std::uint8_t>(count));
    const std::size_t map = out.size();
    out.resize(map + (count + 7) / 8);
    for (std::size_t i = 0; i < count; ++i) {
        if (proof.siblings[i] == kEmptyDigest) continue;
        out[map + i / 8] |= static_cast<std::uint8_t>(0x80U >> i % 8);
        add_digest(out, proof.siblings[i]);
    }
    if (proof.end == StateProof::End::other_leaf) {
        add_digest(out, proof.other_key);
        add_digest(out, proof.other_value_hash);
    }
    return out;
}

Result<StateProof> decode_state_proof(ByteView bytes) {
    ProofReader reader(bytes);
    StateProof proof = TRY(read_header(reader));
    TRY_VOID(read_siblings(reader, proof.siblings));
    if (proof.end == StateProof::End::other_leaf) {
        if (reader.left() < 2 * crypto::kDigestBytes) return fail(ErrorCode::malformed, "proof: cut short");
        proof.other_key = reader.digest();
        proof.other_value_hash = reader.digest();
    }
    if (reader.left() != 0) return fail(ErrorCode::malformed, "proof: bytes behind the end");
    return proof;
}

bool verify_state_proof(const Digest& app_hash, std::string_view module, ByteView raw_key,
                        std::optional<ByteView> value, ByteView bytes) {
    constexpr std::size_t kModuleNameBytesMax = 255;
    if (module.size() > kModuleNameBytesMax) return false;
    const auto proof = decode_state_proof(bytes);
    if (!proof) return false;
    const Digest key = tree_key(module, raw_key);
    const auto end = end_hash(*proof, key, value);
    if (!end) return false;
    Digest hash = *end;
    for (std::size_t i = proof->siblings.size(); i-- > 0;) {
        const bool is_right = bit_of(key, static_cast<unsigned>(i)) != 0;
        const Digest& sibling = proof->siblings[i];
        hash = is_right ? crypto::merkle_node(sibling, hash) : crypto::merkle_node(hash, sibling);
    }
    return crypto::merkle_verify(module_leaf(module, hash, kModuleFormat), proof->module_index, proof->module_count,
                                 proof->module_siblings, app_hash);
}

} // namespace assay::chain
