#include "chain/modules/registry/indexes.h"

#include "base/assert.h"

namespace assay::chain::registry {
namespace {

constexpr std::uint8_t kPresent = 1; ///< value of an index entry that says all in its key

void mark(StateWriter& state, ByteView key) { state.put(ModuleId::registry, key, {&kPresent, 1}); }

StateKey party_key(const Address& party, std::uint64_t order) {
    return StateKey(kOrdersByParty).add(party.bytes).add_u64(order);
}

} // namespace

std::optional<AssetRecord> load_asset_record(const StateReader& state, const Digest& asset) {
    const auto bytes = state.get(ModuleId::registry, AssetRecord::key_of(asset));
    if (!bytes) return std::nullopt;
    auto record = record_from_canonical(*bytes);
    ASSAY_ASSERT(record.has_value());
    return std::move(*record);
}

Digest terms_id(const LicenceTerms& terms) { return crypto::sha256(encode_record(terms)); }

std::optional<LicenceTerms> load_terms(const StateReader& state, const Digest& terms) {
    const auto bytes = state.get(ModuleId::registry, terms_key(terms));
    return bytes ? std::optional(decode_record<LicenceTerms>(*bytes)) : std::nullopt;
}

std::optional<Digest> content_key(std::string_view cid) {
    const auto parsed = codec::Cid::parse(cid);
    return parsed ? std::optional(crypto::sha256(parsed->to_bytes())) : std::nullopt;
}

void index_asset(StateWriter& state, const AssetRecord& record, const AssetState& asset) {
    state.put(ModuleId::registry, StateKey(kAssetsBySequence).add_u64(asset.sequence), asset.asset);
    mark(state, owner_key(asset.owner, asset.asset));
    if (const auto content = content_key(record.content))
        mark(state, StateKey(kAssetsByContent).add(*content).add(asset.asset));
    for (const ParentLink& parent : record.parents) mark(state, StateKey(kChildren).add(parent.asset).add(asset.asset));
    if (record.previous != Digest{}) mark(state, StateKey(kChildren).add(record.previous).add(asset.asset));
}

void index_licence(StateWriter& state, const Licence& licence) { mark(state, holder_key(licence.holder, licence.id)); }

void index_listing(StateWriter& state, const Listing& listing) {
    mark(state, StateKey(kListingsByAsset).add(listing.asset).add_u64(listing.id));
    if (listing.open) mark(state, deadline_key(listing.expiry, DeadlineKind::listing, listing.id));
}

void index_order(StateWriter& state, const Order& order) {
    mark(state, party_key(order.buyer, order.id));
    mark(state, party_key(order.seller, order.id));
    if (!order.settled()) mark(state, deadline_key(order.deadline, DeadlineKind::order, order.id));
}

void index_quote(StateWriter& state, const Quote& quote) {
    mark(state, deadline_key(quote.valid_until, DeadlineKind::quote, quote.id));
}

} // namespace assay::chain::registry
