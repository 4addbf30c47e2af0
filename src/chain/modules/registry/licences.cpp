/// Licence tokens: minted for a fee or by a sale, handed on where the terms let them, used up by derivatives.
#include "chain/modules/registry/keeper.h"

#include "base/assert.h"
#include "chain/modules/events.h"

namespace assay::chain::registry {
namespace {

constexpr std::uint32_t kMintMax = 64;

std::uint64_t expiry_of(const LicenceTerms& terms, std::int64_t now_ms) {
    return terms.expiration_s == 0 ? 0 : static_cast<std::uint64_t>(now_ms) + terms.expiration_s * 1'000;
}

Result<Amount> minting_fee(const AssetState& asset, const LicenceTerms& terms, const MintLicence& message,
                           const Address& signer) {
    if (asset.owner == signer) return Amount{};
    const auto fee = multiply_divide(terms.default_minting_fee, message.count, 1);
    if (!fee) return refuse("the minting fee does not fit 128 bits");
    if (*fee > message.fee_max)
        return refuse("the minting fee is " + to_string(*fee) + ", above fee_max " + to_string(message.fee_max));
    return *fee;
}

} // namespace

Result<void> check_free(const Licence& licence, const Address& signer) {
    const std::string name = "licence " + std::to_string(licence.id);
    if (licence.holder != signer) return refuse(name + " is held by " + crypto::to_string(licence.holder));
    if (licence.order != 0) return refuse(name + " is locked by order " + std::to_string(licence.order));
    return {};
}

Result<void> check_unexpired(const Licence& licence, std::int64_t time_ms) {
    if (licence.expires_ms != 0 && std::cmp_greater_equal(time_ms, licence.expires_ms))
        return refuse("licence " + std::to_string(licence.id) + " has expired");
    return {};
}

std::vector<std::uint64_t> mint_licences(Context& context, Offer offer, const LicenceTerms& terms, const Address& to,
                                         std::uint32_t count, std::uint64_t order) {
    StateWriter& state = context.state();
    Counters counters = load<Counters>(state).value_or(Counters{});
    std::vector<std::uint64_t> ids;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Licence licence{.id = ++counters.licences,
                              .asset = offer.asset,
                              .terms = offer.terms,
                              .holder = to,
                              .height = context.block().height,
                              .expires_ms = expiry_of(terms, context.block().time_ms),
                              .transferable = terms.transferable,
                              .order = order};
        store(state, licence);
        index_licence(state, licence);
        ids.push_back(licence.id);
        emit(context, "licence_minted",
             {{"licence", event_text(licence.id)},
              {"asset", event_text(offer.asset)},
              {"terms", event_text(offer.terms)},
              {"to", event_text(to)}});
    }
    store(state, counters);
    offer.minted += count;
    store(state, offer);
    return ids;
}

void burn_licence(Context& context, const Licence& licence) {
    StateWriter& state = context.state();
    auto offer = load<Offer>(state, licence.asset, licence.terms);
    ASSAY_ASSERT(offer.has_value() && offer->burned < offer->minted);
    ++offer->burned;
    store(state, *offer);
    erase(state, licence);
    state.erase(ModuleId::registry, holder_key(licence.holder, licence.id));
    emit(context, "licence_burned", {{"licence", event_text(licence.id)}, {"holder", event_text(licence.holder)}});
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const MintLicence& message) {
    const StateReader& state = context.state();
    if (message.count == 0 || message.count > kMintMax) return refuse("count: outside 1 … " + std::to_string(kMintMax));
    if (message.to == Address{}) return refuse("to: zero");
    const AssetState asset = TRY(require_asset(state, message.asset));
    const std::string_view status = status_at(asset, context.block().time_ms);
    if (status != kStatusActive)
        return refuse("asset " + event_text(message.asset) + " is " + std::string(status) + ": no new licences");
    const Offer offer = TRY(require_offer(state, message.asset, message.terms));
    const LicenceTerms terms = TRY(require_terms(state, message.terms));
    TRY_VOID(check_licensee(ports, state, terms, message.to));
    const Amount fee = TRY(minting_fee(asset, terms, message, signer));
    if (!fee.is_zero()) TRY_VOID(pay_asset(ports, context, signer, message.asset, terms.currency, fee));
    mint_licences(context, offer, terms, message.to, message.count, 0);
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const TransferLicence& message) {
    StateWriter& state = context.state();
    Licence licence = TRY(require_licence(state, message.licence));
    TRY_VOID(check_free(licence, signer));
    if (!licence.transferable)
        return refuse("licence " + std::to_string(licence.id) +
                      " is bound to its holder: its terms let nobody transfer it");
    if (message.to == Address{} || message.to == signer) return refuse("to: zero or the holder itself");
    const LicenceTerms terms = TRY(require_terms(state, licence.terms));
    TRY_VOID(check_licensee(ports, state, terms, message.to));
    state.erase(ModuleId::registry, holder_key(licence.holder, licence.id));
    licence.holder = message.to;
    store(state, licence);
    index_licence(state, licence);
    emit(context, "licence_transferred",
         {{"licence", event_text(licence.id)}, {"from", event_text(signer)}, {"to", event_text(message.to)}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const BurnLicence& message) {
    const Licence licence = TRY(require_licence(context.state(), message.licence));
    TRY_VOID(check_free(licence, signer));
    burn_licence(context, licence);
    return {};
}

} // namespace assay::chain::registry
