#pragma once
/// A block of embedded consensus: a header that names its parent, the state before it and its transactions, and these.
/// The header is a DAG-CBOR map {"app": bytes(32), "chain": text, "height": uint, "parent": bytes(32), "proposer": bytes(20),
/// "time": int (ms), "txs": bytes(32)}; a block's hash is SHA-256 of those bytes, "txs" the RFC 6962 root over the
/// transactions' wire bytes. Plain values; thread-safe; committed class.
#include "chain/context.h"
#include "codec/value.h"

#include <vector>

namespace assay::consensus {

struct EmbeddedBlock {
    std::string chain_id;
    std::uint64_t height = 0;
    std::int64_t time_ms = 0;
    crypto::Digest parent{}; ///< hash of the block before; zero for the first
    crypto::Digest app_hash{}; ///< of the state before this block
    chain::ConsensusAddress proposer = {};
    std::vector<Bytes> transactions = {};
};

crypto::Digest hash_of(const EmbeddedBlock& block);
/// Its record and its hash; the root over its transactions is made once for both.
struct SealedBlock {
    Bytes record;
    crypto::Digest hash{};
};
SealedBlock seal(const EmbeddedBlock& block);

/// The record of the block log: DAG-CBOR list [header, [transaction, …]].
Bytes encode_block(const EmbeddedBlock& block);
/// Errors: malformed, naming the part; also when the header's root is not that of the transactions.
Result<EmbeddedBlock> decode_block(ByteView bytes);

} // namespace assay::consensus
