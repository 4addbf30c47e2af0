#include "simulation.h"

#include "chain/chain_application.h"
#include "chain/genesis.h"
#include "chain/modules/bank/bank_params.h"
#include "chain/modules/governance/governance_params.h"
#include "chain/modules/registry/registry_params.h"
#include "chain/modules/staking/staking_params.h"
#include "chain/state/state_load.h"
#include "chain/state/state_snapshot.h"
#include "codec/dag_cbor.h"
#include "network.h"
#include "storage/memory_database.h"

#include <cstdio>

namespace assay::sim {
namespace {

using namespace chain;

constexpr std::size_t kAccounts = 40;
constexpr std::size_t kValidators = 8; ///< operated by the first accounts

std::unexpected<Error> broken(std::string what) { return fail(ErrorCode::internal, std::move(what)); }

/// Short times, so that everything that waits comes due within some blocks.
codec::Value short_times(const World& world) {
    BankParams bank;
    bank.authorization_keep_s = 60;
    StakingParams staking;
    staking.unbonding_ms = 120'000;
    staking.validators_max = 8;
    staking.power_reduction = 1'000'000'000;
    staking.signed_blocks_window = 20;
    staking.downtime_jail_ms = 5'000;
    staking.block_reward = Amount(1'000'000'000);
    staking.evidence_age_blocks_max = 15;
    staking.evidence_age_ms_max = 60'000;
    RegistryParams registry;
    registry.arbiter = world.addresses[0];
    registry.quote_blocks = 10;
    registry.dispute_blocks_min = 1;
    registry.arbitration_blocks = 10;
    GovernanceParams governance;
    governance.deposit_period_ms = 60'000;
    governance.voting_period_ms = 60'000;
    governance.expedited_voting_period_ms = 30'000;
    return codec::Value(codec::Value::Map{{"bank", to_readable(bank)},
                                          {"staking", to_readable(staking)},
                                          {"registry", to_readable(registry)},
                                          {"governance", to_readable(governance)}});
}

GenesisRequest make_genesis(const World& world) {
    DevelopmentGenesis development;
    development.chain_id = "simulation";
    development.time_ms = 1'800'000'000'000;
    development.accounts = world.addresses;
    for (std::size_t i = 0; i < kValidators; ++i) {
        DevelopmentGenesis::Validator validator{world.addresses[i], {}, "genesis " + std::to_string(i)};
        validator.public_key = crypto::sha256(as_byte_view(validator.name));
        development.validators.push_back(std::move(validator));
    }
    const GenesisDocument document = make_development_genesis(development);
    codec::Value::Map modules = *document.modules.map();
    modules.insert_or_assign("params", short_times(world));
    GenesisRequest request;
    request.chain_id = document.chain_id;
    request.time_ms = document.time_ms;
    request.app_state = codec::Value(std::move(modules));
    return request;
}

/// A refusal's text with its numbers and names taken out: what it was refused for.
std::string reason_of(std::string_view log) {
    std::string reason;
    for (std::size_t i = 0; i < log.size() && reason.size() < 90; ++i) {
        const bool is_digit = log[i] >= '0' && log[i] <= '9';
        if (!is_digit) reason += log[i];
        else if (reason.empty() || reason.back() != '#') reason += '#';
        if (is_digit && log.substr(i, 2) == "0x")
            while (i + 1 < log.size() && log[i + 1] != ' ' && log[i + 1] != ':' && log[i + 1] != ',') ++i;
    }
    return reason;
}

Digest digest_of(const BlockResult& result) {
    crypto::Sha256 hash;
    const auto add = [&](std::string_view text) {
        hash.update(as_byte_view(std::to_string(text.size()) + ":"));
        hash.update(as_byte_view(text));
    };
    const auto add_events = [&](const std::vector<Event>& events) {
        for (const Event& event : events) {
            add(event.type);
            for (const auto& [name, value] : event.attributes) add(name), add(value);
        }
    };
    hash.update(result.app_hash);
    for (const TxResult& transaction : result.transactions) {
        add(to_string(transaction.code));
        add(transaction.log);
        add(std::to_string(transaction.gas_wanted) + "/" + std::to_string(transaction.gas_used));
        add_events(transaction.events);
    }
    add_events(result.events);
    for (const ValidatorUpdate& update : result.validator_updates) {
        hash.update(update.public_key);
        add(std::to_string(update.power));
    }
    return hash.finish();
}

class Simulation {
public:
    explicit Simulation(const Choice& choice) : choice_(choice), world_(choice.seed, kAccounts) {}
    Result<Outcome> run();

private:
    Result<void> start();
    Result<void> block();
    Result<std::vector<std::size_t>> propose(const BlockInfo& block, const std::vector<Traffic>& traffic);
    Result<void> refuse_tampered(const BlockInfo& block, std::vector<Bytes> honest,
                                 const std::vector<Traffic>& traffic);
    Result<void> judge(const std::vector<const Traffic*>& sent, const BlockResult& result);
    Result<void> check_invariants_of(const MemoryState& state) const;
    Result<void> check_export(std::uint64_t height) const;
    Result<void> check_snapshot(std::uint64_t height) const;
    Result<void> read_state(std::uint64_t height);

    const Choice choice_;
    World world_;
    Outcome outcome_;
    storage::MemoryDatabase database_;
    ModuleSet modules_ = make_modules();
    std::unique_ptr<ChainApplication> application_;
    std::unique_ptr<TrafficMaker> traffic_;
    std::unique_ptr<Network> network_;
};

Result<void> Simulation::start() {
    ApplicationOptions options;
    options.threads = choice_.threads;
    options.state.threads = choice_.threads;
    options.state.keep_versions = 3;
    application_ = TRY(ChainApplication::create(database_, modules_, options));
    traffic_ = std::make_unique<TrafficMaker>(application_->modules());
    if (traffic_->types() != application_->messages().types())
        return broken("the simulation does not know every message type, or one that there is not");
    const GenesisRequest genesis = make_genesis(world_);
    const GenesisResponse response = TRY(application_->init_chain(genesis));
    network_ = std::make_unique<Network>(response.validators);
    world_.time_ms = genesis.time_ms;
    world_.height = 1;
    BlockInfo block;
    block.chain_id = genesis.chain_id;
    block.time_ms = genesis.time_ms;
    return apply_genesis(modules_, block, genesis.app_state, world_.state);
}

Result<Outcome> Simulation::run() {
    const std::string where = "seed " + std::to_string(choice_.seed);
    if (auto started = start(); !started) return fail_in(where + ", start", started.error());
    for (; world_.height <= choice_.blocks; ++world_.height) {
        if (auto made = block(); !made)
            return fail_in(where + ", block " + std::to_string(world_.height), made.error());
        if (choice_.print && world_.height % 20 == 0) {
            std::size_t entries = 0;
            for (std::size_t m = 0; m < kModuleCount; ++m)
                entries += world_.state.entries(static_cast<ModuleId>(m)).size();
            std::fprintf(stderr, "block %lu, %zu entries, %lu of %lu transactions succeeded\n", world_.height, entries,
                         outcome_.succeeded, outcome_.transactions);
        }
    }
    outcome_.evidence = network_->evidence_given;
    return std::move(outcome_);
}

Result<void> Simulation::block() {
    const BlockInfo block = network_->next_block(world_);
    const std::vector<Traffic> traffic = traffic_->make(world_, outcome_.coverage, choice_.operations);
    const std::vector<std::size_t> chosen = TRY(propose(block, traffic));
    std::vector<const Traffic*> sent;
    if (world_.random.percent(10)) { // what no honest proposer would send must do no harm either
        for (const Traffic& one : traffic) sent.push_back(&one);
    } else {
        for (const std::size_t i : chosen) sent.push_back(&traffic[i]);
    }
    std::vector<Bytes> wires;
    for (const Traffic* one : sent) wires.push_back(one->wire);
    const BlockResult result = TRY(application_->finalize_block(block, wires));
    TRY(application_->commit());
    TRY_VOID(judge(sent, result));
    TRY_VOID(network_->follow(block.height, result.validator_updates));
    outcome_.blocks.push_back(digest_of(result));
    world_.time_ms = block.time_ms;
    TRY_VOID(read_state(block.height));
    const auto is_due = [&](std::uint64_t every) { return every != 0 && block.height % every == 0; };
    if (is_due(choice_.invariants_every)) TRY_VOID(check_invariants_of(world_.state));
    if (is_due(choice_.export_every)) TRY_VOID(check_export(block.height));
    if (is_due(choice_.snapshot_every)) TRY_VOID(check_snapshot(block.height));
    return {};
}

Result<void> Simulation::read_state(std::uint64_t height) {
    world_.state = std::move(*TRY(load_state(*application_->store(), height)));
    return {};
}

/// CheckTx for each, then a proposal that must hold all of the good ones and pass judgement.
Result<std::vector<std::size_t>> Simulation::propose(const BlockInfo& block, const std::vector<Traffic>& traffic) {
    std::vector<Bytes> candidates;
    for (const Traffic& one : traffic) {
        const CheckResult checked = application_->check_transaction(one.wire, false);
        outcome_.coverage.codes.insert(checked.result.code);
        if (checked.result.code != one.expected)
            return broken("checking said " + std::string(to_string(checked.result.code)) + " (" + checked.result.log +
                          ") where " + std::string(to_string(one.expected)) + " was due: " + one.what);
        candidates.push_back(one.wire);
    }
    const std::vector<Bytes> proposal = application_->prepare_proposal(block, candidates, std::size_t{16} << 20);
    std::map<Bytes, std::size_t> numbers; // the best paying come first: another order than they came in
    for (std::size_t i = 0; i < traffic.size(); ++i)
        if (traffic[i].expected == TxCode::ok) numbers.emplace(traffic[i].wire, i);
    std::vector<std::size_t> chosen;
    for (const Bytes& wire : proposal) {
        const auto found = numbers.find(wire);
        if (found == numbers.end()) return broken("the proposal holds one that is bad or comes twice");
        chosen.push_back(found->second);
        numbers.erase(found);
    }
    if (!numbers.empty()) return broken("the proposal lacks " + traffic[numbers.begin()->second].what);
    if (!application_->process_proposal(block, proposal)) return broken("an honest proposal was refused");
    TRY_VOID(refuse_tampered(block, proposal, traffic));
    return chosen;
}

Result<void> Simulation::refuse_tampered(const BlockInfo& block, std::vector<Bytes> honest,
                                         const std::vector<Traffic>& traffic) {
    if (honest.empty()) return {};
    std::vector<Bytes> tampered = honest;
    const std::size_t victim = world_.random.below(tampered.size());
    switch (world_.random.below(3)) {
        case 0: tampered[victim][world_.random.below(tampered[victim].size())] ^= 1; break;
        case 1: tampered.push_back(tampered[victim]); break;
        default:
            for (const Traffic& one : traffic)
                if (one.expected != TxCode::ok) tampered.insert(tampered.begin() + static_cast<long>(victim), one.wire);
    }
    if (tampered != honest && application_->process_proposal(block, tampered))
        return broken("a tampered proposal was accepted");
    return {};
}

Result<void> Simulation::judge(const std::vector<const Traffic*>& sent, const BlockResult& result) {
    if (result.transactions.size() != sent.size()) return broken("not one result for each transaction");
    Coverage& coverage = outcome_.coverage;
    std::set<Address> penniless;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const Traffic& traffic = *sent[i];
        const TxResult& found = result.transactions[i];
        ++outcome_.transactions;
        const bool is_admitted =
            found.code == TxCode::ok || found.code == TxCode::out_of_gas || found.code == TxCode::message_failed;
        if (traffic.expected != TxCode::ok) {
            if (found.code != traffic.expected)
                return broken("applied as " + std::string(to_string(found.code)) + " (" + found.log +
                              "): " + traffic.what);
            continue;
        }
        // Messages before it in the block may have spent what was there for its fee; then the sender's later ones are ahead.
        if (found.code == TxCode::insufficient_funds || (penniless.contains(traffic.sender) && !is_admitted)) {
            penniless.insert(traffic.sender);
            continue;
        }
        if (!is_admitted)
            return broken("a proposed transaction was not applied: " + std::string(to_string(found.code)) + ": " +
                          found.log + ": " + traffic.what);
        if (found.code == TxCode::ok) {
            ++outcome_.succeeded;
            for (const std::string_view type : traffic.types) ++coverage.done[type];
        } else {
            if (found.code == TxCode::message_failed && traffic.types.size() == 1) ++coverage.refused[traffic.types[0]];
            ++coverage.reasons[reason_of(found.log)];
        }
    }
    return {};
}

Result<void> Simulation::check_invariants_of(const MemoryState& state) const {
    return check_invariants(modules_, state,
                            [&](ModuleId module, const StateVisitor& visit) { walk_all(state, module, visit); });
}

/// Export, import into a fresh chain, and export again.
Result<void> Simulation::check_export(std::uint64_t height) const {
    const GenesisDocument exported = TRY(export_document(*application_->store(), modules_, height));
    MemoryState imported;
    BlockInfo block;
    block.chain_id = exported.chain_id;
    block.height = exported.initial_height - 1;
    block.time_ms = exported.time_ms;
    if (auto done = apply_genesis(modules_, block, exported.modules, imported); !done)
        return fail_in("importing what was exported", done.error());
    const codec::Value again = export_genesis(
        modules_, imported, [&](ModuleId module, const StateVisitor& visit) { walk_all(imported, module, visit); });
    for (const auto& module : modules_.modules) {
        const std::string name(name_of(module->id()));
        if (TRY(codec::encode_dag_cbor(*exported.modules.find(name))) != TRY(codec::encode_dag_cbor(*again.find(name))))
            return broken("export of " + name + " differs after import");
    }
    return check_invariants_of(imported);
}

Result<void> Simulation::check_snapshot(std::uint64_t height) const {
    std::vector<Bytes> chunks;
    SnapshotOptions options;
    options.chunk_bytes_max = std::size_t{1} << 16;
    const auto take = [&](std::uint32_t, Bytes chunk) -> Result<void> {
        chunks.push_back(std::move(chunk));
        return {};
    };
    const Snapshot made = TRY(make_snapshot(*application_->store(), height, take, options));
    storage::MemoryDatabase fresh;
    const Digest app_hash = application_->info().app_hash;
    const auto restore = TRY(SnapshotRestore::begin(fresh, made, app_hash));
    for (std::uint32_t i = 0; i < chunks.size(); ++i) TRY_VOID(restore->apply(i, chunks[i]));
    TRY_VOID(restore->finish());
    const auto restored = TRY(StateStore::open(fresh, {}));
    if (restored->app_hash() != app_hash) return broken("the restored snapshot has another app hash");
    return {};
}

} // namespace

Result<Outcome> simulate(const Choice& choice) { return Simulation(choice).run(); }

} // namespace assay::sim
