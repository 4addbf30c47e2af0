#pragma once
/// A template's tokens, as Jinja cuts them with trim_blocks and lstrip_blocks. Stateless and thread-safe.
/// Source: jinja2 3.1 (behaviour of its lexer).
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::tokenizer::jinja {

enum class TokenKind {
    data,
    block_begin,
    block_end,
    variable_begin,
    variable_end,
    name,
    string,
    integer,
    real,
    op,
    end
};

struct Token {
    TokenKind kind = TokenKind::end;
    int line = 1;
    std::string text; ///< data; a string's value; a name; an operator as written
    std::int64_t integer = 0;
    double real = 0;
};

/// `source` is valid UTF-8. The last token is `end`.
/// Errors: malformed with the line; unsupported (\N{…} in a string, an integer beyond 64 bits).
Result<std::vector<Token>> tokenize(std::string_view source);

/// "chat template line 3: message".
std::unexpected<Error> fail_at(int line, ErrorCode code, std::string_view message);

} // namespace assay::tokenizer::jinja
