#include "crypto/merkle.h"

#include "base/assert.h"
#include "crypto/sha256_implementation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace assay::crypto {
namespace {

constexpr std::uint8_t kLeafPrefix = 0;
constexpr std::uint8_t kNodePrefix = 1;

/// A message of 65 bytes with its padding: the two blocks that one join hashes (FIPS 180-4 §5.1.1).
struct JoinBlocks {
    std::array<std::uint8_t, 128> bytes{};

    explicit JoinBlocks(std::uint8_t prefix) {
        bytes[0] = prefix;
        bytes[65] = 0x80;
        bytes[126] = 0x02; // 65 · 8 = 0x0208 bits
        bytes[127] = 0x08;
    }
    void set(const MerkleJoin& join) {
        std::memcpy(bytes.data() + 1, join.left->data(), kDigestBytes);
        std::memcpy(bytes.data() + 1 + kDigestBytes, join.right->data(), kDigestBytes);
    }
};

void store_digest(const std::array<std::uint32_t, 8>& state, Digest& out) {
    for (std::size_t i = 0; i < state.size(); ++i) {
        const std::uint32_t word = state[i];
        out[4 * i] = static_cast<std::uint8_t>(word >> 24);
        out[4 * i + 1] = static_cast<std::uint8_t>(word >> 16);
        out[4 * i + 2] = static_cast<std::uint8_t>(word >> 8);
        out[4 * i + 3] = static_cast<std::uint8_t>(word);
    }
}

std::uint64_t split_of(std::uint64_t count) { return std::bit_floor(count - 1); }

} // namespace

Digest merkle_leaf(ByteView data) {
    Sha256 hash;
    hash.update(ByteView(&kLeafPrefix, 1));
    hash.update(data);
    return hash.finish();
}

Digest merkle_node(const Digest& left, const Digest& right) {
    Sha256 hash;
    hash.update(ByteView(&kNodePrefix, 1));
    hash.update(left);
    hash.update(right);
    return hash.finish();
}

void merkle_join(std::uint8_t prefix, std::span<const MerkleJoin> joins) {
    const Sha256Implementation& implementation = sha256_implementations().front();
    JoinBlocks a(prefix);
    JoinBlocks b(prefix);
    std::size_t i = 0;
    for (; i + 2 <= joins.size(); i += 2) {
        a.set(joins[i]);
        b.set(joins[i + 1]);
        auto state_a = kSha256InitialState;
        auto state_b = kSha256InitialState;
        implementation.compress_pair(state_a.data(), state_b.data(), a.bytes.data(), b.bytes.data(), 2);
        store_digest(state_a, *joins[i].out);
        store_digest(state_b, *joins[i + 1].out);
    }
    if (i == joins.size()) return;
    a.set(joins[i]);
    auto state = kSha256InitialState;
    implementation.compress(state.data(), a.bytes.data(), 2);
    store_digest(state, *joins[i].out);
}

std::uint64_t chunk_count(std::uint64_t size, std::uint64_t chunk_bytes) {
    return size / chunk_bytes + (size % chunk_bytes != 0);
}

void merkle_chunk_leaves(ByteView data, std::size_t chunk_bytes, std::span<Digest> leaves) {
    ASSAY_ASSERT(chunk_bytes > 0 && leaves.size() == chunk_count(data.size(), chunk_bytes));
    const ByteView prefix(&kLeafPrefix, 1);
    const std::size_t pairs = data.size() / chunk_bytes / 2;
    Sha256Pair hash;
    for (std::size_t i = 0; i < 2 * pairs; i += 2) {
        hash.update({prefix, prefix});
        hash.update({data.subspan(i * chunk_bytes, chunk_bytes), data.subspan((i + 1) * chunk_bytes, chunk_bytes)});
        const auto digests = hash.finish_all();
        leaves[i] = digests[0];
        leaves[i + 1] = digests[1];
    }
    for (std::size_t i = 2 * pairs; i < leaves.size(); ++i) {
        leaves[i] = merkle_leaf(data.subspan(i * chunk_bytes, std::min(chunk_bytes, data.size() - i * chunk_bytes)));
    }
}

Digest merkle_root_of_chunks(ByteView data, std::size_t chunk_bytes) {
    std::vector<Digest> leaves(chunk_count(data.size(), chunk_bytes));
    merkle_chunk_leaves(data, chunk_bytes, leaves);
    return merkle_root(leaves);
}

Digest merkle_root(std::span<const Digest> leaves) {
    MerkleBuilder builder;
    for (const Digest& leaf : leaves) builder.add(leaf);
    return builder.root();
}

std::vector<Digest> merkle_proof(std::span<const Digest> leaves, std::uint64_t index) {
    ASSAY_ASSERT(index < leaves.size());
    std::vector<Digest> from_root;
    while (leaves.size() > 1) {
        const std::uint64_t split = split_of(leaves.size());
        const bool right = index >= split;
        from_root.push_back(merkle_root(right ? leaves.first(split) : leaves.subspan(split)));
        leaves = right ? leaves.subspan(split) : leaves.first(split);
        if (right) index -= split;
    }
    return {from_root.rbegin(), from_root.rend()};
}

bool merkle_verify(const Digest& leaf, std::uint64_t index, std::uint64_t count, std::span<const Digest> proof,
                   const Digest& root) {
    if (index >= count) return false;
    // RFC 9162 §2.1.3.2: `node` and `last` are the positions of our node and of the last one, level by level.
    std::uint64_t node = index;
    std::uint64_t last = count - 1;
    Digest hash = leaf;
    for (const Digest& sibling : proof) {
        if (last == 0) return false;
        if ((node & 1) != 0 || node == last) {
            hash = merkle_node(sibling, hash);
            while ((node & 1) == 0 && node != 0) node >>= 1, last >>= 1; // a lone right edge moves up unhashed
        } else {
            hash = merkle_node(hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && hash == root;
}

void MerkleBuilder::add(const Digest& leaf) {
    Digest hash = leaf;
    for (std::uint64_t bit = count_; (bit & 1) != 0; bit >>= 1) { // two complete subtrees of one size become one
        hash = merkle_node(peaks_.back(), hash);
        peaks_.pop_back();
    }
    peaks_.push_back(hash);
    ++count_;
}

Digest MerkleBuilder::root() const {
    if (peaks_.empty()) return sha256({});
    Digest hash = peaks_.back();
    for (std::size_t i = peaks_.size() - 1; i-- > 0;) hash = merkle_node(peaks_[i], hash);
    return hash;
}

} // namespace assay::crypto
