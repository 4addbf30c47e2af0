#pragma once
/// For tests only: a small chain::Application that keeps everything in one file, replaced at each commit. Transactions are
/// text: "set KEY VALUE", "validator HEX POWER", and "fail" whose execution is refused. It counts what consensus tells it.
#include "chain/application.h"

#include <filesystem>
#include <map>
#include <mutex>
#include <set>

namespace assay::consensus {

class FileApplication final : public chain::Application {
public:
    /// `folder` exists. What it has is read back; an empty path keeps everything in memory.
    explicit FileApplication(std::filesystem::path folder);

    chain::ApplicationInfo info() const override;
    Result<chain::GenesisResponse> init_chain(const chain::GenesisRequest& genesis) override;
    chain::CheckResult check_transaction(ByteView wire, bool recheck) override;
    std::vector<chain::CheckResult> check_transactions(std::span<const ByteView> wires, bool recheck) override;
    std::vector<Bytes> prepare_proposal(const chain::BlockInfo& block, std::vector<Bytes> candidates,
                                        std::size_t bytes_max) override;
    bool process_proposal(const chain::BlockInfo& block, const std::vector<Bytes>& transactions) override;
    Result<chain::BlockResult> finalize_block(const chain::BlockInfo& block,
                                              const std::vector<Bytes>& transactions) override;
    Result<std::uint64_t> commit() override;
    Result<chain::QueryResponse> query(const chain::QueryRequest& request) const override;
    std::vector<chain::SnapshotDescription> list_snapshots() const override;
    Result<Bytes> load_snapshot_chunk(std::uint64_t height, std::uint32_t format, std::uint32_t chunk) const override;
    chain::OfferResult offer_snapshot(const chain::SnapshotDescription& snapshot, const chain::Digest& hash) override;
    chain::ChunkResult apply_snapshot_chunk(std::uint32_t index, ByteView chunk) override;
    const chain::MessageRegistry& messages() const override { return registry_; }

    std::vector<std::size_t> batches() const; ///< sizes of the calls of check_transactions
    std::vector<chain::BlockInfo> blocks() const;
    void fail_next_commit() { commit_fails_ = true; }
    /// What commit() holds while a test looks at the other connections.
    std::mutex& commit_gate() { return commit_gate_; }

private:
    struct State {
        std::string chain_id;
        std::uint64_t height = 0;
        std::map<std::string, std::string> pairs;
        std::set<std::string> slashed; ///< "ADDRESS@HEIGHT", each once
    };
    chain::TxResult execute(State& state, ByteView wire, std::vector<chain::ValidatorUpdate>& updates) const;
    static std::string text_of(const State& state);
    static State state_of(std::string_view text);
    static chain::Digest hash_of(const State& state);

    std::filesystem::path file_;
    mutable std::mutex mutex_;
    std::mutex commit_gate_;
    bool commit_fails_ = false;
    State committed_, staged_;
    std::string offered_;
    chain::Digest offered_hash_{}, offered_app_hash_{};
    std::vector<std::size_t> batches_;
    std::vector<chain::BlockInfo> blocks_;
    chain::MessageRegistry registry_;
};

} // namespace assay::consensus
