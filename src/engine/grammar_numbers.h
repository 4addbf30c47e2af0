#pragma once
/// Decimal numbers between bounds, as text. Deterministic.
#include "base/result.h"
#include "engine/grammar_schema.h"

namespace assay::engine::grammar {

/// Adds the spellings without exponent of every number within the bounds, at most 19 digits before the point and 24 behind.
/// Errors: unsupported, for bounds too large or too fine to be written so.
Result<void> add_numbers_between(Nfa& nfa, StateId from, const std::optional<Bound>& minimum,
                                 const std::optional<Bound>& maximum, StateId to);

} // namespace assay::engine::grammar
