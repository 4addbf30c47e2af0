#include "tokenizer/hf_json.h"

namespace assay::tokenizer::hf {
namespace {

constexpr std::size_t kTextLimit = 256u << 20;
constexpr int kDepthLimit = 64;

const Json& null_value() {
    static const Json instance;
    return instance;
}

/// Nesting of a JSON text, seen before anything is allocated for it.
int depth_of(std::string_view text) {
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return deepest;
}

} // namespace

Field Field::operator[](const char* key) const {
    std::string path = path_.empty() ? key : path_ + "." + key;
    if (!value_->is_object()) return {null_value(), std::move(path)};
    const auto found = value_->find(key);
    return {found == value_->end() ? null_value() : *found, std::move(path)};
}

Field Field::at(std::size_t i) const { return {(*value_)[i], path_ + "[" + std::to_string(i) + "]"}; }

std::unexpected<Error> Field::expected(std::string_view what) const {
    return fail(ErrorCode::malformed, path_ + ": expected " + std::string(what) + ", found " + value_->type_name());
}

std::unexpected<Error> Field::unsupported(std::string_view what) const {
    return fail(ErrorCode::unsupported, path_ + ": " + std::string(what));
}

Result<std::string> Field::text() const {
    if (!value_->is_string()) return expected("a string");
    return value_->get_ref<const std::string&>();
}

Result<std::string> Field::text_or(std::string_view otherwise) const {
    return is_null() ? Result<std::string>(std::string(otherwise)) : text();
}

Result<bool> Field::boolean_or(bool otherwise) const {
    if (is_null()) return otherwise;
    if (!value_->is_boolean()) return expected("true or false");
    return value_->get<bool>();
}

Result<std::size_t> Field::number(std::size_t limit) const {
    if (!value_->is_number_unsigned()) return expected("a whole number");
    const auto number = value_->get<std::uint64_t>();
    if (number > limit) {
        return fail(ErrorCode::malformed, path_ + ": " + std::to_string(number) + " exceeds " + std::to_string(limit));
    }
    return number;
}

Result<std::size_t> Field::array_size(std::size_t limit) const {
    if (!value_->is_array()) return expected("an array");
    if (value_->size() > limit) {
        return fail(ErrorCode::malformed,
                    path_ + ": " + std::to_string(value_->size()) + " elements exceed " + std::to_string(limit));
    }
    return value_->size();
}

Result<Json> parse_json(std::string_view text, const char* name) {
    if (text.size() > kTextLimit) {
        return fail(ErrorCode::resource_exhausted, std::string(name) + ": " + std::to_string(text.size()) +
                                                       " bytes exceed the limit of " + std::to_string(kTextLimit));
    }
    if (depth_of(text) > kDepthLimit) {
        return fail(ErrorCode::malformed,
                    std::string(name) + ": nested more than " + std::to_string(kDepthLimit) + " deep");
    }
    try {
        return Json::parse(text);
    } catch (const nlohmann::json::exception& problem) {
        return fail(ErrorCode::malformed, std::string(name) + ": " + problem.what());
    }
}

Result<Pattern> read_pattern(const Field& field) {
    const Field literal = field["String"];
    if (!literal.is_null()) return Pattern{TRY(literal.text()), false};
    const Field regex = field["Regex"];
    if (!regex.is_null()) return Pattern{TRY(regex.text()), true};
    return field.expected("{\"String\": …} or {\"Regex\": …}");
}

} // namespace assay::tokenizer::hf
