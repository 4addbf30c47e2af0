#include "node/chain/chain_host.h"

#include "chain/rules_version.h"
#include "consensus/cometbft/comet_consensus.h"
#include "consensus/cometbft/engine_blocks.h"
#include "consensus/cometbft/engine_home.h"
#include "consensus/embedded/embedded_consensus.h"
#include "node/chain/lost_results.h"
#include "node/folders.h"
#include "storage/lmdb_database.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace assay::node {
namespace {

using consensus::BlockObserver;
using consensus::CommittedBlock;

constexpr std::string_view kDevelopmentChain = "assay-local";
constexpr std::string_view kOperatorKey = "operator";
/// One sender's share of CometBFT's mempool: a flood from one key leaves room for others.
constexpr std::size_t kPendingPerSenderMax = 1'000;
constexpr std::chrono::milliseconds kEnginePause{200}; // between questions to an engine that does not answer

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// Blocks for an index that is behind, from the engine. Waits for an engine that is not up (yet), until it is told to end.
class EngineBlocks {
public:
    explicit EngineBlocks(std::string rpc_url) : rpc_(std::move(rpc_url)) {}
    void end() { ending_ = true; }
    Result<std::shared_ptr<const CommittedBlock>> block(std::uint64_t height) {
        while (!ending_) {
            const auto first = first_ != 0 ? Result<std::uint64_t>(first_) : consensus::first_height(rpc_);
            if (first && *first != 0) {
                first_ = *first;
                if (height < first_) return fail(ErrorCode::not_found, "the engine no longer has it");
                auto block = consensus::fetch_committed_block(rpc_, height);
                if (block || block.error().code != ErrorCode::io) return block;
            }
            std::this_thread::sleep_for(kEnginePause);
        }
        return fail(ErrorCode::cancelled, "the node ends");
    }

private:
    consensus::RpcClient rpc_;
    std::atomic<bool> ending_ = false;
    std::uint64_t first_ = 0; ///< used by the index's thread alone
};

/// Says once, when it is so, that this program can make no further block.
class HaltWatch final : public BlockObserver {
public:
    HaltWatch(const chain::Application& application, std::function<void(const std::string&)> log)
        : application_(application), log_(std::move(log)) {}
    void on_block(const std::shared_ptr<const CommittedBlock>&) override { look(); }
    void look() {
        const std::string halt = application_.info().halt;
        if (halt != said_ && !halt.empty() && log_) log_(halt + "; until then this node only answers queries");
        said_ = halt;
    }

private:
    const chain::Application& application_;
    std::function<void(const std::string&)> log_;
    std::string said_;
};

class Host final : public ChainHost {
public:
    explicit Host(ChainOptions options) : options_(std::move(options)), home_{options_.data_folder} {}
    ~Host() override {
        stop();
        index_.reset(); // its thread reads blocks from the consensus
    }

    Result<void> open();

    const ChainHome& home() const override { return home_; }
    chain::ChainApplication& application() override { return *application_; }
    consensus::Consensus& consensus() override { return *consensus_; }
    consensus::CommitWaiters& waiters() override { return waiters_; }
    consensus::ExplorerIndex* index() override { return index_.get(); }
    std::unique_ptr<Observation> observe(BlockObserver& observer) override {
        return std::make_unique<Observation>(observers_, observer);
    }
    void stop() override {
        if (engine_blocks_) engine_blocks_->end();
        if (consensus_) consensus_->stop();
    }

private:
    Result<void> open_state();
    std::string engine_url() const {
        return options_.comet_rpc.starts_with("tcp://") ? "http" + options_.comet_rpc.substr(3) : options_.comet_rpc;
    }
    Result<void> open_index(std::uint64_t tip);
    Result<void> start_observers();
    Result<void> start_embedded();
    Result<void> start_cometbft();
    Result<chain::GenesisDocument> genesis_or_development(const crypto::Ed25519SecretKey& validator);

