/// Licence terms: their rules, who offers them, who may take them.
#include "chain/modules/registry/keeper.h"

#include "chain/modules/events.h"
#include "codec/utf8.h"

#include <algorithm>

namespace assay::chain::registry {
namespace {

constexpr std::size_t kListChangesMax = 256;
constexpr std::uint64_t kExpirationMaxS = std::uint64_t{1} << 40; ///< so that milliseconds since 1970 cannot overflow

constexpr std::size_t kAddressBytes = 20;
constexpr std::size_t kBalanceBytes = 16;

Address address_at(ByteView data) {
    Address address;
    std::ranges::copy(data.first(kAddressBytes), address.bytes.begin());
    return address;
}

Result<void> check_checker(const LicenceTerms& terms) {
    const std::size_t size = terms.commercializer_checker_data.size();
    if (size > kCheckerDataBytesMax)
        return refuse("commercializerCheckerData: longer than " + std::to_string(kCheckerDataBytesMax) + " bytes");
    if (terms.commercializer_checker.empty()) {
        if (size != 0) return refuse("commercializerCheckerData: given without a checker");
    } else if (terms.commercializer_checker == kCheckerAllowList) {
        if (size <= kAddressBytes || size > kAddressBytes + kListNameBytesMax)
            return refuse("commercializerCheckerData: allow_list takes its manager's address and the list's name");
        if (!codec::is_valid_utf8(as_string_view(ByteView(terms.commercializer_checker_data).subspan(kAddressBytes))))
            return refuse("commercializerCheckerData: the list's name is not UTF-8");
    } else if (terms.commercializer_checker == kCheckerTokenHolder) {
        if (size != kAddressBytes + kBalanceBytes)
            return refuse("commercializerCheckerData: token_holder takes a token's address and a balance of 16 bytes");
    } else {
        return refuse("commercializerChecker '" + terms.commercializer_checker +
                      "' is none of allow_list, token_holder");
    }
    return {};
}

Result<void> check_commercial(const LicenceTerms& terms) {
    const std::string_view policy = terms.royalty_policy;
    if (!policy.empty() && policy != kPolicyAbsolute && policy != kPolicyRelative)
        return refuse("royaltyPolicy '" + terms.royalty_policy + "' is none of LAP, LRP");
    if (policy.empty() != (terms.currency == Address{}))
        return refuse("currency: a royalty policy needs one, and nothing else does");
    if (terms.commercial_use) {
        if (policy.empty()) return refuse("royaltyPolicy: commercial use needs one");
        if (terms.commercial_rev_share > kWhole) return refuse("commercialRevShare: above 100 %");
        return check_checker(terms);
    }
    const auto zero = [](std::string_view field, bool is_zero) -> Result<void> {
        if (!is_zero) return refuse(std::string(field) + ": set although commercialUse is off");
        return {};
    };
    TRY_VOID(zero("royaltyPolicy", policy.empty()));
    TRY_VOID(zero("defaultMintingFee", terms.default_minting_fee.is_zero()));
    TRY_VOID(zero("commercialAttribution", !terms.commercial_attribution));
    TRY_VOID(zero("commercializerChecker", terms.commercializer_checker.empty()));
    TRY_VOID(zero("commercializerCheckerData", terms.commercializer_checker_data.empty()));
    TRY_VOID(zero("commercialRevShare", terms.commercial_rev_share == 0));
    TRY_VOID(zero("commercialRevCeiling", terms.commercial_rev_ceiling.is_zero()));
    TRY_VOID(zero("derivativeRevCeiling", terms.derivative_rev_ceiling.is_zero()));
    return {};
}

Result<void> check_derivatives(const LicenceTerms& terms) {
    if (terms.derivatives_allowed) return {};
    const auto off = [](std::string_view field, bool is_off) -> Result<void> {
        if (!is_off) return refuse(std::string(field) + ": set although derivativesAllowed is off");
        return {};
    };
    TRY_VOID(off("derivativesAttribution", !terms.derivatives_attribution));
    TRY_VOID(off("derivativesApproval", !terms.derivatives_approval));
    TRY_VOID(off("derivativesReciprocal", !terms.derivatives_reciprocal));
    TRY_VOID(off("derivativeRevCeiling", terms.derivative_rev_ceiling.is_zero()));
    return {};
}

Result<void> check_list_name(const std::string& list) {
    if (list.empty() || list.size() > kListNameBytesMax)
        return refuse("list: name is empty or longer than " + std::to_string(kListNameBytesMax) + " bytes");
    return {};
}

} // namespace

Result<void> check_terms(const LicenceTerms& terms) {
    if (terms.uri.size() > kUriBytesMax) return refuse("uri: longer than " + std::to_string(kUriBytesMax) + " bytes");
    if (terms.expiration_s > kExpirationMaxS) return refuse("expiration: above " + std::to_string(kExpirationMaxS));
    TRY_VOID(check_commercial(terms));
    return check_derivatives(terms);
}

Result<void> check_offer(const AssetState& asset, const Digest& id, const LicenceTerms& terms) {
    if (asset.bound == kBoundNonCommercial && terms.commercial_use)
        return refuse("terms allow commercial use, but the asset was made under a non-commercial licence");
    if (asset.bound_terms != Digest{} && asset.bound_terms != id)
        return refuse("the asset was made under reciprocal terms and may only offer these: " +
                      event_text(asset.bound_terms));
    return {};
}

Result<void> open_vault(AssetState& asset, const Address& token) {
    if (std::ranges::find(asset.tokens, token) != asset.tokens.end()) return {};
    if (asset.tokens.size() >= kTokensMax)
        return fail(ErrorCode::resource_exhausted,
                    "the vault is open for " + std::to_string(kTokensMax) + " tokens already");
    asset.tokens.push_back(token);
    return {};
}

Result<void> attach_terms(Context& context, AssetState& asset, const Digest& id, const LicenceTerms& terms) {
    TRY_VOID(check_offer(asset, id, terms));
    if (terms.currency != Address{}) {
        TRY_VOID(check_ceiling_currency(context.state(), asset, terms.currency));
        TRY_VOID(open_vault(asset, terms.currency));
    }
    Offer offer = load<Offer>(context.state(), asset.asset, id).value_or(Offer{.asset = asset.asset, .terms = id});
    offer.attached = true;
    store(context.state(), offer);
    emit(context, "terms_attached", {{"asset", event_text(asset.asset)}, {"terms", event_text(id)}});
    return {};
}

Result<Offer> require_offer(const StateReader& state, const Digest& asset, const Digest& terms) {
    auto offer = load<Offer>(state, asset, terms);
    if (!offer || !offer->attached)
        return refuse("asset " + event_text(asset) + " offers no licences under terms " + event_text(terms));
    return std::move(*offer);
}

Result<void> check_licensee(const Ports& ports, const StateReader& state, const LicenceTerms& terms,
                            const Address& licensee) {
    const ByteView data = terms.commercializer_checker_data;
    if (terms.commercializer_checker == kCheckerAllowList) {
        const std::string_view list = as_string_view(data.subspan(kAddressBytes));
        if (!load<AllowListMember>(state, address_at(data), list, licensee))
            return refuse(crypto::to_string(licensee) + " is not on the allow list '" + std::string(list) + "'");
    } else if (terms.commercializer_checker == kCheckerTokenHolder) {
        Uint128 least = 0;
        for (const std::uint8_t byte : data.subspan(kAddressBytes)) least = least << 8 | byte;
        const Amount held = ports.bank.balance(state, licensee, address_at(data));
        if (held < Amount(least))
            return refuse(crypto::to_string(licensee) + " holds " + to_string(held) + " of token " +
                          crypto::to_string(address_at(data)) + ", less than " + to_string(Amount(least)));
    }
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address&, const RegisterTerms& message) {
    TRY_VOID(check_terms(message.terms));
    if (message.terms.currency != Address{} && !ports.bank.token_exists(context.state(), message.terms.currency))
        return refuse("currency: no token " + crypto::to_string(message.terms.currency));
    const Digest id = terms_id(message.terms);
    if (!load_terms(context.state(), id))
        context.state().put(ModuleId::registry, terms_key(id), encode_record(message.terms));
    emit(context, "terms_registered", {{"terms", event_text(id)}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const AttachTerms& message) {
    AssetState asset = TRY(require_owned(context.state(), message.asset, signer));
    const LicenceTerms terms = TRY(require_terms(context.state(), message.terms));
    TRY_VOID(attach_terms(context, asset, message.terms, terms));
    store(context.state(), asset);
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const DetachTerms& message) {
    TRY_VOID(require_owned(context.state(), message.asset, signer));
    Offer offer = TRY(require_offer(context.state(), message.asset, message.terms));
    offer.attached = false;
    store(context.state(), offer);
    emit(context, "terms_detached", {{"asset", event_text(message.asset)}, {"terms", event_text(message.terms)}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const SetAllowList& message) {
    TRY_VOID(check_list_name(message.list));
    if (message.members.empty() || message.members.size() > kListChangesMax)
        return refuse("members: none, or more than " + std::to_string(kListChangesMax) + " at once");
    for (const Address& member : message.members) {
        const AllowListMember entry{.manager = signer, .list = message.list, .member = member};
        if (message.allowed) store(context.state(), entry);
        else erase(context.state(), entry);
    }
    emit(context, "allow_list",
         {{"manager", event_text(signer)},
          {"list", message.list},
          {"members", event_text(std::uint64_t{message.members.size()})},
          {"allowed", message.allowed ? "true" : "false"}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const ApproveDerivative& message) {
    TRY_VOID(require_owned(context.state(), message.parent, signer));
    const Approval approval{.parent = message.parent, .child = message.child};
    if (message.approved) store(context.state(), approval);
    else erase(context.state(), approval);
    emit(context, "derivative_approval",
         {{"parent", event_text(message.parent)},
          {"child", event_text(message.child)},
          {"approved", message.approved ? "true" : "false"}});
    return {};
}

} // namespace assay::chain::registry
