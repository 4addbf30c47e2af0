/// A chain that is killed, or whose disk fails, at every write and sync of block log and state and at random times: it goes
/// on from what it told its observers, never tells two things of one height, and ends where an undisturbed one ends.
#include "storage/test_folder.h"

#include <csignal>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace assay {
namespace {

using storage::TestFolder;

struct Life {
    std::uint64_t start = ~std::uint64_t{0};
    std::map<std::uint64_t, std::string> told; ///< app hash by height
    std::string done, whole, error;
    bool killed = false;
    int exit_status = -1;
};

/// Runs the writer; after "start", if `kill_after_us` is not negative, kills it that much later.
Life run_writer(const std::filesystem::path& folder, const std::string& what, const std::string& faults = {},
                const std::string& log = {}, int kill_after_us = -1) {
    int pipe[2];
    if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pipe[1], 1);
        ::close(pipe[0]);
        ::close(pipe[1]);
        if (!faults.empty()) {
            ::setenv("LD_PRELOAD", DISK_FAULTS, 1);
            ::setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
            ::setenv("ASSAY_FAULT_FILE", folder.c_str(), 1);
            ::setenv("ASSAY_FAULTS", faults.c_str(), 1);
            ::setenv("ASSAY_FAULT_LOG", log.c_str(), 1);
        }
        ::execl(CHAIN_WRITER, "chain_writer", folder.c_str(), what.c_str(), nullptr);
        ::_exit(96);
    }
    ::close(pipe[1]);
    std::FILE* lines = ::fdopen(pipe[0], "r");
    Life life;
    char line[4096], hash[100];
    while (std::fgets(line, sizeof line, lines) != nullptr) {
        std::uint64_t height = 0;
        if (std::sscanf(line, "start %lu", &life.start) == 1 && kill_after_us >= 0) {
            ::usleep(static_cast<unsigned>(kill_after_us));
            ::kill(child, SIGKILL);
        }
        if (std::sscanf(line, "block %lu %99s", &height, hash) == 2) life.told[height] = hash;
        if (std::sscanf(line, "done %99s", hash) == 1) life.done = hash;
        if (std::sscanf(line, "whole %lu %99s", &height, hash) == 2) life.whole = hash;
        if (std::strncmp(line, "error: ", 7) == 0 || std::strncmp(line, "damage: ", 8) == 0) life.error = line;
    }
    std::fclose(lines);
    int status = 0;
    ::waitpid(child, &status, 0);
    life.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    life.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return life;
}

/// What observers were told over all lives of one chain.
class Told {
public:
    void take(const Life& life) {
        if (life.start != ~std::uint64_t{0} && !told_.empty()) {
            EXPECT_GE(life.start, told_.rbegin()->first) << "a height that was told is gone";
        }
        for (const auto& [height, hash] : life.told) {
            const auto [known, is_new] = told_.try_emplace(height, hash);
            if (!is_new) {
                EXPECT_EQ(known->second, hash) << "height " << height << " has two app hashes";
            }
        }
    }
    std::uint64_t height() const { return told_.empty() ? 0 : told_.rbegin()->first; }

private:
    std::map<std::uint64_t, std::string> told_;
};

std::string undisturbed(const std::string& transfers) {
    const TestFolder folder(TestFolder::in_memory());
    const Life life = run_writer(folder / "chain", transfers);
    EXPECT_EQ(life.exit_status, 0) << life.error;
    return life.done;
}

class ChainFaults : public testing::TestWithParam<std::string> {};

TEST_P(ChainFaults, AtEveryWriteAndSync) {
    const std::string transfers = "100";
    const std::string expected = undisturbed(transfers);
    const std::string action = GetParam();
    const bool kills = action == "kill" || action == "tear" || action == "lose";
    std::size_t struck = 0;
    for (int number = 1;; ++number) {
        SCOPED_TRACE(action + " at operation " + std::to_string(number));
        const TestFolder folder(TestFolder::in_memory());
        Told told;
        const bool lasts = !kills;
        const Life first =
            run_writer(folder / "chain", transfers, "any:" + std::to_string(number) + (lasts ? "+:" : ":") + action,
                       (folder / "log").string());
        told.take(first);
        if (!first.done.empty()) break; // more operations than there are
        ++struck;
        if (kills) {
            EXPECT_TRUE(first.killed) << first.exit_status << first.error;
        } else {
            EXPECT_EQ(first.exit_status, 1) << first.error;
        }
        const Life second = run_writer(folder / "chain", transfers);
        told.take(second);
        EXPECT_EQ(second.done, expected) << second.error;
        EXPECT_EQ(run_writer(folder / "chain", "check").whole, expected);
        if (HasFailure()) break;
    }
    EXPECT_GT(struck, 20U);
}

