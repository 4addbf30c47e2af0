#pragma once
/// `value.name`, `value[key]`, `value[a:b:c]` and operators, as Jinja's immutable sandbox has them.
/// Errors: refuses what it refuses; a missing attribute or key is an undefined value, not an error.
#include "tokenizer/jinja_ast.h"

namespace assay::tokenizer::jinja {

/// The attribute, else the item: `dict.items` is the method even when there is such a key.
Result<Value> get_attribute(Meter& meter, const Value& value, const std::string& name);
/// The item, else the attribute.
Result<Value> get_item(Meter& meter, const Value& value, const Value& key);
/// Items along "a.b.0", for filters that take an attribute; an integer is one item.
Result<Value> get_path(Meter& meter, const Value& value, const Value& path, const Value& otherwise);

/// Bounds that are none are left out.
Result<Value> slice(Meter& meter, const Value& value, const Value& begin, const Value& end, const Value& step);

Result<Value> calculate(Meter& meter, Operator op, const Value& a, const Value& b);
Result<Value> negate(const Value& value);

/// Calls `text.strip` and the like.
Result<Value> call_method(Meter& meter, const Method& method, const Arguments& arguments);

enum class MethodAccess { absent, allowed, unsafe };
/// Whether values of this type have a method of that name, and whether the sandbox lets it be called.
MethodAccess find_method(const Value& value, std::string_view name);

/// `format % values`. Refuses conversions other than s r d i f e g x o c %.
Result<Value> format_percent(Meter& meter, const std::string& format, const Arguments& arguments);
/// str.format: positional and named fields without attribute access.
Result<Value> format_braces(Meter& meter, const std::string& format, const Arguments& arguments);
/// The value as the specification (`>10`, `.2f`, `05d`) lays it out.
Result<std::string> format_value(Meter& meter, const Value& value, std::string_view specification);

} // namespace assay::tokenizer::jinja
