/// What chain_kill_test runs, kills and puts under failing disks: a chain of one node that commits a fixed list of transfers.
///   chain_writer FOLDER TRANSFERS   prints "start HEIGHT", then "block HEIGHT APPHASH TRANSACTIONS" for each block that
///                                   observers are told of; "done APPHASH" when all are in; "error: …" and exits with 1
///   chain_writer FOLDER check       reads all of it off line: "whole HEIGHT APPHASH", or "damage: …" and exits with 1
#include "chain/chain_application.h"
#include "chain/state/state_verify.h"
#include "chain/transfer_load.h"
#include "consensus/cometbft/engine_home.h"
#include "consensus/embedded/embedded_consensus.h"
#include "storage/lmdb_database.h"
#include "storage/lmdb_file_check.h"
#include "storage/memory_database.h"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>

using namespace assay;
using namespace assay::consensus;

namespace {

constexpr std::size_t kAccounts = 20;
constexpr std::size_t kBatch = 25;
constexpr std::size_t kTransfersMax = 100'000;

chain::TransferLoad load_of(std::size_t transfers) {
    chain::TransferLoadChoice choice;
    choice.accounts = kAccounts;
    choice.transfers = transfers;
    return make_transfer_load(choice);
}

Result<std::unique_ptr<chain::ChainApplication>> open_application(storage::Database& database) {
    chain::ApplicationOptions options;
    options.threads = 1;
    auto application = TRY(chain::ChainApplication::create(database, chain::make_modules(), options));
    if (application->info().height != 0) return application;
    chain::DevelopmentGenesis development;
    development.accounts = load_of(0).accounts;
    const auto document = make_development_genesis(development);
    chain::GenesisRequest genesis;
    genesis.chain_id = document.chain_id;
    genesis.app_state = document.modules;
    TRY(application->init_chain(genesis));
    return application;
}

std::shared_ptr<const crypto::Ed25519SecretKey> validator_key() {
    const crypto::Digest seed = crypto::sha256(as_byte_view("chain_writer"));
    return std::make_shared<const crypto::Ed25519SecretKey>(
        std::move(crypto::Ed25519SecretKey::from_seed(seed).value()));
}

class Teller final : public BlockObserver {
public:
    void on_block(const std::shared_ptr<const CommittedBlock>& block) override {
        std::printf("block %lu %s %zu\n", block->info.height, to_hex(block->result.app_hash).c_str(),
                    block->transactions.size());
    }
};

Result<void> write_chain(const std::filesystem::path& folder, std::size_t transfers) {
    const chain::TransferLoad load = load_of(transfers);
    const auto database = TRY(storage::LmdbDatabase::open(folder / "state"));
    const auto application = TRY(open_application(*database));
    std::printf("start %lu\n", application->info().height);
    Teller teller;
    EmbeddedOptions options;
    options.blocks_folder = folder / "blocks";
    options.validator = validator_key();
    options.check_threads = 1;
    const auto consensus = TRY(EmbeddedConsensus::start(*application, {&teller}, options));
    std::vector<Bytes> batch;
    for (std::size_t i = 0; i < transfers; ++i) {
        const auto view = TRY(application->store()->latest());
        const auto next = application->modules().accounts->account(*view, load.accounts[i % kAccounts]).nonce;
        if (i / kAccounts >= next) batch.push_back(load.transfers[i]);
        if (batch.size() < kBatch && i + 1 < transfers) continue;
        std::promise<void> checked;
        consensus->submit(std::move(batch), [&](const auto&) { checked.set_value(); });
        checked.get_future().wait();
        consensus->wait_until_idle();
        batch.clear();
        const std::string trouble = consensus->status().trouble;
        if (!trouble.empty()) return fail(ErrorCode::io, trouble);
    }
    std::printf("done %s\n", to_hex(application->info().app_hash).c_str());
    return {};
}

/// The same blocks, each signed and over the one before, applied to a state in memory.
Result<crypto::Digest> replay(const BlockLog& log, std::uint64_t until) {
    storage::MemoryDatabase memory;
    const auto application = TRY(open_application(memory));
    std::optional<EmbeddedBlock> parent;
    for (std::uint64_t height = 1; height <= until; ++height) {
        const Bytes record = TRY(log.read(height));
        EmbeddedBlock block = TRY(decode_block(record));
        TRY_VOID(check_signature(block));
        if (parent) TRY_VOID(check_follows(*parent, block));
        chain::BlockInfo info;
        info.chain_id = block.chain_id;
        info.height = height;
        info.time_ms = block.time_ms;
        info.proposer = consensus_address(block.signer);
        if (parent) info.last_commit.push_back({info.proposer, 1, true});
        TRY(application->finalize_block(info, block.transactions));
        TRY(application->commit());
        parent = std::move(block);
    }
    return application->info().app_hash;
}

Result<void> check_chain(const std::filesystem::path& folder) {
    TRY(storage::check_lmdb_folder(folder / "state"));
    const auto database = TRY(storage::LmdbDatabase::open(folder / "state"));
    const auto check = TRY(chain::verify_state(*database));
    if (!check.faults.empty()) return fail(ErrorCode::malformed, check.faults.front());
    const auto application = TRY(open_application(*database));
    const auto info = application->info();
    const auto log = TRY(BlockLog::open(folder / "blocks"));
    TRY_VOID(log->verify());
    if (log->last_height() < info.height) return fail(ErrorCode::malformed, "the block log is shorter than the state");
    if (info.height != 0 && TRY(replay(*log, info.height)) != info.app_hash)
        return fail(ErrorCode::malformed, "the blocks give another app hash than the state has");
    std::printf("whole %lu %s\n", info.height, to_hex(info.app_hash).c_str());
    return {};
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    const bool checks = std::string_view(argv[2]) == "check";
    const auto transfers = std::min<std::size_t>(std::strtoull(argv[2], nullptr, 10), kTransfersMax);
    const auto done = checks ? check_chain(argv[1]) : write_chain(argv[1], transfers);
    if (done) return 0;
    std::printf("%s: %s\n", checks ? "damage" : "error", done.error().message.c_str());
    return 1;
}
