#include "consensus/cometbft/application_handler.h"

#include "base/assert.h"
#include "base/fault_point.h"
#include "consensus/cometbft/translate.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace assay::consensus {

namespace {

constexpr std::string_view kVersion = "0.1.0";

// The engine stops when it reads one, and shows the text: for damage, and for what an operator has to repair.
abci::Response exception(const std::string& doing, const Error& error) {
    abci::Response response;
    response.mutable_exception()->set_error(doing + ": " + error.message);
    return response;
}

abci::OfferResult wire_result(chain::OfferResult result) {
    switch (result) {
        case chain::OfferResult::accept: return abci::OFFER_ACCEPT;
        case chain::OfferResult::reject: return abci::OFFER_REJECT;
        case chain::OfferResult::reject_format: return abci::OFFER_REJECT_FORMAT;
    }
    return abci::OFFER_REJECT;
}

[[noreturn]] void stop_process(const Error& error) {
    std::fprintf(stderr, "error: commit failed, stopping without an answer: %s\n", error.message.c_str());
    std::_Exit(EXIT_FAILURE);
}

} // namespace

ApplicationHandler::ApplicationHandler(chain::Application& application, std::vector<BlockObserver*> observers,
                                       std::function<void(const Error&)> on_fatal,
                                       std::function<void(ByteView, const chain::CheckResult&)> on_checked)
    : application_(application), on_fatal_(on_fatal ? std::move(on_fatal) : stop_process),
      on_checked_(std::move(on_checked)), observers_(std::move(observers)) {}

Result<abci::Response> ApplicationHandler::answer(const abci::Request& request) {
    abci::Response response;
    switch (request.value_case()) {
        case abci::Request::kEcho: *response.mutable_echo() = request.echo(); return response;
        case abci::Request::kFlush: response.mutable_flush(); return response;
        case abci::Request::kQuery: return query(request.query());
        case abci::Request::kInsertTx: return insert(request.insert_tx());
        case abci::Request::kReapTxs: return reap(request.reap_txs());
        case abci::Request::kListSnapshots: return list_snapshots();
        case abci::Request::kLoadSnapshotChunk:
            return load_chunk(request.load_snapshot_chunk());
    // Vote extensions are reserved: ours are empty, and no other is valid.
        case abci::Request::kExtendVote: response.mutable_extend_vote(); return response;
        case abci::Request::kVerifyVoteExtension: {
            const bool empty = request.verify_vote_extension().vote_extension().empty();
            response.mutable_verify_vote_extension()->set_status(empty ? abci::ACCEPT : abci::REJECT);
            return response;
        }
        default: return answer_in_turn(request);
    }
}

Result<abci::Response> ApplicationHandler::answer_in_turn(const abci::Request& request) {
    const std::lock_guard lock(turn_);
    switch (request.value_case()) {
        case abci::Request::kInfo: return info();
        case abci::Request::kInitChain: return init_chain(request.init_chain());
        case abci::Request::kPrepareProposal: return prepare_proposal(request.prepare_proposal());
        case abci::Request::kProcessProposal: return process_proposal(request.process_proposal());
        case abci::Request::kFinalizeBlock: return finalize_block(request.finalize_block());
        case abci::Request::kCommit: return commit();
        case abci::Request::kOfferSnapshot: return offer_snapshot(request.offer_snapshot());
        case abci::Request::kApplySnapshotChunk: return apply_chunk(request.apply_snapshot_chunk());
        default: return exception("request", {ErrorCode::unsupported, "of a kind that ABCI 2.0 does not have"});
    }
}

std::vector<abci::Response> ApplicationHandler::check(std::span<const abci::CheckTxRequest> requests) {
    const bool recheck = requests.front().type() == abci::RECHECK;
    std::vector<ByteView> wires;
    wires.reserve(requests.size());
    for (const auto& request : requests) wires.push_back(view_of(request.tx()));
    const auto results = application_.check_transactions(wires, recheck);
    ASSAY_ASSERT(results.size() == requests.size());
    std::vector<abci::Response> responses(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        set_result(*responses[i].mutable_check_tx(), results[i].result);
        if (on_checked_ && !recheck) on_checked_(wires[i], results[i]);
    }
    return responses;
}

