#pragma once
/// The safetensors container, without any knowledge of models. Little-endian:
///
///   1. u64 length of the header, at most kHeaderBytesMax and no more than the file has left;
///   2. the header, a JSON object: "__metadata__" and, by tensor, {"dtype", "shape", "data_offsets": [begin, end]};
///   3. the data, to the end of the file. Offsets count from its start; they lie inside, their difference is exactly
///      the size of dtype × shape, and no two tensors overlap. Gaps are allowed.
///
/// Views borrow the bytes given to `parse`. A view starts at any byte: older writers did not pad the header, so
/// elements may be misaligned, and readers copy them out with memcpy. Thread-safe after creation; deterministic.
/// Source: huggingface/safetensors, "Format". Errors: malformed, resource_exhausted; each names the tensor and field.
#include "base/bytes.h"
#include "base/result.h"
#include "tensor/dtype.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace assay::formats {

struct SafetensorsEntry {
    std::string name;
    std::string dtype_name; ///< "F32", "BF16", "I64", …
    std::optional<tensor::DType> dtype; ///< empty for types that no kernel reads
    std::vector<std::uint64_t> shape; ///< outermost first; may be empty (a scalar) or hold a 0
    std::uint64_t begin = 0; ///< from the start of the data
    ByteView bytes;
};

class SafetensorsFile {
public:
    static constexpr std::uint64_t kHeaderBytesMax = std::uint64_t{32} << 20;
    static constexpr std::size_t kTensorsMax = 65536;
    static constexpr std::size_t kDimensionsMax = 8;
    static constexpr std::size_t kNameBytesMax = 512;

    /// `bytes` must outlive the result.
    static Result<SafetensorsFile> parse(ByteView bytes);

    const std::vector<SafetensorsEntry>& tensors() const { return tensors_; } ///< ordered by name

private:
    std::vector<SafetensorsEntry> tensors_;
};

} // namespace assay::formats
