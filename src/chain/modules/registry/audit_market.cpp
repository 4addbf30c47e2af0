#include "chain/modules/registry/audit.h"

#include "chain/modules/events.h"
#include "chain/modules/registry/keeper.h"

#include <algorithm>
#include <map>

namespace assay::chain::registry {
namespace {

std::string name_of_order(const Order& order) { return "order " + std::to_string(order.id); }

Result<void> audit_lock(const StateReader& state, const Licence& licence) {
    if (licence.order == 0) return {};
    const auto order = load<Order>(state, licence.order);
    if (order && !order->settled() && std::ranges::find(order->licences, licence.id) != order->licences.end())
        return {};
    return broken("licence " + std::to_string(licence.id) + " is locked by order " + std::to_string(licence.order) +
                  ", which is settled or does not know it");
}

} // namespace

Result<void> audit_licences(const StateReader& state) {
    const std::uint64_t last = load<Counters>(state).value_or(Counters{}).licences;
    std::map<std::pair<Digest, Digest>, std::uint64_t> alive;
    std::uint64_t minted = 0;
    TRY_VOID(for_each_record<Licence>(state, [&](const Licence& licence) -> Result<void> {
        ++alive[{licence.asset, licence.terms}];
        if (licence.id == 0 || licence.id > last)
            return broken("licence " + std::to_string(licence.id) + " beyond the counter, " + std::to_string(last));
        if (!load<Offer>(state, licence.asset, licence.terms))
            return broken("licence " + std::to_string(licence.id) + " under terms that its asset never offered");
        return audit_lock(state, licence);
    }));
    TRY_VOID(for_each_record<Offer>(state, [&](const Offer& offer) -> Result<void> {
        minted += offer.minted;
        const std::uint64_t found = alive[{offer.asset, offer.terms}];
        if (offer.burned > offer.minted || offer.minted - offer.burned != found)
            return broken("asset " + event_text(offer.asset) + ", terms " + event_text(offer.terms) + ": minted " +
                          std::to_string(offer.minted) + ", burned " + std::to_string(offer.burned) + ", there are " +
                          std::to_string(found));
        if (!load_terms(state, offer.terms)) return broken("an offer under unknown terms " + event_text(offer.terms));
        return {};
    }));
    if (minted != last)
        return broken("licences minted " + std::to_string(minted) + ", counter " + std::to_string(last));
    return {};
}

Result<void> audit_orders(const StateReader& state) {
    const Counters counters = load<Counters>(state).value_or(Counters{});
    return for_each_record<Order>(state, [&](const Order& order) -> Result<void> {
        if (order.id == 0 || order.id > counters.orders)
            return broken(name_of_order(order) + " beyond the counter, " + std::to_string(counters.orders));
        if (order.settled() != (order.escrow == 0) || order.settled() != (order.deadline == 0))
            return broken(name_of_order(order) + " is " + order.state + " with escrow " + std::to_string(order.escrow) +
                          " and deadline " + std::to_string(order.deadline));
        if (!load<Listing>(state, order.listing)) return broken(name_of_order(order) + " has no listing");
        return {};
    });
}

Result<void> audit_escrows(const RegistryModule::Ports& ports, const StateReader& state) {
    return for_each_record<Order>(state, [&](const Order& order) -> Result<void> {
        if (order.settled()) return {};
        const auto escrow = ports.escrow.escrow(state, order.escrow);
        const Amount held = escrow ? escrow->amount : Amount{};
        if (held != order.total || !escrow->arbiter_only || escrow->arbiter != registry_account() ||
            escrow->payer != order.buyer || escrow->token != order.token)
            return broken(name_of_order(order) + " is worth " + to_string(order.total) + ", its escrow " +
                          std::to_string(order.escrow) + " holds " + to_string(held) + " or is another's");
        return {};
    });
}

} // namespace assay::chain::registry
