/// The market up to the order: listings and quotes.
#include "chain/modules/registry/keeper.h"

#include "chain/modules/events.h"

#include <algorithm>
#include <limits>

namespace assay::chain::registry {
namespace {

Result<void> check_times(const RegistryParams& params, const CreateListing& message, std::uint64_t height) {
    if (message.expiry <= height) return refuse("expiry: height " + std::to_string(message.expiry) + " has passed");
    if (message.delivery_blocks == 0 || message.delivery_blocks > params.delivery_blocks_max)
        return refuse("delivery_blocks: outside 1 … " + std::to_string(params.delivery_blocks_max));
    if (message.dispute_blocks < params.dispute_blocks_min || message.dispute_blocks > params.dispute_blocks_max)
        return refuse("dispute_blocks: outside " + std::to_string(params.dispute_blocks_min) + " … " +
                      std::to_string(params.dispute_blocks_max));
    return {};
}

Result<void> check_goods(const StateReader& state, const CreateListing& message, const AssetState& asset,
                         std::int64_t time_ms) {
    if (status_at(asset, time_ms) != kStatusActive)
        return refuse("asset is " + std::string(status_at(asset, time_ms)) + ": no new licences");
    TRY_VOID(require_offer(state, message.asset, message.terms));
    return check_can_receive(state, asset, message.token, time_ms);
}

Result<void> check_quantity(const Listing& listing, std::uint32_t quantity) {
    if (quantity == 0 || quantity > kOrderQuantityMax)
        return refuse("quantity: outside 1 … " + std::to_string(kOrderQuantityMax));
    if (quantity > listing.quantity)
        return refuse("quantity: " + std::to_string(listing.quantity) + " left in listing " +
                      std::to_string(listing.id));
    return {};
}

Result<Listing> require_open_listing(const StateReader& state, std::uint64_t id, std::uint64_t height) {
    auto listing = load<Listing>(state, id);
    if (!listing) return fail(ErrorCode::not_found, "no listing " + std::to_string(id));
    if (!listing->open || height > listing->expiry) return refuse("listing " + std::to_string(id) + " is closed");
    return std::move(*listing);
}

void add_quote(Context& context, Quote quote) {
    Counters counters = load<Counters>(context.state()).value_or(Counters{});
    quote.id = ++counters.quotes;
    store(context.state(), counters);
    store(context.state(), quote);
    index_quote(context.state(), quote);
    emit(context, "quoted",
         {{"quote", event_text(quote.id)},
          {"listing", event_text(quote.listing)},
          {"buyer", event_text(quote.buyer)},
          {"total", event_text(quote.total)},
          {"valid_until", event_text(quote.valid_until)}});
}

Order order_for(const Listing& listing, const Quote& quote, const AcceptQuote& message, std::uint64_t height) {
    Order order;
    order.listing = listing.id;
    order.asset = listing.asset;
    order.terms = listing.terms;
    order.seller = listing.seller;
    order.buyer = quote.buyer;
    order.arbiter = listing.arbiter;
    order.token = listing.token;
    order.total = quote.total;
    order.quantity = quote.quantity;
    order.deadline = height + listing.delivery_blocks;
    order.dispute_blocks = listing.dispute_blocks;
    order.encryption_key = message.encryption_key;
    return order;
}

Escrow escrow_for(const Order& order) {
    return {.payer = order.buyer,
            .payee = registry_account(),
            .arbiter = registry_account(),
            .token = order.token,
            .amount = order.total,
            .deadline_ms = std::numeric_limits<std::int64_t>::max(),
            .arbiter_only = true,
            .purpose = "registry order " + std::to_string(order.id)};
}

} // namespace

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const CreateListing& message) {
    StateWriter& state = context.state();
    const AssetState asset = TRY(require_owned(state, message.asset, signer));
    const RegistryParams params = ports.params.get<RegistryParams>(state);
    TRY_VOID(check_times(params, message, context.block().height));
    TRY_VOID(check_goods(state, message, asset, context.block().time_ms));
    if (message.price.is_zero() || message.price > kVaultMax)
        return refuse("price: outside 1 … " + to_string(kVaultMax));
    if (message.quantity == 0) return refuse("quantity: zero");
    if (message.arbiter == Address{} || message.arbiter == signer) return refuse("arbiter: zero or the seller");

    Counters counters = load<Counters>(state).value_or(Counters{});
    const Listing listing{.id = ++counters.listings,
                          .seller = signer,
                          .asset = message.asset,
                          .terms = message.terms,
                          .token = message.token,
                          .price = message.price,
                          .quantity = message.quantity,
                          .expiry = message.expiry,
                          .delivery_blocks = message.delivery_blocks,
                          .dispute_blocks = message.dispute_blocks,
                          .arbiter = message.arbiter,
                          .open = true};
    store(state, counters);
    store(state, listing);
    index_listing(state, listing);
    emit(context, "listed",
         {{"listing", event_text(listing.id)},
          {"asset", event_text(listing.asset)},
          {"seller", event_text(signer)},
          {"price", event_text(listing.price)}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const CloseListing& message) {
    StateWriter& state = context.state();
    Listing listing = TRY(require_open_listing(state, message.listing, context.block().height));
    if (listing.seller != signer) return refuse("the listing belongs to " + crypto::to_string(listing.seller));
    state.erase(ModuleId::registry, deadline_key(listing.expiry, DeadlineKind::listing, listing.id));
    listing.open = false;
    store(state, listing);
    emit(context, "listing_closed", {{"listing", event_text(listing.id)}});
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RequestQuote& message) {
    const StateReader& state = context.state();
    const std::uint64_t height = context.block().height;
    const Listing listing = TRY(require_open_listing(state, message.listing, height));
    TRY_VOID(check_quantity(listing, message.quantity));
    const auto total = multiply_divide(listing.price, message.quantity, 1);
    if (!total || *total > kVaultMax) return refuse("the total exceeds " + to_string(kVaultMax));
    const std::uint64_t blocks = ports.params.get<RegistryParams>(state).quote_blocks;
    add_quote(context, {.id = 0,
                        .listing = listing.id,
                        .buyer = signer,
                        .quantity = message.quantity,
                        .total = *total,
                        .valid_until = std::min(listing.expiry, height + blocks)});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const OfferQuote& message) {
    const std::uint64_t height = context.block().height;
    const Listing listing = TRY(require_open_listing(context.state(), message.listing, height));
    if (listing.seller != signer) return refuse("the listing belongs to " + crypto::to_string(listing.seller));
    TRY_VOID(check_quantity(listing, message.quantity));
    if (message.total.is_zero() || message.total > kVaultMax)
        return refuse("total: outside 1 … " + to_string(kVaultMax));
    if (message.buyer == Address{} || message.buyer == signer) return refuse("buyer: zero or the seller");
    if (message.valid_until < height || message.valid_until > listing.expiry)
        return refuse("valid_until: outside " + std::to_string(height) + " … " + std::to_string(listing.expiry));
    add_quote(context, {.id = 0,
                        .listing = listing.id,
                        .buyer = message.buyer,
                        .quantity = message.quantity,
                        .total = message.total,
                        .valid_until = message.valid_until});
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const AcceptQuote& message) {
    StateWriter& state = context.state();
    const std::uint64_t height = context.block().height;
    const auto quote = load<Quote>(state, message.quote);
    if (!quote) return fail(ErrorCode::not_found, "no quote " + std::to_string(message.quote));
    if (quote->buyer != signer) return refuse("the quote is for " + crypto::to_string(quote->buyer));
    if (height > quote->valid_until)
        return refuse("the quote was valid until height " + std::to_string(quote->valid_until));
    if (message.encryption_key.size() > kKeyBytesMax)
        return refuse("encryption_key: longer than " + std::to_string(kKeyBytesMax) + " bytes");
    Listing listing = TRY(require_open_listing(state, quote->listing, height));
    TRY_VOID(check_quantity(listing, quote->quantity));
    if (signer == listing.seller || signer == listing.arbiter) return refuse("the buyer is the seller or the arbiter");
    const LicenceTerms terms = TRY(require_terms(state, listing.terms));
    TRY_VOID(check_licensee(ports, state, terms, signer));

    listing.quantity -= quote->quantity;
    Order order = order_for(listing, *quote, message, height);
    Counters counters = load<Counters>(state).value_or(Counters{});
    order.id = ++counters.orders;
    order.escrow = TRY(ports.escrow.open_escrow(context, escrow_for(order)));
    store(state, counters);
    store(state, listing);
    store(state, order);
    index_order(state, order);
    erase(state, *quote);
    state.erase(ModuleId::registry, deadline_key(quote->valid_until, DeadlineKind::quote, quote->id));
    emit(context, "order_placed",
         {{"order", event_text(order.id)},
          {"listing", event_text(listing.id)},
          {"buyer", event_text(signer)},
          {"seller", event_text(order.seller)},
          {"total", event_text(order.total)},
          {"deliver_by", event_text(order.deadline)}});
    return {};
}

} // namespace assay::chain::registry
