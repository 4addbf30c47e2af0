// The default model's names against an independent computation (tools/make_commitment_golden.py).
#include "codec/golden_file.h"
#include "engine/model.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace assay::engine {
namespace {

TEST(CommitmentOfTheDefaultModel, EqualsTheIndependentOne) {
    std::map<std::string, std::string> golden;
    for (const auto& row : codec::golden_rows("engine/commitment_smollm2.tsv")) golden[row.at(0)] = row.at(1);
    const char* path = std::getenv("ASSAY_TEST_MODEL");
    ASSERT_NE(path, nullptr) << "ASSAY_TEST_MODEL must name SmolLM2-135M-Instruct.Q4_1.gguf; scripts/test sets it";
    const auto model = formats::ModelFile::open(path);
    ASSERT_TRUE(model.has_value()) << model.error().message;
    const auto identity = identify(**model, {});
    ASSERT_TRUE(identity.has_value()) << identity.error().message;
    EXPECT_EQ(identity->cid, golden["cid"]);
    EXPECT_EQ(to_hex(identity->manifest), golden["manifest"]);
    EXPECT_EQ(identity->commitment, golden["commitment"]);
}

} // namespace
} // namespace assay::engine
