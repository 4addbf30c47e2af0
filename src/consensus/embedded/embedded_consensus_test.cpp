#include "consensus/embedded/embedded_consensus.h"

#include "consensus/light/verifier.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <unistd.h>

namespace assay::consensus {
namespace {

/// What survives a crash of the application below.
struct Disk {
    std::uint64_t height = 0;
    crypto::Digest app_hash{};
    std::vector<Bytes> applied;
};

/// Appends transactions to a list; the app hash chains over them. A transaction is {sender, nonce, …}; sender 255 is
/// malformed. commit() can be told to fail or to be lost.
class ListApplication final : public chain::Application {
public:
    explicit ListApplication(Disk& disk) : disk_(disk) {}

    chain::ApplicationInfo info() const override {
        chain::ApplicationInfo info;
        info.chain_id = "test-1";
        info.height = disk_.height;
        info.app_hash = disk_.app_hash;
        info.halt = halt;
        return info;
    }
    Result<chain::GenesisResponse> init_chain(const chain::GenesisRequest&) override {
        return chain::GenesisResponse{};
    }
    chain::CheckResult check_transaction(ByteView wire, bool recheck) override {
        if (recheck) ++rechecks;
        chain::CheckResult checked;
        if (wire.size() < 2 || wire[0] == 255) {
            checked.result.code = chain::TxCode::malformed;
            checked.result.log = "transaction: sender 255";
            return checked;
        }
        checked.sender.bytes[19] = wire[0];
        checked.nonce = wire[1];
        return checked;
    }
    std::vector<Bytes> prepare_proposal(const chain::BlockInfo&, std::vector<Bytes> candidates, std::size_t) override {
        return candidates;
    }
    bool process_proposal(const chain::BlockInfo&, const std::vector<Bytes>&) override { return true; }
    Result<chain::BlockResult> finalize_block(const chain::BlockInfo& block, const std::vector<Bytes>& wires) override {
        if (before_finalize) before_finalize();
        pending_ = disk_;
        pending_.height = block.height;
        chain::BlockResult result;
        for (const Bytes& wire : wires) {
            crypto::Sha256 hash;
            hash.update(pending_.app_hash);
            hash.update(wire);
            pending_.app_hash = hash.finish();
            pending_.applied.push_back(wire);
            result.transactions.emplace_back();
        }
        result.app_hash = pending_.app_hash;
        return result;
    }
    Result<std::uint64_t> commit() override {
        if (fail_commit) return fail(ErrorCode::io, "state: no space left on device");
        disk_ = pending_;
        return 0;
    }
    Result<chain::QueryResponse> query(const chain::QueryRequest&) const override {
        return fail(ErrorCode::not_found, "no queries");
    }
    std::vector<chain::SnapshotDescription> list_snapshots() const override { return {}; }
    Result<Bytes> load_snapshot_chunk(std::uint64_t, std::uint32_t, std::uint32_t) const override {
        return fail(ErrorCode::not_found, "no snapshots");
    }
    chain::OfferResult offer_snapshot(const chain::SnapshotDescription&, const crypto::Digest&) override {
        return chain::OfferResult::reject;
    }
    chain::ChunkResult apply_snapshot_chunk(std::uint32_t, ByteView) override {
        return chain::ChunkResult::reject_snapshot;
    }
    const chain::MessageRegistry& messages() const override { return registry_; }

