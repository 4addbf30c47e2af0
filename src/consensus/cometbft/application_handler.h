#pragma once
/// Answers ABCI requests with a chain::Application.
/// Internal to the room. Thread-safe: consensus methods of all connections come one at a time.
#include "chain/application.h"
#include "consensus/cometbft/handler.h"
#include "consensus/cometbft/transaction_pool.h"
#include "consensus/consensus.h"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace assay::consensus {

class ApplicationHandler final : public Handler {
public:
    /// Borrows `application` and the observers. `on_fatal` is told when a block cannot be executed or
    /// committed, and the engine gets no answer; without it the process ends there.
    ApplicationHandler(chain::Application& application, std::vector<BlockObserver*> observers,
                       std::function<void(const Error&)> on_fatal,
                       std::function<void(ByteView, const chain::CheckResult&)> on_checked = {});

    Result<abci::Response> answer(const abci::Request& request) override;
    std::vector<abci::Response> check(std::span<const abci::CheckTxRequest> requests) override;

private:
    Result<abci::Response> answer_in_turn(const abci::Request& request);
    abci::Response info() const;
    abci::Response init_chain(const abci::InitChainRequest& request);
    abci::Response prepare_proposal(const abci::PrepareProposalRequest& request);
    abci::Response process_proposal(const abci::BlockRequest& request);
    Result<abci::Response> finalize_block(const abci::BlockRequest& request);
    Result<abci::Response> commit();
    abci::Response query(const abci::QueryRequest& request) const;
    abci::Response insert(const abci::InsertTxRequest& request);
    abci::Response reap(const abci::ReapTxsRequest& request);
    abci::Response list_snapshots() const;
    abci::Response load_chunk(const abci::LoadSnapshotChunkRequest& request) const;
    abci::Response offer_snapshot(const abci::OfferSnapshotRequest& request);
    abci::Response apply_chunk(const abci::ApplySnapshotChunkRequest& request);

    chain::Application& application_;
    std::function<void(const Error&)> on_fatal_;
    std::function<void(ByteView, const chain::CheckResult&)> on_checked_;
    std::vector<BlockObserver*> observers_;
    std::shared_ptr<CommittedBlock> executed_; ///< between FinalizeBlock and Commit
    std::mutex turn_; ///< whose turn it is to drive the application
    TransactionPool pool_;
};

} // namespace assay::consensus
