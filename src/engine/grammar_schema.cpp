#include "engine/grammar_schema.h"

#include "base/json_depth.h"
#include "formats/quote.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace assay::engine::grammar {
namespace {

const Json& never() {
    static const Json schema(false);
    return schema;
}

bool find_place(const Json& at, const Json& wanted, std::string& path) {
    if (&at == &wanted) return true;
    const std::size_t size = path.size();
    const auto descend = [&](const Json& child, const std::string& name) {
        path += "/" + name;
        if (find_place(child, wanted, path)) return true;
        path.resize(size);
        return false;
    };
    if (at.is_object()) {
        for (const auto& [name, child] : at.items()) {
            if (descend(child, name)) return true;
        }
    } else if (at.is_array()) {
        for (std::size_t i = 0; i < at.size(); ++i) {
            if (descend(at[i], std::to_string(i))) return true;
        }
    }
    return false;
}

const Json* member(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

void add_schema(AllOf& schemas, const Json& schema) {
    if (schema.is_boolean() && schema.get<bool>()) return;
    if (schema.is_object() && schema.empty()) return;
    if (std::ranges::find(schemas, &schema) == schemas.end()) schemas.push_back(&schema);
}

void tighten(std::optional<Bound>& bound, Bound other, int direction) {
    if (bound) {
        const int order = compare_numbers(other.value, bound->value) * direction;
        if (order < 0 || (order == 0 && !other.is_exclusive)) return;
    }
    bound = std::move(other);
}

void keep_least(std::optional<std::size_t>& bound, std::optional<std::size_t> other) {
    if (other && (!bound || *other < *bound)) bound = other;
}

/// "%25" and the like, then JSON Pointer's "~1" and "~0".
std::string decoded_pointer(std::string_view fragment) {
    std::string text;
    for (std::size_t i = 0; i < fragment.size(); ++i) {
        const auto hex = [](char c) {
            return c >= '0' && c <= '9'   ? c - '0'
                   : c >= 'a' && c <= 'f' ? c - 'a' + 10
                   : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                          : -1;
        };
        if (fragment[i] == '%' && i + 2 < fragment.size() && hex(fragment[i + 1]) >= 0 && hex(fragment[i + 2]) >= 0) {
            text += static_cast<char>(hex(fragment[i + 1]) * 16 + hex(fragment[i + 2]));
            i += 2;
        } else {
            text += fragment[i];
        }
    }
    return text;
}

const Json* follow_pointer(const Json& document, std::string_view pointer) {
    const Json* at = &document;
    while (!pointer.empty()) {
        if (pointer[0] != '/') return nullptr;
        const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
        std::string name;
        for (std::size_t i = 1; i < end; ++i) {
            const bool is_escape = pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
            name += is_escape ? (pointer[++i] == '0' ? '~' : '/') : pointer[i];
        }
        pointer.remove_prefix(end);
        if (at->is_array()) {
            const bool is_index = !name.empty() && name.size() < 7 &&
                                  std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
            const std::size_t index = is_index ? std::stoul(name) : at->size();
            at = index < at->size() ? &(*at)[index] : nullptr;
        } else {
            at = at->is_object() ? member(*at, name) : nullptr;
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

} // namespace

Types type_of(const Json& value) {
    if (value.is_null()) return kNull;
    if (value.is_boolean()) return kBoolean;
    if (value.is_string()) return kString;
    if (value.is_array()) return kArray;
    if (value.is_object()) return kObject;
    if (value.is_number_integer()) return kInteger;
    const double number = value.get<double>();
    return std::floor(number) == number ? kInteger : kFraction;
}

int compare_numbers(const Json& a, const Json& b) {
    if (a.is_number_unsigned() && b.is_number_unsigned()) {
        const auto x = a.get<std::uint64_t>(), y = b.get<std::uint64_t>();
        return x < y ? -1 : x > y;
    }
    if (a.is_number_integer() && b.is_number_integer()) {
        if (a.is_number_unsigned() && a.get<std::uint64_t>() > INT64_MAX) return 1;
        if (b.is_number_unsigned() && b.get<std::uint64_t>() > INT64_MAX) return -1;
        const auto x = a.get<std::int64_t>(), y = b.get<std::int64_t>();
        return x < y ? -1 : x > y;
    }
    const double x = a.get<double>(), y = b.get<double>();
    return x < y ? -1 : x > y;
}

Result<SchemaReader> SchemaReader::parse(std::string_view text) {
    if (text.size() > kTextMax)
        return fail(ErrorCode::resource_exhausted, "schema: longer than " + std::to_string(kTextMax) + " bytes");
    if (json_nests_deeper(text, kNestingMax))
        return fail(ErrorCode::resource_exhausted, "schema: nested deeper than " + std::to_string(kNestingMax));
    SchemaReader reader;
    Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return fail(ErrorCode::malformed, "schema: not JSON");
    reader.document_ = std::make_shared<const Json>(std::move(document));
    return reader;
}

std::string SchemaReader::place(const Json& schema) const {
    std::string path = "#";
    if (!find_place(*document_, schema, path)) return "schema";
    const std::string shown = formats::quote(path);
    return "schema " + shown.substr(1, shown.size() - 2);
}

std::unexpected<Error> SchemaReader::malformed(const Json& schema, const std::string& what) const {
    return fail(ErrorCode::malformed, place(schema) + ": " + what);
}

std::unexpected<Error> SchemaReader::unsupported(const Json& schema, const std::string& what) const {
    return fail(ErrorCode::unsupported, place(schema) + ": " + what);
}

Result<void> SchemaReader::refuse_unsupported(const Json& schema) const {
    static constexpr std::array<const char*, 20> kRefused{"not",
                                                          "if",
                                                          "then",
                                                          "else",
                                                          "dependentRequired",
                                                          "dependentSchemas",
                                                          "dependencies",
                                                          "patternProperties",
                                                          "propertyNames",
                                                          "minProperties",
                                                          "maxProperties",
                                                          "unevaluatedProperties",
                                                          "unevaluatedItems",
                                                          "contains",
                                                          "minContains",
                                                          "maxContains",
                                                          "multipleOf",
                                                          "$dynamicRef",
                                                          "$recursiveRef",
                                                          "uniqueItems"};
    for (const char* keyword : kRefused) {
        const Json* value = member(schema, keyword);
        if (value == nullptr) continue;
        const bool asks_nothing =
            (value->is_boolean() && !value->get<bool>() && std::string_view(keyword) == "uniqueItems") ||
            (value->is_number_unsigned() && value->get<std::uint64_t>() == 0 &&
             std::string_view(keyword) == "minProperties");
        if (!asks_nothing) return unsupported(schema, "keyword '" + std::string(keyword) + "' is not supported");
    }
    return {};
}

Result<void> SchemaReader::apply(const Json& schema, Shapes& shapes) {
    if (++steps_ > kStepsMax)
        return fail(ErrorCode::resource_exhausted,
                    "schema: its alternatives multiply past " + std::to_string(kStepsMax) + " steps");
    if (schema.is_boolean()) {
        if (!schema.get<bool>()) shapes.clear();
        return {};
    }
    if (!schema.is_object()) return malformed(schema, "a schema is an object or a boolean");
    TRY_VOID(refuse_unsupported(schema));
    for (Shape& shape : shapes) TRY_VOID(apply_keywords(schema, shape));
    TRY_VOID(apply_reference(schema, shapes));
    if (const Json* all = member(schema, "allOf")) {
        if (!all->is_array()) return malformed(schema, "'allOf' is no array");
        for (const Json& part : *all) TRY_VOID(apply(part, shapes));
    }
    TRY_VOID(apply_choice(schema, "anyOf", false, shapes));
    return apply_choice(schema, "oneOf", true, shapes);
}

Result<void> SchemaReader::apply_keywords(const Json& schema, Shape& shape) const {
    shape.types &= TRY(types_of(schema));
    std::optional<std::vector<Json>> values;
    if (const Json* constant = member(schema, "const")) values = std::vector<Json>{*constant};
    if (const Json* choices = member(schema, "enum")) {
        if (!choices->is_array()) return malformed(schema, "'enum' is no array");
        const auto is_kept = [&](const Json& value) {
            return !values || std::ranges::find(*values, value) != values->end();
        };
        std::vector<Json> kept;
        for (const Json& value : *choices) {
            if (is_kept(value) && std::ranges::find(kept, value) == kept.end()) kept.push_back(value);
        }
        values = std::move(kept);
    }
    if (values && shape.values)
        std::erase_if(*values,
                      [&](const Json& v) { return std::ranges::find(*shape.values, v) == shape.values->end(); });
    if (values) shape.values = std::move(values);
    TRY_VOID(apply_numbers(schema, shape));
    TRY_VOID(apply_strings(schema, shape));
    TRY_VOID(apply_arrays(schema, shape));
    return apply_objects(schema, shape);
}

Result<Types> SchemaReader::types_of(const Json& schema) const {
    const Json* type = member(schema, "type");
    if (type == nullptr) return kAllTypes;
    static const std::map<std::string, Types, std::less<>> kNames{
        {"null", kNull},     {"boolean", kBoolean}, {"integer", kInteger}, {"number", kNumber},
        {"string", kString}, {"array", kArray},     {"object", kObject}};
    Types types = 0;
    const auto add = [&](const Json& name) {
        const auto found = name.is_string() ? kNames.find(name.get_ref<const std::string&>()) : kNames.end();
        if (found == kNames.end()) return false;
        types |= found->second;
        return true;
    };
    const bool is_known = type->is_array() ? std::ranges::all_of(*type, add) : add(*type);
    if (!is_known) return malformed(schema, "'type' names no type of JSON");
    return types;
}

Result<std::optional<std::size_t>> SchemaReader::count_of(const Json& schema, const char* keyword) const {
    const Json* value = member(schema, keyword);
    if (value == nullptr) return std::optional<std::size_t>();
    const bool is_whole = value->is_number() && type_of(*value) == kInteger && value->get<double>() >= 0;
    if (!is_whole) return malformed(schema, "'" + std::string(keyword) + "' is no whole number");
    return static_cast<std::size_t>(std::min(value->get<double>(), 1e9));
}

Result<void> SchemaReader::apply_numbers(const Json& schema, Shape& shape) const {
    struct Keyword {
        const char* name;
        int direction;
        bool is_exclusive;
    };
    static constexpr std::array<Keyword, 4> kKeywords{
        {{"minimum", 1, false}, {"maximum", -1, false}, {"exclusiveMinimum", 1, true}, {"exclusiveMaximum", -1, true}}};
    for (const auto& [name, direction, is_exclusive] : kKeywords) {
        const Json* value = member(schema, name);
        if (value == nullptr) continue;
        if (value->is_boolean() && !value->get<bool>()) continue; // draft 4: exclusive is a flag
        if (value->is_boolean() && is_exclusive)
            return unsupported(schema, "'" + std::string(name) + "' as a flag (draft 4) is not supported");
        if (!value->is_number()) return malformed(schema, "'" + std::string(name) + "' is no number");
        tighten(direction > 0 ? shape.minimum : shape.maximum, {*value, is_exclusive}, direction);
        shape.mentioned |= kNumber;
    }
    return {};
}

Result<void> SchemaReader::apply_strings(const Json& schema, Shape& shape) const {
    const auto least = TRY(count_of(schema, "minLength")), most = TRY(count_of(schema, "maxLength"));
    const Json* pattern = member(schema, "pattern");
    if (pattern != nullptr && !pattern->is_string()) return malformed(schema, "'pattern' is no string");
    if (least || most || pattern != nullptr) shape.mentioned |= kString;
    shape.length_min = std::max(shape.length_min, least.value_or(0));
    keep_least(shape.length_max, most);
    if (pattern != nullptr) {
        const auto& text = pattern->get_ref<const std::string&>();
        if (std::ranges::find(shape.patterns, text) == shape.patterns.end()) shape.patterns.push_back(text);
    }
    return {};
}

Result<void> SchemaReader::apply_arrays(const Json& schema, Shape& shape) const {
    const auto least = TRY(count_of(schema, "minItems")), most = TRY(count_of(schema, "maxItems"));
    const Json* prefix = member(schema, "prefixItems");
    const Json* items = member(schema, "items");
    if (items != nullptr && items->is_array()) { // drafts before 2020-12
        prefix = items;
        items = member(schema, "additionalItems");
    }
    if (prefix != nullptr && !prefix->is_array()) return malformed(schema, "'prefixItems' is no array");
    if (least || most || prefix != nullptr || items != nullptr) shape.mentioned |= kArray;
    shape.items_min = std::max(shape.items_min, least.value_or(0));
    keep_least(shape.items_max, most);
    const std::size_t count = prefix != nullptr ? prefix->size() : 0;
    while (shape.prefix.size() < count) shape.prefix.push_back(shape.items);
    for (std::size_t i = 0; i < shape.prefix.size(); ++i) {
        if (i < count) add_schema(shape.prefix[i], (*prefix)[i]);
        else if (items != nullptr) add_schema(shape.prefix[i], *items);
    }
    if (items != nullptr) add_schema(shape.items, *items);
    return {};
}

Result<void> SchemaReader::apply_objects(const Json& schema, Shape& shape) const {
    const Json* properties = member(schema, "properties");
    const Json* required = member(schema, "required");
    const Json* additional = member(schema, "additionalProperties");
    if (properties != nullptr && !properties->is_object()) return malformed(schema, "'properties' is no object");
    if (required != nullptr &&
        !(required->is_array() && std::ranges::all_of(*required, [](const Json& name) { return name.is_string(); }))) {
        return malformed(schema, "'required' is no array of strings");
    }
    if (properties != nullptr || required != nullptr || additional != nullptr) shape.mentioned |= kObject;
    if (additional != nullptr) {
        for (Property& property : shape.properties) {
            if (properties == nullptr || !properties->contains(property.name))
                add_schema(property.schemas, *additional);
        }
    }
    if (properties != nullptr) {
        for (const auto& [name, child] : properties->items()) {
            auto found = std::ranges::find(shape.properties, name, &Property::name);
            if (found == shape.properties.end()) {
                shape.properties.push_back({name, shape.additional.value_or(AllOf()), false});
                found = shape.properties.end() - 1;
            }
            add_schema(found->schemas, child);
        }
    }
    if (required != nullptr) {
        for (const Json& name : *required) shape.required.push_back(name.get<std::string>());
    }
    if (additional != nullptr) {
        if (!shape.additional) shape.additional.emplace();
        add_schema(*shape.additional, *additional);
    }
    return {};
}

Result<void> SchemaReader::apply_reference(const Json& schema, Shapes& shapes) {
    const Json* reference = member(schema, "$ref");
    if (reference == nullptr) return {};
    if (!reference->is_string()) return malformed(schema, "'$ref' is no string");
    const auto& text = reference->get_ref<const std::string&>();
    if (!text.starts_with('#') || (text.size() > 1 && text[1] != '/')) {
        return unsupported(schema, "'$ref' " + formats::quote(text) + " does not point into this schema (#/…)");
    }
    const Json* target = follow_pointer(*document_, decoded_pointer(std::string_view(text).substr(1)));
    if (target == nullptr) return malformed(schema, "'$ref' " + formats::quote(text) + " leads nowhere");
    if (std::ranges::find(referred_, target) != referred_.end())
        return malformed(schema, "'$ref' " + formats::quote(text) + " refers to itself");
    referred_.push_back(target);
    auto applied = apply(*target, shapes);
    referred_.pop_back();
    return applied;
}

Result<void> SchemaReader::apply_choice(const Json& schema, const char* keyword, bool is_exclusive, Shapes& shapes) {
    const Json* choices = member(schema, keyword);
    if (choices == nullptr) return {};
    if (!choices->is_array()) return malformed(schema, "'" + std::string(keyword) + "' is no array");
    std::vector<Shapes> taken;
    std::size_t count = 0;
    for (const Json& choice : *choices) {
        taken.push_back(shapes);
        TRY_VOID(apply(choice, taken.back()));
        count += taken.back().size();
        if (count > kShapesMax)
            return fail(ErrorCode::resource_exhausted,
                        place(schema) + ": more than " + std::to_string(kShapesMax) + " alternatives");
    }
    for (std::size_t i = 0; is_exclusive && i < taken.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (!TRY(are_apart(taken[i], taken[j], 0))) {
                return unsupported(schema, "'oneOf' whose alternatives " + std::to_string(j) + " and " +
                                               std::to_string(i) + " may both hold is not supported; use 'anyOf'");
            }
        }
    }
    shapes.clear();
    for (Shapes& part : taken) std::ranges::move(part, std::back_inserter(shapes));
    return {};
}

Result<std::vector<Shape>> SchemaReader::open_shapes(const AllOf& schemas) {
    Shapes shapes(1);
    // A place inside a value starts anew: what is being followed outside is no loop here.
    const auto outside = std::exchange(referred_, {});
    for (const Json* schema : schemas) {
        auto applied = apply(*schema, shapes);
        if (!applied) {
            referred_ = outside;
            return std::unexpected(std::move(applied.error()));
        }
    }
    referred_ = outside;
    return shapes;
}

Result<std::vector<Shape>> SchemaReader::shapes(const AllOf& schemas) {
    Shapes all;
    for (Shape& shape : TRY(open_shapes(schemas))) {
        shape = TRY(finished(std::move(shape)));
        if (shape.types != 0 && !(shape.values && shape.values->empty())) all.push_back(std::move(shape));
    }
    return all;
}

Result<Shape> SchemaReader::finished(Shape shape) {
    if (shape.values) {
        const std::vector<Json> values = std::move(*shape.values);
        shape.values.reset();
        std::vector<Json> kept;
        for (const Json& value : values) {
            if (TRY(fits(value, shape, 0))) kept.push_back(value);
        }
        shape.values = std::move(kept);
        return shape;
    }
    if (shape.types == kAllTypes && shape.mentioned != 0) shape.types = shape.mentioned;
    for (const auto& name : shape.required) {
        auto found = std::ranges::find(shape.properties, name, &Property::name);
        if (found == shape.properties.end()) {
            shape.properties.push_back({name, shape.additional.value_or(AllOf()), false});
            found = shape.properties.end() - 1;
        }
        found->is_required = true;
    }
    if (!shape.additional) shape.additional = shape.properties.empty() ? AllOf() : AllOf{&never()};
    return shape;
}

Result<bool> SchemaReader::fits(const Json& value, const AllOf& schemas, std::size_t depth) {
    for (const Shape& shape : TRY(open_shapes(schemas))) {
        if (TRY(fits(value, shape, depth))) return true;
    }
    return false;
}

Result<bool> SchemaReader::fits(const Json& value, const Shape& shape, std::size_t depth) {
    if (depth > kNestingMax) return false;
    const Types type = type_of(value);
    if ((type & shape.types) == 0) return false;
    if (shape.values && std::ranges::find(*shape.values, value) == shape.values->end()) return false;
    if ((type & kNumber) != 0) {
        const auto holds = [&](const std::optional<Bound>& bound, int direction) {
            if (!bound) return true;
            const int order = compare_numbers(value, bound->value) * direction;
            return order > 0 || (order == 0 && !bound->is_exclusive);
        };
        return holds(shape.minimum, 1) && holds(shape.maximum, -1);
    }
    if (type == kString) {
        const auto& text = value.get_ref<const std::string&>();
        const std::size_t length = characters_of(text).size();
        if (length < shape.length_min || (shape.length_max && length > *shape.length_max)) return false;
        for (const auto& pattern : shape.patterns) {
            if (!TRY(strings_matching(pattern)).contains(text)) return false;
        }
    }
    if (type == kArray) {
        if (value.size() < shape.items_min || (shape.items_max && value.size() > *shape.items_max)) return false;
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (!TRY(fits(value[i], i < shape.prefix.size() ? shape.prefix[i] : shape.items, depth + 1))) return false;
        }
    }
    if (type == kObject) {
        for (const auto& name : shape.required) {
            if (!value.contains(name)) return false;
        }
        for (const auto& [name, child] : value.items()) {
            const auto property = std::ranges::find(shape.properties, name, &Property::name);
            const AllOf& schemas = property != shape.properties.end() ? property->schemas
                                   : shape.additional                 ? *shape.additional
                                                                      : AllOf();
            if (!TRY(fits(child, schemas, depth + 1))) return false;
        }
    }
    return true;
}

Result<bool> SchemaReader::are_apart(const Shapes& a, const Shapes& b, std::size_t depth) {
    for (const Shape& x : a) {
        for (const Shape& y : b) {
            if (!TRY(are_apart(x, y, depth))) return false;
        }
    }
    return true;
}

/// Whether no value fits both: by type, by values, by the range of numbers, or by a required member that tells them apart.
Result<bool> SchemaReader::are_apart(const Shape& a, const Shape& b, std::size_t depth) {
    if (a.values || b.values) {
        const auto& [listed, other] =
            a.values ? std::pair<const Shape&, const Shape&>(a, b) : std::pair<const Shape&, const Shape&>(b, a);
        for (const Json& value : *listed.values) {
            if (TRY(fits(value, listed, 0)) && TRY(fits(value, other, 0))) return false;
        }
        return true;
    }
    Types common = a.types & b.types;
    const auto below = [](const std::optional<Bound>& high, const std::optional<Bound>& low) {
        if (!high || !low) return false;
        const int order = compare_numbers(high->value, low->value);
        return order < 0 || (order == 0 && (high->is_exclusive || low->is_exclusive));
    };
    if (below(a.maximum, b.minimum) || below(b.maximum, a.minimum)) common &= static_cast<Types>(~kNumber);
    if (common == 0) return true;
    if (common != kObject || depth >= 4) return false;
    const auto find = [](const Shape& shape, const std::string& name) {
        const auto found = std::ranges::find(shape.properties, name, &Property::name);
        return found != shape.properties.end() ? std::optional(found->schemas) : shape.additional;
    };
    for (const auto* required : {&a.required, &b.required}) {
        for (const auto& name : *required) {
            const auto in_a = find(a, name), in_b = find(b, name);
            if (!in_a || !in_b) continue;
            const Shapes shapes_a = TRY(open_shapes(*in_a)), shapes_b = TRY(open_shapes(*in_b));
            if (TRY(are_apart(shapes_a, shapes_b, depth + 1))) return true;
        }
    }
    return false;
}

} // namespace assay::engine::grammar
