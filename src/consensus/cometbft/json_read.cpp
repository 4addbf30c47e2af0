#include "consensus/cometbft/json_read.h"

#include "codec/base_text.h"

#include <charconv>

namespace assay::consensus {

namespace {

std::unexpected<Error> wrong(std::string_view path, const std::string& what) {
    return fail(ErrorCode::malformed, "'" + std::string(path) + "' " + what);
}

} // namespace

Result<const codec::Json*> json_at(const codec::Json& json, std::string_view path) {
    const codec::Json* at = &json;
    std::string_view rest = path;
    while (!rest.empty()) {
        const std::string_view name = rest.substr(0, rest.find('.'));
        rest.remove_prefix(name.size() == rest.size() ? name.size() : name.size() + 1);
        at = at->find(name);
        if (at == nullptr) return wrong(path, "is missing");
    }
    return at;
}

Result<std::string> json_text(const codec::Json& json, std::string_view path) {
    const std::string* const text = TRY(json_at(json, path))->text();
    if (text == nullptr) return wrong(path, "is not a string");
    return *text;
}

Result<std::int64_t> json_integer(const codec::Json& json, std::string_view path) {
    const codec::Json* const at = TRY(json_at(json, path));
    const std::string* const digits = at->number() != nullptr ? at->number() : at->text();
    std::int64_t value = 0;
    if (digits == nullptr) return wrong(path, "is not an integer");
    const auto parsed = std::from_chars(digits->data(), digits->data() + digits->size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != digits->data() + digits->size())
        return wrong(path, "is not an integer");
    return value;
}

Result<bool> json_flag(const codec::Json& json, std::string_view path) {
    const bool* const flag = TRY(json_at(json, path))->boolean();
    if (flag == nullptr) return wrong(path, "is not a boolean");
    return *flag;
}

Result<Bytes> json_hex(const codec::Json& json, std::string_view path) {
    const std::string text = TRY(json_text(json, path));
    auto bytes = from_hex(text);
    if (!bytes) return wrong(path, "is not hexadecimal");
    return bytes;
}

Result<Bytes> json_base64(const codec::Json& json, std::string_view path) {
    if (TRY(json_at(json, path))->is_null()) return Bytes{};
    std::string text = TRY(json_text(json, path));
    while (text.ends_with('=')) text.pop_back();
    auto bytes = codec::from_base64(text);
    if (!bytes) return wrong(path, "is not base64");
    return bytes;
}

Result<const codec::Json::List*> json_list(const codec::Json& json, std::string_view path) {
    const codec::Json::List* const list = TRY(json_at(json, path))->list();
    if (list == nullptr) return wrong(path, "is not a list");
    return list;
}

} // namespace assay::consensus
