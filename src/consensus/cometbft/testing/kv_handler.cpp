#include "consensus/cometbft/testing/kv_handler.h"

#include <algorithm>

namespace assay::consensus {

namespace {

constexpr std::uint32_t kInvalidFormat = 2;

// One separator, "=" or ":", neither first nor last.
bool is_valid(const std::string& transaction) {
    const auto equals = std::ranges::count(transaction, '='), colons = std::ranges::count(transaction, ':');
    const auto at = transaction.find_first_of("=:");
    return equals + colons == 1 && at > 0 && at + 1 < transaction.size();
}

} // namespace

Result<abci::Response> KvHandler::answer(const abci::Request& request) {
    const std::lock_guard lock(mutex_);
    abci::Response response;
    switch (request.value_case()) {
        case abci::Request::kEcho: *response.mutable_echo() = request.echo(); return response;
        case abci::Request::kFlush: response.mutable_flush(); return response;
        case abci::Request::kInfo: return info();
        case abci::Request::kInitChain: response.mutable_init_chain()->set_app_hash(app_hash()); return response;
        case abci::Request::kQuery: return query(request.query().data());
        case abci::Request::kPrepareProposal: return prepare(request.prepare_proposal());
        case abci::Request::kProcessProposal:
            response.mutable_process_proposal()->set_status(
                std::ranges::all_of(request.process_proposal().txs(), is_valid) ? abci::ACCEPT : abci::REJECT);
            return response;
        case abci::Request::kFinalizeBlock: return finalize(request.finalize_block());
        case abci::Request::kCommit: return commit();
        case abci::Request::kListSnapshots: response.mutable_list_snapshots(); return response;
        case abci::Request::kExtendVote: response.mutable_extend_vote(); return response;
        case abci::Request::kVerifyVoteExtension:
            response.mutable_verify_vote_extension()->set_status(abci::ACCEPT);
            return response;
        default: response.mutable_exception()->set_error("not a request of kvstore"); return response;
    }
}

std::vector<abci::Response> KvHandler::check(std::span<const abci::CheckTxRequest> requests) {
    std::vector<abci::Response> responses(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (is_valid(requests[i].tx())) responses[i].mutable_check_tx()->set_gas_wanted(1);
        else responses[i].mutable_check_tx()->set_code(kInvalidFormat);
    }
    return responses;
}

abci::Response KvHandler::info() const {
    abci::Response response;
    auto& info = *response.mutable_info();
    info.set_data("{\"size\":" + std::to_string(size_) + "}");
    info.set_version("2.0.0");
    info.set_app_version(1);
    info.set_last_block_height(height_);
    info.set_last_block_app_hash(app_hash());
    return response;
}

abci::Response KvHandler::query(const std::string& key) const {
    abci::Response response;
    auto& query = *response.mutable_query();
    const auto found = pairs_.find(key);
    query.set_key(key);
    query.set_log(found == pairs_.end() ? "does not exist" : "exists");
    if (found != pairs_.end()) query.set_value(found->second);
    query.set_height(height_);
    return response;
}

abci::Response KvHandler::prepare(const abci::PrepareProposalRequest& request) const {
    abci::Response response;
    auto& list = *response.mutable_prepare_proposal();
    for (std::string transaction : request.txs()) {
        if (!is_valid(transaction)) continue;
        std::ranges::replace(transaction, ':', '=');
        list.add_txs(std::move(transaction));
    }
    return response;
}

abci::Response KvHandler::finalize(const abci::BlockRequest& request) {
    staged_.clear();
    abci::Response response;
    auto& block = *response.mutable_finalize_block();
    for (const std::string& transaction : request.txs()) {
        const auto at = transaction.find('=');
        if (at != std::string::npos) staged_[transaction.substr(0, at)] = transaction.substr(at + 1);
        block.add_tx_results();
        ++size_;
    }
    height_ = request.height();
    block.set_app_hash(app_hash());
    return response;
}

abci::Response KvHandler::commit() {
    for (auto& [key, value] : staged_) pairs_[key] = std::move(value);
    staged_.clear();
    abci::Response response;
    response.mutable_commit();
    return response;
}

// Go's PutVarint of the size: zigzag, in eight bytes.
std::string KvHandler::app_hash() const {
    std::string hash(8, '\0');
    auto rest = static_cast<std::uint64_t>(size_) << 1;
    for (char& byte : hash) {
        byte = static_cast<char>(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
        rest >>= 7;
        if (rest == 0) break;
    }
    return hash;
}

} // namespace assay::consensus