    ChainOptions options_;
    ChainHome home_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<chain::ChainApplication> application_;
    std::unique_ptr<EngineBlocks> engine_blocks_;
    std::unique_ptr<consensus::ExplorerIndex> index_;
    consensus::CommitWaiters waiters_;
    std::unique_ptr<HaltWatch> halt_watch_;
    std::shared_ptr<ObserverList> observers_ = std::make_shared<ObserverList>();
    std::unique_ptr<consensus::Consensus> consensus_; // last: it uses the rest
    consensus::EmbeddedConsensus* embedded_ = nullptr;
};

Result<void> Host::open() {
    TRY_VOID(make_folder(home_.chain()));
    if (options_.mode == ConsensusMode::embedded) {
        const LostResults lost = TRY(prepare_lost_results(home_));
        if (lost.first != 0 && options_.log) {
            options_.log("the results of blocks " + std::to_string(lost.first) + " to " + std::to_string(lost.last) +
                         " were lost, as in a power cut; executing these blocks again");
        }
    }
    TRY_VOID(open_state());
    return options_.mode == ConsensusMode::embedded ? start_embedded() : start_cometbft();
}

Result<void> Host::open_state() {
    database_ = TRY(storage::LmdbDatabase::open(home_.state()));
    chain::ApplicationOptions options{.app_version = chain::rules_version(), .threads = options_.threads};
    options.state.threads = std::max(1u, std::thread::hardware_concurrency());
    options.state.keep_versions = options_.keep_versions;
    if (options_.mode == ConsensusMode::cometbft) {
        options.pending_per_sender_max = kPendingPerSenderMax;
        options.pending_max = consensus::kEngineMempoolTransactions;
    }
    options.snapshot_folder = home_.snapshots();
    options.snapshot_interval_blocks = options_.snapshot_interval_blocks;
    application_ = TRY(chain::ChainApplication::create(*database_, chain::make_modules(), std::move(options)));
    return {};
}

/// The genesis document of the folder; where there is none, a chain of this machine's own.
Result<chain::GenesisDocument> Host::genesis_or_development(const crypto::Ed25519SecretKey& validator) {
    std::error_code error;
    if (std::filesystem::exists(home_.genesis(), error)) return read_genesis(home_.genesis());
    auto operator_key = find_key(home_, kOperatorKey);
    if (!operator_key) {
        const auto secret = TRY(crypto::SecretKey::random());
        operator_key = store_key(home_, kOperatorKey, secret, "");
        if (!operator_key) return std::unexpected(operator_key.error());
        if (options_.log) {
            options_.log("made the account " + operator_key->address + ", key '" + std::string(kOperatorKey) +
                         "' without a password in " + home_.keys().string());
        }
    }
    const crypto::Address address = TRY(crypto::parse_address(operator_key->address));
    chain::DevelopmentGenesis choice;
    choice.chain_id = kDevelopmentChain;
    choice.time_ms = now_ms();
    choice.validators.push_back({.account = address, .public_key = validator.public_key(), .name = "local"});
    const auto document = chain::make_development_genesis(choice);
    TRY_VOID(write_genesis(home_.genesis(), document));
    return document;
}

Result<void> Host::open_index(std::uint64_t tip) {
    if (!options_.index) return {};
    consensus::ExplorerIndex::Options options;
    options.tip = tip;
    if (options_.mode == ConsensusMode::embedded) {
        options.source = [this](std::uint64_t height) -> Result<std::shared_ptr<const CommittedBlock>> {
            if (embedded_ == nullptr) return fail(ErrorCode::not_found, "not started");
            return embedded_->committed_block(height);
        };
    } else {
        engine_blocks_ = std::make_unique<EngineBlocks>(engine_url());
        options.source = [this](std::uint64_t height) { return engine_blocks_->block(height); };
    }
    index_ = TRY(consensus::ExplorerIndex::open(home_.index(), std::move(options)));
    return {};
}

/// Everybody who hears of blocks, in this order.
Result<void> Host::start_observers() {
    TRY_VOID(open_index(application_->info().height));
    if (index_) observers_->add(*index_);
    observers_->add(waiters_);
    halt_watch_ = std::make_unique<HaltWatch>(*application_, options_.log);
    halt_watch_->look();
    observers_->add(*halt_watch_);
    return {};
}

Result<void> Host::start_embedded() {
    std::error_code error;
    if (std::filesystem::exists(home_.blocks(), error) && !std::filesystem::exists(home_.validator_key(), error))
        return fail(ErrorCode::not_found, home_.validator_key().string() +
                                              ": is missing, and the blocks of this folder were signed with it: put it "
                                              "back; a new key would make another chain");
    const auto validator = std::make_shared<const crypto::Ed25519SecretKey>(TRY(load_or_make_validator_key(home_)));
    consensus::EmbeddedOptions options;
    if (application_->info().chain_id.empty()) {
        const auto document = TRY(genesis_or_development(*validator));
        auto made = application_->init_chain({.chain_id = document.chain_id,
                                              .time_ms = document.time_ms,
                                              .initial_height = document.initial_height,
                                              .app_state = document.modules,
                                              .validators = {}});
        if (!made) return fail_in(home_.genesis().string(), made.error());
        options.initial_height = document.initial_height;
    }
    options.blocks_folder = home_.blocks();
    options.results_folder = home_.results();
    options.validator = validator;
    options.block_interval_ms = options_.block_interval_ms;
    options.check_threads = options_.threads;
    auto started = TRY(consensus::EmbeddedConsensus::start(*application_, {observers_.get()}, std::move(options)));
    embedded_ = started.get();
    consensus_ = std::move(started);
    return start_observers();
}

Result<void> Host::start_cometbft() {
    const std::filesystem::path engine_home = options_.comet_home.empty() ? home_.cometbft() : options_.comet_home;
    TRY_VOID(start_observers());
    consensus::CometOptions options;
    options.server.address =
        options_.abci_address.empty() ? "unix://" + (home_.chain() / "abci.sock").string() : options_.abci_address;
    options.server.log = [log = options_.log](std::string_view line) {
        if (log) log(std::string(line));
    };
    options.server.on_fatal = options_.on_fatal;
    options.supervisor.attach = options_.comet_attach;
    options.supervisor.binary = options_.comet_binary;
    options.supervisor.home = engine_home;
    options.supervisor.log = options.server.log;
    options.supervisor.rpc_url = engine_url();
    if (!options_.comet_attach) {
        std::error_code error;
        if (!std::filesystem::exists(engine_home / "config" / "genesis.json", error)) {
            return fail(ErrorCode::not_found,
                        engine_home.string() +
                            " has no config/genesis.json: 'assay localnet --init-only' makes a network's homes");
        }
        const consensus::EngineNetwork network{
            .proxy_app = options.server.address, .rpc = options_.comet_rpc, .p2p = options_.comet_p2p};
        const std::vector<consensus::EngineSetting> settings = {
            {"", "proxy_app", "\"" + network.proxy_app + "\""},
            {"rpc", "laddr", "\"" + network.rpc + "\""},
            {"p2p", "laddr", "\"" + network.p2p + "\""},
            {"mempool", "size", std::to_string(consensus::kEngineMempoolTransactions)}, // as many as we let in
        };
        TRY_VOID(consensus::configure_engine(engine_home, settings));
    }
    consensus_ = TRY(consensus::CometConsensus::start(*application_, {observers_.get()}, std::move(options)));
    return {};
}

} // namespace

Result<std::unique_ptr<ChainHost>> ChainHost::open(ChainOptions options) {
    auto host = std::make_unique<Host>(std::move(options));
    TRY_VOID(host->open());
    return host;
}

Result<ChainAtRest> open_chain_at_rest(const ChainHome& home, bool read_only) {
    std::error_code error;
    if (!std::filesystem::exists(home.state(), error))
        return fail(ErrorCode::not_found,
                    home.data_folder.string() + ": there is no chain here (no " + home.state().string() + ")");
    ChainAtRest chain;
    chain.database = TRY(storage::LmdbDatabase::open(home.state(), {.create = false, .read_only = read_only}));
    chain.store = TRY(chain::StateStore::open(*chain.database, {.keep_versions = 0}));
    chain.modules = chain::make_modules();
    return chain;
}

} // namespace assay::node
