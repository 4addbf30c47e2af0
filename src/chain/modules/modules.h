#pragma once
/// The modules of a chain, wired to each other, and in which order they run. Thread-safe; committed class.
#include "chain/module.h"
#include "chain/modules/ports.h"

#include <functional>
#include <memory>
#include <vector>

namespace assay::chain {

struct ModuleSet {
    std::vector<std::shared_ptr<const Module>> modules; ///< in the order of genesis and begin_block
    std::vector<const Module*> end_order;               ///< of end_block: decisions before their effects
    const AccountsPort* accounts = nullptr;
    const ParamsPort* params = nullptr;
    const UpgradePort* upgrades = nullptr; ///< may be absent
    /// The validators that a state just made by genesis starts with; may be absent.
    std::function<std::vector<ValidatorUpdate>(const StateReader&)> validators;

    /// Whether the engine's age of evidence, in milliseconds, goes with the modules' parameters; may be absent.
    std::function<Result<void>(const StateReader&, std::int64_t)> check_evidence_age;

    const Module* find(std::string_view name) const {
        for (const auto& module : modules) {
            if (name_of(module->id()) == name) return module.get();
        }
        return nullptr;
    }
};

/// bank, params, staking, registry and governance. `earnings`, where given, is borrowed.
ModuleSet make_modules(const EarningsPort* earnings = nullptr);

} // namespace assay::chain
