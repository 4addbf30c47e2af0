#include "chain/state/proof.h"

#include "chain/state/test_naive_tree.h"
#include "chain/state/test_random_state.h"

#include <gtest/gtest.h>

namespace assay::chain {
namespace {

using storage::MemoryDatabase;

/// A store with a random state in it.
struct Chain {
    explicit Chain(std::uint64_t seed, std::size_t changes) : blocks(seed) {
        blocks.keys = changes + 1;
        commit_block(*store, state, 1, [&](StateWriter& to) { blocks.change(to, changes); });
        view = *store->latest();
    }
    MemoryDatabase database;
    std::unique_ptr<StateStore> store = open_store(database);
    MemoryState state;
    RandomBlocks blocks;
    std::shared_ptr<const StateView> view;

    bool verify(ModuleId module, ByteView key, const std::optional<Bytes>& value, ByteView proof) const {
        return verify_state_proof(view->app_hash(), name_of(module), key,
                                  value ? std::optional<ByteView>(*value) : std::nullopt, proof);
    }
};

TEST(StateProof, ShowsWhatIsThereAndWhatIsNot) {
    std::array<int, 3> ends{};
    for (const std::size_t changes : {0U, 1U, 2U, 5U, 40U, 3000U}) {
        Chain chain(changes + 1, changes);
        for (int i = 0; i < 200; ++i) {
            const ModuleId module = chain.blocks.module();
            const Bytes key = chain.blocks.key();
            const auto value = chain.state.get(module, key);
            const Bytes proof = chain.view->prove(module, key);
            const auto decoded = decode_state_proof(proof);
            ASSERT_TRUE(decoded.has_value());
            EXPECT_EQ(encode_state_proof(*decoded), proof);
            ++ends[static_cast<std::size_t>(decoded->end)];
            ASSERT_TRUE(chain.verify(module, key, value, proof)) << changes;
            // Nothing else is shown by it.
            Bytes other = value.value_or(Bytes{});
            other.push_back(1);
            EXPECT_FALSE(chain.verify(module, key, other, proof));
            EXPECT_FALSE(chain.verify(module, key, value ? std::nullopt : std::optional(Bytes{}), proof));
            const auto other_module = static_cast<ModuleId>((static_cast<unsigned>(module) + 1) % kModuleCount);
            EXPECT_FALSE(chain.verify(other_module, key, value, proof));
            Bytes other_key = key;
            other_key.back() ^= 1;
            if (value) {
                EXPECT_FALSE(chain.verify(module, other_key, value, proof));
            }
            Digest other_hash = chain.view->app_hash();
            other_hash[31] ^= 1;
            EXPECT_FALSE(verify_state_proof(other_hash, name_of(module), key,
                                            value ? std::optional<ByteView>(*value) : std::nullopt, proof));
        }
    }
    for (const int count : ends) EXPECT_GT(count, 20); // each kind was tried
}

TEST(StateProof, NoMutationVerifies) {
    Chain chain(99, 2000);
    auto& random = chain.blocks;
    for (int i = 0; i < 60; ++i) {
        const ModuleId module = random.module();
        const Bytes key = random.key();
        const auto value = chain.state.get(module, key);
        const Bytes proof = chain.view->prove(module, key);
        for (int round = 0; round < 60; ++round) {
            Bytes mutated = proof;
            switch (random.below(4)) {
                case 0:
                    mutated[random.below(mutated.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
                    break;
                case 1: mutated.resize(random.below(mutated.size())); break;
                case 2:
                    mutated.insert(mutated.begin() + static_cast<std::ptrdiff_t>(random.below(mutated.size() + 1)),
                                   static_cast<std::uint8_t>(random.random()));
                    break;
                default:
                    mutated.erase(mutated.begin() + static_cast<std::ptrdiff_t>(random.below(mutated.size())));
                    break;
            }
            if (mutated == proof) continue;
            EXPECT_FALSE(chain.verify(module, key, value, mutated));
            EXPECT_FALSE(chain.verify(module, key, Bytes{1, 2, 3}, mutated));
            if (value) {
                EXPECT_FALSE(chain.verify(module, key, std::nullopt, mutated));
            }
        }
    }
}

/// What a liar can build from the tree's own hashes.
TEST(StateProof, AbsenceCannotBeForgedFromTheTreesOwnParts) {
    Chain chain(5, 1500);
    int tried = 0;
    for (const auto& [key, value] : chain.state.entries(ModuleId::bank)) {
        const Bytes honest = chain.view->prove(ModuleId::bank, key);
        StateProof proof = *decode_state_proof(honest);
        ASSERT_EQ(proof.end, StateProof::End::leaf);
        StateProof lie = proof;
        lie.end = StateProof::End::empty;
        EXPECT_FALSE(chain.verify(ModuleId::bank, key, std::nullopt, encode_state_proof(lie)));
        lie.end = StateProof::End::other_leaf;
        lie.other_key = tree_key("bank", key);
        lie.other_value_hash = crypto::sha256(value);
        EXPECT_FALSE(chain.verify(ModuleId::bank, key, std::nullopt, encode_state_proof(lie)));
        while (!lie.siblings.empty()) { // ends higher up
            lie.siblings.pop_back();
            lie.end = StateProof::End::empty;
            EXPECT_FALSE(chain.verify(ModuleId::bank, key, std::nullopt, encode_state_proof(lie)));
        }
        if (++tried == 50) break;
    }
    EXPECT_EQ(tried, 50);
}

TEST(StateProof, RefusesOtherEncodingsByName) {
    StateProof proof;
    proof.end = StateProof::End::other_leaf;
    proof.module_count = 5;
    proof.siblings = {Digest{1}, kEmptyDigest, Digest{2}};
    const Bytes bytes = encode_state_proof(proof);
    ASSERT_EQ(*decode_state_proof(bytes), proof);
    const auto message = [](Bytes changed) { return decode_state_proof(changed).error().message; };
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_state_proof(ByteView(bytes).first(size)).has_value());
    }
    Bytes changed = bytes;
    changed.push_back(0);
    EXPECT_EQ(message(changed), "proof: bytes behind the end");
    changed = bytes;
    changed[0] = 2;
    EXPECT_EQ(message(changed), "proof: unknown format");
    changed = bytes;
    changed[1] = 3;
    EXPECT_EQ(message(changed), "proof: unknown kind of end");
    changed = bytes;
    changed[7] |= 1;
    EXPECT_EQ(message(changed), "proof: bits set behind the last sibling");
    proof.siblings.push_back(kEmptyDigest);
    EXPECT_EQ(message(encode_state_proof(proof)), "proof: the last sibling is empty, so the path ends earlier");
    EXPECT_EQ(message({1, 1, 5, 0, 0, 1, 1}), "proof: more siblings than a key has bits");
    EXPECT_EQ(message({1, 1, 5, 0, 9}), "proof: too many module siblings");
}

} // namespace
} // namespace assay::chain
