#include "chain/modules/registry/market_messages.h"
#include "chain/modules/registry/market_state.h"
#include "chain/modules/registry/messages.h"
#include "registry_picks.h"

namespace assay::sim {
namespace {

using namespace chain;
using namespace chain::registry;

/// One that `wanted` takes, where some tries find one; now and then any.
template <class Wanted>
std::optional<RevenueAccount> any_revenue(World& world, Wanted wanted) {
    const bool take_any = world.random.percent(4);
    std::optional<RevenueAccount> found;
    for (int tries = 0; tries < 24; ++tries) {
        found = world.record<RevenueAccount>(ModuleId::registry, RevenueAccount::kCollection);
        if (!found || take_any || wanted(*found)) break;
    }
    return found;
}

std::optional<Operation> open_token(World& world) {
    const auto asset = any_asset(world);
    const auto [key, value] = world.pick(ModuleId::bank, 0x01);
    if (!asset || key.empty()) return std::nullopt;
    Address token;
    std::copy_n(key.begin() + 1, token.bytes.size(), token.bytes.begin());
    return operation(world.signer_for(asset->owner), OpenToken{asset->asset, token});
}

std::optional<Operation> pay_royalty(World& world) {
    auto asset = any_asset(world);
    for (int tries = 0; tries < 4 && asset && asset->ancestors == 0; ++tries) asset = any_asset(world);
    if (!asset) return std::nullopt;
    const Address token = asset->tokens[world.random.below(asset->tokens.size())];
    return operation(world.anyone(), PayRoyalty{asset->asset, token, world.amount(10'000'000), Bytes{1}});
}

std::optional<Operation> collect_royalty(World& world) {
    for (int tries = 0; tries < 24; ++tries) {
        const auto account = any_revenue(world, [](const RevenueAccount& found) {
            return found.lap_in > found.lap_out || found.lrp_in > found.lrp_out;
        });
        if (!account) return std::nullopt;
        const auto lineage = load<Lineage>(world.state, account->asset);
        if (!lineage || lineage->shares.size() < 40) continue;
        Digest ancestor{};
        const std::size_t at = 40 * world.random.below(lineage->shares.size() / 40);
        std::memcpy(ancestor.data(), lineage->shares.data() + at, ancestor.size());
        if (world.random.percent(4)) ancestor[0] ^= 1;
        return operation(world.anyone(), CollectRoyalty{account->asset, ancestor, account->token});
    }
    return std::nullopt;
}

std::optional<Operation> claim_revenue(World& world) {
    const auto account =
        any_revenue(world, [](const RevenueAccount& found) { return found.vault_in > found.vault_out; });
    if (!account) return std::nullopt;
    return operation(owner_of(world, account->asset), ClaimRevenue{account->asset, account->token});
}

std::optional<Operation> transfer_units(World& world) {
    const auto holding = world.record<Holding>(ModuleId::registry, Holding::kCollection);
    if (!holding) return std::nullopt;
    return operation(world.signer_for(holding->holder),
                     TransferUnits{holding->asset, world.any_address(),
                                   static_cast<std::uint32_t>(world.random.between(1, 20'000'000))});
}

std::optional<Operation> create_listing(World& world) {
    const auto offer = any_offer(world);
    if (!offer) return std::nullopt;
    CreateListing message;
    message.asset = offer->asset;
    message.terms = offer->terms;
    message.token = kNativeToken;
    message.price = world.amount(5'000'000);
    message.quantity = static_cast<std::uint32_t>(world.random.between(1, 20));
    message.expiry = world.height + world.random.between(20, 80);
    message.delivery_blocks = world.random.between(3, 20);
    message.dispute_blocks = world.random.between(3, 20);
    message.arbiter = world.any_address();
    return operation(owner_of(world, offer->asset), std::move(message));
}

std::optional<Listing> open_listing(World& world) {
    const bool take_any = world.random.percent(4);
    return world.recent<Listing>(ModuleId::registry, Listing::kCollection, [&](const Listing& listing) {
        return take_any || (listing.open && listing.quantity > 3 && listing.expiry > world.height);
    });
}

std::optional<Operation> close_listing(World& world) {
    if (!world.random.percent(20)) return std::nullopt; // the others need some that are open
    const auto listing = open_listing(world);
    if (!listing) return std::nullopt;
    return operation(world.signer_for(listing->seller), CloseListing{listing->id});
}

std::optional<Operation> request_quote(World& world) {
    const auto listing = open_listing(world);
    if (!listing) return std::nullopt;
    return operation(world.anyone(), RequestQuote{listing->id, static_cast<std::uint32_t>(world.random.between(1, 3))});
}

std::optional<Operation> offer_quote(World& world) {
    const auto listing = open_listing(world);
    if (!listing) return std::nullopt;
    return operation(world.signer_for(listing->seller),
                     OfferQuote{listing->id, world.any_address(),
                                static_cast<std::uint32_t>(world.random.between(1, 3)), world.amount(5'000'000),
                                world.height + world.random.between(1, 10)});
}

std::optional<Operation> accept_quote(World& world) {
    const bool take_any = world.random.percent(4);
    const auto quote = world.recent<Quote>(ModuleId::registry, Quote::kCollection, [&](const Quote& found) {
        const auto listing = load<Listing>(world.state, found.listing);
        return take_any || (found.valid_until >= world.height && listing && listing->open);
    });
    if (!quote) return std::nullopt;
    return operation(world.signer_for(quote->buyer), AcceptQuote{quote->id, Bytes{1, 2, 3}});
}

std::optional<Order> order_in(World& world, std::string_view state) {
    const bool take_any = world.random.percent(4);
    return world.recent<Order>(ModuleId::registry, Order::kCollection,
                               [&](const Order& order) { return take_any || order.state == state; });
}

std::optional<Operation> deliver_order(World& world) {
    const auto order = order_in(world, kOrderEscrowed);
    if (!order) return std::nullopt;
    return operation(world.signer_for(order->seller), DeliverOrder{order->id, Bytes{4, 5, 6}});
}

std::optional<Operation> confirm_order(World& world) {
    const auto order = order_in(world, kOrderDelivered);
    if (!order) return std::nullopt;
    return operation(world.signer_for(order->buyer), ConfirmOrder{order->id});
}

std::optional<Operation> dispute_order(World& world) {
    const auto order = order_in(world, kOrderDelivered);
    if (!order) return std::nullopt;
    return operation(world.signer_for(order->buyer), DisputeOrder{order->id, "not what was offered"});
}

std::optional<Operation> resolve_order(World& world) {
    const auto order = order_in(world, kOrderDisputed);
    if (!order) return std::nullopt;
    return operation(world.signer_for(order->arbiter),
                     ResolveOrder{order->id, static_cast<std::uint32_t>(world.random.of(
                                                 std::vector<std::uint64_t>{0, kWhole / 3, kWhole, kWhole + 1}))});
}

std::optional<Operation> commit_usage(World& world) {
    const auto order = order_in(world, world.random.percent(50) ? kOrderDelivered : kOrderReleased);
    if (!order) return std::nullopt;
    const std::uint64_t more = world.random.percent(6) ? 0 : world.random.between(1, 50);
    return operation(world.signer_for(order->seller),
                     CommitUsage{order->id, world.random.digest(), order->usage_receipts + more});
}

} // namespace

void add_market_operations(std::vector<OperationKind>& kinds) {
    kinds.insert(kinds.end(), {{"registry/open_token", open_token},
                               {"registry/pay_royalty", pay_royalty},
                               {"registry/collect_royalty", collect_royalty},
                               {"registry/claim_revenue", claim_revenue},
                               {"registry/transfer_units", transfer_units},
                               {"registry/create_listing", create_listing},
                               {"registry/close_listing", close_listing},
                               {"registry/request_quote", request_quote},
                               {"registry/offer_quote", offer_quote},
                               {"registry/accept_quote", accept_quote},
                               {"registry/deliver_order", deliver_order},
                               {"registry/confirm_order", confirm_order},
                               {"registry/dispute_order", dispute_order},
                               {"registry/resolve_order", resolve_order},
                               {"registry/commit_usage", commit_usage}});
}

} // namespace assay::sim
