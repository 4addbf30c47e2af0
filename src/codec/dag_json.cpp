#include "codec/dag_json.h"

#include "codec/base_text.h"
#include "codec/utf8.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace assay::codec {
namespace {

constexpr std::string_view kReserved = "/";
constexpr std::string_view kBytesKey = "bytes";

/// Shortest digits that read back, laid out as ECMAScript does, with ".0" where those would read as an integer.
std::string float_text(double number) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
    const std::string_view scientific(buffer, static_cast<std::size_t>(end - buffer));
    const double magnitude = std::abs(number);
    if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
        const std::size_t e = scientific.find('e');
        std::string_view exponent = scientific.substr(e + 2); // to_chars writes a sign and at least two digits
        if (exponent.front() == '0') exponent.remove_prefix(1);
        return std::string(scientific.substr(0, e + 2)) + std::string(exponent);
    }
    char fixed[64];
    const auto last = std::to_chars(fixed, fixed + sizeof fixed, number, std::chars_format::fixed).ptr;
    std::string text(fixed, last);
    if (text.find('.') == std::string::npos) text += ".0";
    return text;
}

std::string integer_text(const Integer& integer) {
    if (!integer.negative) return std::to_string(integer.argument);
    if (integer.argument == ~std::uint64_t{0}) return "-18446744073709551616";
    return "-" + std::to_string(integer.argument + 1);
}

using Entry = std::pair<const std::string, Value>;

std::vector<const Entry*> in_byte_order(const Value::Map& map) {
    std::vector<const Entry*> entries;
    entries.reserve(map.size());
    for (const Entry& entry : map) entries.push_back(&entry);
    std::ranges::sort(entries, {}, [](const Entry* entry) -> std::string_view { return entry->first; });
    return entries;
}

/// The value of the first key in byte order, if that key is `key`.
const Value* first_if(const Value::Map& map, std::string_view key) {
    if (map.empty()) return nullptr;
    const auto first =
        std::ranges::min_element(map, {}, [](const Entry& entry) -> std::string_view { return entry.first; });
    return first->first == key ? &first->second : nullptr;
}

/// Maps that begin with "/" and text, or with "/" and a map that begins with "bytes" and text, mean something else.
bool is_reserved(const Value::Map& map) {
    const Value* inner = first_if(map, kReserved);
    if (inner == nullptr) return false;
    if (inner->text() != nullptr) return true;
    if (inner->map() == nullptr) return false;
    const Value* bytes = first_if(*inner->map(), kBytesKey);
    return bytes != nullptr && bytes->text() != nullptr;
}

class Writer {
public:
    Result<void> write(const Value& value, std::size_t depth) {
        if (value.is_null()) {
            out += "null";
        } else if (const bool* flag = value.boolean()) {
            out += *flag ? "true" : "false";
        } else if (const Integer* integer = value.integer()) {
            out += integer_text(*integer);
        } else if (const double* number = value.number()) {
            if (!std::isfinite(*number)) return fail(ErrorCode::invalid_argument, "DAG-JSON: float is not finite");
            out += float_text(*number);
        } else if (const Bytes* bytes = value.bytes()) {
            out += R"({"/":{"bytes":")" + to_base64(*bytes) + R"("}})";
        } else if (const Cid* link = value.link()) {
            out += R"({"/":")" + link->to_string() + R"("})";
        } else if (const std::string* text = value.text()) {
            return write_text(*text);
        } else if (depth == kDepthMax) {
            return fail(ErrorCode::invalid_argument, "DAG-JSON: nests deeper than 128");
        } else if (const Value::List* items = value.list()) {
            return write_list(*items, depth);
        } else {
            return write_map(*value.map(), depth);
        }
        return {};
    }

    std::string out;

private:
    Result<void> write_text(std::string_view text) {
        if (!is_valid_utf8(text)) return fail(ErrorCode::invalid_argument, "DAG-JSON: text is not UTF-8");
        append_json_string(out, text);
        return {};
    }

    Result<void> write_list(const Value::List& items, std::size_t depth) {
        out.push_back('[');
        for (const Value& item : items) {
            if (&item != items.data()) out.push_back(',');
            TRY_VOID(write(item, depth + 1));
        }
        out.push_back(']');
        return {};
    }

