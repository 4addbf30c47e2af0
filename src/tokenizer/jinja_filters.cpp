#include "tokenizer/jinja_filters.h"

namespace assay::tokenizer::jinja {

Result<std::int64_t> Bound::integer(std::size_t i, std::int64_t otherwise) const {
    if (!given_[i] || values_[i].is<None>()) return otherwise;
    if (!values_[i].is_integral()) return refuse_value(values_[i], "cannot be interpreted as an integer");
    return values_[i].integral();
}

Result<Bound> bind(const Signature& signature, const Arguments& arguments, std::string_view what) {
    Bound out;
    std::size_t count = 0;
    while (count < signature.names.size() && !signature.names[count].empty()) ++count;
    if (arguments.positional.size() > count) {
        return refuse(std::string(what) + " takes at most " + std::to_string(count) + " argument(s)");
    }
    for (std::size_t i = 0; i < arguments.positional.size(); ++i) out.set(i, arguments.positional[i]);
    for (const auto& [name, value] : arguments.named) {
        std::size_t i = 0;
        while (i < count && signature.names[i] != name) ++i;
        if (i == count) return refuse(std::string(what) + " takes no argument '" + name + "'");
        if (out.has(i)) return refuse(std::string(what) + " got two values for '" + name + "'");
        out.set(i, value);
    }
    for (std::size_t i = 0; i < signature.required; ++i) {
        if (!out.has(i))
            return refuse(std::string(what) + " needs the argument '" + std::string(signature.names[i]) + "'");
    }
    return out;
}

const Filter* find_filter(std::string_view name) {
    for (const auto table : {value_filters(), text_filters(), sequence_filters()}) {
        for (const Filter& filter : table) {
            if (filter.name == name) return &filter;
        }
    }
    return nullptr;
}

Result<Value> apply(const Filter& filter, Meter& meter, const Value& value, const Arguments& arguments) {
    if (filter.free_function != nullptr) return filter.free_function(meter, value, arguments);
    return filter.function(meter, value, TRY(bind(filter.signature, arguments, filter.name)));
}

Result<bool> apply(const Test& test, Meter& meter, const Value& value, const Arguments& arguments) {
    return test.function(meter, value, TRY(bind(test.signature, arguments, test.name)));
}

} // namespace assay::tokenizer::jinja
