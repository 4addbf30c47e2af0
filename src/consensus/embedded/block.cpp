#include "consensus/embedded/block.h"

#include "base/assert.h"
#include "chain/core/cbor.h"
#include "codec/dag_cbor.h"
#include "consensus/blocks/block_log.h"
#include "crypto/merkle.h"

namespace assay::consensus {
namespace {

using codec::Value;

Bytes to_bytes(const auto& array) { return Bytes(array.begin(), array.end()); }

crypto::Digest transactions_root(const std::vector<Bytes>& transactions) {
    crypto::MerkleBuilder tree;
    for (const Bytes& transaction : transactions) tree.add(crypto::merkle_leaf(transaction));
    return tree.root();
}

Value header_of(const EmbeddedBlock& block) {
    return Value::Map{{"app", to_bytes(block.app_hash)},
                      {"chain", block.chain_id},
                      {"height", block.height},
                      {"parent", to_bytes(block.parent)},
                      {"proposer", to_bytes(block.proposer.bytes)},
                      {"time", block.time_ms},
                      {"txs", to_bytes(transactions_root(block.transactions))}};
}

Bytes encode(const Value& value) {
    auto bytes = codec::encode_dag_cbor(value);
    ASSAY_ASSERT(bytes.has_value()); // a chain id is UTF-8 and nothing else here can fail
    return std::move(*bytes);
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> read_array(const Value& map, std::string_view key) {
    const Value* entry = map.find(key);
    const Bytes* bytes = entry == nullptr ? nullptr : entry->bytes();
    if (bytes == nullptr || bytes->size() != N) {
        return fail(ErrorCode::malformed, "block: \"" + std::string(key) + "\" is not " + std::to_string(N) + " bytes");
    }
    std::array<std::uint8_t, N> array;
    std::copy(bytes->begin(), bytes->end(), array.begin());
    return array;
}

Result<EmbeddedBlock> read_header(const Value& header) {
    EmbeddedBlock block;
    const Value *chain = header.find("chain"), *height = header.find("height"), *time = header.find("time");
    if (chain == nullptr || chain->text() == nullptr) return fail(ErrorCode::malformed, "block: \"chain\" is not text");
    if (height == nullptr || height->integer() == nullptr || !height->integer()->to_uint64())
        return fail(ErrorCode::malformed, "block: \"height\" is not an unsigned integer");
    if (time == nullptr || time->integer() == nullptr || !time->integer()->to_int64())
        return fail(ErrorCode::malformed, "block: \"time\" is not an integer");
    block.chain_id = *chain->text();
    block.height = *height->integer()->to_uint64();
    block.time_ms = *time->integer()->to_int64();
    block.parent = TRY(read_array<32>(header, "parent"));
    block.app_hash = TRY(read_array<32>(header, "app"));
    block.proposer.bytes = TRY(read_array<20>(header, "proposer"));
    return block;
}

} // namespace

crypto::Digest hash_of(const EmbeddedBlock& block) { return crypto::sha256(encode(header_of(block))); }

SealedBlock seal(const EmbeddedBlock& block) {
    constexpr std::size_t kHeadBytesMax = 9;
    const Bytes header = encode(header_of(block));
    std::size_t size = header.size() + 2 * kHeadBytesMax;
    for (const Bytes& transaction : block.transactions) size += transaction.size() + kHeadBytesMax;
    SealedBlock sealed{.record = {}, .hash = crypto::sha256(header)};
    sealed.record.reserve(size);
    chain::append_list(sealed.record, 2);
    sealed.record.insert(sealed.record.end(), header.begin(), header.end());
    chain::append_list(sealed.record, block.transactions.size());
    for (const Bytes& transaction : block.transactions) chain::append_bytes(sealed.record, transaction);
    return sealed;
}

Bytes encode_block(const EmbeddedBlock& block) { return seal(block).record; }

Result<EmbeddedBlock> decode_block(ByteView bytes) {
    const auto value = codec::decode_dag_cbor(bytes, {.size_max = kBlockBytesMax});
    if (!value) return std::unexpected(value.error());
    const Value::List* parts = value->list();
    if (parts == nullptr || parts->size() != 2 || (*parts)[0].map() == nullptr || (*parts)[1].list() == nullptr)
        return fail(ErrorCode::malformed, "block: not a list of a header and transactions");
    EmbeddedBlock block = TRY(read_header((*parts)[0]));
    for (const Value& transaction : *(*parts)[1].list()) {
        if (transaction.bytes() == nullptr) return fail(ErrorCode::malformed, "block: a transaction is not bytes");
        block.transactions.push_back(*transaction.bytes());
    }
    if (TRY(read_array<32>((*parts)[0], "txs")) != transactions_root(block.transactions))
        return fail(ErrorCode::malformed, "block: \"txs\" is not the root of its transactions");
    if (header_of(block) != (*parts)[0]) return fail(ErrorCode::malformed, "block: unknown entries in the header");
    return block;
}

} // namespace assay::consensus
