#include "crypto/merkle.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>

namespace assay::crypto {
namespace {

std::vector<Digest> any_leaves() {
    std::vector<Digest> leaves(*rc::gen::inRange<std::size_t>(1, 300));
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    for (std::size_t i = 0; i < leaves.size(); ++i)
        leaves[i] = merkle_leaf(as_byte_view(std::to_string(seed) + "/" + std::to_string(i)));
    return leaves;
}

/// RFC 6962 §2.1, word for word.
Digest definition(std::span<const Digest> leaves) {
    if (leaves.size() == 1) return leaves[0];
    const std::size_t split = std::bit_floor(leaves.size() - 1);
    return merkle_node(definition(leaves.first(split)), definition(leaves.subspan(split)));
}

TEST(MerkleProperty, RootEqualsTheDefinition) {
    EXPECT_TRUE(rc::check([] {
        const auto leaves = any_leaves();
        RC_ASSERT(merkle_root(leaves) == definition(leaves));
    }));
}

TEST(MerkleProperty, AProofShowsItsLeafAndNoOther) {
    EXPECT_TRUE(rc::check([] {
        const auto leaves = any_leaves();
        const std::uint64_t count = leaves.size();
        const auto index = *rc::gen::inRange<std::uint64_t>(0, count);
        const auto other = *rc::gen::inRange<std::uint64_t>(0, count);
        const auto proof = merkle_proof(leaves, index);
        const Digest root = merkle_root(leaves);
        RC_ASSERT(merkle_verify(leaves[index], index, count, proof, root));
        RC_ASSERT(merkle_verify(leaves[other], other, count, proof, root) == (other == index));
    }));
}

TEST(MerkleProperty, VerifyingAnythingNeverBreaks) {
    EXPECT_TRUE(rc::check([](std::uint64_t index, std::uint64_t count) {
        std::vector<Digest> proof(*rc::gen::inRange<std::size_t>(0, 80));
        RC_ASSERT(!merkle_verify(Digest{}, index, count, proof, Digest{}) ||
                  (count == 1 && index == 0 && proof.empty()));
    }));
}

} // namespace
} // namespace assay::crypto
