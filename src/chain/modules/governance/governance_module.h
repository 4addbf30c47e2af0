#pragma once
/// Proposals, deposits, votes and what follows from them. See README.md. Thread-safe; committed class.
#include "chain/module.h"
#include "chain/modules/ports.h"

namespace assay::chain {

/// Until a source of attribution earnings is installed: nobody has earned, and votes weigh by stake alone.
class NoEarnings final : public EarningsPort {
public:
    Amount earnings_at(const StateReader&, const Address&, std::uint64_t) const override { return {}; }
    Amount total_earnings_at(const StateReader&, std::uint64_t) const override { return {}; }
};

class GovernanceModule final : public Module, public UpgradePort {
public:
    struct Ports {
        const BankPort& bank;
        const StakingPort& staking;
        const EarningsPort& earnings;
        const ParamsPort& params;
        const ParamsAdminPort& params_admin;
    };
    /// Borrows what `ports` names.
    explicit GovernanceModule(const Ports& ports) : ports_(ports) {}

    ModuleId id() const override { return ModuleId::governance; }
    void register_messages(MessageRegistry& registry) const override;
    Result<void> init_genesis(Context& context, const codec::Value& genesis) const override;
    codec::Value export_genesis(const StateReader& state, const WalkAll& all_keys) const override;
    void begin_block(Context& context) const override;
    void end_block(Context& context, std::vector<ValidatorUpdate>& updates) const override;
    Result<codec::Value> query(const BlockInfo& block, const StateReader& state, std::string_view path,
                               const codec::Value& arguments) const override;
    Result<void> check_invariants(const StateReader& state, const WalkAll& all_keys) const override;

    std::optional<UpgradePlan> upgrade_plan(const StateReader& state) const override;

private:
    Ports ports_;
};

} // namespace assay::chain
