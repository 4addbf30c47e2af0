#include "chain/modules/registry/audit.h"

#include "chain/modules/registry/indexes.h"

#include "base/assert.h"

#include <array>

namespace assay::chain {
namespace registry {
namespace {

constexpr std::array<std::uint8_t, 8> kIndexes = {kDeadlineCollection, kAssetsBySequence, kAssetsByOwner,
                                                  kAssetsByContent,    kChildren,         kLicencesByHolder,
                                                  kOrdersByParty,      kListingsByAsset};

/// The indexes that the records call for.
Result<MemoryState> rebuilt(const StateReader& state) {
    MemoryState indexes;
    TRY_VOID(for_each_record<AssetState>(state, [&](const AssetState& asset) -> Result<void> {
        const auto record = load_asset_record(state, asset.asset);
        if (!record) return broken("asset state without a record, number " + std::to_string(asset.sequence));
        index_asset(indexes, *record, asset);
        return {};
    }));
    const auto keep = [&](auto index) {
        return [&indexes, index](const auto& record) -> Result<void> {
            index(indexes, record);
            return {};
        };
    };
    TRY_VOID(for_each_record<Licence>(state, keep(index_licence)));
    TRY_VOID(for_each_record<Listing>(state, keep(index_listing)));
    TRY_VOID(for_each_record<Quote>(state, keep(index_quote)));
    TRY_VOID(for_each_record<Order>(state, keep(index_order)));
    return indexes;
}

} // namespace

std::unexpected<Error> broken(const std::string& what) { return fail(ErrorCode::internal, "registry: " + what); }

Result<void> audit_indexes(const StateReader& state) {
    const MemoryState expected = TRY(rebuilt(state));
    MemoryState found;
    for (const std::uint8_t collection : kIndexes)
        scan_prefix(state, ModuleId::registry, StateKey(collection), [&](ByteView key, ByteView value) {
            found.put(ModuleId::registry, key, value);
            return true;
        });
    const auto& wanted = expected.entries(ModuleId::registry);
    const auto& kept = found.entries(ModuleId::registry);
    for (const auto& [key, value] : wanted)
        if (!kept.contains(key)) return broken("index entry " + to_hex(key) + " is missing");
    for (const auto& [key, value] : kept) {
        const auto it = wanted.find(key);
        if (it == wanted.end()) return broken("index entry " + to_hex(key) + " belongs to no record");
        if (it->second != value)
            return broken("index entry " + to_hex(key) + " is " + to_hex(value) + ", not " + to_hex(it->second));
    }
    return {};
}

Result<void> audit_records(const StateReader& state) {
    TRY_VOID(audit_assets(state));
    TRY_VOID(audit_licences(state));
    TRY_VOID(audit_orders(state));
    TRY_VOID(audit_money(state));
    TRY_VOID(audit_ceilings(state));
    return audit_indexes(state);
}

} // namespace registry

Result<void> RegistryModule::check_invariants(const StateReader& state, const WalkAll&) const {
    TRY_VOID(registry::audit_records(state));
    TRY_VOID(registry::audit_balances(ports_, state));
    return registry::audit_escrows(ports_, state);
}

} // namespace assay::chain
