#pragma once
/// Python's str operations on valid UTF-8, counted in characters. Stateless and thread-safe.
/// Errors: resource_exhausted when the work or the result exceeds the meter.
#include "tokenizer/jinja_value.h"

#include <span>

namespace assay::tokenizer::jinja {

/// str.isspace of one character (more than the White_Space property: also U+001C … U+001F).
bool is_space(char32_t c);

/// Unicode decimal digits beyond ASCII included.
bool is_decimal(char32_t c);

/// str.strip with `chars` (whitespace when null) at the chosen ends.
std::string_view strip(std::string_view text, const std::string* chars, bool left, bool right);

/// Byte offset of `needle`, or npos.
Result<std::size_t> find_text(Meter& meter, std::string_view text, std::string_view needle);

/// str.replace; `count` < 0 is without limit.
Result<std::string> replace_text(Meter& meter, std::string_view text, std::string_view from, std::string_view to,
                                 std::int64_t count);

/// str.split: at runs of whitespace when `separator` is null. `limit` < 0 is without limit. Refuses an empty separator.
Result<std::vector<std::string_view>> split_text(Meter& meter, std::string_view text, const std::string* separator,
                                                 std::int64_t limit);
/// str.rsplit.
Result<std::vector<std::string_view>> split_text_from_right(Meter& meter, std::string_view text,
                                                            const std::string* separator, std::int64_t limit);
/// str.splitlines.
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

/// Python's full case mappings (ß to SS, final sigma).
std::string upper_text(std::string_view text);
std::string lower_text(std::string_view text);
std::string capitalize_text(std::string_view text);
std::string title_text(std::string_view text); ///< str.title, not the filter

/// Appends repr(text).
void append_quoted(std::string_view text, std::string& out);
/// Appends text as a JSON string; `ascii` writes \uXXXX for all beyond.
void append_json_string(std::string_view text, bool ascii, std::string& out);
/// & < > ' " as entities, as markupsafe writes them.
std::string escape_markup(std::string_view text);

/// int() and float() of a string; false when it is none.
bool parse_integer(std::string_view text, int base, std::int64_t& out);
bool parse_real(std::string_view text, double& out);

} // namespace assay::tokenizer::jinja
