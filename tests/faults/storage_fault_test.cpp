/// Commits under a failing disk: after every fault the database opens, is in order, and holds exactly the last commit that
/// was acknowledged, or, after a kill, the one that was under way.
#include "storage/lmdb_database.h"
#include "storage/lmdb_file_check.h"
#include "storage/test_folder.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/wait.h>

namespace assay::storage {
namespace {

constexpr std::uint64_t kCommits = 6;

struct Outcome {
    std::uint64_t acknowledged = 0;
    bool reported_error = false;
    bool killed = false;
    int exit_status = 0;
    unsigned long writes = 0, syncs = 0;
};

/// Runs the writer with the fault; its database is folder/db.
Outcome run_writer(const TestFolder& folder, const std::string& faults, int seed = 1) {
    const std::string log = (folder / "log").string();
    std::filesystem::remove(log);
    const std::string command = "ASSAY_FAULT_FILE=data.mdb ASSAY_FAULTS=" + faults +
                                " ASSAY_FAULT_SEED=" + std::to_string(seed) + " ASSAY_FAULT_LOG=" + log +
                                " ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=" DISK_FAULTS " exec " STORAGE_WRITER
                                " " +
                                (folder / "db").string() + " " + std::to_string(kCommits) + " 2>&1";
    Outcome outcome;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    char line[4096];
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
        std::uint64_t number = 0;
        if (std::sscanf(line, "committed %lu", &number) == 1) outcome.acknowledged = number;
        outcome.reported_error |= std::string_view(line).starts_with("error: ");
    }
    const int status = ::pclose(pipe);
    outcome.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    outcome.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    std::ifstream operations(log);
    std::string name;
    unsigned long number = 0;
    while (operations >> name >> number) (name == "write" ? outcome.writes : outcome.syncs) = number;
    return outcome;
}

/// The number of the last commit that the database holds, after checking that it holds all of it and nothing else.
std::uint64_t state_of(const std::filesystem::path& folder) {
    if (!std::filesystem::exists(folder / "data.mdb")) return 0;
    const auto report = check_lmdb_folder(folder);
    EXPECT_TRUE(report) << report.error().message;
    auto database = LmdbDatabase::open(folder);
    EXPECT_TRUE(database) << database.error().message;
    if (!report || !database) return ~std::uint64_t{0};
    const TableId many = (*database)->open_table("many").value();
    auto reader = (*database)->begin_read().value();
    const auto last = reader->get(many, as_byte_view("last"));
    const std::uint64_t commits = last ? std::stoull(std::string(as_string_view(*last))) : 0;
    std::map<std::string, std::uint64_t> expected;
    for (std::uint64_t number = 1; number <= commits; ++number)
        for (std::uint64_t i = 0; i < 60; ++i) expected[std::to_string((number * 37 + i * 7) % 500)] = number;
    EXPECT_EQ(reader->entries(many), expected.size() + (commits > 0 ? 2 : 0));
    for (const auto& [key, number] : expected) {
        const auto value = reader->get(many, as_byte_view(key));
        EXPECT_TRUE(value && as_string_view(*value) == std::to_string(number)) << key;
    }
    return commits;
}

/// The folder must go on working: one more commit after the fault.
void expect_usable(const std::filesystem::path& folder) {
    auto database = LmdbDatabase::open(folder);
    ASSERT_TRUE(database) << database.error().message;
    const TableId table = (*database)->open_table("later").value();
    auto writer = (*database)->begin_write().value();
    writer->put(table, as_byte_view("k"), as_byte_view("v"));
    EXPECT_TRUE(writer->commit());
}

class StorageFaults : public testing::TestWithParam<std::string> {};

TEST_P(StorageFaults, AtEveryOperation) {
    const TestFolder whole(TestFolder::in_memory());
    const Outcome healthy = run_writer(whole, "write:999999:EIO");
    ASSERT_EQ(healthy.acknowledged, kCommits);
    ASSERT_GE(healthy.writes, 2 * kCommits);
    ASSERT_GE(healthy.syncs, 2 * kCommits);

    const std::string operation = GetParam().substr(0, GetParam().find(':'));
    const std::string action = GetParam().substr(GetParam().find(':') + 1);
    const bool kills = action == "kill" || action == "tear" || action == "lose";
    const unsigned long count = operation == "write" ? healthy.writes : healthy.syncs;
    for (unsigned long number = 1; number <= count; ++number) {
        const TestFolder folder(TestFolder::in_memory());
        const std::string fault = operation + ":" + std::to_string(number) + (action[0] == '+' ? "+:" : ":") +
                                  action.substr(action[0] == '+' ? 1 : 0);
        SCOPED_TRACE(fault);
        const Outcome outcome = run_writer(folder, fault, static_cast<int>(number));
        EXPECT_EQ(outcome.killed, kills) << outcome.exit_status;
        EXPECT_EQ(outcome.reported_error, !kills);
        EXPECT_LT(outcome.acknowledged, kCommits);
        const std::uint64_t state = state_of(folder / "db");
        if (kills) {
            EXPECT_TRUE(state == outcome.acknowledged || state == outcome.acknowledged + 1)
                << "acknowledged " << outcome.acknowledged << ", found " << state;
        } else {
            EXPECT_EQ(state, outcome.acknowledged);
        }
        expect_usable(folder / "db");
    }
}

INSTANTIATE_TEST_SUITE_P(All, StorageFaults,
                         testing::Values("write:EIO", "write:ENOSPC", "write:+ENOSPC", "write:tear", "write:kill",
                                         "write:lose", "sync:EIO", "sync:+EIO", "sync:kill", "sync:lose"),
                         [](const auto& test) {
                             std::string name = test.param;
                             std::erase(name, '+');
                             std::ranges::replace(name, ':', '_');
                             return name + (test.param.find('+') == std::string::npos ? "" : "_from_then_on");
                         });

} // namespace
} // namespace assay::storage
