// assay chain: the state of a chain, running or at rest.
#include "chain/state/state_load.h"
#include "chain/state/state_snapshot.h"
#include "chain/state/state_verify.h"
#include "codec/dag_json.h"
#include "consensus/blocks/block_log.h"
#include "consensus/blocks/result_record.h"
#include "consensus/embedded/block.h"
#include "node/chain/chain_host.h"
#include "node/chain/lost_results.h"
#include "node/commands/chain_flags.h"
#include "node/commands/exit_codes.h"
#include "node/folders.h"
#include "node/terminal.h"
#include "storage/lmdb_file_check.h"

#include <cstdio>
#include <functional>
#include <map>
#include <optional>

namespace assay::node {
namespace {

constexpr const char* kFooter =
    R"(verify, export, import, snapshot and rollback work on the folder of a node that does not run.
Exit code of verify: 0 whole, 1 damaged.
Examples:
  assay chain status
  assay chain verify --data-dir DIR --json
  assay chain export --data-dir DIR > genesis.json
  assay chain import genesis.json --data-dir NEW
  assay chain rollback --to 41 --data-dir DIR)";

struct ChainCommandFlags : ChainFlags {
    std::string file;
    std::uint64_t height = 0;
};

Result<FileLock> lock(const ChainHome& home) {
    auto taken = FileLock::take(home.data_folder / "lock", FileLock::Wait::no);
    if (!taken && taken.error().code == ErrorCode::resource_exhausted)
        return fail(ErrorCode::resource_exhausted,
                    home.data_folder.string() + ": a node runs on this folder; stop it first");
    return taken;
}

Result<int> status(const ChainCommandFlags& flags) {
    const auto node = TRY(flags.client());
    const ChainJson answer = TRY(node.get("/chain/status"));
    print_json(answer, flags.json);
    return kExitDone;
}

/// Everything that is wrong, a line each.
struct Findings {
    std::vector<std::string> faults;
    void add(const Error& error) { faults.push_back(error.message); }
};

void check_invariants(const ChainAtRest& chain, Findings& findings) {
    if (chain.store->version() == 0) return;
    const auto state = chain::load_state(*chain.store, chain.store->version());
    if (!state) return findings.add(state.error());
    const auto walk = [&](chain::ModuleId module, const chain::StateVisitor& visit) {
        chain::walk_all(**state, module, visit);
    };
    for (const auto& module : chain.modules.modules) {
        const auto good = module->check_invariants(**state, walk);
        if (!good) {
            findings.faults.push_back("invariant of " + std::string(chain::name_of(module->id())) + ": " +
                                      good.error().message);
        }
    }
}

/// Every record of a log, up to the state's height at least. False, with a finding, where it is not whole.
bool check_log(const std::filesystem::path& folder, std::uint64_t state_height, Findings& findings,
               const std::function<Result<void>(std::uint64_t height, ByteView record)>& check) {
    std::error_code error;
    if (!std::filesystem::exists(folder, error)) {
        findings.faults.push_back(folder.string() + ": is missing");
        return false;
    }
    const auto log = consensus::BlockLog::open(folder);
    if (!log) {
        findings.add(log.error());
        return false;
    }
    const std::uint64_t last = (*log)->last_height();
    if (last < state_height) {
        findings.faults.push_back(folder.string() + ": ends at block " + std::to_string(last) +
                                  ", below the state's height " + std::to_string(state_height));
        return false;
    }
    for (std::uint64_t height = (*log)->first_height(); height != 0 && height <= last; ++height) {
        const auto record = (*log)->read(height);
        const auto good = record ? check(height, *record) : Result<void>(std::unexpected(record.error()));
        if (good) continue;
        findings.faults.push_back(folder.string() + ": block " + std::to_string(height) + ": " + good.error().message);
        return false;
    }
    return true;
}

/// A log of results that ends early is one that a power cut has shortened, and is made whole by starting the node.
void say_what_helps(const ChainHome& home, const chain::StateStore& store, Findings& findings) {
    const auto lost = find_lost_results(home, store);
    if (!lost || lost->first == 0) return;
    findings.faults.push_back(home.results().string() + ": the results of blocks " + std::to_string(lost->first) +
                              " to " + std::to_string(lost->last) +
                              " are only lost to the explorer: 'assay up' makes them again from the blocks");
}

/// What embedded consensus keeps: each block is signed and follows the one before, over the state that the results left.
void check_blocks(const ChainHome& home, const chain::StateStore& store, Findings& findings) {
    std::error_code error;
    const std::uint64_t height = store.version();
    if (height == 0 || !std::filesystem::exists(home.validator_key(), error)) return;
    std::optional<consensus::EmbeddedBlock> parent;
    std::map<std::uint64_t, crypto::Digest> results;
    const bool has_results =
        check_log(home.results(), height, findings, [&](std::uint64_t at, ByteView record) -> Result<void> {
            results[at] = TRY(consensus::decode_result(record)).app_hash;
            if (at == height && results[at] != store.app_hash())
                return fail(ErrorCode::malformed, "its app hash is not the state's");
            return {};
        });
    if (!has_results) say_what_helps(home, store, findings);
    check_log(home.blocks(), height, findings, [&](std::uint64_t at, ByteView record) -> Result<void> {
        auto block = TRY(consensus::decode_block(record));
        if (block.height != at) return fail(ErrorCode::malformed, "it says height " + std::to_string(block.height));
        TRY_VOID(consensus::check_signature(block));
        if (parent) TRY_VOID(consensus::check_follows(*parent, block));
        const auto before = results.find(at - 1);
        if (before != results.end() && block.app_hash != before->second)
            return fail(ErrorCode::malformed, "it was made over another state than the results say");
        block.transactions.clear();
        parent = std::move(block);
        return {};
    });
}

/// What the chain was begun with is still to be read.
void check_genesis(const ChainHome& home, Findings& findings) {
    std::error_code error;
    if (!std::filesystem::exists(home.genesis(), error)) return;
    const auto document = read_genesis(home.genesis());
    if (!document) return findings.add(document.error());
    if (const auto valid = chain::validate_genesis(chain::make_modules(), *document); !valid)
        findings.faults.push_back(home.genesis().string() + ": " + valid.error().message);
}

Result<int> verify(const ChainCommandFlags& flags) {
    const auto home = TRY(flags.home());
    std::error_code error;
    if (!std::filesystem::exists(home.state(), error))
        return fail(ErrorCode::not_found, home.data_folder.string() + ": there is no chain here");
    const auto held = TRY(lock(home));
    Findings findings;
    ChainJson json = ChainJson::object();
    const auto pages = storage::check_lmdb_folder(home.state());
    if (!pages) findings.add(pages.error());
    if (findings.faults.empty()) { // only then is it safe to let liblmdb read it
        const auto chain = open_chain_at_rest(home, true);
        if (!chain) {
            findings.add(chain.error());
        } else {
            Progress progress("Hashing the state again");
            const auto report = progress.callback();
            const auto check = chain::verify_state(*chain->database, [&](std::uint64_t done, std::uint64_t all) {
                report(done, all);
                return true;
            });
            progress.finish();
            if (!check) {
                findings.add(check.error());
            } else {
                findings.faults.insert(findings.faults.end(), check->faults.begin(), check->faults.end());
                json = {{"height", chain->store->version()},
                        {"app_hash", to_hex(chain->store->app_hash())},
                        {"versions", check->versions},
                        {"nodes", check->nodes},
                        {"entries", check->leaves}};
                if (check->faults.empty()) check_invariants(*chain, findings);
                check_blocks(home, *chain->store, findings);
                check_genesis(home, findings);
            }
        }
    }
    json["ok"] = findings.faults.empty();
    json["faults"] = findings.faults;
    if (flags.json) {
        print_json(json, true);
    } else {
        for (const std::string& fault : findings.faults) std::printf("damaged: %s\n", fault.c_str());
        if (findings.faults.empty()) std::printf("whole: %s\n", json.dump().c_str());
    }
    return findings.faults.empty() ? kExitDone : kExitFailed;
}

Result<int> export_state(const ChainCommandFlags& flags) {
    const auto home = TRY(flags.home());
    const auto held = TRY(lock(home));
    const auto chain = TRY(open_chain_at_rest(home, true));
    if (chain.store->version() == 0) return fail(ErrorCode::not_found, "nothing is committed yet");
    const auto view = TRY(chain.store->latest());
    const auto record = chain::decode_record<chain::CommitRecord>(view->extra());
    const auto state = TRY(chain::load_state(*chain.store, chain.store->version()));
    const auto walk = [&](chain::ModuleId module, const chain::StateVisitor& visit) {
        chain::walk_all(*state, module, visit);
    };
    chain::GenesisDocument document{.chain_id = record.chain_id,
                                    .time_ms = record.time_ms,
                                    .initial_height = record.height + 1,
                                    .modules = chain::export_genesis(chain.modules, *state, walk)};
    const std::string text = TRY(codec::encode_dag_json(chain::to_value(document)));
    if (flags.file.empty()) {
        std::printf("%s\n", text.c_str());
    } else {
        TRY_VOID(write_file_durably(flags.file, text + "\n", false));
    }
    return kExitDone;
}

Result<int> import_state(const ChainCommandFlags& flags) {
    const auto home = TRY(flags.home());
    TRY_VOID(make_folder(home.chain()));
    const auto held = TRY(lock(home));
    std::error_code error;
    if (std::filesystem::exists(home.state(), error) || std::filesystem::exists(home.genesis(), error))
        return fail(ErrorCode::invalid_argument, home.data_folder.string() + ": there is a chain here already");
    const auto document = TRY(read_genesis(flags.file));
    TRY_VOID(chain::validate_genesis(chain::make_modules(), document));
    TRY_VOID(write_genesis(home.genesis(), document));
    print_json({{"chain_id", document.chain_id}, {"initial_height", document.initial_height}}, flags.json);
    return kExitDone;
}

Result<int> make_snapshot(const ChainCommandFlags& flags) {
    const auto home = TRY(flags.home());
    const auto held = TRY(lock(home));
    const auto chain = TRY(open_chain_at_rest(home, true));
    const std::filesystem::path folder = flags.file.empty() ? home.snapshots() / std::to_string(chain.store->version())
                                                            : std::filesystem::path(flags.file);
    TRY_VOID(make_folder(folder));
    Progress progress("Writing the snapshot");
    std::uint64_t bytes = 0;
    const auto write = [&](std::uint32_t index, Bytes chunk) -> Result<void> {
        bytes += chunk.size();
        return write_file_durably(folder / ("chunk-" + std::to_string(index)), as_string_view(chunk), false);
    };
    const chain::SnapshotOptions options{.progress = [&, report = progress.callback()](std::uint64_t done) {
        report(done, 0);
        return true;
    }};
    const auto snapshot = TRY(chain::make_snapshot(*chain.store, chain.store->version(), write, options));
    progress.finish();
    TRY_VOID(write_file_durably(folder / "metadata", as_string_view(snapshot.metadata), false));
    print_json({{"height", snapshot.height},
                {"format", snapshot.format},
                {"chunks", snapshot.chunks},
                {"hash", to_hex(snapshot.hash)},
                {"bytes", bytes},
                {"path", folder.string()}},
               flags.json);
    return kExitDone;
}

Result<int> roll_back(const ChainCommandFlags& flags) {
    const auto home = TRY(flags.home());
    const auto held = TRY(lock(home));
    const auto chain = TRY(open_chain_at_rest(home, false));
    const std::uint64_t from = chain.store->version();
    if (flags.height >= from)
        return fail(ErrorCode::invalid_argument, "--to: the state is at height " + std::to_string(from) + " already");
    TRY_VOID(chain.store->rollback(flags.height));
    for (const auto& folder : {home.blocks(), home.results()}) {
        std::error_code error;
        if (!std::filesystem::exists(folder, error)) continue;
        const auto log = TRY(consensus::BlockLog::open(folder));
        TRY_VOID(log->truncate_after(flags.height));
    }
    print_json({{"from", from}, {"height", chain.store->version()}, {"app_hash", to_hex(chain.store->app_hash())}},
               flags.json);
    return kExitDone;
}

} // namespace

