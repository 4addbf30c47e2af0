#include "chain/modules/modules.h"

#include "chain/modules/bank/bank_module.h"
#include "chain/modules/bank/bank_params.h"
#include "chain/modules/governance/governance_module.h"
#include "chain/modules/governance/governance_params.h"
#include "chain/modules/params/params_module.h"
#include "chain/modules/registry/registry_module.h"
#include "chain/modules/staking/staking_module.h"
#include "chain/modules/staking/staking_params.h"

namespace assay::chain {

ModuleSet make_modules(const EarningsPort* earnings) {
    static const NoEarnings no_earnings;
    const auto params = std::make_shared<ParamsModule>();
    params->add<BankParams>();
    params->add<StakingParams>();
    params->add<RegistryParams>();
    params->add<GovernanceParams>();
    const auto bank = std::make_shared<const BankModule>(*params);
    const auto staking = std::make_shared<const StakingModule>(*bank, *params);
    const auto registry = std::make_shared<const RegistryModule>(RegistryModule::Ports{*bank, *bank, *params});
    const auto governance = std::make_shared<const GovernanceModule>(
        GovernanceModule::Ports{*bank, *staking, earnings != nullptr ? *earnings : no_earnings, *params, *params});

    ModuleSet set;
    set.modules = {params, bank, staking, registry, governance}; // each after those whose state it needs
    set.end_order = {params.get(), bank.get(), registry.get(), governance.get(), staking.get()};
    set.accounts = bank.get();
    set.params = params.get();
    set.upgrades = governance.get();
    set.validators = [staking](const StateReader& state) { return staking->validator_set(state); };
    set.check_evidence_age = [staking](const StateReader& state, std::int64_t engine_ms) {
        return staking->check_evidence_age(state, engine_ms);
    };
    return set;
}

} // namespace assay::chain
