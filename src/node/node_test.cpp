// The room's small parts: locks, child processes, array files, limits, lines for people.
#include "node/child_process.h"
#include "node/embedding.h"
#include "node/folders.h"
#include "node/logits_file.h"
#include "node/open_model.h"
#include "node/terminal.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include <unistd.h>

namespace assay::node {
namespace {

namespace fs = std::filesystem;

class InFolder : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "assay-node-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }
    fs::path folder_;
};

std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(InFolder, LockKeepsASecondHolderOut) {
    const fs::path file = folder_ / "lock";
    {
        const auto first = FileLock::take(file, FileLock::Wait::no);
        ASSERT_TRUE(first.has_value());
        const auto second = FileLock::take(file, FileLock::Wait::no);
        ASSERT_FALSE(second.has_value());
        EXPECT_EQ(second.error().code, ErrorCode::resource_exhausted);
    }
    EXPECT_TRUE(FileLock::take(file, FileLock::Wait::no).has_value());
    EXPECT_EQ(FileLock::take(folder_ / "none" / "lock", FileLock::Wait::no).error().code, ErrorCode::io);
}

TEST_F(InFolder, FoldersFollowTheEnvironment) {
    setenv("XDG_DATA_HOME", "/somewhere", 1);
    EXPECT_EQ(default_data_folder().value(), "/somewhere/assay");
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", folder_.c_str(), 1);
    EXPECT_EQ(default_data_folder().value(), folder_ / ".local/share/assay");
    unsetenv("HOME");
    EXPECT_EQ(default_data_folder().error().code, ErrorCode::not_found);
    EXPECT_FALSE(make_folder("/proc/none/such").has_value());
}

TEST(ChildProcess, GivesTheExitCode) {
    EXPECT_EQ(run_child({"sh", "-c", "exit 7"}).value(), 7);
    EXPECT_EQ(run_child({"sh", "-c", "kill -9 $$"}).value(), 128 + 9);
    EXPECT_EQ(run_child({"sh", "-c", "test \"$1\" = 'a; b'", "sh", "a; b"}).value(), 0);
    EXPECT_EQ(run_child({"assay-no-such-program"}).error().code, ErrorCode::not_found);
}

TEST_F(InFolder, LogitsFileIsWholeOrAbsent) {
    const fs::path path = folder_ / "x.npy";
    const std::vector<float> row = {1.0f, -2.5f, 3.0f};
    {
        auto partial = LogitsFile::create(path, 2, 3);
        ASSERT_TRUE(partial && partial->append(row));
        EXPECT_EQ(partial->finish().error().code, ErrorCode::internal); // one row is missing
    }
    EXPECT_TRUE(fs::is_empty(folder_));
    auto file = LogitsFile::create(path, 2, 3);
    ASSERT_TRUE(file && file->append(row) && file->append(row));
    EXPECT_FALSE(file->append(row).has_value());
    ASSERT_TRUE(file->finish());
    const std::string bytes = contents(path);
    const std::string header = npy_header(2, 3);
    ASSERT_EQ(bytes.size(), header.size() + 24);
    EXPECT_EQ(bytes.substr(0, header.size()), header);
    EXPECT_EQ(std::memcmp(bytes.data() + header.size() + 12, row.data(), 12), 0);
    EXPECT_EQ(LogitsFile::create(folder_ / "none" / "x.npy", 1, 1).error().code, ErrorCode::io);
}

TEST(LogitsFile, HeaderIsNumPys) {
    for (const std::uint64_t rows : {1ULL, 12345ULL, 99999999999ULL}) {
        const std::string header = npy_header(rows, 49152);
        EXPECT_EQ(header.size() % 64, 0U);
        EXPECT_EQ(header.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
        EXPECT_EQ(static_cast<unsigned char>(header[8]) + 256U * static_cast<unsigned char>(header[9]),
                  header.size() - 10);
        EXPECT_EQ(header.back(), '\n');
        EXPECT_NE(header.find("'shape': (" + std::to_string(rows) + ", 49152)"), std::string::npos);
    }
}

TEST(Terminal, ErrorsStayInOneLine) {
    EXPECT_EQ(one_line("a\nb\tc\x1b[31m\n"), "a b c [31m");
    EXPECT_EQ(format_bytes(98'362'432), "98 MB");
    EXPECT_EQ(format_seconds(0.0421), "42 ms");
    EXPECT_EQ(format_seconds(125.4), "2 min 05 s");
}

TEST(ModelId, IsTheNameWithoutItsEnding) {
    EXPECT_EQ(model_id("/models/SmolLM2-135M-Instruct.Q4_1.gguf"), "SmolLM2-135M-Instruct.Q4_1");
    EXPECT_EQ(model_id("/models/all-MiniLM-L6-v2/"), "all-MiniLM-L6-v2");
    EXPECT_EQ(model_id("/models/all-MiniLM-L6-v2"), "all-MiniLM-L6-v2");
}

class EmbeddingLimits : public InFolder {
protected:
    void SetUp() override {
        InFolder::SetUp();
        fs::copy(fs::path(ASSAY_SOURCE_DIR) / "tests/golden/models/bert", folder_);
        file_ = formats::ModelFile::open(folder_).value();
    }
    Result<EmbeddingLimit> with(const std::string& settings) {
        std::ofstream(folder_ / "sentence_bert_config.json") << settings;
        return read_embedding_limit(*file_);
    }
    std::shared_ptr<const formats::ModelFile> file_;
};

TEST_F(EmbeddingLimits, ComeFromTheModelsFolder) {
    const auto none = read_embedding_limit(*file_);
    ASSERT_TRUE(none.has_value());
    EXPECT_EQ(none->tokens_max, file_->config().context_max);
    EXPECT_FALSE(none->cut);
    const auto four = with(R"({"max_seq_length": 4})");
    ASSERT_TRUE(four.has_value());
    EXPECT_EQ(four->tokens_max, 4U);
    EXPECT_TRUE(four->cut);
    for (const char* wrong :
         {R"({"max_seq_length": 0})", R"({"max_seq_length": 1000000})", R"({"max_seq_length": "4"})"}) {
        EXPECT_EQ(with(wrong).error().code, ErrorCode::malformed) << wrong;
    }
}

TEST_F(EmbeddingLimits, CutTextsKeepTheirClosingToken) {
    const auto model = engine::Model::load(file_, {}).value();
    const std::vector<engine::TokenId> ids = {2, 5, 6, 7, 8, 3};
    std::uint64_t used = 0;
    EXPECT_EQ(embed_tokens_within(*model, {4, false}, ids, used).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(used, 0U);
    const auto cut = embed_tokens_within(*model, {4, true}, ids, used);
    ASSERT_TRUE(cut.has_value());
    EXPECT_EQ(used, 4U);
    EXPECT_EQ(*cut, model->embed(std::vector<engine::TokenId>{2, 5, 6, 3}).value());
}

} // namespace
} // namespace assay::node
