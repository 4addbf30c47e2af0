#pragma once
/// Provenance records, licences, royalties and the market for them. See README.md. Thread-safe; committed class.
#include "chain/module.h"
#include "chain/modules/ports.h"
#include "chain/modules/registry/registry_params.h"

namespace assay::chain {

class RegistryModule final : public Module {
public:
    struct Ports {
        const BankPort& bank;
        const EscrowPort& escrow;
        const ParamsPort& params;
    };
    /// Borrows what `ports` names.
    explicit RegistryModule(const Ports& ports) : ports_(ports) {}

    ModuleId id() const override { return ModuleId::registry; }
    void register_messages(MessageRegistry& registry) const override;
    Result<void> init_genesis(Context& context, const codec::Value& genesis) const override;
    codec::Value export_genesis(const StateReader& state, const WalkAll& all_keys) const override;
    void end_block(Context& context, std::vector<ValidatorUpdate>& updates) const override;
    Result<codec::Value> query(const BlockInfo& block, const StateReader& state, std::string_view path,
                               const codec::Value& arguments) const override;
    Result<void> check_invariants(const StateReader& state, const WalkAll& all_keys) const override;

private:
    Ports ports_;
};

} // namespace assay::chain
