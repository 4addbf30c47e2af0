/// The application as consensus drives it. What a block means is in apply_block.cpp.
#include "chain/core/chain_application_impl.h"

#include "base/fault_point.h"
#include "chain/apply_block.h"

#include <algorithm>
#include <thread>

namespace assay::chain {
namespace {

/// Bytes of a block that are not transactions: header, commit, evidence.
constexpr std::uint64_t kBlockOverheadBytes = std::uint64_t{2} << 20;
constexpr std::uint64_t kEngineBlockBytesMax = std::uint64_t{100} << 20;

unsigned worker_threads(const ApplicationOptions& options) {
    const unsigned all = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    return all - 1; // the caller works too
}

std::uint64_t next_height(const CommitRecord& record) {
    return record.height == 0 ? record.initial_height : record.height + 1;
}

/// Of those that checking may have kept.
std::vector<Digest> hashes_of(const std::vector<Opened>& transactions) {
    std::vector<Digest> hashes;
    hashes.reserve(transactions.size());
    for (const Opened& opened : transactions) {
        if (opened.transaction != nullptr) hashes.push_back(opened.transaction->hash);
    }
    return hashes;
}

} // namespace

ChainApplicationImpl::ChainApplicationImpl(storage::Database& database, ModuleSet modules, ApplicationOptions options)
    : database_(database), modules_(std::move(modules)), options_(std::move(options)), store_options_(options_.state),
      workers_(worker_threads(options_)), cache_(options_.opened_entries_max, options_.opened_bytes_max),
      check_state_(*modules_.accounts, options_.pending_per_sender_max, options_.pending_max),
      snapshots_({options_.snapshot_folder, options_.snapshot_interval_blocks, options_.snapshots_keep}) {
    for (const auto& module : modules_.modules) module->register_messages(messages_);
}

Result<std::unique_ptr<ChainApplication>> ChainApplication::create(storage::Database& database, ModuleSet modules,
                                                                   ApplicationOptions options) {
    TRY_VOID(discard_unfinished_restore(database)); // the engine begins state sync anew
    auto application = std::make_unique<ChainApplicationImpl>(database, std::move(modules), std::move(options));
    TRY_VOID(application->reopen());
    return application;
}

Result<std::unique_ptr<ChainApplication>> ChainApplication::create(StateStore& store, ModuleSet modules,
                                                                   ApplicationOptions options) {
    auto application = std::make_unique<ChainApplicationImpl>(store.database(), std::move(modules), std::move(options));
    TRY_VOID(application->open_over(store));
    return application;
}

Result<void> ChainApplicationImpl::open_over(StateStore& store) {
    is_store_borrowed_ = true;
    store_ = std::shared_ptr<StateStore>(&store, [](StateStore*) {});
    return open();
}

Result<void> ChainApplicationImpl::open() {
    const auto store = this->store();
    if (store->version() == 0) return {};
    const Bytes extra = store->extra();
    CommitRecord record;
    CborReader in(extra);
    auto read = decode_struct(struct_info<CommitRecord>(), in, &record);
    if (!read) return fail_in("record of the last commit", std::move(read.error()));
    if (record.height != store->version())
        return fail(ErrorCode::malformed, "record of the last commit: height " + std::to_string(record.height) +
                                              " in version " + std::to_string(store->version()));
    if (record.app_version > options_.app_version)
        return fail(ErrorCode::unsupported, "the state was made by application version " +
                                                std::to_string(record.app_version) + ", this program is version " +
                                                std::to_string(options_.app_version));
    return take_up(std::move(record), store->app_hash());
}

Result<std::shared_ptr<const StateReader>> ChainApplicationImpl::latest_state() const {
    if (genesis_ != nullptr) return genesis_;
    return TRY(store()->latest());
}

/// Makes `record` the last commit and lets checking start from its state.
Result<void> ChainApplicationImpl::take_up(CommitRecord record, const Digest& app_hash) {
    const auto state = TRY(latest_state());
    const auto params = modules_.params->get<ChainParams>(*state);
    check_state_.reset(state, params, next_height(record));
    const auto next = check_upgrade(*state, next_height(record));
    const std::lock_guard lock(mutex_);
    record_ = std::move(record);
    app_hash_ = app_hash;
    evm_chain_ = params.evm_chain_id;
    halt_ = next ? std::string() : next.error().message;
    return {};
}

ApplicationInfo ChainApplicationImpl::info() const {
    const std::lock_guard lock(mutex_);
    const bool is_new = record_.chain_id.empty();
    return {record_.chain_id, record_.height, app_hash_, is_new ? options_.app_version : record_.app_version, halt_};
}

ProposalRules ChainApplicationImpl::rules_for(const StateReader& state, std::uint64_t height) const {
    return {*modules_.accounts, state, modules_.params->get<ChainParams>(state), height};
}

std::vector<Bytes> ChainApplicationImpl::prepare_proposal(const BlockInfo& block, std::vector<Bytes> candidates,
                                                          std::size_t bytes_max) {
    const auto state = latest_state();
    if (!state) return {}; // an empty block is always acceptable
    const std::vector<Opened> opened = open_all(candidates, evm_chain_, messages_, **state, cache_, workers_);
    std::vector<Bytes> chosen;
    for (const std::size_t index : choose(rules_for(**state, block.height), opened, bytes_max))
        chosen.push_back(std::move(candidates[index]));
    return chosen;
}

bool ChainApplicationImpl::process_proposal(const BlockInfo& block, const std::vector<Bytes>& transactions) {
    const auto state = latest_state();
    if (!state || block.height != next_height(record_) || !check_upgrade(**state, block.height)) return false;
    const std::vector<Opened> opened = open_all(transactions, evm_chain_, messages_, **state, cache_, workers_);
    return !refuse_proposal(rules_for(**state, block.height), opened, transactions);
}

Result<BlockResult> ChainApplicationImpl::finalize_block(const BlockInfo& block,
                                                         const std::vector<Bytes>& transactions) {
    ASSAY_FAULT_POINT("finalize");
    TRY_VOID(check_height(block));
    const auto state = TRY(latest_state());
    TRY_VOID(check_upgrade(*state, block.height));
    const std::vector<Opened> opened = open_all(transactions, evm_chain_, messages_, *state, cache_, workers_);
    finalized_.reset();
    Overlay changes(*state);
    if (genesis_ != nullptr) genesis_->apply_to(changes); // genesis becomes durable with the first block
    BlockResult result = apply_block(modules_, block, opened, changes);
    CommitRecord record = record_;
    record.height = block.height;
    record.time_ms = block.time_ms;
    record.app_version = version_from(*state, block.height);
    result.consensus = changed_limits(changes, record);
    Pending pending = TRY(store()->prepare(block.height, changes));
    result.app_hash = pending.app_hash();
    finalized_.emplace(Finalized{std::move(pending), std::move(record), hashes_of(opened)});
    ASSAY_FAULT_POINT("finalized");
    return result;
}

Result<void> ChainApplicationImpl::check_height(const BlockInfo& block) const {
    if (record_.chain_id.empty()) return fail(ErrorCode::invalid_argument, "block before init_chain");
    if (block.chain_id != record_.chain_id) {
        return fail(ErrorCode::invalid_argument,
                    "block is of chain '" + block.chain_id + "', the state of '" + record_.chain_id + "'");
    }
    if (block.height != next_height(record_)) {
        return fail(ErrorCode::invalid_argument, "block " + std::to_string(block.height) + " cannot follow height " +
                                                     std::to_string(record_.height) + "; the next is " +
                                                     std::to_string(next_height(record_)));
    }
    return {};
}

/// Stops before the first block that this program might get wrong.
Result<void> ChainApplicationImpl::check_upgrade(const StateReader& state, std::uint64_t height) const {
    if (modules_.upgrades == nullptr) return {};
    const auto plan = modules_.upgrades->upgrade_plan(state);
    if (!plan || height < plan->height || options_.app_version >= plan->app_version) return {};
    return fail(ErrorCode::unsupported,
                "upgrade '" + plan->name + "' is due at height " + std::to_string(plan->height) +
                    ": blocks from there on need application version " + std::to_string(plan->app_version) +
                    ", this program is version " + std::to_string(options_.app_version) +
                    "; install the new version and start again");
}

/// Whose rules hold from `height` on: the plan's at its height, else those of the block before. A program that is newer than
/// the chain goes by the chain, so that nodes may be given it at different times.
std::uint64_t ChainApplicationImpl::version_from(const StateReader& state, std::uint64_t height) const {
    const auto plan = modules_.upgrades == nullptr ? std::nullopt : modules_.upgrades->upgrade_plan(state);
    const bool is_due = plan && plan->height == height;
    return is_due ? std::max(plan->app_version, record_.app_version) : record_.app_version; // never back
}

/// What the engine must know, where it changed: its limits follow a parameter, the version an upgrade.
std::optional<ConsensusParameters> ChainApplicationImpl::changed_limits(const Overlay& state,
                                                                        CommitRecord& record) const {
    if (!record.has_engine) return std::nullopt;
    const auto params = modules_.params->get<ChainParams>(state);
    const std::uint64_t bytes = std::min(params.block_bytes_max + kBlockOverheadBytes, kEngineBlockBytesMax);
    const bool is_upgrade =
        record.height != 0 && record.app_version != record_.app_version; // genesis is told of by info()
    if (bytes == record.block_bytes_max && !is_upgrade) return std::nullopt;
    record.block_bytes_max = bytes;
    ConsensusParameters limits;
    limits.block_bytes_max = bytes;
    limits.evidence_age_blocks = record.evidence_age_blocks;
    limits.evidence_age_ms = record.evidence_age_ms;
    limits.evidence_bytes_max = record.evidence_bytes_max;
    if (is_upgrade) limits.app_version = record.app_version;
    return limits;
}

Result<std::uint64_t> ChainApplicationImpl::commit_with(const std::function<void()>& before_checks_change) {
    if (!finalized_) return fail(ErrorCode::invalid_argument, "commit without a finalized block");
    Finalized block = std::move(*finalized_);
    finalized_.reset();
    const auto store = this->store();
    ASSAY_FAULT_POINT("commit");
    TRY_VOID(store->commit(std::move(block.pending), encode_record(block.record)));
    ASSAY_FAULT_POINT("committed");
    genesis_.reset();
    cache_.drop(block.hashes);
    before_checks_change();
    const std::uint64_t height = block.record.height;
    TRY_VOID(take_up(std::move(block.record), store->app_hash()));
    ASSAY_FAULT_POINT("taken up");
    snapshots_.on_commit(store, height);
    return retain_height(height);
}

/// Blocks from the oldest snapshot on are kept: a node restored from it needs them.
std::uint64_t ChainApplicationImpl::retain_height(std::uint64_t height) const {
    if (options_.retain_blocks == 0 || height <= options_.retain_blocks) return 0;
    const std::uint64_t wanted = height - options_.retain_blocks + 1;
    return snapshots_.is_on() ? std::min(wanted, snapshots_.oldest_height()) : wanted;
}

std::shared_ptr<StateStore> ChainApplicationImpl::store() const {
    const std::lock_guard lock(mutex_);
    return store_;
}

} // namespace assay::chain
