/// Revenue ceilings. A licence with one bounds everything that is made with it: nobody can pass on more than he was given, so
/// works that come of the licensee's work count too. A ceiling that is reached ends payments until another licence raises it.
#include "chain/modules/registry/keeper.h"

#include "base/assert.h"
#include "chain/modules/events.h"

#include <algorithm>
#include <set>

namespace assay::chain::registry {
namespace {

bool has_ceiling(const LicenceTerms& terms) {
    return !terms.commercial_rev_ceiling.is_zero() || !terms.derivative_rev_ceiling.is_zero();
}

RevenueCeiling require_ceiling(const StateReader& state, std::uint64_t licence) {
    auto ceiling = load<RevenueCeiling>(state, licence);
    ASSAY_ASSERT(ceiling.has_value()); // an asset names only those that were set
    return std::move(*ceiling);
}

void set_ceiling(Context& context, const AssetState& asset, const UsedLicence& used) {
    const RevenueCeiling ceiling{.licence = used.licence.id,
                                 .asset = used.licence.asset,
                                 .terms = used.licence.terms,
                                 .currency = used.terms.currency,
                                 .commercial = used.terms.commercial_rev_ceiling,
                                 .derivative = used.terms.derivative_rev_ceiling,
                                 .earned = {},
                                 .licences = 1};
    store(context.state(), ceiling);
    emit(context, "ceiling_set",
         {{"ceiling", event_text(ceiling.licence)},
          {"asset", event_text(asset.asset)},
          {"token", event_text(ceiling.currency)},
          {"amount", event_text(ceiling.lowest().amount)}});
}

Result<Amount> raised(Amount sum, Amount more, std::string_view field) {
    const auto total = checked_add(sum, more);
    if (!total) return refuse(std::string(field) + ": the sum does not fit 128 bits");
    return *total;
}

} // namespace

Result<void> check_ceiling_currency(const StateReader& state, const AssetState& asset, const Address& token) {
    if (asset.ceilings.empty()) return {};
    const RevenueCeiling ceiling = require_ceiling(state, asset.ceilings.front()); // all count in one token
    if (ceiling.currency == token) return {};
    return refuse("asset " + event_text(asset.asset) + " has a revenue ceiling by licence " +
                  std::to_string(ceiling.licence) + ", which counts token " + crypto::to_string(ceiling.currency) +
                  ": it cannot earn in another");
}

Result<void> set_ceilings(Context& context, AssetState& asset, const std::vector<EdgeWithShares>& edges,
                          const std::vector<UsedLicence>& licences) {
    const StateReader& state = context.state();
    std::set<std::uint64_t> numbers;
    for (const EdgeWithShares& tie : edges) {
        const AssetState above = TRY(require_asset(state, tie.edge.parent));
        numbers.insert(above.ceilings.begin(), above.ceilings.end());
    }
    for (const UsedLicence& used : licences) {
        if (!has_ceiling(used.terms)) continue;
        set_ceiling(context, asset, used);
        numbers.insert(used.licence.id);
    }
    if (numbers.empty()) return {};
    if (numbers.size() > kCeilingsMax)
        return fail(ErrorCode::resource_exhausted, "the asset would be under " + std::to_string(numbers.size()) +
                                                       " revenue ceilings, above the limit of " +
                                                       std::to_string(kCeilingsMax));
    asset.ceilings.assign(numbers.begin(), numbers.end());
    const Address currency = require_ceiling(state, asset.ceilings.front()).currency;
    for (const std::uint64_t number : asset.ceilings)
        if (require_ceiling(state, number).currency != currency)
            return refuse("parents: licences " + std::to_string(asset.ceilings.front()) + " and " +
                          std::to_string(number) + " have revenue ceilings in different tokens");
    return open_vault(asset, currency);
}

Result<void> count_revenue(StateWriter& state, const AssetState& asset, Amount amount) {
    for (const std::uint64_t number : asset.ceilings) {
        RevenueCeiling ceiling = require_ceiling(state, number);
        const auto earned = checked_add(ceiling.earned, amount);
        const auto [most, field] = ceiling.lowest();
        if (!earned || *earned > most)
            return refuse("licence " + std::to_string(number) + " of asset " + event_text(ceiling.asset) + ": " +
                          std::string(field) + " " + to_string(most) + " would be passed, " +
                          to_string(ceiling.earned) + " is earned and this is " + to_string(amount) +
                          "; one more licence raises it");
        ceiling.earned = *earned;
        store(state, ceiling);
    }
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RaiseCeiling& message) {
    StateWriter& state = context.state();
    auto ceiling = load<RevenueCeiling>(state, message.ceiling);
    if (!ceiling) return fail(ErrorCode::not_found, "no revenue ceiling " + std::to_string(message.ceiling));
    const Licence licence = TRY(require_licence(state, message.licence));
    TRY_VOID(check_free(licence, signer));
    TRY_VOID(check_unexpired(licence, context.block().time_ms));
    if (licence.asset != ceiling->asset || licence.terms != ceiling->terms)
        return refuse("licence " + std::to_string(licence.id) +
                      " is of another asset or under other terms than licence " + std::to_string(message.ceiling));
    const LicenceTerms terms = TRY(require_terms(state, licence.terms));
    TRY_VOID(check_licensee(ports, state, terms, signer));
    ceiling->commercial = TRY(raised(ceiling->commercial, terms.commercial_rev_ceiling, "commercialRevCeiling"));
    ceiling->derivative = TRY(raised(ceiling->derivative, terms.derivative_rev_ceiling, "derivativeRevCeiling"));
    ++ceiling->licences;
    store(state, *ceiling);
    burn_licence(context, licence);
    emit(context, "ceiling_raised",
         {{"ceiling", event_text(ceiling->licence)},
          {"licence", event_text(licence.id)},
          {"amount", event_text(ceiling->lowest().amount)}});
    return {};
}

} // namespace assay::chain::registry
