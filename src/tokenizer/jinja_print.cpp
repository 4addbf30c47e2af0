#include "tokenizer/jinja_print.h"

#include "tokenizer/jinja_eval.h"
#include "tokenizer/jinja_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace assay::tokenizer::jinja {
namespace {

class JsonWriter {
public:
    JsonWriter(Meter& meter, const JsonStyle& style) : meter_(meter), style_(style) {}

    Result<void> write(const Value& value, int level) {
        TRY_VOID(meter_.step());
        const std::size_t before = out.size();
        if (const Dict* dict = value.dict()) return write_dict(*dict, level);
        if (value.is_list_or_tuple()) return write_list(*value.sequence(), level);
        if (const std::string* text = value.string()) {
            append_json_string(*text, style_.ascii, out);
        } else if (value.is<None>()) {
            out += "null";
        } else if (const bool* flag = value.get<bool>()) {
            out += *flag ? "true" : "false";
        } else if (const auto* number = value.get<std::int64_t>()) {
            out += std::to_string(*number);
        } else if (const double* real = value.get<double>()) {
            out += json_real(*real);
        } else {
            return refuse("Object of type " + std::string(type_name(value)) + " is not JSON serializable");
        }
        return meter_.bytes(out.size() - before);
    }

    std::string out;

private:
    static std::string json_real(double real) {
        if (std::isnan(real)) return "NaN";
        if (std::isinf(real)) return real < 0 ? "-Infinity" : "Infinity";
        return real_text(real);
    }

    void new_line(int level) {
        if (!style_.indent) return;
        out += '\n';
        for (int i = 0; i < level; ++i) out += *style_.indent;
    }

    /// Charged apart: a deep value repeats the indent many times.
    Result<void> begin_item(bool first, int level) {
        const std::size_t before = out.size();
        if (!first) out += style_.item_separator;
        new_line(level);
        return meter_.bytes(out.size() - before);
    }

    Result<void> write_list(const Sequence& list, int level) {
        if (list.items.empty()) {
            out += "[]";
            return {};
        }
        out += '[';
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            TRY_VOID(begin_item(i == 0, level + 1));
            TRY_VOID(write(list.items[i], level + 1));
        }
        new_line(level);
        out += ']';
        return {};
    }

    Result<void> write_dict(const Dict& dict, int level) {
        if (dict.entries().empty()) {
            out += "{}";
            return {};
        }
        std::vector<const Dict::Entry*> entries;
        for (const Dict::Entry& entry : dict.entries()) entries.push_back(&entry);
        if (style_.sort_keys) TRY_VOID(sort(entries));
        out += '{';
        for (std::size_t i = 0; i < entries.size(); ++i) {
            TRY_VOID(begin_item(i == 0, level + 1));
            TRY_VOID(write_key(entries[i]->key));
            out += style_.key_separator;
            TRY_VOID(write(entries[i]->value, level + 1));
        }
        new_line(level);
        out += '}';
        return {};
    }

    Result<void> sort(std::vector<const Dict::Entry*>& entries) {
        Result<void> problem;
        std::stable_sort(entries.begin(), entries.end(), [&](const Dict::Entry* a, const Dict::Entry* b) {
            if (!problem) return false;
            const auto order = compare(meter_, a->key, b->key);
            if (!order) problem = std::unexpected(order.error());
            return order && *order < 0;
        });
        return problem;
    }

    Result<void> write_key(const Value& key) {
        if (key.string() != nullptr) return write(key, 0);
        if (!key.is_number() && !key.is<None>()) {
            return refuse("keys must be str, int, float, bool or None, not " + std::string(type_name(key)));
        }
        out += '"';
        TRY_VOID(write(key, 0));
        out += '"';
        return {};
    }

    Meter& meter_;
    const JsonStyle& style_;
};

Result<void> append_items(Meter& meter, const std::vector<Value>& items, std::string& out) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ", ";
        TRY_VOID(append_repr(meter, items[i], out));
    }
    return {};
}

/// As Python prints a range whose end is where its last step leads.
void append_range(const std::vector<Value>& items, std::string& out) {
    const std::int64_t start = items.empty() ? 0 : items.front().integral();
    const std::int64_t step = items.size() < 2 ? 1 : items[1].integral() - start;
    const std::int64_t end = items.empty() ? 0 : items.back().integral() + step;
    out += "range(" + std::to_string(start) + ", " + std::to_string(end);
    out += step == 1 ? ")" : ", " + std::to_string(step) + ")";
}

Result<void> append_sequence(Meter& meter, const Sequence& sequence, std::string& out) {
    using enum Sequence::Kind;
    switch (sequence.kind) {
        case generator: out += "<generator object>"; return {};
        case tuple:
            out += '(';
            TRY_VOID(append_items(meter, sequence.items, out));
            out += sequence.items.size() == 1 ? ",)" : ")";
            return {};
        case range: append_range(sequence.items, out); return {};
        case keys: out += "dict_keys("; break;
        case values: out += "dict_values("; break;
        case items: out += "dict_items("; break;
        case list: break;
    }
    out += '[';
    TRY_VOID(append_items(meter, sequence.items, out));
    out += sequence.kind == list ? "]" : "])";
    return {};
}