INSTANTIATE_TEST_SUITE_P(All, ChainFaults, testing::Values("kill", "tear", "lose", "ENOSPC", "EIO"),
                         [](const auto& test) { return test.param; });

/// The steps of a block, by name (base/fault_point.h): between two of them nothing need be written.
TEST(ChainKill, BetweenTheStepsOfABlock) {
    const std::string transfers = "100";
    const std::string expected = undisturbed(transfers);
    for (const std::string step :
         {"proposed", "logged", "finalize", "finalized", "executed", "commit", "committed", "taken up", "observed"}) {
        for (const int block : {1, 3}) {
            SCOPED_TRACE(step + " of block " + std::to_string(block));
            const TestFolder folder(TestFolder::in_memory());
            Told told;
            ::setenv("ASSAY_FAULT_POINT", (step + ":" + std::to_string(block)).c_str(), 1);
            const Life first = run_writer(folder / "chain", transfers);
            ::unsetenv("ASSAY_FAULT_POINT");
            told.take(first);
            EXPECT_TRUE(first.killed) << "it never came there";
            const Life second = run_writer(folder / "chain", transfers);
            told.take(second);
            EXPECT_EQ(second.done, expected) << second.error;
            EXPECT_EQ(run_writer(folder / "chain", "check").whole, expected);
        }
    }
}

TEST(ChainKill, TwoHundredTimesUnderLoad) {
    const std::string transfers = "1000";
    const std::string expected = undisturbed(transfers);
    std::mt19937_64 random(4);
    int kills = 0, chains = 0;
    while (kills < 200) { // a chain that has all its transfers is looked through, and the next one begins
        const TestFolder folder(TestFolder::in_memory());
        Told told;
        Life life;
        for (; life.done.empty() && !testing::Test::HasFailure(); kills += life.killed) {
            const int after_us = kills < 200 ? static_cast<int>(random() % 12'000) : -1;
            life = run_writer(folder / "chain", transfers, {}, {}, after_us);
            told.take(life);
            EXPECT_TRUE(life.killed || !life.done.empty()) << life.error;
        }
        EXPECT_EQ(life.done, expected);
        EXPECT_GE(told.height(), 1000U / 25U);
        EXPECT_EQ(run_writer(folder / "chain", "check").whole, expected);
        if (HasFailure()) return;
        ++chains;
    }
    EXPECT_LT(chains, 100); // else hardly any was killed at work
}

/// Bits of block log and state turned over: the off-line check says so, or nothing that is asked changes.
TEST(ChainDamage, IsFoundOrHarmless) {
    const TestFolder folder(TestFolder::in_memory());
    const Life life = run_writer(folder / "chain", "200");
    ASSERT_FALSE(life.done.empty()) << life.error;
    std::mt19937_64 random(5);
    int found = 0;
    for (int round = 0; round < 120; ++round) {
        std::filesystem::copy(folder / "chain", folder / "copy", std::filesystem::copy_options::recursive);
        std::filesystem::path victim = folder / "copy" / "state" / "data.mdb";
        if (round % 3 == 0) victim = std::filesystem::directory_iterator(folder / "copy" / "blocks")->path();
        const auto at = random() % std::filesystem::file_size(victim);
        std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const char turned = static_cast<char>(file.get() ^ (1 << random() % 8));
        file.seekp(static_cast<std::streamoff>(at));
        file.put(turned).flush();
        const Life check = run_writer(folder / "copy", "check");
        const bool is_named = check.exit_status == 1 && !check.error.empty();
        found += is_named;
        EXPECT_TRUE(is_named || check.whole == life.done)
            << victim << " byte " << at << ": status " << check.exit_status;
        std::filesystem::remove_all(folder / "copy");
    }
    EXPECT_GT(found, 40);
}

} // namespace
} // namespace assay
