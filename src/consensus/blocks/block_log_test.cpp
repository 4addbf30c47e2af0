#include "consensus/blocks/block_log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace assay::consensus {
namespace {

class BlockLogTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ =
            std::filesystem::temp_directory_path() / ("assay_block_log_" + std::to_string(::getpid()) + "_" +
                                                      testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    static Bytes payload(std::uint64_t height, std::size_t size = 100) {
        std::mt19937_64 random(height);
        Bytes bytes(size);
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
        return bytes;
    }
    void fill(std::uint64_t first, std::uint64_t last, BlockLog::Options options = {}) const {
        auto log = BlockLog::open(folder_, options);
        ASSERT_TRUE(log) << log.error().message;
        for (auto height = first; height <= last; ++height) ASSERT_TRUE((*log)->append(height, payload(height)));
        ASSERT_TRUE((*log)->sync());
    }
    std::vector<std::filesystem::path> segments() const {
        std::vector<std::filesystem::path> paths;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) paths.push_back(entry.path());
        std::sort(paths.begin(), paths.end());
        return paths;
    }
    void flip_byte(const std::filesystem::path& path, std::uint64_t offset) const {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(offset));
        const auto byte = static_cast<char>(file.get() ^ 0x10);
        file.seekp(static_cast<std::streamoff>(offset));
        file.put(byte);
    }

    std::filesystem::path folder_;
};

TEST_F(BlockLogTest, KeepsWhatWasAppended) {
    fill(5, 40, {.segment_bytes = 1000});
    auto log = BlockLog::open(folder_, {.segment_bytes = 1000});
    ASSERT_TRUE(log);
    EXPECT_EQ((*log)->first_height(), 5u);
    EXPECT_EQ((*log)->last_height(), 40u);
    EXPECT_GT(segments().size(), 3u);
    for (std::uint64_t height = 5; height <= 40; ++height) EXPECT_EQ((*log)->read(height).value(), payload(height));
    EXPECT_EQ((*log)->read(4).error().code, ErrorCode::not_found);
    EXPECT_EQ((*log)->read(41).error().code, ErrorCode::not_found);
    EXPECT_TRUE((*log)->verify());
}

TEST_F(BlockLogTest, RefusesAGap) {
    fill(1, 3);
    auto log = BlockLog::open(folder_);
    EXPECT_EQ((*log)->append(5, payload(5)).error().message, "block 5 cannot follow block 3");
}

TEST_F(BlockLogTest, ForgetsATornRecordAtEveryLength) {
    fill(1, 3);
    const auto path = segments().at(0);
    const auto whole = std::filesystem::file_size(path);
    const auto record = whole / 3;
    for (std::uint64_t kept = 2 * record + 1; kept < whole; ++kept) {
        std::filesystem::resize_file(path, kept);
        auto log = BlockLog::open(folder_);
        ASSERT_TRUE(log) << log.error().message;
        ASSERT_EQ((*log)->last_height(), 2u);
        ASSERT_EQ((*log)->torn_bytes(), kept - 2 * record);
        ASSERT_TRUE((*log)->append(3, payload(3)));
        ASSERT_EQ((*log)->read(3).value(), payload(3));
        ASSERT_EQ(std::filesystem::file_size(path), whole);
    }
}

TEST_F(BlockLogTest, OpensAfterACrashInTheFirstRecord) {
    fill(1, 1);
    std::filesystem::resize_file(segments().at(0), 20);
    auto log = BlockLog::open(folder_);
    ASSERT_TRUE(log);
    EXPECT_EQ((*log)->last_height(), 0u);
    ASSERT_TRUE((*log)->append(1, payload(1)));
    EXPECT_EQ((*log)->read(1).value(), payload(1));
}

TEST_F(BlockLogTest, NamesADamagedRecord) {
    fill(1, 30, {.segment_bytes = 1000});
    const auto path = segments().at(1);
    flip_byte(path, 60);
    auto log = BlockLog::open(folder_, {.segment_bytes = 1000});
    ASSERT_TRUE(log);
    const auto result = (*log)->verify();
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("block 8: record does not match its checksum"), std::string::npos)
        << result.error().message;
}

TEST_F(BlockLogTest, EveryFlippedBitIsNoticedOrCutsTheEnd) {
    fill(1, 3);
    const auto path = segments().at(0);
    const auto size = std::filesystem::file_size(path);
    for (std::uint64_t offset = 0; offset < size; offset += 7) {
        flip_byte(path, offset);
        auto log = BlockLog::open(folder_);
        EXPECT_TRUE(!log || (*log)->last_height() < 3 || !(*log)->verify()) << "byte " << offset;
        flip_byte(path, offset);
    }
}

TEST_F(BlockLogTest, RefusesADamagedHeaderInAClosedSegment) {
    fill(1, 30, {.segment_bytes = 1000});
    flip_byte(segments().at(0), 0);
    const auto log = BlockLog::open(folder_);
    ASSERT_FALSE(log);
    EXPECT_NE(log.error().message.find("damaged record at byte 0"), std::string::npos) << log.error().message;
}

TEST_F(BlockLogTest, TruncatesAndGoesOn) {
    fill(1, 30, {.segment_bytes = 1000});
    auto log = BlockLog::open(folder_, {.segment_bytes = 1000});
    ASSERT_TRUE((*log)->truncate_after(12));
    EXPECT_EQ((*log)->last_height(), 12u);
    ASSERT_TRUE((*log)->append(13, payload(99)));
    EXPECT_EQ((*log)->read(13).value(), payload(99));
    log->reset();
    auto again = BlockLog::open(folder_);
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->last_height(), 13u);
    EXPECT_TRUE((*again)->verify());
}

TEST_F(BlockLogTest, DropsOldSegments) {
    fill(1, 30, {.segment_bytes = 1000});
    auto log = BlockLog::open(folder_, {.segment_bytes = 1000});
    ASSERT_TRUE((*log)->drop_before(15));
    EXPECT_GT((*log)->first_height(), 1u);
    EXPECT_LE((*log)->first_height(), 15u);
    EXPECT_EQ((*log)->last_height(), 30u);
}

TEST_F(BlockLogTest, SaysWhatItCannotRemove) {
    fill(1, 40, {.segment_bytes = 1000});
    auto log = BlockLog::open(folder_, {.segment_bytes = 1000});
    ASSERT_TRUE(log);
    for (const auto& path : {segments().front(), segments().back()}) {
        std::filesystem::remove(path);
        std::filesystem::create_directories(path / "full");
    }
    for (const Result<void>& done : {(*log)->truncate_after(5), (*log)->drop_before(30)}) {
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::io);
        EXPECT_NE(done.error().message.find("cannot remove"), std::string::npos) << done.error().message;
    }
}

} // namespace
} // namespace assay::consensus
