#pragma once
/// Money: accounts, the native coin, issued tokens, transfers by authorisation, escrows. See README.md.
/// Thread-safe; committed class.
#include "chain/module.h"
#include "chain/modules/ports.h"

namespace assay::chain {

class BankModule final : public Module, public BankPort, public AccountsPort, public EscrowPort {
public:
    /// Borrows `params`, whose ChainParams name the EVM chain id and whose BankParams how long nonces are kept.
    explicit BankModule(const ParamsPort& params) : params_(params) {}

    ModuleId id() const override { return ModuleId::bank; }
    void register_messages(MessageRegistry& registry) const override;
    Result<void> init_genesis(Context& context, const codec::Value& genesis) const override;
    codec::Value export_genesis(const StateReader& state, const WalkAll& all_keys) const override;
    void end_block(Context& context, std::vector<ValidatorUpdate>& updates) const override;
    Result<codec::Value> query(const BlockInfo& block, const StateReader& state, std::string_view path,
                               const codec::Value& arguments) const override;
    Result<void> check_invariants(const StateReader& state, const WalkAll& all_keys) const override;

    Amount balance(const StateReader& state, const Address& account, const Address& token) const override;
    Amount supply(const StateReader& state, const Address& token) const override;
    bool token_exists(const StateReader& state, const Address& token) const override;
    Result<void> transfer(Context& context, const Address& from, const Address& to, const Address& token,
                          Amount amount) const override;
    Result<void> mint(Context& context, const Address& to, const Address& token, Amount amount) const override;
    Result<void> burn(Context& context, const Address& from, const Address& token, Amount amount) const override;
    Amount collected_fees(const StateReader& state) const override;

    Account account(const StateReader& state, const Address& address) const override;
    Result<void> take_fee(StateWriter& state, const Address& from, Amount fee) const override;
    void add_fees(StateWriter& state, Amount total) const override;

    Result<std::uint64_t> open_escrow(Context& context, const Escrow& terms) const override;
    std::optional<Escrow> escrow(const StateReader& state, std::uint64_t id) const override;
    Result<void> release_escrow(Context& context, std::uint64_t id, const Address& by, Amount amount) const override;
    Result<void> refund_escrow(Context& context, std::uint64_t id, const Address& by) const override;

private:
    const ParamsPort& params_;
};

} // namespace assay::chain
