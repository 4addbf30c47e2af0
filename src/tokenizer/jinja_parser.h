#pragma once
/// Parses a chat template. Stateless and thread-safe.
#include "tokenizer/jinja_ast.h"

#include <string_view>

namespace assay::tokenizer::jinja {

inline constexpr std::size_t kSourceMax = std::size_t{1}
                                          << 20; ///< bytes of a template; the longest published has 30 KiB
inline constexpr int kExpressionDepthMax = 200;                 ///< of one expression's tree
inline constexpr int kBracketDepthMax = 100;                    ///< brackets within each other
inline constexpr int kBlockDepthMax = 50;                       ///< statements within each other

/// Errors: malformed (syntax, with the line), unsupported (a tag, filter, test or argument form outside the subset, named).
Result<Template> parse_template(std::string_view source);

} // namespace assay::tokenizer::jinja
