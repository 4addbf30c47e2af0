/// The market from the order on: delivered → content, disputed or silent → released or refunded. Who is silent past a
/// deadline loses: a seller who does not deliver, a buyer who does not object, an arbiter whom the seller chose.
#include "chain/modules/registry/keeper.h"

#include "chain/modules/events.h"

namespace assay::chain::registry {
namespace {

constexpr std::size_t kReasonBytesMax = 256;
constexpr std::uint64_t kRetryBlocks = 1'000; ///< when neither side can be paid, as with a paused token

Result<Order> require_order(const StateReader& state, std::uint64_t id, std::string_view wanted_state) {
    auto order = load<Order>(state, id);
    if (!order) return fail(ErrorCode::not_found, "no order " + std::to_string(id));
    if (order->state != wanted_state)
        return refuse("order " + std::to_string(id) + " is " + order->state + ", not " + std::string(wanted_state));
    return std::move(*order);
}

Result<void> check_party(const Order& order, std::string_view role, const Address& party, const Address& signer) {
    if (party == signer) return {};
    return refuse("the " + std::string(role) + " of order " + std::to_string(order.id) + " is " +
                  crypto::to_string(party));
}

Result<void> check_in_time(const Order& order, std::uint64_t height) {
    if (height > order.deadline)
        return refuse("order " + std::to_string(order.id) + ": its deadline was height " +
                      std::to_string(order.deadline));
    return {};
}

void drop_deadline(StateWriter& state, const Order& order) {
    state.erase(ModuleId::registry, deadline_key(order.deadline, DeadlineKind::order, order.id));
}

void move_to(Context& context, Order& order, std::string_view state_name, std::uint64_t deadline) {
    drop_deadline(context.state(), order);
    order.state = state_name;
    order.deadline = deadline;
    store(context.state(), order);
    index_order(context.state(), order);
    emit(context, "order_" + order.state, {{"order", event_text(order.id)}, {"deadline", event_text(order.deadline)}});
}

void take_back_licences(Context& context, Order& order) {
    for (const std::uint64_t id : order.licences)
        if (const auto licence = load<Licence>(context.state(), id)) burn_licence(context, *licence);
    order.licences.clear();
    auto listing = load<Listing>(context.state(), order.listing);
    if (listing && listing->open) {
        listing->quantity += order.quantity;
        store(context.state(), *listing);
    }
}

void unlock_licences(Context& context, const Order& order) {
    for (const std::uint64_t id : order.licences) {
        auto licence = load<Licence>(context.state(), id);
        if (!licence) continue;
        licence->order = 0;
        store(context.state(), *licence);
    }
}

/// All of `change`, or nothing.
bool attempt(Context& context, const std::function<Result<void>(Context&)>& change) {
    Overlay overlay(context.state());
    std::vector<Event> events;
    Context inner(context.block(), overlay, context.gas(), events);
    if (!change(inner)) return false;
    overlay.apply_to(context.state());
    for (Event& event : events) context.emit(std::move(event));
    return true;
}

void pass_order(const Ports& ports, Context& context, std::uint64_t id) {
    const auto order = load<Order>(context.state(), id);
    if (!order || order->settled()) return;
    const auto settle = [&](Amount refund) {
        return attempt(context, [&](Context& inner) { return settle_order(ports, inner, *order, refund); });
    };
    if (order->state == kOrderDelivered && settle(Amount{})) return;
    if (settle(order->total)) return;
    Order later = *order;
    move_to(context, later, order->state, context.block().height + kRetryBlocks);
}

void pass_deadline(const Ports& ports, Context& context, DeadlineKind kind, std::uint64_t id) {
    StateWriter& state = context.state();
    if (kind == DeadlineKind::order) return pass_order(ports, context, id);
    if (kind == DeadlineKind::quote) return erase(state, Quote{.id = id});
    auto listing = load<Listing>(state, id);
    if (!listing) return;
    listing->open = false;
    store(state, *listing);
    emit(context, "listing_closed", {{"listing", event_text(id)}});
}

} // namespace

Result<void> settle_order(const Ports& ports, Context& context, Order order, Amount refund) {
    const Amount released(order.total.units() - refund.units());
    if (!released.is_zero()) {
        TRY_VOID(ports.escrow.release_escrow(context, order.escrow, registry_account(), released));
        TRY_VOID(pay_asset(ports, context, registry_account(), order.asset, order.token, released));
        unlock_licences(context, order);
    }
    if (!refund.is_zero()) TRY_VOID(ports.escrow.refund_escrow(context, order.escrow, registry_account()));
    if (released.is_zero()) take_back_licences(context, order);
    drop_deadline(context.state(), order);
    order.state = released.is_zero() ? kOrderRefunded : kOrderReleased;
    order.deadline = 0;
    order.escrow = 0;
    order.refunded = refund;
    store(context.state(), order);
    emit(context, "order_" + order.state,
         {{"order", event_text(order.id)}, {"released", event_text(released)}, {"refunded", event_text(refund)}});
    return {};
}

void pass_deadlines(const Ports& ports, Context& context) {
    struct Passed {
        Bytes key;
        DeadlineKind kind;
        std::uint64_t id;
    };
    const std::uint32_t limit = ports.params.get<RegistryParams>(context.state()).deadlines_per_block_max;
    const StateKey end = StateKey(kDeadlineCollection).add_u64(context.block().height + 1);
    std::vector<Passed> due;
    context.state().scan(ModuleId::registry, StateKey(kDeadlineCollection), end, [&](ByteView key, ByteView) {
        due.push_back({Bytes(key.begin(), key.end()), static_cast<DeadlineKind>(key[9]), read_u64(key, 10)});
        return due.size() < limit;
    });
    for (const Passed& deadline : due) {
        context.state().erase(ModuleId::registry, deadline.key);
        pass_deadline(ports, context, deadline.kind, deadline.id);
    }
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const DeliverOrder& message) {
    const StateReader& state = context.state();
    Order order = TRY(require_order(state, message.order, kOrderEscrowed));
    TRY_VOID(check_party(order, "seller", order.seller, signer));
    TRY_VOID(check_in_time(order, context.block().height));
    if (message.key_grant.size() > kKeyBytesMax)
        return refuse("key_grant: longer than " + std::to_string(kKeyBytesMax) + " bytes");
    const AssetState asset = TRY(require_owned(state, order.asset, signer));
    TRY_VOID(check_can_receive(state, asset, order.token, context.block().time_ms));
    const Offer offer = TRY(require_offer(state, order.asset, order.terms));
    const LicenceTerms terms = TRY(require_terms(state, order.terms));
    order.licences = mint_licences(context, offer, terms, order.buyer, order.quantity, order.id);
    order.key_grant = message.key_grant;
    move_to(context, order, kOrderDelivered, context.block().height + order.dispute_blocks);
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const ConfirmOrder& message) {
    const Order order = TRY(require_order(context.state(), message.order, kOrderDelivered));
    TRY_VOID(check_party(order, "buyer", order.buyer, signer));
    return settle_order(ports, context, order, Amount{});
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const DisputeOrder& message) {
    Order order = TRY(require_order(context.state(), message.order, kOrderDelivered));
    TRY_VOID(check_party(order, "buyer", order.buyer, signer));
    TRY_VOID(check_in_time(order, context.block().height));
    if (message.reason.size() > kReasonBytesMax)
        return refuse("reason: longer than " + std::to_string(kReasonBytesMax) + " bytes");
    order.reason = message.reason;
    const std::uint64_t blocks = ports.params.get<RegistryParams>(context.state()).arbitration_blocks;
    move_to(context, order, kOrderDisputed, context.block().height + blocks);
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const ResolveOrder& message) {
    const Order order = TRY(require_order(context.state(), message.order, kOrderDisputed));
    TRY_VOID(check_party(order, "arbiter", order.arbiter, signer));
    TRY_VOID(check_in_time(order, context.block().height));
    if (message.refund_share > kWhole) return refuse("refund_share: above 100 %");
    return settle_order(ports, context, order, part_of(order.total, message.refund_share, kWhole));
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const CommitUsage& message) {
    auto order = load<Order>(context.state(), message.order);
    if (!order) return fail(ErrorCode::not_found, "no order " + std::to_string(message.order));
    TRY_VOID(check_party(*order, "seller", order->seller, signer));
    if (order->state == kOrderEscrowed || order->state == kOrderRefunded)
        return refuse("order " + std::to_string(order->id) + " is " + order->state);
    if (message.receipts < order->usage_receipts)
        return refuse("receipts: " + std::to_string(order->usage_receipts) + " are committed already");
    order->usage_root = message.root;
    order->usage_receipts = message.receipts;
    store(context.state(), *order);
    emit(context, "usage_committed",
         {{"order", event_text(order->id)},
          {"root", event_text(message.root)},
          {"receipts", event_text(message.receipts)}});
    return {};
}

} // namespace assay::chain::registry
