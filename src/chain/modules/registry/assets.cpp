/// What can happen to a registered asset: a new owner, another status, attestations.
#include "chain/modules/registry/keeper.h"

#include "chain/modules/events.h"

namespace assay::chain::registry {
namespace {

constexpr std::size_t kKindBytesMax = 64;
constexpr std::size_t kReasonBytesMax = 256;

Result<void> check_kind(const std::string& kind) {
    if (kind.empty() || kind.size() > kKindBytesMax)
        return refuse("kind: empty or longer than " + std::to_string(kKindBytesMax) + " bytes");
    return {};
}

bool is_arbiter(const Ports& ports, const StateReader& state, const Address& signer) {
    const Address arbiter = ports.params.get<RegistryParams>(state).arbiter;
    return arbiter != Address{} && signer == arbiter;
}

/// Disputes are for the arbiter to open and to close; the rest is the owner's.
Result<void> check_status_change(const Ports& ports, const StateReader& state, const Address& signer,
                                 const AssetState& asset, const std::string& status) {
    if (status != kStatusActive && status != kStatusDeprecated && status != kStatusDisputed)
        return refuse("status '" + status + "' is none of active, deprecated, disputed");
    if (status == asset.status) return refuse("the asset is " + status + " already");
    if (status == kStatusDisputed || asset.status == kStatusDisputed) {
        if (!is_arbiter(ports, state, signer)) return refuse("only the arbiter decides on disputes");
        return {};
    }
    if (asset.owner != signer) return refuse("the asset belongs to " + crypto::to_string(asset.owner));
    return {};
}

} // namespace

Result<void> apply(const Ports&, Context& context, const Address& signer, const TransferAsset& message) {
    StateWriter& state = context.state();
    AssetState asset = TRY(require_owned(state, message.asset, signer));
    if (message.to == Address{} || message.to == signer) return refuse("to: zero or the owner itself");
    if (message.with_units) {
        const auto held = load<Holding>(state, message.asset, signer);
        if (held) TRY_VOID(move_units(context, asset, signer, message.to, held->units));
    }
    state.erase(ModuleId::registry, owner_key(asset.owner, asset.asset));
    asset.owner = message.to;
    store(state, asset);
    const std::uint8_t present = 1;
    state.put(ModuleId::registry, owner_key(asset.owner, asset.asset), {&present, 1});
    emit(context, "asset_transferred",
         {{"asset", event_text(message.asset)}, {"from", event_text(signer)}, {"to", event_text(message.to)}});
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const SetAssetStatus& message) {
    AssetState asset = TRY(require_asset(context.state(), message.asset));
    if (message.reason.size() > kReasonBytesMax)
        return refuse("reason: longer than " + std::to_string(kReasonBytesMax) + " bytes");
    TRY_VOID(check_status_change(ports, context.state(), signer, asset, message.status));
    asset.status = message.status;
    store(context.state(), asset);
    emit(context, "asset_status",
         {{"asset", event_text(message.asset)}, {"status", message.status}, {"reason", message.reason}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const Attest& message) {
    TRY_VOID(require_asset(context.state(), message.asset));
    TRY_VOID(check_kind(message.kind));
    if (message.uri.size() > kUriBytesMax) return refuse("uri: longer than " + std::to_string(kUriBytesMax) + " bytes");
    store(context.state(), Attestation{.asset = message.asset,
                                       .issuer = signer,
                                       .kind = message.kind,
                                       .hash = message.hash,
                                       .uri = message.uri,
                                       .height = context.block().height});
    emit(context, "attested",
         {{"asset", event_text(message.asset)},
          {"issuer", event_text(signer)},
          {"kind", message.kind},
          {"hash", event_text(message.hash)}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const RevokeAttestation& message) {
    TRY_VOID(check_kind(message.kind));
    const auto attestation = load<Attestation>(context.state(), message.asset, signer, message.kind);
    if (!attestation)
        return fail(ErrorCode::not_found, "no attestation '" + message.kind + "' of asset " +
                                              event_text(message.asset) + " by " + crypto::to_string(signer));
    erase(context.state(), *attestation);
    emit(context, "attestation_revoked",
         {{"asset", event_text(message.asset)}, {"issuer", event_text(signer)}, {"kind", message.kind}});
    return {};
}

} // namespace assay::chain::registry
