#include "consensus/embedded/block.h"

#include "base/assert.h"
#include "chain/core/cbor.h"
#include "codec/dag_cbor.h"
#include "consensus/blocks/block_log.h"
#include "consensus/light/verifier.h"
#include "crypto/merkle.h"

namespace assay::consensus {
namespace {

using codec::Value;

constexpr std::uint64_t kBlockProtocol = 11; ///< CometBFT 0.38's block version
constexpr std::int64_t kPower = 1;
constexpr std::size_t kHeadBytesMax = 9;

Bytes to_bytes(const auto& array) { return Bytes(array.begin(), array.end()); }

BlockTime time_of(std::int64_t time_ms) {
    const std::int64_t rest = (time_ms % 1000 + 1000) % 1000;
    return {time_ms / 1000 - (time_ms % 1000 < 0 ? 1 : 0), static_cast<std::int32_t>(rest) * 1'000'000};
}

/// Blocks do not travel in parts: the one part of each is its header's hash.
BlockId id_of(const crypto::Digest& hash) { return {to_bytes(hash), 1, to_bytes(crypto::merkle_leaf(hash))}; }

LightValidator validator_of(const EmbeddedBlock& block) { return {block.signer, kPower}; }

Header header_of(const EmbeddedBlock& block) {
    const Bytes set = to_bytes(hash_of(std::vector{validator_of(block)}));
    Header header;
    header.block_version = kBlockProtocol;
    header.app_version = block.app_version;
    header.chain_id = block.chain_id;
    header.height = static_cast<std::int64_t>(block.height);
    header.time = time_of(block.time_ms);
    if (block.parent != crypto::Digest{}) header.last_block_id = id_of(block.parent);
    header.last_commit_hash = to_bytes(block.parent_commit);
    header.data_hash = to_bytes(hash_of_data(block.transaction_hashes));
    header.validators_hash = set;
    header.next_validators_hash = set;
    header.consensus_hash = to_bytes(block.limits);
    header.app_hash = to_bytes(block.app_hash);
    header.evidence_hash = to_bytes(crypto::merkle_root({}));
    header.proposer_address = address_of(validator_of(block));
    return header;
}

Commit commit_of(const EmbeddedBlock& block) {
    return {.height = static_cast<std::int64_t>(block.height),
            .round = 0,
            .block_id = id_of(block.hash),
            .signatures = {{VoteFlag::commit, address_of(validator_of(block)), time_of(block.time_ms),
                            to_bytes(block.signature)}}};
}

void hash_content(EmbeddedBlock& block) {
    block.transaction_hashes.clear();
    block.transaction_hashes.reserve(block.transactions.size());
    for (const Bytes& transaction : block.transactions) block.transaction_hashes.push_back(crypto::sha256(transaction));
    block.hash = hash_of(header_of(block));
}

Value fields_of(const EmbeddedBlock& block) {
    return Value::Map{{"app", to_bytes(block.app_hash)},
                      {"app_version", block.app_version},
                      {"chain", block.chain_id},
                      {"height", block.height},
                      {"limits", to_bytes(block.limits)},
                      {"parent", to_bytes(block.parent)},
                      {"parent_commit", to_bytes(block.parent_commit)},
                      {"time", block.time_ms}};
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> read_array(const Value* value, std::string_view name) {
    const Bytes* bytes = value == nullptr ? nullptr : value->bytes();
    if (bytes == nullptr || bytes->size() != N) {
        return fail(ErrorCode::malformed,
                    "block: \"" + std::string(name) + "\" is not " + std::to_string(N) + " bytes");
    }
    std::array<std::uint8_t, N> array;
    std::copy(bytes->begin(), bytes->end(), array.begin());
    return array;
}

Result<std::uint64_t> read_unsigned(const Value& map, std::string_view name) {
    const Value* value = map.find(name);
    if (value == nullptr || value->integer() == nullptr || !value->integer()->to_uint64())
        return fail(ErrorCode::malformed, "block: \"" + std::string(name) + "\" is not an unsigned integer");
    return *value->integer()->to_uint64();
}

Result<EmbeddedBlock> read_fields(const Value& map) {
    EmbeddedBlock block;
    const Value *chain = map.find("chain"), *time = map.find("time");
    if (chain == nullptr || chain->text() == nullptr) return fail(ErrorCode::malformed, "block: \"chain\" is not text");
    if (time == nullptr || time->integer() == nullptr || !time->integer()->to_int64())
        return fail(ErrorCode::malformed, "block: \"time\" is not an integer");
    block.chain_id = *chain->text();
    block.time_ms = *time->integer()->to_int64();
    block.app_version = TRY(read_unsigned(map, "app_version"));
    block.height = TRY(read_unsigned(map, "height"));
    block.parent = TRY(read_array<32>(map.find("parent"), "parent"));
    block.parent_commit = TRY(read_array<32>(map.find("parent_commit"), "parent_commit"));
    block.limits = TRY(read_array<32>(map.find("limits"), "limits"));
    block.app_hash = TRY(read_array<32>(map.find("app"), "app"));
    if (fields_of(block) != map) return fail(ErrorCode::malformed, "block: unknown entries");
    return block;
}

bool is_unsigned_record(const Value::List& parts) {
    return parts.size() == 2 && parts[0].map() != nullptr && parts[0].find("txs") != nullptr;
}

} // namespace

void sign_block(EmbeddedBlock& block, const crypto::Ed25519SecretKey& key) {
    block.signer = key.public_key();
    hash_content(block);
    block.signature = key.sign(vote_sign_bytes(block.chain_id, commit_of(block), 0));
}

LightBlock light_block_of(const EmbeddedBlock& block) {
    return {header_of(block), commit_of(block), {validator_of(block)}};
}

crypto::Digest commit_hash_of(const EmbeddedBlock& block) { return hash_of(commit_of(block)); }

Result<void> check_signature(const EmbeddedBlock& block) {
    const auto good = check_trust_root(light_block_of(block), {block.height, block.hash});
    if (!good) return fail(ErrorCode::malformed, good.error().message);
    return {};
}

Result<void> check_follows(const EmbeddedBlock& parent, const EmbeddedBlock& block) {
    const auto wrong = [](std::string what) { return fail(ErrorCode::malformed, std::move(what)); };
    if (block.chain_id != parent.chain_id)
        return wrong("it is of chain " + block.chain_id + ", the block before of " + parent.chain_id);
    if (block.height != parent.height + 1)
        return wrong("it says height " + std::to_string(block.height) + " after " + std::to_string(parent.height));
    if (block.parent != parent.hash) return wrong("its parent is another block");
    if (block.parent_commit != commit_hash_of(parent)) return wrong("its parent's signature is another one");
    if (block.signer != parent.signer) return wrong("another key signed it than the block before");
    if (block.time_ms <= parent.time_ms) return wrong("it is not later than the block before");
    return {};
}

Bytes encode_block(const EmbeddedBlock& block) {
    const auto fields = codec::encode_dag_cbor(fields_of(block));
    ASSAY_ASSERT(fields.has_value()); // a chain id is UTF-8 and nothing else here can fail
    std::size_t size = fields->size() + block.signer.size() + block.signature.size() + 4 * kHeadBytesMax;
    for (const Bytes& transaction : block.transactions) size += transaction.size() + kHeadBytesMax;
    Bytes record;
    record.reserve(size);
    chain::append_list(record, 4);
    record.insert(record.end(), fields->begin(), fields->end());
    chain::append_bytes(record, block.signer);
    chain::append_bytes(record, block.signature);
    chain::append_list(record, block.transactions.size());
    for (const Bytes& transaction : block.transactions) chain::append_bytes(record, transaction);
    return record;
}

Result<EmbeddedBlock> decode_block(ByteView bytes) {
    const auto value = codec::decode_dag_cbor(bytes, {.size_max = kBlockBytesMax});
    if (!value) return std::unexpected(value.error());
    const Value::List* parts = value->list();
    if (parts != nullptr && is_unsigned_record(*parts)) {
        return fail(ErrorCode::unsupported,
                    "block: made before blocks were signed; 'assay chain export' its state, and 'assay chain import' "
                    "that into a new folder");
    }
    if (parts == nullptr || parts->size() != 4 || (*parts)[0].map() == nullptr || (*parts)[3].list() == nullptr)
        return fail(ErrorCode::malformed, "block: not a list of fields, signer, signature and transactions");
    EmbeddedBlock block = TRY(read_fields((*parts)[0]));
    block.signer = TRY(read_array<32>(&(*parts)[1], "signer"));
    block.signature = TRY(read_array<64>(&(*parts)[2], "signature"));
    for (const Value& transaction : *(*parts)[3].list()) {
        if (transaction.bytes() == nullptr) return fail(ErrorCode::malformed, "block: a transaction is not bytes");
        block.transactions.push_back(*transaction.bytes());
    }
    hash_content(block);
    return block;
}

} // namespace assay::consensus
