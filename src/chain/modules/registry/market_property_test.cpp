/// Random trade among a few accounts: whatever is tried, in whatever order, the module's invariants hold after each block,
/// nobody's money is lost, and the state survives export and import.
#include "chain/modules/registry/test_registry_chain.h"

#include <rapidcheck.h>

namespace assay::chain::registry {
namespace {

using testing::address_of;

constexpr std::uint64_t kAccounts = 4;
constexpr std::uint64_t kFunds = 1'000'000;

class Trade {
public:
    Trade() {
        chain.params.registry.dispute_blocks_min = 1;
        chain.params.registry.quote_blocks = 3;
        chain.params.registry.arbitration_blocks = 3;
        chain.params.registry.deadlines_per_block_max = 3;
        for (std::uint64_t i = 1; i <= kAccounts; ++i) chain.fund(address_of(i), kFunds);
        LicenceTerms free = RegistryChain::commercial(kPolicyAbsolute, 5'000'000);
        free.default_minting_fee = Amount(100);
        LicenceTerms bound = RegistryChain::commercial(kPolicyRelative, 10'000'000);
        bound.transferable = false;
        terms = {chain.add_terms(free), chain.add_terms(bound)};
        for (std::uint64_t i = 0; i < 3; ++i) {
            assets.push_back(chain.add_asset(address_of(1 + i % 2), RegistryChain::work(std::to_string(i))));
            for (const Digest& id : terms) chain.accept(address_of(1 + i % 2), AttachTerms{assets.back(), id});
        }
    }

    /// Counted by outcome, so that a test of refusals alone would show.
    template <MessageStruct M>
    void attempt(const Address& signer, const M& message) {
        if (chain.send(signer, message)) ++accepted;
    }

    static Address anyone() { return address_of(*rc::gen::inRange<std::uint64_t>(1, kAccounts + 1)); }
    Digest asset() const { return assets[*rc::gen::inRange<std::size_t>(0, assets.size())]; }
    Digest any_terms() const { return terms[*rc::gen::inRange<std::size_t>(0, terms.size())]; }
    std::uint64_t number(std::uint64_t Counters::* counter) const {
        const std::uint64_t last = load<Counters>(chain.state).value_or(Counters{}).*counter;
        return *rc::gen::inRange<std::uint64_t>(last > 4 ? last - 4 : 1, last + 2);
    }
    Address owner_of(const Digest& id) const { return load<AssetState>(chain.state, id)->owner; }

    void list() {
        const Digest id = asset();
        attempt(owner_of(id),
                CreateListing{id, any_terms(), kNativeToken, Amount(*rc::gen::inRange<std::uint64_t>(1, 5'000)), 5,
                              chain.block.height + *rc::gen::inRange<std::uint64_t>(1, 9),
                              *rc::gen::inRange<std::uint64_t>(1, 4), *rc::gen::inRange<std::uint64_t>(1, 4),
                              anyone()});
    }
    void quote() {
        const std::uint64_t id = number(&Counters::listings);
        const auto listing = load<Listing>(chain.state, id);
        const auto quantity = *rc::gen::inRange<std::uint32_t>(1, 4);
        if (listing && *rc::gen::arbitrary<bool>())
            attempt(listing->seller, OfferQuote{id, anyone(), quantity, Amount(77), chain.block.height + 1});
        else attempt(anyone(), RequestQuote{id, quantity});
    }
    void accept_quote() {
        const std::uint64_t id = number(&Counters::quotes);
        const auto offered = load<Quote>(chain.state, id);
        attempt(offered ? offered->buyer : anyone(), AcceptQuote{id, {1}});
    }
    void act_on_order(int kind) {
        const std::uint64_t id = number(&Counters::orders);
        const auto order = load<Order>(chain.state, id);
        if (!order) return;
        switch (kind) {
            case 0: return attempt(order->seller, DeliverOrder{id, {2}});
            case 1: return attempt(order->buyer, ConfirmOrder{id});
            case 2: return attempt(order->buyer, DisputeOrder{id, "?"});
            case 3:
                return attempt(order->arbiter,
                               ResolveOrder{id, *rc::gen::element<std::uint32_t>(0, kWhole / 3, kWhole)});
            default: return attempt(order->seller, CommitUsage{id, {3}, order->usage_receipts + 1});
        }
    }
    void act_on_licence() {
        const std::uint64_t id = number(&Counters::licences);
        const auto licence = load<Licence>(chain.state, id);
        if (!licence) return attempt(anyone(), MintLicence{asset(), any_terms(), anyone(), 1, Amount(100)});
        if (*rc::gen::arbitrary<bool>()) return attempt(licence->holder, TransferLicence{id, anyone()});
        RegisterAsset message = RegistryChain::work("child of " + std::to_string(id));
        message.parents = {{licence->asset, "derived_from", id, 0}};
        attempt(licence->holder, message);
    }
    void act_on_asset() {
        const Digest id = asset();
        switch (*rc::gen::inRange(0, 4)) {
            case 0: return attempt(owner_of(id), TransferAsset{id, anyone(), *rc::gen::arbitrary<bool>()});
            case 1:
                return attempt(kDisputesArbiter,
                               SetAssetStatus{id, *rc::gen::element<std::string>("disputed", "active"), ""});
            case 2: return attempt(owner_of(id), AttachTerms{id, any_terms()});
            default: return attempt(anyone(), ClaimRevenue{id, kNativeToken});
        }
    }
    void step() {
        const int kind = *rc::gen::inRange(0, 16);
        if (kind < 2) return list();
        if (kind < 5) return quote();
        if (kind < 8) return accept_quote();
        if (kind < 13) return act_on_order(kind - 8);
        if (kind < 14) return act_on_licence();
        if (kind < 15) return act_on_asset();
        chain.next();
        RC_ASSERT(chain.check() == "");
    }

    RegistryChain chain;
    std::vector<Digest> terms;
    std::vector<Digest> assets;
    std::size_t accepted = 0;
};

TEST(MarketProperty, NothingThatIsTriedBreaksTheInvariants) {
    std::size_t accepted = 0;
    std::map<std::string, std::size_t> endings;
    EXPECT_TRUE(rc::check([&] {
        Trade trade;
        const int steps = *rc::gen::inRange(50, 200);
        for (int i = 0; i < steps; ++i) trade.step();
        RC_ASSERT(trade.chain.check() == "");
        RC_ASSERT(trade.chain.round_trip(trade.chain.module) == "");
        for (int i = 0; i < 30; ++i) trade.chain.next(); // by now every deadline has passed
        scan_prefix(trade.chain.state, ModuleId::registry, StateKey(Order::kCollection), [&](ByteView, ByteView value) {
            const auto order = decode_record<Order>(value);
            RC_ASSERT(order.settled());
            ++endings[order.state];
            return true;
        });
        RC_ASSERT(trade.chain.check() == "");
        accepted += trade.accepted;
    }));
    EXPECT_GT(accepted, 1'000u);
    EXPECT_GT(endings[std::string(kOrderReleased)], 10u);
    EXPECT_GT(endings[std::string(kOrderRefunded)], 10u);
}

} // namespace
} // namespace assay::chain::registry