void add_chain(CLI::App& app, Action& action) {
    CLI::App& chain =
        *app.add_subcommand("chain", "The chain of a node: status, verify, export, import, snapshot, rollback");
    chain.require_subcommand(1);
    chain.footer(kFooter);
    const auto add =
        [&](const char* name, const char* about,
            Result<int> (*run)(const ChainCommandFlags&)) -> std::pair<CLI::App*, std::shared_ptr<ChainCommandFlags>> {
        const auto flags = std::make_shared<ChainCommandFlags>();
        CLI::App& command = *chain.add_subcommand(name, about);
        flags->add_data_folder(command);
        flags->add_json(command);
        command.callback([flags, run, &action] { action = [flags, run] { return run(*flags); }; });
        return {&command, flags};
    };
    const auto [status_command, status_flags] = add("status", "Height and app hash of a running node", status);
    status_flags->add_node(*status_command);
    add("verify", "Hash the whole state again and check every rule of every module", verify);
    const auto [export_command, export_flags] = add("export", "The state as a genesis document", export_state);
    export_command->add_option("--out", export_flags->file, "File to write; default: standard output")
        ->type_name("FILE");
    const auto [import_command, import_flags] =
        add("import", "Begin a chain in an empty folder from a genesis document", import_state);
    import_command->add_option("file", import_flags->file, "Genesis document")->required()->type_name("FILE");
    const auto [snapshot_command, snapshot_flags] =
        add("snapshot", "Write the last state as a snapshot for state sync", make_snapshot);
    snapshot_command->add_option("--out", snapshot_flags->file, "Folder; default: DATA/chain/snapshots/HEIGHT")
        ->type_name("DIR");
    const auto [rollback_command, rollback_flags] =
        add("rollback", "Go back to an earlier height that is still kept", roll_back);
    rollback_command->add_option("--to", rollback_flags->height, "Height")->required()->type_name("HEIGHT");
}

} // namespace assay::node
