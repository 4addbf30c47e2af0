#include "codec/value.h"

#include <limits>

namespace assay::codec {

std::optional<std::int64_t> Integer::to_int64() const {
    if (argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    const auto value = static_cast<std::int64_t>(argument);
    return negative ? -1 - value : value;
}

std::optional<std::uint64_t> Integer::to_uint64() const {
    if (negative) return std::nullopt;
    return argument;
}

const Value* Value::find(std::string_view key) const {
    const Map* entries = map();
    if (entries == nullptr) return nullptr;
    const auto it = entries->find(key);
    return it == entries->end() ? nullptr : &it->second;
}

} // namespace assay::codec
