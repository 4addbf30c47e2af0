#include "chain/modules/registry/royalty_graph.h"

#include "chain/modules/registry/test_naive_royalties.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

namespace assay::chain::registry {
namespace {

Digest id_of(std::size_t number) {
    Digest digest{};
    digest[0] = static_cast<std::uint8_t>(number * 37); // so that ids do not sort as they are made
    digest[30] = static_cast<std::uint8_t>(number >> 8);
    digest[31] = static_cast<std::uint8_t>(number);
    return digest;
}

struct Graph {
    NaiveGraph ties;
    std::vector<Bytes> shares;

    /// False when the rules refuse the work; it is not added then.
    bool add(const std::vector<NaiveTie>& to) {
        std::vector<EdgeWithShares> edges;
        for (const NaiveTie& tie : to)
            edges.push_back({{id_of(tie.parent), tie.policy, tie.share, 1, tie.version}, shares[tie.parent]});
        const auto combined = combine_shares(edges);
        if (!combined) return false;
        ties.push_back(to);
        shares.push_back(pack_shares(*combined));
        return true;
    }
    AncestorShare share(std::size_t work, std::size_t ancestor) const {
        return find_share(shares[work], id_of(ancestor)).value_or(AncestorShare{});
    }
    Stacks stacks(std::size_t work) const { return stacks_of(*unpack_shares(shares[work])); }
};

NaiveTie lap(std::size_t parent, std::uint32_t share) { return {parent, std::string(kPolicyAbsolute), share, false}; }
NaiveTie lrp(std::size_t parent, std::uint32_t share) { return {parent, std::string(kPolicyRelative), share, false}; }

NaiveTie any_tie(std::size_t parent) {
    const int kind = *rc::gen::inRange(0, 10);
    if (kind == 0) return {parent, "", 0, true};
    if (kind == 1) return {parent, "", 0, false};
    const auto share = *rc::gen::inRange<std::uint32_t>(0, kWhole / 8);
    return kind < 6 ? lap(parent, share) : lrp(parent, share);
}

Graph any_graph() {
    Graph graph;
    const auto count = *rc::gen::inRange<std::size_t>(2, 10);
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<NaiveTie> ties;
        for (std::size_t parent = 0; parent < graph.ties.size() && ties.size() < 4; ++parent) {
            if (*rc::gen::inRange(0, 3) != 0) continue;
            ties.push_back(any_tie(parent));
            if (std::ranges::count(ties, true, &NaiveTie::version) > 1) ties.back() = lap(parent, 1);
        }
        graph.add(ties);
    }
    return graph;
}

TEST(RoyaltyGraph, TenPercentOfTwentyIsTwo) {
    Graph graph;
    ASSERT_TRUE(graph.add({}));
    ASSERT_TRUE(graph.add({lrp(0, 10'000'000)}));
    ASSERT_TRUE(graph.add({lrp(1, 20'000'000)}));
    EXPECT_EQ(graph.share(2, 0).lrp, 2'000'000u);
    EXPECT_EQ(graph.share(2, 1).lrp, 18'000'000u);
    EXPECT_EQ(graph.stacks(2).lrp, 20'000'000u);
}

TEST(RoyaltyGraph, AbsoluteSharesReachEveryDescendant) {
    Graph graph;
    ASSERT_TRUE(graph.add({}));
    ASSERT_TRUE(graph.add({lap(0, 5'000'000)}));
    ASSERT_TRUE(graph.add({lap(1, 10'000'000)}));
    ASSERT_TRUE(graph.add({lrp(2, 20'000'000)})); // through a relative tie too
    EXPECT_EQ(graph.share(2, 0).lap, 5'000'000u);
    EXPECT_EQ(graph.share(3, 0).lap, 5'000'000u);
    EXPECT_EQ(graph.share(3, 1).lap, 10'000'000u);
    EXPECT_EQ(graph.share(3, 2).lrp, 20'000'000u);
    EXPECT_EQ(graph.stacks(3).lap, 15'000'000u);
}

TEST(RoyaltyGraph, RefusesMoreThanAllAndMoreThanTheLimit) {
    Graph graph;
    ASSERT_TRUE(graph.add({}));
    ASSERT_TRUE(graph.add({lap(0, 60'000'000)}));
    EXPECT_FALSE(graph.add({lrp(1, 40'000'001)}));
    EXPECT_TRUE(graph.add({lrp(1, 40'000'000)}));

    Shares many(kAncestorsMax);
    for (std::size_t i = 0; i < many.size(); ++i) {
        many[i].ancestor[0] = static_cast<std::uint8_t>(i >> 8);
        many[i].ancestor[1] = static_cast<std::uint8_t>(i);
    }
    EdgeWithShares tie{{.parent = {0, 0, 0, 0, 0, 1}, .version = true}, pack_shares(many)};
    const auto above = combine_shares({tie});
    ASSERT_FALSE(above);
    EXPECT_EQ(above.error().message, "the asset would have 1025 ancestors, above the limit of 1024");
    many.pop_back();
    tie.shares = pack_shares(many);
    EXPECT_EQ(combine_shares({tie})->size(), kAncestorsMax);
}

TEST(RoyaltyGraph, SplitsToTheUnit) {
    const Split split = split_payment(Amount(1'000'001), 1'000'000, {15'000'000, 20'000'000});
    EXPECT_EQ(split.fee, Amount(10'000));
    EXPECT_EQ(split.lap, Amount(148'500));
    EXPECT_EQ(split.lrp, Amount(198'000));
    EXPECT_EQ(split.vault, Amount(643'501));
    EXPECT_EQ(split_payment(Amount::max(), kWhole / 5, {kWhole / 2, kWhole / 2}).fee.units(),
              Amount::max().units() / 5);
}

TEST(RoyaltyGraph, PackedFormIsStrict) {
    const Shares shares = {{id_of(1), 1, 2}, {id_of(2), 3, 4}};
    Bytes packed = pack_shares(shares);
    EXPECT_EQ(*unpack_shares(packed), shares);
    EXPECT_FALSE(find_share(packed, id_of(3)));
    packed.pop_back();
    EXPECT_FALSE(unpack_shares(packed));
    EXPECT_FALSE(unpack_shares(pack_shares({{id_of(2), 0, 0}, {id_of(1), 0, 0}})));
}

TEST(RoyaltyGraphProperty, EqualsTheNaiveRecursion) {
    EXPECT_TRUE(rc::check([] {
        const Graph graph = any_graph();
        for (std::size_t work = 0; work < graph.shares.size(); ++work) {
            const NaiveShares relative = naive_lrp(graph.ties, work);
            for (std::size_t ancestor = 0; ancestor < work; ++ancestor) {
                const auto it = relative.find(ancestor);
                RC_ASSERT(graph.share(work, ancestor).lap == naive_lap(graph.ties, work, ancestor));
                RC_ASSERT(graph.share(work, ancestor).lrp == (it == relative.end() ? 0 : it->second));
            }
        }
    }));
}

TEST(RoyaltyGraphProperty, RelativeSharesAreTheProductsAlongPaths) {
    EXPECT_TRUE(rc::check([] {
        const Graph graph = any_graph();
        for (std::size_t work = 0; work < graph.shares.size(); ++work) {
            for (std::size_t ancestor = 0; ancestor < work; ++ancestor) {
                const long double exact =
                    1e8L * exact_reach(graph.ties, work, ancestor) * (1 - exact_owed(graph.ties, ancestor));
                RC_ASSERT(std::fabs(exact - graph.share(work, ancestor).lrp) < 200);
            }
            RC_ASSERT(std::fabs(1e8L * exact_owed(graph.ties, work) - graph.stacks(work).lrp) < 0.5L);
        }
    }));
}

TEST(RoyaltyGraphProperty, PaymentsAndPartsNeverExceedTheWhole) {
    EXPECT_TRUE(rc::check([] {
        const Graph graph = any_graph();
        const Shares shares = *unpack_shares(graph.shares.back());
        const Stacks stacks = stacks_of(shares);
        const Amount amount(*rc::gen::arbitrary<std::uint64_t>());
        const auto fee = *rc::gen::inRange<std::uint32_t>(0, kWhole);
        const Split split = split_payment(amount, fee, stacks);
        RC_ASSERT(split.fee.units() + split.lap.units() + split.lrp.units() + split.vault.units() == amount.units());
        RC_ASSERT(split.fee.units() == amount.units() * fee / kWhole);
        RC_ASSERT(split.lap.units() == (amount.units() - split.fee.units()) * stacks.lap / kWhole);
        RC_ASSERT(split.lrp.units() == (amount.units() - split.fee.units()) * stacks.lrp / kWhole);
        Uint128 parts = 0;
        for (const AncestorShare& share : shares) parts += part_of(split.lap, share.lap, stacks.lap).units();
        RC_ASSERT(parts <= split.lap.units());
        RC_ASSERT(split.lap.units() - parts <= shares.size());
    }));
}

} // namespace
} // namespace assay::chain::registry
