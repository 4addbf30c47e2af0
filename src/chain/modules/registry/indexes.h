#pragma once
/// Ways to find records. Derived from them, written with them, and rebuilt from them by genesis; deadlines too. Committed class.
#include "chain/modules/registry/licence_state.h"
#include "chain/modules/registry/market_state.h"

namespace assay::chain::registry {

inline constexpr std::uint8_t kAssetsBySequence = 0x40; ///< sequence → id
inline constexpr std::uint8_t kAssetsByOwner = 0x41; ///< owner ‖ id
inline constexpr std::uint8_t kAssetsByContent = 0x42; ///< SHA-256 of the CID's bytes ‖ id
inline constexpr std::uint8_t kChildren = 0x43; ///< parent ‖ child; versions and references too
inline constexpr std::uint8_t kLicencesByHolder = 0x44; ///< holder ‖ id
inline constexpr std::uint8_t kOrdersByParty = 0x45; ///< buyer or seller ‖ id
inline constexpr std::uint8_t kListingsByAsset = 0x46; ///< asset ‖ id

inline StateKey owner_key(const Address& owner, const Digest& asset) {
    return StateKey(kAssetsByOwner).add(owner.bytes).add(asset);
}
inline StateKey holder_key(const Address& holder, std::uint64_t licence) {
    return StateKey(kLicencesByHolder).add(holder.bytes).add_u64(licence);
}
/// The first part of a key in kAssetsByContent; nothing when `cid` is no CID.
std::optional<Digest> content_key(std::string_view cid);

void index_asset(StateWriter& state, const AssetRecord& record, const AssetState& asset);
void index_licence(StateWriter& state, const Licence& licence);
void index_quote(StateWriter& state, const Quote& quote);
void index_listing(StateWriter& state, const Listing& listing);
void index_order(StateWriter& state, const Order& order);

} // namespace assay::chain::registry
