#pragma once
/// CometBFT's JSON-RPC, as far as a node needs it: to submit, to wait for blocks, and to look at its own engine.
/// Thread-safe; every call is one request. Local class.
/// Errors: io (the engine does not answer), malformed (its answer is not understood), and the engine's own words as
/// invalid_argument. Source: CometBFT 0.38, rpc/core.
#include "chain/context.h"
#include "codec/json.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::consensus {

struct EngineStatus {
    std::string chain_id;
    std::string version; ///< of the engine: "0.38.25"
    std::string node_id;
    std::uint64_t height = 0; ///< of the last block the engine has
    chain::Digest block_hash{};
    /// In the header of that block, hence of the state one height before; zeros at genesis.
    chain::Digest app_hash{};
    bool catching_up = false;
    chain::ConsensusAddress validator;
    std::uint64_t power = 0; ///< of that validator; 0 when it is not in the set
};

/// What CheckTx said.
struct RpcSubmission {
    chain::Digest hash{}; ///< of the transaction
    std::uint32_t code = 0;
    std::string log;
};

struct RpcTransaction {
    std::uint64_t height = 0;
    std::uint32_t index = 0;
    std::uint32_t code = 0;
    std::string log;
    std::uint64_t gas_wanted = 0;
    std::uint64_t gas_used = 0;
};

struct RpcBlock {
    std::uint64_t height = 0;
    chain::Digest app_hash{}; ///< after this block
    std::vector<RpcTransaction> transactions;
};

struct EngineValidator {
    chain::ConsensusAddress address;
    std::array<std::uint8_t, 32> public_key{};
    std::uint64_t power = 0;
};

class RpcClient {
public:
    static constexpr std::size_t kSubmissionsMax = 100;
    /// `url`: "http://127.0.0.1:26657".
    explicit RpcClient(std::string url, std::chrono::milliseconds timeout = std::chrono::seconds(10));

    const std::string& url() const { return url_; }

    Result<EngineStatus> status() const;
    /// Answers once the transaction is in the engine's mempool, or refused: a refusal is a code, not an error. A
    /// transaction that the engine has already seen is an error.
    Result<RpcSubmission> submit(ByteView transaction) const;
    /// Several in one request, and without waiting for CheckTx: of submit(), each costs up to 20 ms, the pause after which the
    /// engine flushes its ABCI socket. One hash, or the mempool's refusal, for each, in order. The engine takes 10 at once
    /// unless configured otherwise (engine_settings() does: kSubmissionsMax).
    Result<std::vector<Result<chain::Digest>>> submit_all_unchecked(std::span<const Bytes> transactions) const;
    /// Answers at once; nothing is known of the transaction.
    Result<chain::Digest> submit_unchecked(ByteView transaction) const;
    /// Nothing while no block has it.
    Result<std::optional<RpcTransaction>> transaction(const chain::Digest& hash) const;
    /// Errors: also cancelled, when `patience` has passed: it may still be committed.
    Result<RpcTransaction> wait_for(const chain::Digest& hash, std::chrono::milliseconds patience) const;
    /// The results of a block; of the last one for height 0.
    Result<RpcBlock> block_results(std::uint64_t height) const;
    /// The set that signs block `height`; the last one's for 0.
    Result<std::vector<EngineValidator>> validators(std::uint64_t height) const;
    /// Signed header, as the engine's JSON: {"header":…,"commit":…}; the last one for height 0.
    Result<codec::Json> signed_header(std::uint64_t height) const;
    /// Transactions in the mempool.
    Result<std::uint64_t> waiting_transactions() const;

    /// Any method; `parameters` is a JSON object. The result member of its answer.
    Result<codec::Json> call(const std::string& method, const std::string& parameters) const;

private:
    Result<codec::Json> post(const std::string& method, const std::string& body) const;

    std::string url_;
    std::chrono::milliseconds timeout_;
};

} // namespace assay::consensus
