#include "crypto/merkle.h"

#include "crypto/chacha20_stream.h"
#include "codec/golden_file.h"

#include <gtest/gtest.h>

namespace assay::crypto {
namespace {

std::vector<Digest> numbered_leaves(std::uint64_t count) {
    std::vector<Digest> leaves;
    for (std::uint64_t i = 0; i < count; ++i) leaves.push_back(merkle_leaf(as_byte_view(std::to_string(i))));
    return leaves;
}

Digest digest_from(std::string_view hex) {
    const Bytes bytes = *from_hex(hex);
    Digest digest;
    EXPECT_EQ(bytes.size(), digest.size());
    std::copy_n(bytes.begin(), digest.size(), digest.begin());
    return digest;
}

std::vector<Digest> proof_from(std::string_view hex) {
    std::vector<Digest> proof;
    for (; hex != "-" && !hex.empty(); hex.remove_prefix(64)) proof.push_back(digest_from(hex.substr(0, 64)));
    return proof;
}

TEST(Merkle, EqualsTheDefinition) {
    const auto rows = codec::golden_rows("crypto/merkle.tsv");
    ASSERT_GT(rows.size(), 60U);
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 4U);
        const std::uint64_t count = std::stoull(row[0]);
        const std::uint64_t index = std::stoull(row[2]);
        const auto leaves = numbered_leaves(count);
        const Digest root = digest_from(row[1]);
        EXPECT_EQ(merkle_root(leaves), root) << count;
        if (count == 0) continue;
        EXPECT_EQ(merkle_proof(leaves, index), proof_from(row[3])) << count << ' ' << index;
        EXPECT_TRUE(merkle_verify(leaves[index], index, count, proof_from(row[3]), root)) << count << ' ' << index;
    }
}

TEST(Merkle, JoinsManyAsOneByOne) {
    const auto leaves = numbered_leaves(9);
    for (std::size_t count = 0; count < leaves.size(); ++count) {
        std::vector<Digest> out(count);
        std::vector<MerkleJoin> joins;
        for (std::size_t i = 0; i < count; ++i) joins.push_back({&leaves[i], &leaves[i + 1], &out[i]});
        merkle_join(1, joins);
        for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(out[i], merkle_node(leaves[i], leaves[i + 1]));
        merkle_join(0, joins);
        for (std::size_t i = 0; i < count; ++i) {
            Bytes data(leaves[i].begin(), leaves[i].end());
            data.insert(data.end(), leaves[i + 1].begin(), leaves[i + 1].end());
            EXPECT_EQ(out[i], merkle_leaf(data));
        }
    }
}

TEST(Merkle, VerifiesExactlyWhatIsThere) {
    for (std::uint64_t count = 1; count <= 40; ++count) {
        const auto leaves = numbered_leaves(count);
        const Digest root = merkle_root(leaves);
        for (std::uint64_t index = 0; index < count; ++index) {
            auto proof = merkle_proof(leaves, index);
            ASSERT_TRUE(merkle_verify(leaves[index], index, count, proof, root));
            for (std::uint64_t other = 0; other < count; ++other) {
                EXPECT_EQ(merkle_verify(leaves[other], index, count, proof, root), other == index);
                EXPECT_EQ(merkle_verify(leaves[index], other, count, proof, root), other == index);
            }
            EXPECT_FALSE(merkle_verify(leaves[index], count, count, proof, root));
            for (Digest& sibling : proof) {
                sibling[7] ^= 1;
                EXPECT_FALSE(merkle_verify(leaves[index], index, count, proof, root));
                sibling[7] ^= 1;
            }
            proof.push_back(root);
            EXPECT_FALSE(merkle_verify(leaves[index], index, count, proof, root));
            proof.pop_back();
            if (proof.empty()) continue;
            proof.pop_back();
            EXPECT_FALSE(merkle_verify(leaves[index], index, count, proof, root));
        }
    }
}

TEST(Merkle, ALeafIsNotANode) {
    const auto leaves = numbered_leaves(2);
    Bytes joined(leaves[0].begin(), leaves[0].end());
    joined.insert(joined.end(), leaves[1].begin(), leaves[1].end());
    EXPECT_NE(merkle_leaf(joined), merkle_root(leaves));
}

TEST(Merkle, ChunkLeavesAreLeavesOfChunks) {
    const Bytes data = chacha20_stream("chunks", 1000);
    for (std::size_t size = 0; size <= data.size(); size += 37) {
        for (const std::size_t chunk : {1U, 64U, 100U, 333U, 1000U}) {
            std::vector<Digest> leaves(chunk_count(size, chunk));
            merkle_chunk_leaves(ByteView(data).first(size), chunk, leaves);
            for (std::size_t i = 0; i < leaves.size(); ++i) {
                EXPECT_EQ(leaves[i], merkle_leaf(ByteView(data).first(size).subspan(
                                         i * chunk, std::min(chunk, size - i * chunk))));
            }
            EXPECT_EQ(merkle_root_of_chunks(ByteView(data).first(size), chunk), merkle_root(leaves));
        }
    }
}

} // namespace
} // namespace assay::crypto