abci::Response ApplicationHandler::info() const {
    const chain::ApplicationInfo info = application_.info();
    abci::Response response;
    auto& out = *response.mutable_info();
    out.set_data("assay");
    out.set_version(std::string(kVersion));
    out.set_app_version(info.app_version);
    out.set_last_block_height(static_cast<std::int64_t>(info.height));
    if (info.height > 0) set_bytes(*out.mutable_last_block_app_hash(), info.app_hash);
    return response;
}

abci::Response ApplicationHandler::init_chain(const abci::InitChainRequest& request) {
    const auto genesis = genesis_from(request);
    if (!genesis) return exception("genesis", genesis.error());
    const auto started = application_.init_chain(*genesis);
    if (!started) return exception("genesis", started.error());
    abci::Response response;
    auto& out = *response.mutable_init_chain();
    if (const auto set = set_validators(*out.mutable_validators(), started->validators); !set)
        return exception("genesis", set.error());
    if (started->consensus) set_parameters(*out.mutable_consensus_params(), *started->consensus);
    // Else headers say version 0, and the engine refuses a snapshot of any other.
    out.mutable_consensus_params()->mutable_version()->set_app(application_.info().app_version);
    set_bytes(*out.mutable_app_hash(), started->app_hash);
    return response;
}

abci::Response ApplicationHandler::prepare_proposal(const abci::PrepareProposalRequest& request) {
    const auto block = block_from(request, application_.info().chain_id);
    if (!block) return exception("proposal", block.error());
    std::vector<Bytes> candidates = transactions_from(request.txs());
    std::ranges::move(pool_.candidates(candidates), std::back_inserter(candidates));
    const auto bytes_max = static_cast<std::size_t>(std::max<std::int64_t>(request.max_tx_bytes(), 0));
    abci::Response response;
    auto& out = *response.mutable_prepare_proposal();
    for (const Bytes& transaction : application_.prepare_proposal(*block, std::move(candidates), bytes_max))
        set_bytes(*out.add_txs(), transaction);
    return response;
}

abci::Response ApplicationHandler::process_proposal(const abci::BlockRequest& request) {
    const auto block = block_from(request, application_.info().chain_id);
    const bool good = block && application_.process_proposal(*block, transactions_from(request.txs()));
    abci::Response response;
    response.mutable_process_proposal()->set_status(good ? abci::ACCEPT : abci::REJECT);
    return response;
}

Result<abci::Response> ApplicationHandler::finalize_block(const abci::BlockRequest& request) {
    auto block = block_from(request, application_.info().chain_id);
    if (!block) return exception("block", block.error());
    const auto hash = digest_from("block hash", request.hash());
    if (!hash) return exception("block", hash.error());
    const auto doing = "block " + std::to_string(block->height);
    std::vector<Bytes> transactions = transactions_from(request.txs());
    auto result = application_.finalize_block(*block, transactions);
    if (!result) {
        if (result.error().code == ErrorCode::invalid_argument) return exception(doing, result.error());
        on_fatal_(result.error()); // an engine that is started again would only ask again
        return std::unexpected(result.error());
    }
    ASSAY_ASSERT(result->transactions.size() == transactions.size());
    abci::Response response;
    auto& out = *response.mutable_finalize_block();
    for (const chain::TxResult& transaction : result->transactions) set_result(*out.add_tx_results(), transaction);
    set_events(*out.mutable_events(), result->events);
    if (const auto set = set_validators(*out.mutable_validator_updates(), result->validator_updates); !set)
        return exception(doing, set.error());
    if (result->consensus) set_parameters(*out.mutable_consensus_param_updates(), *result->consensus);
    set_bytes(*out.mutable_app_hash(), result->app_hash);
    pool_.remove(transactions);
    executed_ = std::make_shared<CommittedBlock>(
        CommittedBlock{std::move(*block), *hash, std::move(transactions), std::move(*result)});
    ASSAY_FAULT_POINT("finalize unanswered");
    return response;
}