    std::atomic<bool> fail_commit = false;
    std::string halt; ///< set while no block is being made
    std::atomic<int> rechecks = 0;
    std::function<void()> before_finalize;

private:
    Disk& disk_;
    Disk pending_;
    chain::MessageRegistry registry_;
};

std::shared_ptr<const crypto::Ed25519SecretKey> validator_key(std::uint8_t seed = 7) {
    return std::make_shared<const crypto::Ed25519SecretKey>(
        std::move(crypto::Ed25519SecretKey::from_seed(Bytes(32, seed)).value()));
}

class Recorder final : public BlockObserver {
public:
    void on_block(const std::shared_ptr<const CommittedBlock>& block) override { blocks.push_back(block); }
    std::vector<std::shared_ptr<const CommittedBlock>> blocks;
};

class EmbeddedConsensusTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ =
            std::filesystem::temp_directory_path() / ("assay_embedded_" + std::to_string(::getpid()) + "_" +
                                                      testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    Result<std::unique_ptr<EmbeddedConsensus>> start(chain::Application& application,
                                                     std::vector<BlockObserver*> observers = {}) {
        EmbeddedOptions options;
        options.blocks_folder = folder_ / "blocks";
        options.results_folder = folder_ / "results";
        options.validator = validator_;
        options.check_threads = 2;
        options.clock_ms = [this] { return clock_ms_; };
        return EmbeddedConsensus::start(application, std::move(observers), options);
    }
    static std::vector<Submission> submit(Consensus& consensus, std::vector<Bytes> wires) {
        std::promise<std::vector<Submission>> promise;
        auto future = promise.get_future();
        consensus.submit(std::move(wires),
                         [&promise](std::vector<Submission> done) { promise.set_value(std::move(done)); });
        return future.get();
    }

    std::filesystem::path folder_;
    std::shared_ptr<const crypto::Ed25519SecretKey> validator_ = validator_key();
    Disk disk_;
    std::int64_t clock_ms_ = 1'000'000;
};

TEST_F(EmbeddedConsensusTest, CommitsWhatIsSentAndTellsObserversInOrder) {
    ListApplication application(disk_);
    Recorder recorder;
    auto consensus = start(application, {&recorder});
    ASSERT_TRUE(consensus) << consensus.error().message;
    for (std::uint8_t nonce = 0; nonce < 5; ++nonce) {
        const auto done = submit(**consensus, {{1, nonce}, {255, nonce}});
        ASSERT_EQ(done.size(), 2u);
        EXPECT_EQ(done[0].result.code, chain::TxCode::ok);
        EXPECT_EQ(done[0].hash, crypto::sha256(Bytes{1, nonce}));
        EXPECT_EQ(done[1].result.code, chain::TxCode::malformed);
        EXPECT_EQ(done[1].result.log, "transaction: sender 255");
        (*consensus)->wait_until_idle();
    }
    EXPECT_EQ(disk_.applied, (std::vector<Bytes>{{1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}}));
    ASSERT_EQ(recorder.blocks.size(), 6u);
    EXPECT_TRUE(recorder.blocks[0]->transactions.empty()) << "the first block holds genesis alone";
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(recorder.blocks[i]->info.height, i + 1);
        const std::int64_t before_ms = i > 0 ? recorder.blocks[i - 1]->info.time_ms : 0;
        EXPECT_GT(recorder.blocks[i]->info.time_ms, before_ms); // though the clock stands
    }
    EXPECT_EQ(recorder.blocks.back()->result.app_hash, disk_.app_hash);
    EXPECT_EQ((*consensus)->status().height, 6u);
}

TEST_F(EmbeddedConsensusTest, GroupsWhatComesWhileABlockIsMade) {
    ListApplication application(disk_);
    std::promise<void> reached, release;
    std::atomic<int> blocks = 0;
    application.before_finalize = [&] {
        if (++blocks != 2) return;
        reached.set_value();
        release.get_future().wait();
    };
    Recorder recorder;
    auto consensus = start(application, {&recorder});
    submit(**consensus, {{1, 0}});
    reached.get_future().wait();
    for (std::uint8_t from = 2; from < 30; ++from) submit(**consensus, {{from, 0}});
    release.set_value();
    (*consensus)->wait_until_idle();
    ASSERT_EQ(recorder.blocks.size(), 3u);
    EXPECT_EQ(recorder.blocks[2]->transactions.size(), 28u);
}

TEST_F(EmbeddedConsensusTest, ReplaysBlocksThatTheStateLost) {
    crypto::Digest expected{};
    Disk early;
    {
        ListApplication application(disk_);
        auto consensus = start(application);
        for (std::uint8_t nonce = 0; nonce < 6; ++nonce) {
            submit(**consensus, {{1, nonce}});
            (*consensus)->wait_until_idle();
            if (nonce == 1) early = disk_;
        }
        expected = disk_.app_hash;
    }
    disk_ = early; // as after a crash that lost four commits
    ListApplication application(disk_);
    Recorder recorder;
    auto consensus = start(application, {&recorder});
    ASSERT_TRUE(consensus) << consensus.error().message;
    EXPECT_EQ(disk_.height, 7u);
    EXPECT_EQ(disk_.app_hash, expected);
    EXPECT_EQ(recorder.blocks.size(), 4u);
    submit(**consensus, {{1, 6}});
    (*consensus)->wait_until_idle();
    EXPECT_EQ(disk_.height, 8u);
    for (std::uint64_t height = 2; height <= 8; ++height) {
        const auto block = (*consensus)->committed_block(height);
        ASSERT_TRUE(block) << block.error().message;
        EXPECT_EQ((*block)->info.height, height);
        EXPECT_EQ((*block)->transactions.at(0), (Bytes{1, static_cast<std::uint8_t>(height - 2)}));
        if (height >= 4) {
            EXPECT_EQ((*block)->hash, recorder.blocks[height - 4]->hash);
        }
    }
    EXPECT_EQ((*consensus)->committed_block(8).value()->result.app_hash, disk_.app_hash);
    EXPECT_EQ((*consensus)->committed_block(9).error().code, ErrorCode::not_found);
}

TEST_F(EmbeddedConsensusTest, RefusesALogThatIsNotTheStates) {
    {
        ListApplication application(disk_);
        auto consensus = start(application);
        for (std::uint8_t nonce = 0; nonce < 2; ++nonce) {
            submit(**consensus, {{1, nonce}});
            (*consensus)->wait_until_idle();
        }
    }
    const Disk good = disk_;
    disk_.height = 2;
    disk_.app_hash[0] ^= 1;
    ListApplication wrong_state(disk_);
    const auto refused = start(wrong_state);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("replaying block 3: it was made over app hash"), std::string::npos)
        << refused.error().message;
    disk_ = good;
    disk_.height = 9;
    ListApplication ahead(disk_);
    EXPECT_NE(start(ahead).error().message.find("ends at 3"), std::string::npos);
}

