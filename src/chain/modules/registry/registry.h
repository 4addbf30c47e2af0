#pragma once
/// The registry: provenance records, licences, royalties and the market for them. See README.md.
/// Committed class; thread-safe.
#include "chain/module.h"
#include "chain/modules/ports.h"

#include <memory>

namespace assay::chain {

/// Borrows both ports, which must outlive the module. Its parameters are registry::RegistryParams (params.h).
std::unique_ptr<Module> make_registry_module(const BankPort& bank, const ParamsPort& params);

} // namespace assay::chain
