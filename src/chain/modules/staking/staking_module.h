#pragma once
/// Validators, delegation, rewards and slashing; the history of stakes that votes are counted by. See README.md.
/// Thread-safe; committed class.
#include "chain/module.h"
#include "chain/modules/ports.h"

namespace assay::chain {

class StakingModule final : public Module, public StakingPort {
public:
    /// Borrows both ports.
    StakingModule(const BankPort& bank, const ParamsPort& params) : bank_(bank), params_(params) {}

    ModuleId id() const override { return ModuleId::staking; }
    void register_messages(MessageRegistry& registry) const override;
    /// After bank's: the stake of initial validators and delegations comes out of their accounts' balances.
    Result<void> init_genesis(Context& context, const codec::Value& genesis) const override;
    codec::Value export_genesis(const StateReader& state, const WalkAll& all_keys) const override;
    void begin_block(Context& context) const override;
    void end_block(Context& context, std::vector<ValidatorUpdate>& updates) const override;
    Result<codec::Value> query(const BlockInfo& block, const StateReader& state, std::string_view path,
                               const codec::Value& arguments) const override;
    Result<void> check_invariants(const StateReader& state, const WalkAll& all_keys) const override;

    /// The set that consensus was told of, by operator: what InitChain answers after init_genesis.
    std::vector<ValidatorUpdate> validator_set(const StateReader& state) const;

    /// Whether the engine drops evidence (it keeps it for `engine_ms`, and for so many blocks if that is longer) no later than
    /// stake may leave. Errors: invalid_argument, naming both times.
    Result<void> check_evidence_age(const StateReader& state, std::int64_t engine_ms) const;

    Amount bonded_at(const StateReader& state, std::uint64_t height) const override;
    std::vector<Share> validators_at(const StateReader& state, std::uint64_t height) const override;
    std::vector<Share> delegations_at(const StateReader& state, const Address& delegator,
                                      std::uint64_t height) const override;
    void pin_history(Context& context, std::uint64_t height) const override;
    void unpin_history(Context& context, std::uint64_t height) const override;

private:
    const BankPort& bank_;
    const ParamsPort& params_;
};

} // namespace assay::chain