TEST_F(EmbeddedConsensusTest, StopsForGoodWhenACommitFails) {
    ListApplication application(disk_);
    Recorder recorder;
    auto consensus = start(application, {&recorder});
    submit(**consensus, {{1, 0}});
    (*consensus)->wait_until_idle();
    application.fail_commit = true;
    submit(**consensus, {{1, 1}});
    (*consensus)->wait_until_idle();
    EXPECT_EQ(recorder.blocks.size(), 2u) << "no observer hears of a block that is not durable";
    EXPECT_NE((*consensus)->status().trouble.find("no space left"), std::string::npos);
    application.fail_commit = false;
    const auto refused = submit(**consensus, {{1, 2}});
    EXPECT_EQ(refused[0].result.code, chain::TxCode::mempool_full);
    EXPECT_NE(refused[0].result.log.find("no space left"), std::string::npos);
    EXPECT_EQ(disk_.height, 2u);
}

TEST_F(EmbeddedConsensusTest, SignsNoBlockThatItsProgramCannotMake) {
    ListApplication application(disk_);
    auto consensus = start(application);
    submit(**consensus, {{1, 0}});
    (*consensus)->wait_until_idle();
    application.halt = "upgrade 'two' is due at height 3";
    submit(**consensus, {{1, 1}});
    (*consensus)->wait_until_idle();
    EXPECT_EQ((*consensus)->status().trouble, application.halt);
    EXPECT_FALSE((*consensus)->stored_block(3)) << "nothing for the next program to trip over";
}

TEST_F(EmbeddedConsensusTest, BeginsAtTheGenesisDocumentsHeight) {
    for (int run = 0; run < 2; ++run) { // the second as after a crash that lost the first commit
        disk_ = {};
        ListApplication application(disk_);
        EmbeddedOptions options;
        options.blocks_folder = folder_;
        options.validator = validator_;
        options.initial_height = 41;
        auto consensus = EmbeddedConsensus::start(application, {}, options);
        ASSERT_TRUE(consensus) << consensus.error().message;
        EXPECT_EQ(disk_.height, 41u);
        EXPECT_EQ((*consensus)->first_stored_height(), 41u);
    }
}

