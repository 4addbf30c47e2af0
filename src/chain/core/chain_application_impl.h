#pragma once
/// ChainApplication's members. Internal to core: its methods are spread over chain_application.cpp (consensus), checking.cpp
/// (CheckTx), genesis.cpp, queries.cpp and snapshots.cpp.
#include "chain/chain_application.h"
#include "chain/core/admission.h"
#include "chain/core/opened.h"
#include "chain/core/proposal.h"
#include "chain/core/snapshot_library.h"
#include "chain/core/workers.h"

#include <mutex>
#include <optional>

namespace assay::chain {

class ChainApplicationImpl final : public ChainApplication {
public:
    ChainApplicationImpl(storage::Database& database, ModuleSet modules, ApplicationOptions options);
    /// Opens the state and takes up where its last commit left off.
    Result<void> reopen();
    /// As reopen(), over a store of the caller's.
    Result<void> open_over(StateStore& store);

    ApplicationInfo info() const override;
    Result<GenesisResponse> init_chain(const GenesisRequest& genesis) override;
    CheckResult check_transaction(ByteView wire, bool recheck) override;
    std::vector<CheckResult> check_transactions(std::span<const ByteView> wires, bool recheck) override;
    std::vector<Bytes> prepare_proposal(const BlockInfo& block, std::vector<Bytes> candidates,
                                        std::size_t bytes_max) override;
    bool process_proposal(const BlockInfo& block, const std::vector<Bytes>& transactions) override;
    Result<BlockResult> finalize_block(const BlockInfo& block, const std::vector<Bytes>& transactions) override;
    Result<std::uint64_t> commit() override {
        return commit_with([] {});
    }
    Result<std::uint64_t> commit_with(const std::function<void()>& before_checks_change) override;
    Result<QueryResponse> query(const QueryRequest& request) const override;
    std::vector<SnapshotDescription> list_snapshots() const override;
    Result<Bytes> load_snapshot_chunk(std::uint64_t height, std::uint32_t format, std::uint32_t chunk) const override;
    OfferResult offer_snapshot(const SnapshotDescription& snapshot, const Digest& app_hash) override;
    ChunkResult apply_snapshot_chunk(std::uint32_t index, ByteView chunk) override;
    const MessageRegistry& messages() const override { return messages_; }
    const ModuleSet& modules() const override { return modules_; }
    std::shared_ptr<StateStore> store() const override;
    std::uint64_t next_nonce(const Address& account) const override { return check_state_.next_nonce(account); }

private:
    /// A block between finalize_block and commit.
    struct Finalized {
        Pending pending;
        CommitRecord record;
        std::vector<Digest> hashes;
    };
    /// One transaction on its way through CheckTx.
    struct Check {
        std::shared_ptr<const Transaction> transaction;
        std::optional<Refusal> refusal;
        bool is_open = false; ///< its signature is known to be good
        bool is_forged = false;
    };

    /// The state as the last commit, or genesis before the first, left it.
    Result<std::shared_ptr<const StateReader>> latest_state() const;
    Result<void> open();
    Result<void> take_up(CommitRecord record, const Digest& app_hash);
    Result<void> check_height(const BlockInfo& block) const;
    Result<void> check_upgrade(const StateReader& state, std::uint64_t height) const;
    std::uint64_t version_from(const StateReader& state, std::uint64_t height) const;
    std::optional<ConsensusParameters> changed_limits(const Overlay& state, CommitRecord& record) const;
    ProposalRules rules_for(const StateReader& state, std::uint64_t height) const;

    std::uint64_t retain_height(std::uint64_t height) const;

    Check decode_for_check(ByteView wire, bool recheck, std::size_t ahead);
    CheckResult admit(Check check, bool recheck);

    Result<QueryResponse> query_store(const QueryRequest& request, std::string_view path) const;
    Result<QueryResponse> query_simulation(const QueryRequest& request) const;
    Result<QueryResponse> query_module(const QueryRequest& request, std::string_view module,
                                       std::string_view path) const;

    storage::Database& database_;
    const ModuleSet modules_;
    const ApplicationOptions options_;
    const StateStore::Options store_options_;
    MessageRegistry messages_;
    Workers workers_;
    OpenedCache cache_;
    CheckState check_state_;
    SnapshotLibrary snapshots_;

    bool is_store_borrowed_ = false;
    std::shared_ptr<const Overlay> genesis_; ///< between init_chain and the first commit
    std::optional<Finalized> finalized_;
    std::unique_ptr<SnapshotRestore> restore_; ///< between an accepted offer and its last chunk
    mutable std::mutex mutex_; ///< guards what follows: written by consensus, read by everybody
    std::shared_ptr<StateStore> store_; ///< another one after state sync
    CommitRecord record_;
    Digest app_hash_{};
    std::string halt_; ///< as ApplicationInfo::halt
    std::uint64_t evm_chain_ = 0;
};

} // namespace assay::chain
