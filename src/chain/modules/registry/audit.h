#pragma once
/// What must hold of the registry's state. Internal to the room. Slow; thread-safe; committed class.
#include "chain/modules/registry/registry_module.h"

namespace assay::chain::registry {

/// Records, lineage, licences, units, revenue, orders and indexes among themselves.
/// Errors: internal, naming the invariant and both sides of it.
Result<void> audit_records(const StateReader& state);

Result<void> audit_assets(const StateReader& state);   // audit_assets.cpp
Result<void> audit_ceilings(const StateReader& state); // audit_ceilings.cpp
Result<void> audit_licences(const StateReader& state); // audit_market.cpp
Result<void> audit_orders(const StateReader& state);
Result<void> audit_money(const StateReader& state); // audit_money.cpp
Result<void> audit_indexes(const StateReader& state); // invariants.cpp

/// Against the other modules: money held for assets, escrows of orders.
Result<void> audit_balances(const RegistryModule::Ports& ports, const StateReader& state);
Result<void> audit_escrows(const RegistryModule::Ports& ports, const StateReader& state);

std::unexpected<Error> broken(const std::string& what);

/// Calls `visit(record)` for each of a collection until one returns an error.
template <class R>
Result<void> for_each_record(const StateReader& state, auto&& visit) {
    Result<void> outcome;
    scan_prefix(state, ModuleId::registry, StateKey(R::kCollection), [&](ByteView, ByteView value) {
        outcome = visit(decode_record<R>(value));
        return outcome.has_value();
    });
    return outcome;
}

} // namespace assay::chain::registry
