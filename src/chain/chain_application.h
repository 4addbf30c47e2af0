#pragma once
/// The application over the durable state: what consensus drives. See application.h for the contract.
#include "chain/application.h"
#include "chain/modules/modules.h"
#include "chain/state/state_store.h"

#include <filesystem>
#include <memory>

namespace assay::chain {

struct ApplicationOptions {
    std::uint64_t app_version = 1; ///< the newest rules that this program has; an upgrade plan asks for more
    unsigned threads = 0; ///< for signatures; 0 = one a core
    std::size_t pending_per_sender_max = 20'000; ///< that checking lets in between two commits
    /// The same of all senders together, 0 = no limit. Below what the engine's mempool holds: CometBFT drops silently what
    /// passed its check and then finds no room. What is checked again after a commit is never refused for this.
    std::size_t pending_max = 0;
    std::size_t opened_entries_max = 400'000; ///< checked transactions kept until their block
    std::size_t opened_bytes_max = std::size_t{512} << 20; ///< of their wire bytes
    StateStore::Options state = {};
    std::filesystem::path snapshot_folder = {}; ///< empty: no snapshots are made or given out
    std::uint64_t snapshot_interval_blocks = 0;
    std::size_t snapshots_keep = 2;
    std::uint64_t retain_blocks = 0; ///< commit() lets the engine drop blocks below the last so many; 0 = none
};

class ChainApplication : public Application {
public:
    /// Borrows `database`, which nobody else may write to. Errors: malformed (the state is not of this program), unsupported
    /// (made by a later version), as StateStore::open.
    static Result<std::unique_ptr<ChainApplication>> create(storage::Database& database, ModuleSet modules,
                                                            ApplicationOptions options);
    /// Over a store that the caller has opened and keeps: options.state is not used, and state sync is refused.
    static Result<std::unique_ptr<ChainApplication>> create(StateStore& store, ModuleSet modules,
                                                            ApplicationOptions options);

    virtual const ModuleSet& modules() const = 0;
    /// The state, for reading. State sync replaces it: ask again rather than keep it.
    virtual std::shared_ptr<StateStore> store() const = 0;
    /// What the account's next transaction must say: the state's nonce, and those waiting for a block counted.
    virtual std::uint64_t next_nonce(const Address& account) const = 0;
};

/// What commit() keeps beside the state: enough to answer info() and queries at that height.
struct CommitRecord {
    static constexpr std::string_view kStruct = "CommitRecord";
    std::string chain_id;
    std::uint64_t height = 0;
    std::int64_t time_ms = 0;
    std::uint64_t app_version = 0; ///< whose rules made this block
    std::uint64_t initial_height = 1;
    bool has_engine = false; ///< whether the engine keeps limits of its own: those that follow
    std::uint64_t block_bytes_max = 0;
    std::uint64_t evidence_age_blocks = 0;
    std::int64_t evidence_age_ms = 0;
    std::uint64_t evidence_bytes_max = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("chain_id", self.chain_id);
        visit("height", self.height);
        visit("time_ms", self.time_ms);
        visit("app_version", self.app_version);
        visit("initial_height", self.initial_height);
        visit("has_engine", self.has_engine);
        visit("block_bytes_max", self.block_bytes_max);
        visit("evidence_age_blocks", self.evidence_age_blocks);
        visit("evidence_age_ms", self.evidence_age_ms);
        visit("evidence_bytes_max", self.evidence_bytes_max);
    }
};

} // namespace assay::chain
