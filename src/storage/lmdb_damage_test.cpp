/// Flips bits of a database file and demands that damage is found. ASSAY_DAMAGE_FLIPS=N tries N places (default 400) and
/// tells how each was noticed; src/storage/README.md has a table of it.
#include "base/mapped_file.h"
#include "storage/damage.h"
#include "storage/lmdb_file_check.h"
#include "storage/test_databases.h"

#include <fstream>
#include <map>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace assay::storage {
namespace {

using Contents = std::map<std::string, std::map<std::string, std::string>>; // table -> key -> value
const std::vector<std::string> kTables = {"accounts", "blocks", "nodes"};

std::string any_text(std::mt19937& random, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

/// Random and ascending keys, large values, and pages freed by erasing.
Contents make_database(const std::filesystem::path& folder) {
    std::mt19937 random(1);
    Contents contents;
    auto database = must(LmdbDatabase::open(folder, {.unsafe_no_sync = true}));
    for (int round = 0; round < 4; ++round) {
        for (const std::string& name : kTables) {
            const TableId table = must(database->open_table(name));
            auto& entries = contents[name];
            auto writer = must(database->begin_write());
            for (int i = 0; i < 300; ++i) {
                std::string key = name == "blocks" ? std::to_string(1000000 + round * 300 + i) : any_text(random, 32);
                std::string value = any_text(random, i % 100 == 7 ? 9000 : 20 + random() % 100);
                writer->put(table, as_byte_view(key), as_byte_view(value));
                entries[std::move(key)] = std::move(value);
            }
            for (auto entry = entries.begin(); entry != entries.end();) {
                if (random() % 3 == 0) {
                    writer->erase(table, as_byte_view(entry->first));
                    entry = entries.erase(entry);
                } else {
                    ++entry;
                }
            }
            must(writer->commit());
        }
    }
    return contents;
}

enum class Seen { right, wrong, refused, stopped, killed };

/// Reads everything, by key and in order, in a process of its own.
Seen read_all(const std::filesystem::path& folder, const Contents& contents) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        if (::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(9);
        auto database = LmdbDatabase::open(folder, {.create = false, .read_only = true});
        if (!database) ::_exit(2);
        bool right = true;
        for (const auto& [name, entries] : contents) {
            const auto table = (*database)->open_table(name);
            if (!table) ::_exit(2);
            auto reader = must((*database)->begin_read());
            for (const auto& [key, value] : entries) right &= text_of(reader->get(*table, as_byte_view(key))) == value;
            auto cursor = reader->cursor(*table);
            auto expected = entries.begin();
            for (cursor->first(); cursor->valid() && right; cursor->next(), ++expected)
                right = expected != entries.end() && as_string_view(cursor->key()) == expected->first &&
                        as_string_view(cursor->value()) == expected->second;
            right &= expected == entries.end();
        }
        ::_exit(right ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status)) return Seen::killed;
    switch (WEXITSTATUS(status)) {
        case 0: return Seen::right;
        case 1: return Seen::wrong;
        case 2: return Seen::refused;
        case kDamageExitStatus: return Seen::stopped;
        default: return Seen::killed;
    }
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

TEST(LmdbDamage, EveryFlippedBitIsFoundOrHarmless) {
    const TestFolder folder(TestFolder::in_memory());
    const Contents contents = make_database(folder / "db");
    const std::string good = must(read_file(folder / "db/data.mdb", std::size_t{1} << 30));
    ASSERT_TRUE(check_lmdb_file(as_byte_view(good)));
    ASSERT_EQ(read_all(folder / "db", contents), Seen::right);

    const char* flips = std::getenv("ASSAY_DAMAGE_FLIPS");
    std::mt19937_64 random(7);
    std::map<std::pair<bool, Seen>, int> counts;
    for (int i = 0, n = flips == nullptr ? 400 : std::atoi(flips); i < n; ++i) {
        std::string bad = good;
        // One in eight in the meta pages, one in eight in the head of a page: there damage does most.
        std::size_t at = random() % bad.size();
        if (i % 8 == 0) at = random() % 2 * 4096 + random() % 152;
        if (i % 8 == 1) at = at / 4096 * 4096 + random() % 64;
        const auto bit = static_cast<char>(1 << random() % 8);
        bad[at] = static_cast<char>(bad[at] ^ bit);
        write_file(folder / "db/data.mdb", bad);
        const bool found = !check_lmdb_file(as_byte_view(bad));
        const Seen seen = read_all(folder / "db", contents);
        ++counts[{found, seen}];
        if (flips != nullptr && seen == Seen::wrong)
            std::printf("read wrong: bit %d of byte %zu of page %zu\n", bit, at % 4096, at / 4096);
        EXPECT_NE(seen, Seen::killed) << "byte " << at << " of page " << at / 4096;
        if (!found) {
            EXPECT_EQ(seen, Seen::right) << "not found: byte " << at % 4096 << " of page " << at / 4096;
        }
    }
    const char* const names[] = {"right", "wrong", "refused to open", "stopped", "killed"};
    for (const auto& [key, count] : counts)
        std::printf("check %s, reading %s: %d\n", key.first ? "found it" : "found nothing",
                    names[static_cast<int>(key.second)], count);
}

TEST(LmdbDamage, TruncatedAndZeroedPagesAreFound) {
    const TestFolder folder(TestFolder::in_memory());
    make_database(folder / "db");
    const std::string good = must(read_file(folder / "db/data.mdb", std::size_t{1} << 30));
    for (std::size_t page = 0; page * 4096 < good.size(); page += 7) {
        const auto cut = check_lmdb_file(as_byte_view(std::string_view(good).substr(0, page * 4096 + 100)));
        EXPECT_FALSE(cut) << page;
        std::string zeroed = good;
        std::fill_n(zeroed.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, '\0');
        std::string swapped = good; // a page that belongs elsewhere
        std::copy_n(good.begin() + 5 * 4096, 4096, swapped.begin() + static_cast<std::ptrdiff_t>(page * 4096));
        for (const std::string& bad : {zeroed, swapped}) {
            if (check_lmdb_file(as_byte_view(bad)) || bad == good) {
                write_file(folder / "db/data.mdb", bad);
                EXPECT_TRUE(LmdbDatabase::open(folder / "db", {.create = false})) << "a free page, then";
            }
        }
    }
}

/// A meta page whose number went down makes the other one, which is older, look current.
TEST(LmdbDamage, AnOlderMetaPageIsNotTakenForTheState) {
    const TestFolder folder(TestFolder::in_memory());
    make_database(folder / "db");
    const std::string good = must(read_file(folder / "db/data.mdb", std::size_t{1} << 30));
    const std::uint64_t commits = must(check_lmdb_file(as_byte_view(good))).commits;
    std::string bad = good;
    bad[commits % 2 * 4096 + 16 + 128] ^= 2; // two commits earlier or later: the parity still fits the page
    write_file(folder / "db/data.mdb", bad);
    const auto opened = LmdbDatabase::open(folder / "db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::malformed);
    EXPECT_FALSE(check_lmdb_file(as_byte_view(bad)));
}

} // namespace
} // namespace assay::storage
