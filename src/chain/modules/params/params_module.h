#pragma once
/// Parameters of all modules: one typed record each, changed only by governance, with a history. See README.md.
/// Thread-safe once every struct is added; committed class.
#include "chain/module.h"
#include "chain/modules/params/params_schema.h"
#include "chain/modules/ports.h"

#include <map>
#include <string>

namespace assay::chain {

class ParamsModule final : public Module, public ParamsPort, public ParamsAdminPort {
public:
    /// Knows ChainParams; the composition root adds the other modules' structs.
    ParamsModule();

    /// `P` as ParamsPort asks for. Before the module is used; each kModule once.
    template <ParamsStruct P>
    void add() {
        add_schema(P::kModule, ParamsSchema::of<P>());
    }

    ModuleId id() const override { return ModuleId::params; }
    void register_messages(MessageRegistry&) const override {} // parameters are changed by proposals, not by messages
    Result<void> init_genesis(Context& context, const codec::Value& genesis) const override;
    codec::Value export_genesis(const StateReader& state, const WalkAll& all_keys) const override;
    Result<codec::Value> query(const BlockInfo& block, const StateReader& state, std::string_view path,
                               const codec::Value& arguments) const override;
    Result<void> check_invariants(const StateReader& state, const WalkAll& all_keys) const override;

    std::optional<Bytes> stored(const StateReader& state, std::string_view module) const override;
    Result<void> check_changes(const StateReader& state, const std::vector<ParamChange>& changes) const override;
    Result<void> apply_changes(Context& context, const std::vector<ParamChange>& changes,
                               std::uint64_t proposal) const override;

private:
    void add_schema(std::string_view module, ParamsSchema schema);

    ParamsSchemas schemas_;
};

} // namespace assay::chain
