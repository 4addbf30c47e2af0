#include "formats/gguf.h"

#include "formats/quote.h"

#include <cstring>
#include <limits>

namespace assay::formats {
namespace {

template <class T>
T load(ByteView bytes, std::uint64_t index = 0) {
    T value;
    std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
    return value;
}

std::unexpected<Error> wrong_type(std::string_view key, const GgufValue& value, std::string_view wanted) {
    std::string is(to_string(value.type));
    if (value.type == GgufType::array) is += " of " + std::string(to_string(value.element));
    return fail(ErrorCode::malformed, "GGUF metadata " + quote(key) + ": is " + is + ", not " + std::string(wanted));
}

/// An integer of any width, unless it is negative or none at all.
std::optional<std::uint64_t> as_natural(GgufType type, ByteView bytes) {
    const auto from_signed = [](std::int64_t value) {
        return value < 0 ? std::nullopt : std::optional<std::uint64_t>(static_cast<std::uint64_t>(value));
    };
    switch (type) {
        case GgufType::u8: return load<std::uint8_t>(bytes);
        case GgufType::u16: return load<std::uint16_t>(bytes);
        case GgufType::u32: return load<std::uint32_t>(bytes);
        case GgufType::u64: return load<std::uint64_t>(bytes);
        case GgufType::i8: return from_signed(load<std::int8_t>(bytes));
        case GgufType::i16: return from_signed(load<std::int16_t>(bytes));
        case GgufType::i32: return from_signed(load<std::int32_t>(bytes));
        case GgufType::i64: return from_signed(load<std::int64_t>(bytes));
        default: return std::nullopt;
    }
}

} // namespace

std::string_view to_string(GgufType type) {
    switch (type) {
        case GgufType::u8: return "u8";
        case GgufType::i8: return "i8";
        case GgufType::u16: return "u16";
        case GgufType::i16: return "i16";
        case GgufType::u32: return "u32";
        case GgufType::i32: return "i32";
        case GgufType::f32: return "f32";
        case GgufType::boolean: return "boolean";
        case GgufType::string: return "string";
        case GgufType::array: return "array";
        case GgufType::u64: return "u64";
        case GgufType::i64: return "i64";
        case GgufType::f64: return "f64";
    }
    return "unknown";
}

Result<std::optional<std::string>> GgufFile::text(std::string_view key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return std::nullopt;
    if (found->second.type != GgufType::string) return wrong_type(key, found->second, "a string");
    return std::string(as_string_view(found->second.payload.subspan(8)));
}

Result<std::optional<std::uint64_t>> GgufFile::natural(std::string_view key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return std::nullopt;
    const auto value = as_natural(found->second.type, found->second.payload);
    if (!value) return wrong_type(key, found->second, "an integer of at least 0");
    return value;
}

Result<std::optional<double>> GgufFile::real(std::string_view key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return std::nullopt;
    if (found->second.type == GgufType::f32) return double{load<float>(found->second.payload)};
    if (found->second.type == GgufType::f64) return load<double>(found->second.payload);
    return wrong_type(key, found->second, "a floating-point number");
}

Result<std::optional<bool>> GgufFile::boolean(std::string_view key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return std::nullopt;
    if (found->second.type != GgufType::boolean) return wrong_type(key, found->second, "a boolean");
    return found->second.payload[0] != 0;
}

Result<const GgufValue*> GgufFile::find_array(std::string_view key, std::uint64_t count_max) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return nullptr;
    if (found->second.type != GgufType::array) return wrong_type(key, found->second, "an array");
    if (found->second.count > count_max) {
        return fail(ErrorCode::resource_exhausted, "GGUF metadata " + quote(key) + ": " +
                                                       std::to_string(found->second.count) +
                                                       " elements exceed the limit of " + std::to_string(count_max));
    }
    return &found->second;
}

Result<std::vector<std::string>> GgufFile::texts(std::string_view key, std::uint64_t count_max) const {
    const GgufValue* array = TRY(find_array(key, count_max));
    std::vector<std::string> values;
    if (array == nullptr) return values;
    if (array->element != GgufType::string) return wrong_type(key, *array, "an array of strings");
    values.reserve(array->count); // the parser saw each of them whole
    ByteView rest = array->payload;
    for (std::uint64_t i = 0; i < array->count; ++i) {
        const auto size = load<std::uint64_t>(rest);
        values.emplace_back(as_string_view(rest.subspan(8, size)));
        rest = rest.subspan(8 + size);
    }
    return values;
}

Result<std::vector<float>> GgufFile::floats(std::string_view key, std::uint64_t count_max) const {
    const GgufValue* array = TRY(find_array(key, count_max));
    std::vector<float> values;
    if (array == nullptr) return values;
    if (array->element != GgufType::f32) return wrong_type(key, *array, "an array of f32");
    values.resize(array->count);
    for (std::uint64_t i = 0; i < array->count; ++i) values[i] = load<float>(array->payload, i);
    return values;
}

Result<std::vector<std::int32_t>> GgufFile::integers(std::string_view key, std::uint64_t count_max) const {
    const GgufValue* array = TRY(find_array(key, count_max));
    std::vector<std::int32_t> values;
    if (array == nullptr) return values;
    if (array->element != GgufType::i32 && array->element != GgufType::u32) {
        return wrong_type(key, *array, "an array of i32");
    }
    values.resize(array->count);
    for (std::uint64_t i = 0; i < array->count; ++i) {
        const auto value = load<std::uint32_t>(array->payload, i);
        if (array->element == GgufType::u32 && value > std::uint32_t{std::numeric_limits<std::int32_t>::max()}) {
            return fail(ErrorCode::malformed,
                        "GGUF metadata " + quote(key) + ": element " + std::to_string(i) + " is out of range");
        }
        values[i] = static_cast<std::int32_t>(value);
    }
    return values;
}

Result<std::string> GgufFile::octets(std::string_view key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return std::string();
    const GgufValue& value = found->second;
    if (value.type == GgufType::string) return std::string(as_string_view(value.payload.subspan(8)));
    if (value.type == GgufType::array && (value.element == GgufType::u8 || value.element == GgufType::i8)) {
        return std::string(as_string_view(value.payload));
    }
    return wrong_type(key, value, "an array of bytes");
}

} // namespace assay::formats
