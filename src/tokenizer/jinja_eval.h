#pragma once
/// Renders a parsed template. One render's state is one Evaluator, used by one thread.
#include "tokenizer/jinja_ast.h"

namespace assay::tokenizer::jinja {

struct Scope;

/// A macro that has been defined, with the variables that it sees. Lives in the render's arena.
struct Macro {
    std::string name;
    const MacroDefinition* definition;
    const Block* body;
    Scope* scope;
};

/// Variables by name; values of the caller.
using Variables = std::unordered_map<std::string, Value>;

/// `date` is what strftime_now gives ("26 Jul 2024"); without one the function is not defined.
/// Errors: invalid_argument, with the line (raise_exception: its message alone); resource_exhausted.
Result<std::string> render(const Template& program, Meter& meter, const Variables& variables, std::string_view date);

/// `date`, which has the form "%d %b %Y", in another form of strftime. Refuses forms that need a time of day.
Result<std::string> format_date(std::string_view date, std::string_view format);

} // namespace assay::tokenizer::jinja
