#pragma once
/// Random things of the registry. For tests only.
#include "chain/modules/registry/indexes.h"
#include "chain/modules/registry/licence_state.h"
#include "chain/modules/registry/market_messages.h"
#include "chain/modules/registry/market_state.h"
#include "chain/modules/registry/messages.h"
#include "chain/modules/registry/royalty_state.h"
#include "chain/modules/registry/state.h"
#include "chain/modules/registry/royalty_state.h"
#include "world.h"

#include <cstring>

namespace assay::sim {

inline std::optional<chain::registry::AssetState> any_asset(World& world) {
    return world.record<chain::registry::AssetState>(ModuleId::registry, chain::registry::AssetState::kCollection);
}

inline std::optional<Digest> any_terms(World& world) {
    const auto [key, value] = world.pick(ModuleId::registry, chain::registry::kTermsCollection);
    if (key.empty()) return std::nullopt;
    Digest terms{};
    std::memcpy(terms.data(), key.data() + 1, terms.size());
    return terms;
}

/// One that stands, where a few tries find one.
inline std::optional<chain::registry::Offer> any_offer(World& world) {
    std::optional<chain::registry::Offer> offer;
    for (int tries = 0; tries < 8; ++tries) {
        offer = world.record<chain::registry::Offer>(ModuleId::registry, chain::registry::Offer::kCollection);
        if (offer && offer->attached) break;
    }
    return offer;
}

inline std::size_t owner_of(World& world, const Digest& asset) {
    const auto found = chain::registry::load<chain::registry::AssetState>(world.state, asset);
    return found ? world.signer_for(found->owner) : world.anyone();
}

} // namespace assay::sim