TEST_F(EmbeddedConsensusTest, MakesEmptyBlocksOnlyOnAnInterval) {
    ListApplication application(disk_);
    EmbeddedOptions options;
    options.blocks_folder = folder_;
    options.validator = validator_;
    options.block_interval_ms = 1;
    auto consensus = EmbeddedConsensus::start(application, {}, options);
    ASSERT_TRUE(consensus);
    while ((*consensus)->status().height < 3) std::this_thread::yield();
    (*consensus)->stop();
    EXPECT_GE(disk_.height, 3u);
    EXPECT_TRUE(disk_.applied.empty());
}

const BlockTime kNow{1'000'000, 0};

/// That header `height` names the state `app_hash` and follows from the first one.
void expect_proven(const EmbeddedConsensus& consensus, std::uint64_t height, const crypto::Digest& app_hash) {
    const LightBlock first = consensus.light_block(1).value();
    const auto block = consensus.light_block(height);
    ASSERT_TRUE(block) << block.error().message;
    EXPECT_TRUE(std::ranges::equal(block->header.app_hash, app_hash));
    EXPECT_TRUE(check_trust_root(first, {1, hash_of(first.header)}));
    const auto verdict = verify_next(first, *block, {}, kNow);
    EXPECT_TRUE(verdict) << verdict.error().message;
}

TEST_F(EmbeddedConsensusTest, HeadersFollowFromTheFirstOne) {
    clock_ms_ = 999'000'000;
    ListApplication application(disk_);
    Recorder recorder;
    auto consensus = start(application, {&recorder});
    for (std::uint8_t nonce = 0; nonce < 4; ++nonce) {
        submit(**consensus, {{1, nonce}, {2, nonce}});
        (*consensus)->wait_until_idle();
    }
    for (std::uint64_t height = 2; height <= 5; ++height)
        expect_proven(**consensus, height, recorder.blocks[height - 2]->result.app_hash);
    EXPECT_EQ((*consensus)->status().hash, recorder.blocks.back()->hash);
    EXPECT_EQ(hash_of((*consensus)->light_block(5)->header), recorder.blocks.back()->hash);
    EXPECT_EQ((*consensus)->light_block(6).error().code, ErrorCode::not_found);
}

TEST_F(EmbeddedConsensusTest, MakesOneEmptyBlockForAProofAndNoMore) {
    clock_ms_ = 999'000'000;
    ListApplication application(disk_);
    auto consensus = start(application);
    EXPECT_EQ((*consensus)->provable_height(), 1u) << "the state of genesis";
    EXPECT_EQ((*consensus)->provable_height(), 1u);
    EXPECT_EQ(disk_.height, 2u);
    submit(**consensus, {{1, 0}});
    (*consensus)->wait_until_idle();
    EXPECT_EQ((*consensus)->provable_height(), 3u);
    EXPECT_EQ((*consensus)->provable_height(), 3u);
    EXPECT_EQ(disk_.height, 4u);
    expect_proven(**consensus, 4, disk_.app_hash);
    (*consensus).reset();
    consensus = start(application); // it still knows
    EXPECT_EQ((*consensus)->provable_height(), 3u);
    submit(**consensus, {{1, 1}});
    (*consensus)->wait_until_idle();
    EXPECT_EQ(disk_.height, 5u) << "no empty block that nobody asked for";
    (*consensus)->stop();
    EXPECT_EQ((*consensus)->provable_height().error().message, "no header names the state of height 5: the node stops");
}

TEST_F(EmbeddedConsensusTest, NobodyWaitsForAProofThatCannotCome) {
    ListApplication application(disk_);
    auto consensus = start(application);
    application.fail_commit = true;
    EXPECT_NE((*consensus)->provable_height().error().message.find("no space left"), std::string::npos);
}