Result<void> append_dict(Meter& meter, const Dict& dict, std::string& out) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : dict.entries()) {
        if (!std::exchange(first, false)) out += ", ";
        TRY_VOID(append_repr(meter, key, out));
        out += ": ";
        TRY_VOID(append_repr(meter, value, out));
    }
    out += '}';
    return {};
}

std::string function_name(Function function) {
    switch (function) {
        case Function::range: return "range";
        case Function::dict: return "dict";
        case Function::make_namespace: return "namespace";
        case Function::raise_exception: return "raise_exception";
        case Function::strftime_now: return "strftime_now";
    }
    return {};
}

} // namespace

Result<std::string> to_json(Meter& meter, const Value& value, const JsonStyle& style) {
    JsonWriter writer(meter, style);
    TRY_VOID(writer.write(value, 0));
    return std::move(writer.out);
}

std::string real_text(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    char buffer[32];
    const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    std::string text(buffer, scientific.ptr);
    const std::size_t e = text.find('e');
    const int exponent = std::stoi(text.substr(e + 1));
    if (exponent < -4 || exponent >= 16) return text;
    const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    text.assign(buffer, fixed.ptr);
    return text.find('.') == std::string::npos ? text + ".0" : text;
}

Result<void> append_repr(Meter& meter, const Value& value, std::string& out) {
    TRY_VOID(meter.step());
    const std::size_t before = out.size();
    if (const Dict* dict = value.dict()) return append_dict(meter, *dict, out);
    if (const Sequence* sequence = value.sequence()) return append_sequence(meter, *sequence, out);
    if (const std::string* text = value.string()) {
        append_quoted(*text, out);
    } else if (value.is<Undefined>()) {
        out += "Undefined";
    } else {
        out += TRY(to_text(meter, value));
    }
    return meter.bytes(out.size() - before);
}

Result<std::string> to_text(Meter& meter, const Value& value) {
    std::string out;
    if (const std::string* text = value.string()) {
        TRY_VOID(meter.bytes(text->size()));
        out = *text;
    } else if (value.is<None>()) {
        out = "None";
    } else if (const bool* flag = value.get<bool>()) {
        out = *flag ? "True" : "False";
    } else if (const auto* number = value.get<std::int64_t>()) {
        out = std::to_string(*number);
    } else if (const double* real = value.get<double>()) {
        out = real_text(*real);
    } else if (value.dict() != nullptr || value.sequence() != nullptr) {
        TRY_VOID(append_repr(meter, value, out));
    } else if (const auto* space = value.get<Namespace*>()) {
        const auto level = TRY(meter.enter()); // a namespace may hold itself
        out = "<Namespace ";
        TRY_VOID(append_dict(meter, (*space)->attributes, out));
        out += '>';
    } else if (const auto* macro = value.get<const Macro*>()) {
        out = "<Macro '" + (*macro)->name + "'>";
    } else if (const auto* loop = value.get<std::shared_ptr<const Loop>>()) {
        out = "<LoopContext " + std::to_string((*loop)->at + 1) + "/" + std::to_string((*loop)->items.size()) + ">";
    } else if (const auto* method = value.get<std::shared_ptr<const Method>>()) {
        out = "<built-in method " + (*method)->name + " of " + std::string(type_name((*method)->self)) + " object>";
    } else if (const auto* function = value.get<Function>()) {
        out = "<function " + function_name(*function) + ">";
    }
    return out;
}

std::string_view type_name(const Value& value) {
    static constexpr std::string_view kNames[] = {"Undefined",   "NoneType", "bool",    "int",       "float",
                                                  "str",         "",         "dict",    "Namespace", "Macro",
                                                  "LoopContext", "method",   "function"};
    static constexpr std::string_view kSequences[] = {"list",      "tuple",       "range",     "generator",
                                                      "dict_keys", "dict_values", "dict_items"};
    const Sequence* sequence = value.sequence();
    return sequence != nullptr ? kSequences[static_cast<std::size_t>(sequence->kind)] : kNames[value.data().index()];
}

int depth_of(const Value& value) {
    if (const Sequence* sequence = value.sequence()) return sequence->depth;
    if (const Dict* dict = value.dict()) return dict->depth;
    if (const auto* loop = value.get<std::shared_ptr<const Loop>>()) return (*loop)->depth + 1;
    if (const auto* method = value.get<std::shared_ptr<const Method>>()) return depth_of((*method)->self) + 1;
    return 0;
}

} // namespace assay::tokenizer::jinja
