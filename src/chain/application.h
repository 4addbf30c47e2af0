#pragma once
/// The state machine as consensus drives it: the methods of ABCI 2.0, without its wire. Embedded and CometBFT consensus
/// call the same object, so a block means the same under both.
///
/// Threads: consensus methods (init_chain … commit, snapshots' apply side) come from one thread at a time, in ABCI's order.
/// check_transaction, query, list_snapshots and load_snapshot_chunk may come from any thread at any time, also during commit.
/// Determinism: process_proposal and finalize_block are functions of state and arguments; gas is deterministic.
/// Durability: nothing is written before commit(), and commit() is one synced transaction. A failed commit is final: the
/// process must stop without answering.
#include "chain/context.h"
#include "chain/transaction.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::chain {

struct ApplicationInfo {
    std::string chain_id; ///< empty before init_chain
    std::uint64_t height = 0; ///< of the last durable commit; 0 until the first
    Digest app_hash{};
    std::uint64_t app_version = 1; ///< whose rules made the last block
    std::string halt; ///< why this program can make no further block (an upgrade is due); else empty
};

/// Limits that the consensus engine itself keeps; the embedded one has no use for evidence. Taken over as a whole.
struct ConsensusParameters {
    std::uint64_t block_bytes_max = std::uint64_t{21} << 20; ///< of a whole block, at most 100 MiB
    std::optional<std::uint64_t> block_gas_max = {}; ///< absent: the engine does not look at gas
    std::uint64_t evidence_age_blocks = 100'000; ///< older misbehaviour is not reported
    std::int64_t evidence_age_ms = 48LL * 3600 * 1000; ///< by both clocks: blocks and time
    std::uint64_t evidence_bytes_max = std::uint64_t{1} << 20;
    std::optional<std::uint64_t> app_version = {}; ///< that headers say from the next block on; absent: as before
    bool operator==(const ConsensusParameters&) const = default;
};

struct GenesisRequest {
    std::string chain_id;
    std::int64_t time_ms = 0;
    std::uint64_t initial_height = 1;
    codec::Value app_state; ///< the genesis document's modules (DAG-JSON decoded)
    std::vector<ValidatorUpdate> validators; ///< the engine's own list; may be empty
    std::optional<ConsensusParameters> consensus = {}; ///< the engine's, where it has any
};

struct GenesisResponse {
    Digest app_hash{};
    std::vector<ValidatorUpdate> validators; ///< the set the state starts with
    std::optional<ConsensusParameters> consensus = {}; ///< to replace the engine's
};

/// Codes are frozen: they are hashed into CometBFT's LastResultsHash.
enum class TxCode : std::uint32_t {
    ok = 0,
    malformed = 1, ///< does not decode
    too_large = 2,
    wrong_chain = 3,
    bad_signature = 4,
    bad_nonce = 5, ///< replayed or ahead; the log says which
    expired = 6,
    fee_too_low = 7,
    insufficient_funds = 8, ///< cannot pay its fee
    out_of_gas = 9,
    message_failed = 10, ///< the log has the message's index and error; the fee stays paid
    block_full = 11,
    unknown_message = 12,
    mempool_full = 13,
};
std::string_view to_string(TxCode code);

struct TxResult {
    TxCode code = TxCode::ok;
    std::string log; ///< one readable line; not hashed
    std::uint64_t gas_wanted = 0;
    std::uint64_t gas_used = 0;
    std::vector<Event> events;
};

struct CheckResult {
    TxResult result;
    Address sender;
    std::uint64_t nonce = 0;
    Amount fee;
};

struct BlockResult {
    std::vector<TxResult> transactions; ///< one for each of the block's, in order
    std::vector<ValidatorUpdate> validator_updates;
    std::vector<Event> events;
    Digest app_hash{};
    std::optional<ConsensusParameters> consensus = {}; ///< new ones, from the next block on
};

struct QueryRequest {
    std::string
        path; ///< "/bank/balance", "/store/<module>/key" for raw keys, "/simulate" for what a transaction would do
    codec::Value arguments; ///< a map; for /store {"key": bytes}, for /simulate {"transaction": wire bytes}
    std::optional<std::uint64_t> height = {}; ///< absent = the last committed
    bool prove = false; ///< only /store paths carry proofs
};

struct QueryResponse {
    codec::Value value;
    std::uint64_t height = 0;
    Bytes proof; ///< chain/state/proof.h's encoding; empty unless asked for
};

struct SnapshotDescription {
    std::uint64_t height = 0;
    std::uint32_t format = 1;
    std::uint32_t chunks = 0;
    Digest hash{};
    Bytes metadata; ///< the chunk hashes
};

enum class OfferResult : std::uint8_t { accept, reject, reject_format };
enum class ChunkResult : std::uint8_t { accept, retry, reject_snapshot };

class Application {
public:
    virtual ~Application() = default;

    virtual ApplicationInfo info() const = 0;
    virtual Result<GenesisResponse> init_chain(const GenesisRequest& genesis) = 0;

    /// `recheck`: it passed before, only state-dependent rules are looked at again.
    virtual CheckResult check_transaction(ByteView wire, bool recheck) = 0;
    /// The same for several, with the results that calls one after the other would give. Overridden where signatures can be
    /// recovered side by side.
    virtual std::vector<CheckResult> check_transactions(std::span<const ByteView> wires, bool recheck) {
        std::vector<CheckResult> results;
        results.reserve(wires.size());
        for (const ByteView wire : wires) results.push_back(check_transaction(wire, recheck));
        return results;
    }

    /// Chooses and orders transactions within the limits; drops those that cannot be included.
    virtual std::vector<Bytes> prepare_proposal(const BlockInfo& block, std::vector<Bytes> candidates,
                                                std::size_t bytes_max) = 0;
    /// False when an honest proposer cannot have made this block.
    virtual bool process_proposal(const BlockInfo& block, const std::vector<Bytes>& transactions) = 0;
    virtual Result<BlockResult> finalize_block(const BlockInfo& block, const std::vector<Bytes>& transactions) = 0;
    /// Durable when it returns. The value is the height below which the engine may drop its blocks (0 = keep all).
    virtual Result<std::uint64_t> commit() = 0;
    /// commit() for a consensus that holds checks up itself: `before_checks_change` is called once, before checking starts
    /// over from the new state and forgets what waits; where it can, when the disk's part is done. Not called on failure
    /// before that.
    virtual Result<std::uint64_t> commit_with(const std::function<void()>& before_checks_change) {
        before_checks_change();
        return commit();
    }

    virtual Result<QueryResponse> query(const QueryRequest& request) const = 0;

    virtual std::vector<SnapshotDescription> list_snapshots() const = 0;
    virtual Result<Bytes> load_snapshot_chunk(std::uint64_t height, std::uint32_t format,
                                              std::uint32_t chunk) const = 0;
    virtual OfferResult offer_snapshot(const SnapshotDescription& snapshot, const Digest& app_hash) = 0;
    virtual ChunkResult apply_snapshot_chunk(std::uint32_t index, ByteView chunk) = 0;

    virtual const MessageRegistry& messages() const = 0;
};

} // namespace assay::chain