Result<abci::Response> ApplicationHandler::commit() {
    const auto retain_height = application_.commit();
    if (!retain_height) {
        on_fatal_(retain_height.error());
        return std::unexpected(retain_height.error()); // never an answer: the engine must not take it for committed
    }
    if (const std::shared_ptr<const CommittedBlock> block = std::exchange(executed_, nullptr))
        for (BlockObserver* const observer : observers_) observer->on_block(block);
    pool_.keep_if([this](const std::string& transaction) {
        return application_.check_transaction(view_of(transaction), true).result.code == chain::TxCode::ok;
    });
    ASSAY_FAULT_POINT("commit unanswered");
    abci::Response response;
    response.mutable_commit()->set_retain_height(static_cast<std::int64_t>(*retain_height));
    return response;
}

abci::Response ApplicationHandler::query(const abci::QueryRequest& request) const {
    abci::Response response;
    const auto query = query_from(request);
    const auto answer = query ? application_.query(*query) : std::unexpected(query.error());
    set_query(*response.mutable_query(), answer);
    return response;
}

abci::Response ApplicationHandler::insert(const abci::InsertTxRequest& request) {
    chain::TxCode code = application_.check_transaction(view_of(request.tx()), false).result.code;
    if (code == chain::TxCode::ok && !pool_.insert(request.tx())) code = chain::TxCode::mempool_full;
    abci::Response response;
    response.mutable_insert_tx()->set_code(static_cast<std::uint32_t>(code));
    return response;
}

abci::Response ApplicationHandler::reap(const abci::ReapTxsRequest& request) {
    const std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
    abci::Response response;
    auto& out = *response.mutable_reap_txs();
    for (std::string& transaction : pool_.reap(request.max_bytes() == 0 ? unlimited : request.max_bytes()))
        out.add_txs(std::move(transaction));
    return response;
}

abci::Response ApplicationHandler::list_snapshots() const {
    abci::Response response;
    auto& out = *response.mutable_list_snapshots();
    for (const auto& snapshot : application_.list_snapshots()) set_snapshot(*out.add_snapshots(), snapshot);
    return response;
}

abci::Response ApplicationHandler::load_chunk(const abci::LoadSnapshotChunkRequest& request) const {
    abci::Response response;
    auto& out = *response.mutable_load_snapshot_chunk();
    // A chunk that is gone is an empty answer: the peer then asks somebody else.
    if (const auto chunk = application_.load_snapshot_chunk(request.height(), request.format(), request.chunk()))
        set_bytes(*out.mutable_chunk(), *chunk);
    return response;
}

abci::Response ApplicationHandler::offer_snapshot(const abci::OfferSnapshotRequest& request) {
    const auto snapshot = snapshot_from(request.snapshot());
    const auto app_hash = digest_from("app hash", request.app_hash());
    const auto result =
        snapshot && app_hash ? application_.offer_snapshot(*snapshot, *app_hash) : chain::OfferResult::reject;
    abci::Response response;
    response.mutable_offer_snapshot()->set_result(wire_result(result));
    return response;
}

abci::Response ApplicationHandler::apply_chunk(const abci::ApplySnapshotChunkRequest& request) {
    abci::Response response;
    auto& out = *response.mutable_apply_snapshot_chunk();
    switch (application_.apply_snapshot_chunk(request.index(), view_of(request.chunk()))) {
        case chain::ChunkResult::accept: out.set_result(abci::CHUNK_ACCEPT); break;
        case chain::ChunkResult::retry: // from somebody else: this sender's does not match its hash
            out.set_result(abci::CHUNK_RETRY);
            out.add_refetch_chunks(request.index());
            out.add_reject_senders(request.sender());
            break;
        case chain::ChunkResult::reject_snapshot: out.set_result(abci::CHUNK_REJECT_SNAPSHOT); break;
    }
    return response;
}

} // namespace assay::consensus
