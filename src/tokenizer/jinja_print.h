#pragma once
/// json.dumps of template values. Not thread-safe with one meter.
#include "tokenizer/jinja_value.h"

#include <optional>

namespace assay::tokenizer::jinja {

struct JsonStyle {
    std::optional<std::string> indent; ///< one level's
    std::string item_separator = ", ", key_separator = ": ";
    bool ascii = false, sort_keys = false;
};

/// Errors: refuses what json.dumps refuses (undefined, ranges, functions, odd keys), resource_exhausted.
Result<std::string> to_json(Meter& meter, const Value& value, const JsonStyle& style);

} // namespace assay::tokenizer::jinja
