#include "chain/modules/params/params_module.h"

#include "chain/modules/params/keeper.h"

namespace assay::chain {

Result<void> ParamsModule::check_invariants(const StateReader& state, const WalkAll&) const {
    const auto broken = [](const std::string& what) { return fail(ErrorCode::internal, "params: " + what); };
    for (const auto& [module, schema] : schemas_) {
        if (auto good = schema.check(schema.canonical(params::current(state, module, schema))); !good)
            return broken(module + " holds what it refuses: " + good.error().message);
    }
    Result<void> result;
    scan_prefix(state, ModuleId::params, StateKey(params::kRecords), [&](ByteView key, ByteView) {
        const std::string module(as_string_view(key.subspan(1)));
        if (!schemas_.contains(module)) result = broken("record of unknown module '" + module + "'");
        return result.has_value();
    });
    TRY_VOID(result);
    scan_prefix(state, ModuleId::params, StateKey(params::kHistory), [&](ByteView key, ByteView value) {
        const auto entry = decode_record<params::ParamHistoryEntry>(value);
        const StateKey expected = params::history_key(entry);
        if (as_string_view(expected) != as_string_view(key)) result = broken("history entry under a key not its own");
        return result.has_value();
    });
    return result;
}

} // namespace assay::chain