    Result<void> write_map(const Value::Map& map, std::size_t depth) {
        if (is_reserved(map))
            return fail(ErrorCode::invalid_argument,
                        "DAG-JSON cannot say a map whose first key \"/\" holds text or bytes");
        out.push_back('{');
        bool first = true;
        for (const Entry* entry : in_byte_order(map)) {
            if (!std::exchange(first, false)) out.push_back(',');
            TRY_VOID(write_text(entry->first));
            out.push_back(':');
            TRY_VOID(write(entry->second, depth + 1));
        }
        out.push_back('}');
        return {};
    }
};

std::unexpected<Error> malformed(std::string message) {
    return fail(ErrorCode::malformed, "DAG-JSON: " + std::move(message));
}

Result<Value> value_of_number(const std::string& digits) {
    const char* const end = digits.data() + digits.size();
    if (digits.find_first_of(".eE") != std::string::npos) {
        double number = 0;
        const auto [at, error] = std::from_chars(digits.data(), end, number);
        if (at != end || error != std::errc() || !std::isfinite(number))
            return malformed("float " + digits.substr(0, 40) + " is outside the range of 64 bits");
        return Value(number);
    }
    const bool negative = digits.front() == '-';
    if (digits == "-18446744073709551616") return Value(Integer(true, ~std::uint64_t{0}));
    std::uint64_t magnitude = 0;
    const auto [at, error] = std::from_chars(digits.data() + negative, end, magnitude);
    if (error != std::errc() || at != end)
        return malformed("integer " + digits.substr(0, 40) + " is outside -2^64 to 2^64 - 1");
    if (negative && magnitude != 0) return Value(Integer(true, magnitude - 1));
    return Value(Integer(false, magnitude));
}

Result<Value> value_of_map(const Json::Object& members) {
    Value::Map map;
    for (const auto& [key, item] : members) {
        auto value = value_of_dag_json(item); // not TRY: g++ 12 warns falsely of a free inside it
        if (!value) return value;
        map.insert_or_assign(key, std::move(*value));
    }
    return Value(std::move(map));
}

/// `members` holds "/" and text or "/" and an object that holds "bytes" and text: nullptr when neither.
const Json* reserved_text(const Json::Object& members, bool& bytes) {
    const auto first = [](const Json::Object& object, std::string_view key) -> const Json* {
        const auto it = std::ranges::min_element(object, {}, &Json::Member::first);
        return it != object.end() && it->first == key ? &it->second : nullptr;
    };
    const Json* inner = first(members, kReserved);
    bytes = inner != nullptr && inner->object() != nullptr;
    if (bytes) inner = first(*inner->object(), kBytesKey);
    return inner != nullptr && inner->text() != nullptr ? inner : nullptr;
}

Result<Value> value_of_object(const Json::Object& members) {
    bool bytes = false;
    const Json* reserved = reserved_text(members, bytes);
    if (reserved == nullptr) return value_of_map(members);
    if (members.size() != 1 || (bytes && members[0].second.object()->size() != 1))
        return malformed(bytes ? "bytes beside other members" : "a link beside other members");
    if (bytes) {
        auto decoded = from_base64(*reserved->text());
        if (!decoded) return malformed(decoded.error().message);
        return Value(std::move(*decoded));
    }
    auto link = Cid::parse(*reserved->text());
    if (!link) return malformed("link: " + link.error().message);
    return Value(std::move(*link));
}

} // namespace

Result<std::string> encode_dag_json(const Value& value) {
    Writer writer;
    TRY_VOID(writer.write(value, 0));
    return std::move(writer.out);
}

Result<Value> value_of_dag_json(const Json& json) {
    if (json.is_null()) return Value();
    if (const bool* flag = json.boolean()) return Value(*flag);
    if (const std::string* digits = json.number()) return value_of_number(*digits);
    if (const std::string* text = json.text()) return Value(*text);
    if (const Json::Object* members = json.object()) return value_of_object(*members);
    Value::List items;
    items.reserve(json.list()->size());
    for (const Json& item : *json.list()) {
        auto value = value_of_dag_json(item);
        if (!value) return value;
        items.push_back(std::move(*value));
    }
    return Value(std::move(items));
}

Result<Value> decode_dag_json(std::string_view text, const DecodeLimits& limits) {
    // A link or bytes may sit below kDepthMax containers, and adds up to two levels of JSON to them.
    const JsonLimits json{.size_max = limits.size_max, .depth_max = kDepthMax + 2, .items_max = limits.items_max};
    auto tree = parse_json(text, json);
    if (!tree) return std::unexpected(std::move(tree.error()));
    return value_of_dag_json(*tree);
}

} // namespace assay::codec
