#include "chain/modules/registry/indexes.h"
#include "chain/modules/registry/licence_state.h"
#include "chain/modules/registry/market_messages.h"
#include "chain/modules/registry/market_state.h"
#include "chain/modules/registry/messages.h"
#include "chain/modules/registry/royalty_state.h"
#include "chain/modules/registry/state.h"
#include "chain/modules/registry/messages.h"
#include "crypto/content_id.h"
#include "registry_picks.h"

namespace assay::sim {
namespace {

using namespace chain;
using namespace chain::registry;

constexpr std::uint64_t kRare = 20; ///< percent of the occasions that are taken to end what others need

std::string new_content(World& world) {
    const std::string text = "content " + std::to_string(++world.serial);
    return crypto::content_id(codec::kCodecRaw, as_byte_view(text)).to_string();
}

/// One that works may be made from, of a few tries.
std::optional<Licence> free_licence(World& world, const Address* holder) {
    for (int tries = 0; tries < 40; ++tries) {
        const auto [key, value] = world.pick_recent(ModuleId::registry, Licence::kCollection, 300);
        if (key.empty()) return std::nullopt;
        auto licence = decode_record<Licence>(value);
        if (licence.order == 0 && (holder == nullptr || licence.holder == *holder)) return licence;
    }
    return std::nullopt;
}

std::optional<Operation> register_asset(World& world) {
    RegisterAsset message;
    message.kind = std::string(kAssetKinds[world.random.below(kAssetKinds.size())]);
    message.content = world.random.percent(4) ? "no CID" : new_content(world);
    message.size_bytes = world.random.below(1'000'000);
    std::size_t signer = world.anyone();
    if (world.random.percent(70)) {
        const auto first = free_licence(world, nullptr);
        if (first) {
            signer = world.signer_for(first->holder);
            message.parents.push_back({first->asset, "derived_from", first->id, 10'000});
            while (world.random.percent(30) && message.parents.size() < 4) {
                const auto next = free_licence(world, &first->holder);
                if (!next) break;
                message.parents.push_back({next->asset, "trained_on", next->id, 10'000});
            }
        }
    } else if (world.random.percent(30)) {
        if (const auto before = any_asset(world)) {
            signer = world.signer_for(before->owner);
            message.previous = before->asset;
            if (const auto record = load_asset_record(world.state, before->asset)) message.kind = record->kind;
        }
    } else if (world.random.percent(30)) {
        if (const auto cited = any_asset(world)) message.parents.push_back({cited->asset, "cites", 0, 0});
    }
    if (world.random.percent(40) && message.parents.empty()) message.terms = any_terms(world).value_or(Digest{});
    return operation(signer, std::move(message));
}

std::optional<Operation> transfer_asset(World& world) {
    if (!world.random.percent(kRare)) return std::nullopt;
    const auto asset = any_asset(world);
    if (!asset) return std::nullopt;
    return operation(world.signer_for(asset->owner),
                     TransferAsset{asset->asset, world.any_address(), world.random.percent(50)});
}

/// The first account is the arbiter that genesis names.
std::optional<Operation> set_asset_status(World& world) {
    if (!world.random.percent(kRare)) return std::nullopt;
    const auto asset = any_asset(world);
    if (!asset) return std::nullopt;
    if (asset->status == kStatusDisputed || world.random.percent(15)) {
        const bool lift = asset->status == kStatusDisputed;
        return operation(world.signer_for(world.addresses[0]),
                         SetAssetStatus{asset->asset, lift ? "active" : "disputed", "a reason"});
    }
    const bool active = asset->status == kStatusActive;
    return operation(world.signer_for(asset->owner),
                     SetAssetStatus{asset->asset, active ? "deprecated" : "active", ""});
}

std::optional<Operation> attest(World& world) {
    const auto asset = any_asset(world);
    if (!asset) return std::nullopt;
    const char* kind = world.random.percent(4) ? "" : world.random.percent(50) ? "evaluation" : "licence_review";
    return operation(world.anyone(), Attest{asset->asset, kind, world.random.digest(), "https://example.org/a"});
}

std::optional<Operation> revoke_attestation(World& world) {
    const auto found = world.record<Attestation>(ModuleId::registry, Attestation::kCollection);
    if (!found) return std::nullopt;
    return operation(world.signer_for(found->issuer), RevokeAttestation{found->asset, found->kind});
}

std::optional<Operation> register_terms(World& world) {
    LicenceTerms terms;
    terms.transferable = world.random.percent(70);
    terms.derivatives_allowed = world.random.percent(90);
    terms.derivatives_approval = terms.derivatives_allowed && world.random.percent(10);
    terms.derivatives_reciprocal = terms.derivatives_allowed && world.random.percent(10);
    if (world.random.percent(20)) terms.expiration_s = world.random.between(30, 3'000);
    if (world.random.percent(90)) {
        terms.commercial_use = true;
        terms.royalty_policy = world.random.percent(50) ? kPolicyAbsolute : kPolicyRelative;
        terms.default_minting_fee = Amount(world.random.below(1'000'000));
        terms.commercial_rev_share = static_cast<std::uint32_t>(world.random.below(15'000'000));
        terms.currency = kNativeToken;
        if (world.random.percent(40)) terms.commercial_rev_ceiling = Amount(world.random.between(1, 40'000'000));
        if (terms.derivatives_allowed && world.random.percent(20))
            terms.derivative_rev_ceiling = Amount(world.random.between(1, 40'000'000));
        if (world.random.percent(10)) {
            terms.commercializer_checker = kCheckerAllowList;
            const Address& manager = world.addresses[world.random.below(4)];
            terms.commercializer_checker_data.assign(manager.bytes.begin(), manager.bytes.end());
            terms.commercializer_checker_data.push_back('l');
        }
    }
    if (world.random.percent(6)) terms.royalty_policy = "LXP";
    return operation(world.anyone(), RegisterTerms{terms});
}

std::optional<Operation> attach_terms(World& world) {
    const auto asset = any_asset(world);
    const auto terms = any_terms(world);
    if (!asset || !terms) return std::nullopt;
    return operation(world.signer_for(asset->owner), AttachTerms{asset->asset, *terms});
}

std::optional<Operation> detach_terms(World& world) {
    if (!world.random.percent(kRare)) return std::nullopt;
    const auto offer = any_offer(world);
    if (!offer || (world.random.percent(60) && !offer->attached)) return std::nullopt;
    return operation(owner_of(world, offer->asset), DetachTerms{offer->asset, offer->terms});
}

std::optional<Operation> set_allow_list(World& world) {
    SetAllowList message{"l", {world.any_address()}, world.random.percent(70)};
    if (world.random.percent(10)) message.list.clear();
    return operation(world.random.below(4), std::move(message));
}

std::optional<Operation> approve_derivative(World& world) {
    const auto parent = any_asset(world);
    if (!parent) return std::nullopt;
    return operation(world.signer_for(parent->owner),
                     ApproveDerivative{parent->asset, world.random.digest(), world.random.percent(90)});
}

std::optional<Operation> mint_licence(World& world) {
    const auto offer = any_offer(world);
    if (!offer) return std::nullopt;
    const bool by_owner = world.random.percent(50);
    return operation(by_owner ? owner_of(world, offer->asset) : world.anyone(),
                     MintLicence{offer->asset, offer->terms, world.any_address(),
                                 static_cast<std::uint32_t>(world.random.between(1, 3)), Amount(3'000'000)});
}

std::optional<Operation> transfer_licence(World& world) {
    const auto licence = free_licence(world, nullptr);
    if (!licence) return std::nullopt;
    return operation(world.signer_for(licence->holder), TransferLicence{licence->id, world.any_address()});
}

std::optional<Operation> burn_licence(World& world) {
    const auto licence = free_licence(world, nullptr);
    if (!licence) return std::nullopt;
    return operation(world.signer_for(licence->holder), BurnLicence{licence->id});
}

/// A licence of which another one was used up for a ceiling, and that ceiling.
std::optional<Operation> raise_ceiling(World& world) {
    for (int tries = 0; tries < 24; ++tries) {
        const auto ceiling = world.record<RevenueCeiling>(ModuleId::registry, RevenueCeiling::kCollection);
        const auto licence = free_licence(world, nullptr);
        if (!ceiling || !licence) return std::nullopt;
        const auto wanted = load_terms(world.state, licence->terms);
        if (wanted->commercial_rev_ceiling.is_zero() && wanted->derivative_rev_ceiling.is_zero()) continue;
        std::uint64_t number = ceiling->licence; // mostly of another licence: refused
        scan_prefix(world.state, ModuleId::registry, StateKey(RevenueCeiling::kCollection),
                    [&](ByteView, ByteView value) {
                        const auto found = decode_record<RevenueCeiling>(value);
                        if (found.asset != licence->asset || found.terms != licence->terms) return true;
                        number = found.licence;
                        return false;
                    });
        return operation(world.signer_for(licence->holder), RaiseCeiling{number, licence->id});
    }
    return std::nullopt;
}

} // namespace

void add_registry_operations(std::vector<OperationKind>& kinds) {
    kinds.insert(kinds.end(), {{"registry/register_asset", register_asset},
                               {"registry/transfer_asset", transfer_asset},
                               {"registry/set_asset_status", set_asset_status},
                               {"registry/attest", attest},
                               {"registry/revoke_attestation", revoke_attestation},
                               {"registry/register_terms", register_terms},
                               {"registry/attach_terms", attach_terms},
                               {"registry/detach_terms", detach_terms},
                               {"registry/set_allow_list", set_allow_list},
                               {"registry/approve_derivative", approve_derivative},
                               {"registry/mint_licence", mint_licence},
                               {"registry/transfer_licence", transfer_licence},
                               {"registry/burn_licence", burn_licence},
                               {"registry/raise_ceiling", raise_ceiling}});
}

} // namespace assay::sim
