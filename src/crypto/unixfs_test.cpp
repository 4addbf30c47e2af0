#include "crypto/unixfs.h"

#include "crypto/chacha20_stream.h"
#include "codec/golden_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include <unistd.h>

namespace assay::crypto {
namespace {

UnixFsProfile profile_named(const std::string& name) {
    const std::map<std::string, UnixFsProfile> profiles = {{"v0", kIpfsAddV0},
                                                           {"v1", kIpfsAddV1},
                                                           {"v1-2025", kUnixFsV1Of2025},
                                                           {"small-v0", {0, false, 64, 3}},
                                                           {"small-v1", {1, true, 64, 3}}};
    return profiles.at(name);
}

TEST(UnixFs, EqualsIpfsAdd) {
    EXPECT_EQ(unixfs_cid({}, kIpfsAddV0).to_string(), "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
    EXPECT_EQ(unixfs_cid(as_byte_view("hello world"), kIpfsAddV0).to_string(),
              "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD");
    EXPECT_EQ(unixfs_cid(as_byte_view("hello world"), kIpfsAddV1).to_string(),
              "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
}

// Includes the vectors of IPFS's own tests: 262,145 bytes, 174 chunks and a byte (three levels), and the 2025 profile.
TEST(UnixFs, EqualsTheGoldenCids) {
    const auto rows = codec::golden_rows("crypto/unixfs.tsv");
    ASSERT_GT(rows.size(), 70U);
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 4U);
        if (row[1] == "folder") continue;
        const Bytes data = chacha20_stream(row[1], std::stoull(row[0]));
        EXPECT_EQ(unixfs_cid(data, profile_named(row[2])).to_string(), row[3]) << row[0] << ' ' << row[2];
    }
}

TEST(UnixFs, PiecesMakeTheWhole) {
    const Bytes data = chacha20_stream("assay", 3000);
    for (const char* name : {"small-v0", "small-v1"}) {
        const UnixFsProfile profile = profile_named(name);
        const codec::Cid whole = unixfs_cid(data, profile);
        for (const std::size_t piece : {1U, 7U, 63U, 64U, 65U, 127U, 128U, 129U, 200U, 1000U}) {
            UnixFsBuilder builder(profile);
            for (std::size_t at = 0; at < data.size(); at += piece) {
                builder.update(ByteView(data).subspan(at, std::min(piece, data.size() - at)));
            }
            EXPECT_EQ(builder.finish(), whole) << piece;
        }
    }
}

TEST(UnixFs, NamesADirectory) {
    std::string expected;
    for (const auto& row : codec::golden_rows("crypto/unixfs.tsv")) {
        if (row[1] == "folder") expected = row[3];
    }
    std::vector<UnixFsEntry> entries;
    for (const auto& [name, size] :
         {std::pair("tokenizer.json", 0), {"model.safetensors", 300000}, {"config.json", 10}}) {
        const Bytes data = chacha20_stream(name, static_cast<std::size_t>(size));
        UnixFsTree tree(kIpfsAddV1);
        for (UnixFsLink& leaf : unixfs_leaves(data, kIpfsAddV1)) tree.add(std::move(leaf));
        entries.push_back({name, tree.finish()});
    }
    EXPECT_EQ(unixfs_directory_cid(entries, kIpfsAddV1)->to_string(), expected);
    entries.push_back(entries.front());
    EXPECT_FALSE(unixfs_directory_cid(entries, kIpfsAddV1).has_value());
    entries.back().name = "a/b";
    EXPECT_FALSE(unixfs_directory_cid(entries, kIpfsAddV1).has_value());
    EXPECT_EQ(unixfs_directory_cid({}, kIpfsAddV0)->to_string(), "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
}

class UnixFsFile : public testing::Test {
protected:
    void SetUp() override {
        path_ = std::filesystem::temp_directory_path() / ("assay_unixfs_test_" + std::to_string(getpid()));
        data_ = chacha20_stream("assay", 3000001);
        std::ofstream(path_, std::ios::binary)
            .write(reinterpret_cast<const char*>(data_.data()), static_cast<std::streamsize>(data_.size()));
    }
    void TearDown() override { std::filesystem::remove(path_); }
    std::filesystem::path path_;
    Bytes data_;
};

TEST_F(UnixFsFile, IsReadWithProgress) {
    std::uint64_t last = 0;
    const auto cid = unixfs_cid_of_file(path_, kIpfsAddV1, [&](std::uint64_t done, std::uint64_t all) {
        EXPECT_GT(done, last);
        EXPECT_EQ(all, data_.size());
        last = done;
        return true;
    });
    ASSERT_TRUE(cid.has_value()) << cid.error().message;
    EXPECT_EQ(*cid, unixfs_cid(data_, kIpfsAddV1));
    EXPECT_EQ(last, data_.size());
}

TEST_F(UnixFsFile, StopsWhenAsked) {
    const auto cid = unixfs_cid_of_file(path_, kIpfsAddV1, [](std::uint64_t, std::uint64_t) { return false; });
    ASSERT_FALSE(cid.has_value());
    EXPECT_EQ(cid.error().code, ErrorCode::cancelled);
}

TEST_F(UnixFsFile, MustExist) {
    EXPECT_EQ(unixfs_cid_of_file(path_.string() + ".none", kIpfsAddV1, {}).error().code, ErrorCode::not_found);
    EXPECT_FALSE(unixfs_cid_of_file(std::filesystem::temp_directory_path(), kIpfsAddV1, {}).has_value());
}

} // namespace
} // namespace assay::crypto
