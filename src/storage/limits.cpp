#include "storage/limits.h"

#include <algorithm>

namespace assay::storage {

Result<void> check_entry(ByteView key, std::size_t value_bytes) {
    if (!is_key(key))
        return fail(ErrorCode::invalid_argument, "a key of " + std::to_string(key.size()) + " bytes: keys have 1 to " +
                                                     std::to_string(kKeyBytesMax));
    if (value_bytes > kValueBytesMax)
        return fail(ErrorCode::invalid_argument, "a value of " + std::to_string(value_bytes) +
                                                     " bytes: values have at most " + std::to_string(kValueBytesMax));
    return {};
}

Result<void> check_table_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    };
    if (name.empty() || name.size() > kTableNameBytesMax || !std::ranges::all_of(name, allowed))
        return fail(ErrorCode::invalid_argument, "table name of " + std::to_string(name.size()) +
                                                     " bytes: it takes 1 to 64 of a-z, 0-9, '.', '-' and '_'");
    return {};
}

} // namespace assay::storage
