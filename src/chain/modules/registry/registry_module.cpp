#include "chain/modules/registry/registry_module.h"

#include "chain/modules/registry/keeper.h"

namespace assay::chain {
namespace {

using namespace registry;

template <class M>
void add(MessageRegistry& messages, const RegistryModule::Ports& ports, std::uint64_t gas) {
    messages.add<M>(gas, [&ports](Context& context, const Address& signer, const M& message) {
        return apply(ports, context, signer, message);
    });
}

Result<void> in_range(std::string_view name, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
    if (value >= least && value <= most) return {};
    return fail(ErrorCode::invalid_argument,
                std::string(name) + ": outside " + std::to_string(least) + " … " + std::to_string(most));
}

constexpr std::uint64_t kBlocksMax = 100'000'000;

} // namespace

Result<void> RegistryParams::validate() const {
    TRY_VOID(in_range("protocol_fee", protocol_fee, 0, kWhole / 5));
    TRY_VOID(in_range("quote_blocks", quote_blocks, 1, kBlocksMax));
    TRY_VOID(in_range("delivery_blocks_max", delivery_blocks_max, 1, kBlocksMax));
    TRY_VOID(in_range("dispute_blocks_min", dispute_blocks_min, 1, kBlocksMax));
    TRY_VOID(in_range("dispute_blocks_max", dispute_blocks_max, dispute_blocks_min, kBlocksMax));
    TRY_VOID(in_range("arbitration_blocks", arbitration_blocks, 1, kBlocksMax));
    return in_range("deadlines_per_block_max", deadlines_per_block_max, 1, 10'000);
}

/// Checks and hashes alone: reading and writing state is charged by itself.
void RegistryModule::register_messages(MessageRegistry& messages) const {
    add<RegisterAsset>(messages, ports_, 30'000);
    add<TransferAsset>(messages, ports_, 3'000);
    add<SetAssetStatus>(messages, ports_, 3'000);
    add<Attest>(messages, ports_, 3'000);
    add<RevokeAttestation>(messages, ports_, 3'000);
    add<RegisterTerms>(messages, ports_, 5'000);
    add<AttachTerms>(messages, ports_, 5'000);
    add<DetachTerms>(messages, ports_, 3'000);
    add<SetAllowList>(messages, ports_, 3'000);
    add<ApproveDerivative>(messages, ports_, 3'000);
    add<MintLicence>(messages, ports_, 5'000);
    add<TransferLicence>(messages, ports_, 3'000);
    add<BurnLicence>(messages, ports_, 3'000);
    add<RaiseCeiling>(messages, ports_, 5'000);
    add<OpenToken>(messages, ports_, 3'000);
    add<PayRoyalty>(messages, ports_, 5'000);
    add<CollectRoyalty>(messages, ports_, 5'000);
    add<ClaimRevenue>(messages, ports_, 5'000);
    add<TransferUnits>(messages, ports_, 5'000);
    add<CreateListing>(messages, ports_, 3'000);
    add<CloseListing>(messages, ports_, 3'000);
    add<RequestQuote>(messages, ports_, 3'000);
    add<OfferQuote>(messages, ports_, 3'000);
    add<AcceptQuote>(messages, ports_, 5'000);
    add<DeliverOrder>(messages, ports_, 5'000);
    add<ConfirmOrder>(messages, ports_, 5'000);
    add<DisputeOrder>(messages, ports_, 3'000);
    add<ResolveOrder>(messages, ports_, 5'000);
    add<CommitUsage>(messages, ports_, 3'000);
}

void RegistryModule::end_block(Context& context, std::vector<ValidatorUpdate>&) const {
    pass_deadlines(ports_, context);
}

} // namespace assay::chain
