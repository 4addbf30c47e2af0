#pragma once
/// JSON text into template values. Thread-safe with a meter of one's own.
#include "tokenizer/jinja_value.h"

namespace assay::tokenizer::jinja {

inline constexpr std::size_t kJsonMax = std::size_t{32} << 20; ///< bytes of one JSON text

/// `name` begins the messages. Errors: invalid_argument (not JSON, a number beyond 64 bits, nested more than 60 deep),
/// resource_exhausted (too long).
Result<Value> parse_json(Meter& meter, std::string_view text, const char* name);

} // namespace assay::tokenizer::jinja
