#pragma once
/// The GGUF container, step by step, without any knowledge of models. Little-endian, versions 2 and 3:
///
///   1. magic "GGUF", u32 version, u64 number of tensors, u64 number of metadata pairs;
///   2. each pair: string key, u32 value type, value. A string is u64 length and bytes. An array is u32 element type,
///      u64 count and the elements; arrays of arrays are refused;
///   3. each tensor: string name, u32 number of dimensions, u64 extents (innermost first), u32 type, u64 offset;
///   4. zero bytes up to the next multiple of `general.alignment` (32 when absent), then the tensors' data. Offsets
///      count from here, are multiples of the alignment and may not overlap.
///
/// Everything borrows the bytes it was parsed from; nothing is copied except names and extents. Counts and lengths are
/// compared with the bytes that are left before anything is allocated. Thread-safe after creation; deterministic.
/// Source: the GGUF specification (ggml, docs/gguf.md). Errors: malformed, unsupported, resource_exhausted; each names
/// the field, key or tensor.
#include "base/bytes.h"
#include "base/result.h"
#include "tensor/view.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::formats {

/// Numbers are the file's.
enum class GgufType : std::uint32_t {
    u8 = 0,
    i8 = 1,
    u16 = 2,
    i16 = 3,
    u32 = 4,
    i32 = 5,
    f32 = 6,
    boolean = 7,
    string = 8,
    array = 9,
    u64 = 10,
    i64 = 11,
    f64 = 12,
};
std::string_view to_string(GgufType type);

/// One metadata value as it lies in the file.
struct GgufValue {
    GgufType type = GgufType::u8; ///< `array` for arrays
    GgufType element = GgufType::u8; ///< type of the elements; same as `type` for others
    std::uint64_t count = 1; ///< elements; 1 for others
    ByteView payload; ///< the encoded elements, checked to be whole
};

struct GgufTensor {
    std::string name;
    tensor::TensorView view;
    std::uint64_t offset = 0; ///< from the start of the data
};

class GgufFile {
public:
    static constexpr std::uint64_t kPairsMax = 65536;
    static constexpr std::uint64_t kTensorsMax = 65536;
    static constexpr std::uint64_t kKeyBytesMax = 65535;
    static constexpr std::uint64_t kTensorNameBytesMax = 128;
    static constexpr std::uint64_t kAlignmentMax = std::uint64_t{1} << 20;

    /// `bytes` must outlive the result.
    static Result<GgufFile> parse(ByteView bytes);

    std::uint32_t version() const { return version_; }
    std::uint64_t alignment() const { return alignment_; }
    const std::map<std::string, GgufValue, std::less<>>& metadata() const { return metadata_; }
    const std::vector<GgufTensor>& tensors() const { return tensors_; } ///< in the file's order

    bool has(std::string_view key) const { return metadata_.contains(key); }
    /// Typed look-ups: empty when the key is absent, malformed when it has another type. Integers of any width and
    /// sign are taken where the value fits; so are both widths of floats.
    Result<std::optional<std::string>> text(std::string_view key) const;
    Result<std::optional<std::uint64_t>> natural(std::string_view key) const;
    Result<std::optional<double>> real(std::string_view key) const;
    Result<std::optional<bool>> boolean(std::string_view key) const;
    /// Arrays, of at most `count_max` elements (else resource_exhausted); empty when the key is absent.
    Result<std::vector<std::string>> texts(std::string_view key, std::uint64_t count_max) const;
    Result<std::vector<float>> floats(std::string_view key, std::uint64_t count_max) const;
    Result<std::vector<std::int32_t>> integers(std::string_view key, std::uint64_t count_max) const;
    /// Raw bytes of an array of u8 or i8, or of a string.
    Result<std::string> octets(std::string_view key) const;

private:
    friend class GgufParser;
    Result<const GgufValue*> find_array(std::string_view key, std::uint64_t count_max) const;

    std::uint32_t version_ = 0;
    std::uint64_t alignment_ = 32;
    std::map<std::string, GgufValue, std::less<>> metadata_;
    std::vector<GgufTensor> tensors_;
};

} // namespace assay::formats