class EmbeddedLog : public EmbeddedConsensusTest {
protected:
    /// A log of five blocks; the state has seen two.
    void SetUp() override {
        EmbeddedConsensusTest::SetUp();
        Disk early;
        ListApplication application(disk_);
        auto consensus = start(application);
        for (std::uint8_t nonce = 0; nonce < 4; ++nonce) {
            submit(**consensus, {{1, nonce}});
            (*consensus)->wait_until_idle();
            if (nonce == 0) early = disk_;
        }
        disk_ = early;
    }
    /// The log again, with a block changed; checksums and all are right.
    void rewrite(std::uint64_t height, const std::function<void(EmbeddedBlock&)>& change) {
        std::vector<EmbeddedBlock> blocks;
        {
            const auto log = BlockLog::open(folder_ / "blocks").value();
            for (std::uint64_t at = 1; at <= 5; ++at) blocks.push_back(decode_block(log->read(at).value()).value());
        }
        std::filesystem::remove_all(folder_ / "blocks");
        const auto log = BlockLog::open(folder_ / "blocks").value();
        change(blocks[height - 1]);
        for (std::uint64_t at = 1; at <= 5; ++at) ASSERT_TRUE(log->append(at, encode_block(blocks[at - 1])));
    }
    std::string refusal() {
        ListApplication application(disk_);
        const auto started = start(application);
        return started ? "started" : started.error().message;
    }
};

TEST_F(EmbeddedLog, ForgedBlocksAreRefusedByName) {
    const auto forger = validator_key(8);
    const std::vector<std::tuple<std::uint64_t, std::string, std::function<void(EmbeddedBlock&)>>> cases = {
        {2, "header 2: signature 0 is wrong", [](auto& b) { b.transactions[0][1] ^= 1; }},
        {2, "header 2: signature 0 is wrong", [](auto& b) { b.signature[40] ^= 1; }},
        {4, "replaying block 4: header 4: signature 0 is wrong", [](auto& b) { b.transactions[0][1] ^= 1; }},
        {4, "replaying block 4: header 4: signature 0 is wrong", [](auto& b) { ++b.time_ms; }},
        {4, "replaying block 4: header 4: signature 0 is wrong", [](auto& b) { b.signature[0] ^= 1; }},
        {4, "replaying block 4: header 4: signature 0 is wrong", [](auto& b) { b.app_hash[0] ^= 1; }},
        {4, "replaying block 4: another key signed it", [&](auto& b) { sign_block(b, *forger); }},
        {4, "replaying block 4: its parent is another", [&](auto& b) { b.parent[0] ^= 1, sign_block(b, *validator_); }},
        {4, "replaying block 4: its parent's signature",
         [&](auto& b) { b.parent_commit[0] ^= 1, sign_block(b, *validator_); }},
        {4, "replaying block 4: it is not later", [&](auto& b) { b.time_ms = 5, sign_block(b, *validator_); }},
        {4, "replaying block 4: it was made over app hash",
         [&](auto& b) { b.app_hash[0] ^= 1, sign_block(b, *validator_); }},
        {4, "replaying block 4: it is of chain other",
         [&](auto& b) { b.chain_id = "other", sign_block(b, *validator_); }},
    };
    const Disk before = disk_;
    for (const auto& [height, message, change] : cases) {
        std::filesystem::copy(folder_ / "blocks", folder_ / "whole");
        rewrite(height, change);
        EXPECT_NE(refusal().find(message), std::string::npos) << message << "\n" << refusal();
        std::filesystem::remove_all(folder_ / "blocks");
        std::filesystem::rename(folder_ / "whole", folder_ / "blocks");
        disk_ = before;
    }
    EXPECT_EQ(refusal(), "started");
    EXPECT_EQ(disk_.height, 5u);
}

TEST_F(EmbeddedLog, AnotherKeyIsRefused) {
    validator_ = validator_key(8);
    EXPECT_NE(refusal().find("was signed by another key"), std::string::npos) << refusal();
    validator_ = nullptr;
    EXPECT_EQ(refusal(), "there is no validator's key to sign blocks with");
}

TEST_F(EmbeddedLog, AStateWithoutBlocksGoesOn) {
    std::filesystem::remove_all(folder_ / "blocks");
    ListApplication application(disk_);
    const auto consensus = start(application);
    ASSERT_TRUE(consensus) << consensus.error().message;
    EXPECT_EQ(disk_.height, 3u);
    EXPECT_EQ((*consensus)->first_stored_height(), 3u);
    EXPECT_EQ((*consensus)->stored_block(3)->parent, crypto::Digest{});
    submit(**consensus, {{1, 1}});
    (*consensus)->wait_until_idle();
    EXPECT_EQ((*consensus)->stored_block(4)->parent, (*consensus)->stored_block(3)->hash);
}

} // namespace
} // namespace assay::consensus
