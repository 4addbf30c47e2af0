#include "chain/modules/params/params_module.h"

#include "chain/modules/genesis.h"
#include "chain/modules/params/keeper.h"

namespace assay::chain {
namespace {

using codec::Value;

constexpr std::string_view kHistoryName = "history";

/// `changes` over the defaults.
Result<Bytes> complete(const ParamsSchema& schema, const Value& changes) {
    if (changes.map() == nullptr) return fail(ErrorCode::malformed, "not a map");
    const Value defaults = schema.canonical(schema.defaults);
    Value::Map whole = *defaults.map();
    for (const auto& [name, value] : *changes.map()) whole.insert_or_assign(name, value);
    return schema.check(Value(std::move(whole)));
}

} // namespace

Result<void> ParamsModule::init_genesis(Context& context, const Value& genesis) const {
    if (genesis.is_null()) return {};
    if (genesis.map() == nullptr) return fail(ErrorCode::malformed, "genesis is not a map");
    for (const auto& [module, changes] : *genesis.map()) {
        if (module == kHistoryName) continue;
        const auto schema = schemas_.find(module);
        if (schema == schemas_.end()) return fail(ErrorCode::malformed, "module '" + module + "' has no parameters");
        auto record = complete(schema->second, changes);
        if (!record) return fail_in(module, std::move(record.error()));
        context.state().put(ModuleId::params, params::record_key(module), *record);
    }
    return for_each_entry<params::ParamHistoryEntry>(genesis, kHistoryName, [&](auto& entry) -> Result<void> {
        if (!schemas_.contains(entry.module)) return fail(ErrorCode::malformed, "module has no parameters");
        context.state().put(ModuleId::params, params::history_key(entry), encode_record(entry));
        return {};
    });
}

Value ParamsModule::export_genesis(const StateReader& state, const WalkAll&) const {
    Value::Map genesis;
    for (const auto& [module, schema] : schemas_) {
        if (stored(state, module)) genesis.emplace(module, schema.readable(params::current(state, module, schema)));
    }
    Value::List history;
    scan_prefix(state, ModuleId::params, StateKey(params::kHistory), [&](ByteView, ByteView value) {
        history.push_back(to_readable(decode_record<params::ParamHistoryEntry>(value)));
        return true;
    });
    genesis.emplace(kHistoryName, Value(std::move(history)));
    return Value(std::move(genesis));
}

} // namespace assay::chain
