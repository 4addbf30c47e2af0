#include "chain/modules/params/params_module.h"

#include "base/assert.h"
#include "chain/chain_params.h"
#include "chain/modules/events.h"
#include "chain/modules/params/keeper.h"

namespace assay::chain {

ParamsModule::ParamsModule() { add<ChainParams>(); }

void ParamsModule::add_schema(std::string_view module, ParamsSchema schema) {
    ASSAY_ASSERT(schemas_.emplace(module, std::move(schema)).second);
}

std::optional<Bytes> ParamsModule::stored(const StateReader& state, std::string_view module) const {
    return state.get(ModuleId::params, params::record_key(module));
}

Result<void> ParamsModule::check_changes(const StateReader& state, const std::vector<ParamChange>& changes) const {
    TRY(params::work_out(schemas_, state, changes));
    return {};
}

Result<void> ParamsModule::apply_changes(Context& context, const std::vector<ParamChange>& changes,
                                         std::uint64_t proposal) const {
    params::Outcome outcome = TRY(params::work_out(schemas_, context.state(), changes));
    for (const auto& [module, record] : outcome.records)
        context.state().put(ModuleId::params, params::record_key(module), record);
    for (params::ParamHistoryEntry& entry : outcome.history) {
        entry.proposal = proposal;
        entry.height = context.block().height;
        entry.time_ms = context.block().time_ms;
        context.state().put(ModuleId::params, params::history_key(entry), encode_record(entry));
        context.emit(
            {"params.change", {{"module", entry.module}, {"path", entry.path}, {"proposal", event_text(proposal)}}});
    }
    return {};
}

} // namespace assay::chain
