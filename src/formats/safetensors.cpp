#include "formats/safetensors.h"

#include "formats/json_text.h"
#include "formats/quote.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace assay::formats {
namespace {

constexpr std::string_view kMetadata = "__metadata__";

struct TypeInfo {
    std::string_view name;
    std::uint32_t bits;
    std::optional<tensor::DType> dtype;
};

/// Every type of the format; those without a dtype can be stepped over, not read.
constexpr TypeInfo kTypes[] = {
    {"F32", 32, tensor::DType::f32},
    {"F16", 16, tensor::DType::f16},
    {"BF16", 16, tensor::DType::bf16},
    {"BOOL", 8, {}},
    {"U8", 8, {}},
    {"I8", 8, {}},
    {"F8_E5M2", 8, {}},
    {"F8_E4M3", 8, {}},
    {"F8_E8M0", 8, {}},
    {"F8_E4M3FNUZ", 8, {}},
    {"F8_E5M2FNUZ", 8, {}},
    {"I16", 16, {}},
    {"U16", 16, {}},
    {"I32", 32, {}},
    {"U32", 32, {}},
    {"I64", 64, {}},
    {"U64", 64, {}},
    {"F64", 64, {}},
    {"C64", 64, {}},
    {"F4", 4, {}},
    {"F6_E2M3", 6, {}},
    {"F6_E3M2", 6, {}},
};

std::string tensor_label(std::string_view name) { return "safetensors tensor " + quote(name); }

Result<ByteView> header_of(ByteView bytes) {
    std::uint64_t size = 0;
    if (bytes.size() < sizeof size) {
        return fail(ErrorCode::malformed,
                    "safetensors header length: file ends at byte " + std::to_string(bytes.size()));
    }
    std::memcpy(&size, bytes.data(), sizeof size); // little-endian, as every target of ours
    const std::uint64_t left = bytes.size() - sizeof size;
    if (size > left) {
        return fail(ErrorCode::malformed, "safetensors header length: " + std::to_string(size) + " bytes announced, " +
                                              std::to_string(left) + " left in the file");
    }
    if (size > SafetensorsFile::kHeaderBytesMax) {
        return fail(ErrorCode::resource_exhausted, "safetensors header length: " + std::to_string(size) +
                                                       " bytes exceed the limit of " +
                                                       std::to_string(SafetensorsFile::kHeaderBytesMax));
    }
    return bytes.subspan(sizeof size, size);
}

Result<std::vector<std::uint64_t>> naturals(const JsonField& field, std::size_t count_max) {
    if (!field.value().is_array() || field.value().size() > count_max) {
        return field.expected("an array of at most " + std::to_string(count_max) + " whole numbers");
    }
    std::vector<std::uint64_t> values;
    for (std::size_t i = 0; i < field.value().size(); ++i) {
        const Json& value = field.value()[i];
        if (!value.is_number_unsigned()) return field.at(i).expected("a whole number");
        values.push_back(value.get<std::uint64_t>());
    }
    return values;
}

Result<std::uint64_t> size_in_bytes(const TypeInfo& type, const std::vector<std::uint64_t>& shape,
                                    const std::string& label) {
    std::uint64_t bits = type.bits;
    for (const std::uint64_t extent : shape) {
        if (__builtin_mul_overflow(bits, extent, &bits) || bits > (std::uint64_t{1} << 56)) {
            return fail(ErrorCode::malformed, label + ".shape: too many elements");
        }
    }
    if (bits % 8 != 0) return fail(ErrorCode::malformed, label + ".shape: not a whole number of bytes");
    return bits / 8;
}

Result<SafetensorsEntry> read_entry(const std::string& name, const Json& description, ByteView data) {
    const std::string label = tensor_label(name);
    const JsonField all(description, label);
    if (name.size() > SafetensorsFile::kNameBytesMax || name.empty()) {
        return fail(ErrorCode::malformed, label + ": name of " + std::to_string(name.size()) + " bytes, not 1 to " +
                                              std::to_string(SafetensorsFile::kNameBytesMax));
    }
    if (!description.is_object()) return all.expected("an object");
    SafetensorsEntry entry;
    entry.name = name;
    entry.dtype_name = TRY(all["dtype"].text());
    const auto type = std::ranges::find(kTypes, std::string_view(entry.dtype_name), &TypeInfo::name);
    if (type == std::end(kTypes)) {
        return fail(ErrorCode::malformed, label + ": dtype " + quote(entry.dtype_name) + " is unknown");
    }
    entry.dtype = type->dtype;
    entry.shape = TRY(naturals(all["shape"], SafetensorsFile::kDimensionsMax));
    const auto offsets = TRY(naturals(all["data_offsets"], 2));
    if (offsets.size() != 2) return all["data_offsets"].expected("two offsets");
    const std::uint64_t size = TRY(size_in_bytes(*type, entry.shape, label));
    const std::string range = "[" + std::to_string(offsets[0]) + ", " + std::to_string(offsets[1]) + "]";
    if (offsets[0] > offsets[1] || offsets[1] > data.size()) {
        return fail(ErrorCode::malformed, label + ": data_offsets " + range + " exceed the " +
                                              std::to_string(data.size()) + " bytes of data in the file");
    }
    if (offsets[1] - offsets[0] != size) {
        return fail(ErrorCode::malformed, label + ": data_offsets " + range + " are not the " + std::to_string(size) +
                                              " bytes of its dtype and shape");
    }
    entry.begin = offsets[0];
    entry.bytes = data.subspan(offsets[0], size);
    return entry;
}

Result<void> check_apart(const std::vector<SafetensorsEntry>& tensors) {
    std::vector<const SafetensorsEntry*> order;
    for (const SafetensorsEntry& tensor : tensors) {
        if (!tensor.bytes.empty()) order.push_back(&tensor);
    }
    std::ranges::sort(order, {}, &SafetensorsEntry::begin);
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (order[i]->begin - order[i - 1]->begin < order[i - 1]->bytes.size()) {
            return fail(ErrorCode::malformed, tensor_label(order[i]->name) + ": its data overlaps that of tensor " +
                                                  quote(order[i - 1]->name));
        }
    }
    return {};
}

} // namespace

Result<SafetensorsFile> SafetensorsFile::parse(ByteView bytes) {
    const ByteView header = TRY(header_of(bytes));
    const Json root = TRY(parse_json(as_string_view(header), "safetensors header", {.depth_max = 4}));
    if (!root.is_object()) return JsonField(root, "safetensors header").expected("an object");
    if (root.size() > kTensorsMax) {
        return fail(ErrorCode::resource_exhausted, "safetensors header: " + std::to_string(root.size()) +
                                                       " tensors exceed the limit of " + std::to_string(kTensorsMax));
    }
    const ByteView data = bytes.subspan(8 + header.size());
    SafetensorsFile file;
    for (const auto& [name, description] : root.items()) {
        if (name != kMetadata) file.tensors_.push_back(TRY(read_entry(name, description, data)));
    }
    TRY_VOID(check_apart(file.tensors_));
    return file;
}

} // namespace assay::formats
