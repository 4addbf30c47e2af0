#pragma once
/// The registry's rules: one apply() for each message, and the steps that several of them share.
/// Internal to the room. Thread-safe; committed class. Errors are refusals that name what is wrong; the caller drops changes.
#include "chain/modules/registry/indexes.h"
#include "chain/modules/registry/market_messages.h"
#include "chain/modules/registry/messages.h"
#include "chain/modules/registry/registry_module.h"
#include "chain/modules/registry/royalty_graph.h"
#include "chain/modules/registry/royalty_state.h"

namespace assay::chain::registry {

using Ports = RegistryModule::Ports;

// Records (assets.cpp, registration.cpp)
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RegisterAsset& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const TransferAsset& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const SetAssetStatus& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const Attest& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RevokeAttestation& message);
// Licences (terms.cpp, licences.cpp)
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RegisterTerms& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const AttachTerms& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const DetachTerms& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const SetAllowList& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const ApproveDerivative& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const MintLicence& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const TransferLicence& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const BurnLicence& message);
// Money (ceilings.cpp, royalties.cpp, vaults.cpp)
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RaiseCeiling& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const OpenToken& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const PayRoyalty& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const CollectRoyalty& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const ClaimRevenue& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const TransferUnits& message);
// Market (listings.cpp, orders.cpp)
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const CreateListing& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const CloseListing& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RequestQuote& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const OfferQuote& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const AcceptQuote& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const DeliverOrder& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const ConfirmOrder& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const DisputeOrder& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const ResolveOrder& message);
Result<void> apply(const Ports& ports, Context& context, const Address& signer, const CommitUsage& message);

/// Market deadlines that this block reached, at most RegistryParams::deadlines_per_block_max of them.
void pass_deadlines(const Ports& ports, Context& context);

/// Where vaults' and ancestors' money lies.
const Address& registry_account();

void emit(Context& context, std::string_view type,
          std::initializer_list<std::pair<std::string_view, std::string>> attributes);
std::unexpected<Error> refuse(std::string message);

/// Errors: not_found, naming it.
Result<AssetState> require_asset(const StateReader& state, const Digest& asset);
/// Errors: as above; invalid_argument (another owner, named).
Result<AssetState> require_owned(const StateReader& state, const Digest& asset, const Address& signer);
Result<LicenceTerms> require_terms(const StateReader& state, const Digest& terms);
Result<Licence> require_licence(const StateReader& state, std::uint64_t id);

/// active, deprecated, disputed or expired.
std::string_view status_at(const AssetState& asset, std::int64_t time_ms);
/// Errors: invalid_argument (expired, disputed, bound by a non-commercial licence, vault not open for the token, a token that
/// its revenue ceilings do not count in).
Result<void> check_can_receive(const StateReader& state, const AssetState& asset, const Address& token,
                               std::int64_t time_ms);

/// Whether `asset` may offer `terms`, given what it was made under. Errors: invalid_argument.
Result<void> check_offer(const AssetState& asset, const Digest& id, const LicenceTerms& terms);
/// Errors: resource_exhausted (tokens).
Result<void> open_vault(AssetState& asset, const Address& token);
/// Writes the offer and opens the vault for the terms' currency. Errors: as check_offer, check_ceiling_currency and open_vault.
Result<void> attach_terms(Context& context, AssetState& asset, const Digest& id, const LicenceTerms& terms);
/// Errors: invalid_argument (not attached).
Result<Offer> require_offer(const StateReader& state, const Digest& asset, const Digest& terms);
/// The terms' commercializer check. Errors: invalid_argument.
Result<void> check_licensee(const Ports& ports, const StateReader& state, const LicenceTerms& terms,
                            const Address& licensee);
std::vector<std::uint64_t> mint_licences(Context& context, Offer offer, const LicenceTerms& terms, const Address& to,
                                         std::uint32_t count, std::uint64_t order);
void burn_licence(Context& context, const Licence& licence);

/// Held by `signer` and not locked. Errors: invalid_argument, naming it.
Result<void> check_free(const Licence& licence, const Address& signer);
/// Errors: invalid_argument, naming it.
Result<void> check_unexpired(const Licence& licence, std::int64_t time_ms);

/// A licence that a work is made with, and its terms.
struct UsedLicence {
    Licence licence;
    LicenceTerms terms;
};
/// Puts `asset` under the ceilings of the licences it is made with and of the works it comes from (`edges`), and opens its
/// vault for their currency. Errors: invalid_argument (two currencies), resource_exhausted (kCeilingsMax, tokens).
Result<void> set_ceilings(Context& context, AssetState& asset, const std::vector<EdgeWithShares>& edges,
                          const std::vector<UsedLicence>& licences);
/// Errors: invalid_argument (a token other than the ceilings' currency).
Result<void> check_ceiling_currency(const StateReader& state, const AssetState& asset, const Address& token);
/// Counts a payment. Errors: invalid_argument, naming the ceiling that it would pass.
Result<void> count_revenue(StateWriter& state, const AssetState& asset, Amount amount);

/// Takes `amount` from `payer` as revenue of the asset. Errors: check_can_receive's, count_revenue's, bank's, a total above
/// its limit.
Result<Split> pay_asset(const Ports& ports, Context& context, const Address& payer, const Digest& asset,
                        const Address& token, Amount amount);
/// What `ancestor` may take of the account now, by policy.
struct Due {
    Amount lap;
    Amount lrp;
};
Due due_to(const AssetState& asset, const AncestorShare& share, const RevenueAccount& account,
           const Collected& collected);
/// Moves units and reckons both sides' earnings up to now. Errors: invalid_argument (not that many).
Result<void> move_units(Context& context, const AssetState& asset, const Address& from, const Address& to,
                        std::uint32_t units);
/// Everything `holder` has earned and not been paid, in 10^-8 of the token's unit.
Amount owed_fine(const StateReader& state, const Digest& asset, const Address& holder, const Address& token);

/// Sends `refund` of the order's escrow back and releases the rest as revenue of the asset. A full refund takes the
/// licences back; otherwise the buyer keeps them, unlocked. Errors: the asset cannot receive, bank's.
Result<void> settle_order(const Ports& ports, Context& context, Order order, Amount refund);

} // namespace assay::chain::registry
