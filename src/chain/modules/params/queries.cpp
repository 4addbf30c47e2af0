#include "chain/modules/params/params_module.h"

#include "chain/modules/arguments.h"
#include "chain/modules/params/keeper.h"

namespace assay::chain {
namespace {

using codec::Value;

Value current_readable(const StateReader& state, const std::string& module, const ParamsSchema& schema) {
    return schema.readable(params::current(state, module, schema));
}

} // namespace

/// `all`; `module` of "module"; `history` of "module", oldest first, from height "from".
Result<Value> ParamsModule::query(const BlockInfo&, const StateReader& state, std::string_view path,
                                  const Value& arguments) const {
    if (path == "all") {
        Value::Map all;
        for (const auto& [module, schema] : schemas_) all.emplace(module, current_readable(state, module, schema));
        return Value(std::move(all));
    }
    if (path != "module" && path != "history") return unknown_query("params", path);
    const auto module = TRY(argument<std::string>(arguments, "module"));
    const auto schema = schemas_.find(module);
    if (schema == schemas_.end()) return fail(ErrorCode::not_found, "module '" + module + "' has no parameters");
    if (path == "module") return current_readable(state, module, schema->second);

    const auto limit = TRY(limit_argument(arguments));
    const auto from = TRY(argument_or<std::uint64_t>(arguments, "from", 0));
    Value::List history;
    const StateKey prefix = params::history_prefix(module);
    StateKey begin = prefix;
    state.scan(ModuleId::params, begin.add_u64(from), {}, [&](ByteView key, ByteView value) {
        if (!as_string_view(key).starts_with(as_string_view(prefix))) return false;
        history.push_back(readable(decode_record<params::ParamHistoryEntry>(value)));
        return history.size() < limit;
    });
    return Value(Value::Map{{"history", Value(std::move(history))}});
}

} // namespace assay::chain
