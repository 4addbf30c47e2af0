#pragma once
/// For tests only: CometBFT's example application "kvstore" at the level of the wire, so that abci-cli's scripts, and load
/// tools written for it, run against our server.
#include "consensus/cometbft/handler.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace assay::consensus {

class KvHandler final : public Handler {
public:
    Result<abci::Response> answer(const abci::Request& request) override;
    std::vector<abci::Response> check(std::span<const abci::CheckTxRequest> requests) override;

private:
    abci::Response info() const;
    abci::Response query(const std::string& key) const;
    abci::Response prepare(const abci::PrepareProposalRequest& request) const;
    abci::Response finalize(const abci::BlockRequest& request);
    abci::Response commit();
    std::string app_hash() const;

    mutable std::mutex mutex_;
    std::map<std::string, std::string> pairs_, staged_;
    std::int64_t size_ = 0, height_ = 0;
};

} // namespace assay::consensus
