/// Steps that several rules share.
#include "chain/modules/registry/keeper.h"

#include "chain/modules/events.h"

#include <algorithm>

namespace assay::chain::registry {

const Address& registry_account() {
    static const Address account = module_account("registry");
    return account;
}

void emit(Context& context, std::string_view type,
          std::initializer_list<std::pair<std::string_view, std::string>> attributes) {
    Event event{"registry." + std::string(type), {}};
    for (const auto& [name, value] : attributes) event.attributes.emplace_back(std::string(name), value);
    context.emit(std::move(event));
}

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); }

Result<AssetState> require_asset(const StateReader& state, const Digest& asset) {
    auto found = load<AssetState>(state, asset);
    if (!found) return fail(ErrorCode::not_found, "no asset " + event_text(asset));
    return std::move(*found);
}

Result<AssetState> require_owned(const StateReader& state, const Digest& asset, const Address& signer) {
    auto found = TRY(require_asset(state, asset));
    if (found.owner != signer)
        return refuse("asset " + event_text(asset) + " belongs to " + crypto::to_string(found.owner));
    return found;
}

Result<LicenceTerms> require_terms(const StateReader& state, const Digest& terms) {
    auto found = load_terms(state, terms);
    if (!found) return fail(ErrorCode::not_found, "no licence terms " + event_text(terms));
    return std::move(*found);
}

Result<Licence> require_licence(const StateReader& state, std::uint64_t id) {
    auto found = load<Licence>(state, id);
    if (!found) return fail(ErrorCode::not_found, "no licence " + std::to_string(id));
    return std::move(*found);
}

std::string_view status_at(const AssetState& asset, std::int64_t time_ms) {
    if (asset.status == kStatusDisputed) return kStatusDisputed;
    if (asset.expires_ms != 0 && std::cmp_greater_equal(time_ms, asset.expires_ms)) return kStatusExpired;
    return asset.status == kStatusDeprecated ? kStatusDeprecated : kStatusActive;
}

Result<void> check_can_receive(const StateReader& state, const AssetState& asset, const Address& token,
                               std::int64_t time_ms) {
    const std::string_view status = status_at(asset, time_ms);
    if (status == kStatusDisputed || status == kStatusExpired)
        return refuse("asset " + event_text(asset.asset) + " is " + std::string(status) + " and cannot receive");
    if (asset.bound == kBoundNonCommercial)
        return refuse("asset " + event_text(asset.asset) + " was made under a non-commercial licence");
    if (std::ranges::find(asset.tokens, token) == asset.tokens.end())
        return refuse("the vault of asset " + event_text(asset.asset) + " is not open for token " +
                      crypto::to_string(token));
    return check_ceiling_currency(state, asset, token);
}

} // namespace assay::chain::registry
