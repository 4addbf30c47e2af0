#pragma once
/// Params' rules: reading a module's record and changing some of its fields. Internal to the module; others use ParamsPort
/// and ParamsAdminPort. Thread-safe; committed class.
#include "chain/modules/params/params_schema.h"
#include "chain/modules/params/state.h"

namespace assay::chain::params {

/// What holds now: the stored record or the defaults.
Bytes current(const StateReader& state, std::string_view module, const ParamsSchema& schema);

/// The entry at `path` ("a.b") of a record; nullptr when there is none.
const codec::Value* field_at(const codec::Value& record, std::string_view path);

/// What a list of changes comes to: each touched module's whole new record, and the history.
struct Outcome {
    std::map<std::string, Bytes, std::less<>> records;
    std::vector<ParamHistoryEntry> history;
};

/// In order, and each module's record is judged when all of its changes are made, so that fields may change together.
/// Errors: invalid_argument (no changes, no effect, validate's and validate_change's), not_found (module, field),
/// malformed (value).
Result<Outcome> work_out(const ParamsSchemas& schemas, const StateReader& state,
                         const std::vector<ParamChange>& changes);

} // namespace assay::chain::params
