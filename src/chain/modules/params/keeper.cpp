#include "chain/modules/params/keeper.h"

#include "base/assert.h"
#include "codec/dag_cbor.h"

namespace assay::chain::params {
namespace {

using codec::Value;

/// `record` with `value` at `path`, which exists.
Value with_field(const Value& record, std::string_view path, const Value& value) {
    ASSAY_ASSERT(record.map() != nullptr);
    Value::Map map = *record.map();
    const std::size_t dot = path.find('.');
    const auto entry = map.find(path.substr(0, dot));
    ASSAY_ASSERT(entry != map.end());
    entry->second = dot == std::string_view::npos ? value : with_field(entry->second, path.substr(dot + 1), value);
    return Value(std::move(map));
}

Bytes encode(const Value& value) {
    auto bytes = codec::encode_dag_cbor(value);
    ASSAY_ASSERT(bytes.has_value()); // parameters hold no floats, and their text is checked where it is decoded
    return *std::move(bytes);
}

std::string place_of(const ParamChange& change) { return change.module + "." + change.path; }

using Drafts = std::map<std::string, Value, std::less<>>;

Result<void> make_change(const ParamsSchemas& schemas, const StateReader& state, const ParamChange& change,
                         Drafts& drafts, std::vector<ParamHistoryEntry>& history) {
    const auto schema = schemas.find(change.module);
    if (schema == schemas.end()) return fail(ErrorCode::not_found, "module '" + change.module + "' has no parameters");
    const auto found = drafts.find(change.module);
    Value& draft = found != drafts.end() ? found->second
                                         : drafts[change.module] =
                                               schema->second.canonical(current(state, change.module, schema->second));
    const Value* before = field_at(draft, change.path);
    if (before == nullptr) return fail(ErrorCode::not_found, place_of(change) + " is no parameter");
    auto value = codec::decode_dag_cbor(change.value);
    if (!value) return fail_in(place_of(change), std::move(value.error()));
    if (*value == *before) return fail(ErrorCode::invalid_argument, place_of(change) + " has that value already");
    history.push_back({.module = change.module,
                       .path = change.path,
                       .before = encode(*before),
                       .after = change.value,
                       .proposal = 0,
                       .height = 0,
                       .place = static_cast<std::uint32_t>(history.size()),
                       .time_ms = 0});
    draft = with_field(draft, change.path, *value);
    return {};
}

Result<Bytes> finish(const ParamsSchema& schema, const Value& draft, ByteView before) {
    Bytes record = TRY(schema.check(draft));
    if (schema.canonical(record) != draft)
        return fail(ErrorCode::malformed, "a value is not in the form that messages have");
    TRY_VOID(schema.check_change(before, record));
    return record;
}

} // namespace

Bytes current(const StateReader& state, std::string_view module, const ParamsSchema& schema) {
    return state.get(ModuleId::params, record_key(module)).value_or(schema.defaults);
}

const Value* field_at(const Value& record, std::string_view path) {
    const std::size_t dot = path.find('.');
    const Value* entry = record.find(path.substr(0, dot));
    if (entry == nullptr || dot == std::string_view::npos) return entry;
    return field_at(*entry, path.substr(dot + 1));
}

Result<Outcome> work_out(const ParamsSchemas& schemas, const StateReader& state,
                         const std::vector<ParamChange>& changes) {
    if (changes.empty()) return fail(ErrorCode::invalid_argument, "no parameter changes");
    Outcome outcome;
    Drafts drafts;
    for (const ParamChange& change : changes) TRY_VOID(make_change(schemas, state, change, drafts, outcome.history));
    for (const auto& [module, draft] : drafts) {
        const ParamsSchema& schema = schemas.find(module)->second;
        auto record = finish(schema, draft, current(state, module, schema));
        if (!record) return fail_in(module, std::move(record.error()));
        outcome.records.emplace(module, *std::move(record));
    }
    return outcome;
}

} // namespace assay::chain::params
