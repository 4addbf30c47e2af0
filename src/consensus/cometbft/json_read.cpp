#include "consensus/cometbft/json_read.h"

#include "codec/base_text.h"

#include <charconv>

namespace assay::consensus {

namespace {

std::unexpected<Error> wrong(std::string_view path, const std::string& what) {
    return fail(ErrorCode::malformed, "'" + std::string(path) + "' " + what);
}

// Days since 1970-01-01 in the Gregorian calendar.
std::int64_t days_since_1970(std::int64_t year, std::int64_t month, std::int64_t day) {
    const std::int64_t shifted_year = month <= 2 ? year - 1 : year; // years begin in March
    const std::int64_t era = (shifted_year >= 0 ? shifted_year : shifted_year - 399) / 400;
    const std::int64_t year_of_era = shifted_year - era * 400;
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

// Reads `digits` digits from the front, and the separator after them, if any.
bool take(std::string_view& text, std::size_t digits, char separator, std::int64_t& value) {
    if (text.size() < digits) return false;
    const auto parsed = std::from_chars(text.data(), text.data() + digits, value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + digits || value < 0) return false;
    text.remove_prefix(digits);
    if (separator == '\0') return true;
    if (!text.starts_with(separator)) return false;
    text.remove_prefix(1);
    return true;
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

Result<JsonTime> json_time(const codec::Json& json, std::string_view path) {
    const std::string whole = TRY(json_text(json, path));
    std::string_view text = whole;
    std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, nanos = 0;
    const bool fields = take(text, 4, '-', year) && take(text, 2, '-', month) && take(text, 2, 'T', day) &&
                        take(text, 2, ':', hour) && take(text, 2, ':', minute) && take(text, 2, '\0', second);
    if (!fields || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return wrong(path, "is not a time");
    if (text.starts_with('.')) {
        const std::size_t digits = std::min(text.find('Z'), text.size()) - 1;
        text.remove_prefix(1);
        if (digits < 1 || digits > 9 || !take(text, digits, '\0', nanos)) return wrong(path, "is not a time");
        for (std::size_t i = digits; i < 9; ++i) nanos *= 10;
    }
    if (text != "Z") return wrong(path, "is not a time in UTC");
    return JsonTime{days_since_1970(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second,
                    static_cast<std::int32_t>(nanos)};
}

} // namespace assay::consensus
