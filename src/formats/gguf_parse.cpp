#include "formats/gguf.h"

#include "formats/quote.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace assay::formats {
namespace {

/// Bytes of one element, 0 for those of no fixed size.
std::uint64_t fixed_size(GgufType type) {
    switch (type) {
        case GgufType::u8:
        case GgufType::i8:
        case GgufType::boolean: return 1;
        case GgufType::u16:
        case GgufType::i16: return 2;
        case GgufType::u32:
        case GgufType::i32:
        case GgufType::f32: return 4;
        case GgufType::u64:
        case GgufType::i64:
        case GgufType::f64: return 8;
        case GgufType::string:
        case GgufType::array: return 0;
    }
    return 0;
}

/// ggml's number of a type we read.
std::optional<tensor::DType> dtype_of(std::uint32_t number) {
    using tensor::DType;
    switch (number) {
        case 0: return DType::f32;
        case 1: return DType::f16;
        case 2: return DType::q4_0;
        case 3: return DType::q4_1;
        case 6: return DType::q5_0;
        case 7: return DType::q5_1;
        case 8: return DType::q8_0;
        case 12: return DType::q4_k;
        case 13: return DType::q5_k;
        case 14: return DType::q6_k;
        case 30: return DType::bf16;
        default: return std::nullopt;
    }
}

/// Name of a ggml type we do not read, for the message.
std::string ggml_type_name(std::uint32_t number) {
    static constexpr std::pair<std::uint32_t, std::string_view> kNames[] = {
        {9, "Q8_1"},   {10, "Q2_K"},   {11, "Q3_K"},  {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"},
        {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"}, {23, "IQ4_XS"},  {24, "I8"},     {25, "I16"},
        {26, "I32"},   {27, "I64"},    {28, "F64"},   {29, "IQ1_M"}, {34, "TQ1_0"},   {35, "TQ2_0"},  {39, "MXFP4"},
    };
    for (const auto& [value, name] : kNames) {
        if (value == number) return std::string(name);
    }
    return "number " + std::to_string(number);
}

} // namespace

/// One pass from the first byte to the last tensor description.
class GgufParser {
public:
    explicit GgufParser(ByteView bytes) : in_(bytes) {}

    Result<GgufFile> parse() {
        TRY_VOID(header());
        for (std::uint64_t i = 0; i < pairs_; ++i) TRY_VOID(pair(i));
        TRY_VOID(read_alignment());
        for (std::uint64_t i = 0; i < tensors_; ++i) TRY_VOID(tensor(i));
        TRY_VOID(attach_data());
        return std::move(file_);
    }

private:
    std::uint64_t left() const { return in_.size() - at_; }

    template <class T>
    Result<T> take(std::string_view field) {
        if (left() < sizeof(T)) return fail(ErrorCode::malformed, truncated(field));
        T value;
        std::memcpy(&value, in_.data() + at_, sizeof value); // little-endian, as every target of ours
        at_ += sizeof value;
        return value;
    }

    std::string truncated(std::string_view field) const {
        return "GGUF " + std::string(field) + ": file ends at byte " + std::to_string(in_.size());
    }

    Result<ByteView> skip(std::uint64_t count, std::string_view field) {
        if (count > left()) {
            return fail(ErrorCode::malformed, "GGUF " + std::string(field) + ": " + std::to_string(count) +
                                                  " bytes announced, " + std::to_string(left()) + " left in the file");
        }
        const ByteView bytes = in_.subspan(at_, count);
        at_ += count;
        return bytes;
    }

    Result<std::string_view> string(std::string_view field, std::uint64_t size_max) {
        const auto size = TRY(take<std::uint64_t>(field));
        if (size > size_max) {
            return fail(ErrorCode::malformed, "GGUF " + std::string(field) + ": length " + std::to_string(size) +
                                                  " exceeds the limit of " + std::to_string(size_max) + " bytes");
        }
        return as_string_view(TRY(skip(size, field)));
    }

    Result<void> header() {
        const ByteView magic = TRY(skip(4, "magic"));
        if (as_string_view(magic) != "GGUF") {
            return fail(ErrorCode::malformed, "GGUF magic: file does not start with 'GGUF'");
        }
        file_.version_ = TRY(take<std::uint32_t>("version"));
        if (file_.version_ != 2 && file_.version_ != 3) {
            const bool swapped = std::byteswap(file_.version_) == 2 || std::byteswap(file_.version_) == 3;
            return fail(ErrorCode::unsupported,
                        swapped ? "GGUF version: file is big-endian; only little-endian is supported"
                                : "GGUF version " + std::to_string(file_.version_) +
                                      ": only versions 2 and 3 are supported");
        }
        tensors_ = TRY(take<std::uint64_t>("tensor count"));
        pairs_ = TRY(take<std::uint64_t>("metadata count"));
        // The least a pair takes is 13 bytes, a tensor 32: a lying count fails before anything is reserved for it.
        TRY_VOID(check_count(pairs_, GgufFile::kPairsMax, 13, "metadata count"));
        return check_count(tensors_, GgufFile::kTensorsMax, 32, "tensor count");
    }

    Result<void> check_count(std::uint64_t count, std::uint64_t count_max, std::uint64_t size_min,
                             std::string_view field) const {
        if (count > count_max) {
            return fail(ErrorCode::resource_exhausted, "GGUF " + std::string(field) + ": " + std::to_string(count) +
                                                           " exceeds the limit of " + std::to_string(count_max));
        }
        if (count > left() / size_min) {
            return fail(ErrorCode::malformed, "GGUF " + std::string(field) + ": " + std::to_string(count) +
                                                  " do not fit in the " + std::to_string(left()) + " bytes left");
        }
        return {};
    }

    Result<GgufType> take_type(const std::string& field) {
        const auto number = TRY(take<std::uint32_t>(field));
        if (number > static_cast<std::uint32_t>(GgufType::f64)) {
            return fail(ErrorCode::malformed, "GGUF " + field + ": unknown value type " + std::to_string(number));
        }
        return static_cast<GgufType>(number);
    }

    Result<void> pair(std::uint64_t index) {
        const auto key = TRY(string("metadata key " + std::to_string(index), GgufFile::kKeyBytesMax));
        const std::string field = "metadata " + quote(key);
        if (key.empty()) return fail(ErrorCode::malformed, "GGUF metadata key " + std::to_string(index) + ": is empty");
        if (file_.metadata_.contains(key)) return fail(ErrorCode::malformed, "GGUF " + field + ": key occurs twice");
        GgufValue value;
        value.type = TRY(take_type(field));
        value.element = value.type;
        if (value.type == GgufType::array) {
            value.element = TRY(take_type(field));
            value.count = TRY(take<std::uint64_t>(field));
            if (value.element == GgufType::array) {
                return fail(ErrorCode::unsupported, "GGUF " + field + ": array of arrays");
            }
        }
        value.payload = TRY(elements(value.element, value.count, field));
        file_.metadata_.emplace(key, value);
        return {};
    }

    Result<ByteView> elements(GgufType type, std::uint64_t count, const std::string& field) {
        const std::uint64_t size = fixed_size(type);
        const std::uint64_t least = size == 0 ? 8 : size; // a string has at least its length
        if (count > left() / least) {
            return fail(ErrorCode::malformed, "GGUF " + field + ": " + std::to_string(count) +
                                                  " values do not fit in the " + std::to_string(left()) +
                                                  " bytes left");
        }
        if (size != 0) {
            const ByteView bytes = TRY(skip(count * size, field));
            if (type == GgufType::boolean && std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte > 1; })) {
                return fail(ErrorCode::malformed, "GGUF " + field + ": boolean is neither 0 nor 1");
            }
            return bytes;
        }
        const std::size_t begin = at_;
        for (std::uint64_t i = 0; i < count; ++i) TRY_VOID(string(field, in_.size()));
        return in_.subspan(begin, at_ - begin);
    }

    Result<void> read_alignment() {
        const auto alignment = TRY(file_.natural("general.alignment"));
        if (!alignment) return {};
        if (!std::has_single_bit(*alignment) || *alignment < 8 || *alignment > GgufFile::kAlignmentMax) {
            return fail(ErrorCode::malformed, "GGUF metadata 'general.alignment': " + std::to_string(*alignment) +
                                                  " is not a power of two from 8 to " +
                                                  std::to_string(GgufFile::kAlignmentMax));
        }
        file_.alignment_ = *alignment;
        return {};
    }

    Result<void> tensor(std::uint64_t index) {
        GgufTensor tensor;
        tensor.name = TRY(string("tensor name " + std::to_string(index), GgufFile::kTensorNameBytesMax));
        const std::string field = "tensor " + quote(tensor.name);
        if (tensor.name.empty()) {
            return fail(ErrorCode::malformed, "GGUF tensor name " + std::to_string(index) + ": is empty");
        }
        const auto dimensions = TRY(take<std::uint32_t>(field));
        if (dimensions < 1 || dimensions > 4) {
            return fail(ErrorCode::malformed,
                        "GGUF " + field + ": " + std::to_string(dimensions) + " dimensions, not 1 to 4");
        }
        tensor.view.shape.resize(dimensions);
        std::uint64_t elements = 1;
        for (std::uint32_t i = 0; i < dimensions; ++i) {
            const auto extent = TRY(take<std::uint64_t>(field));
            if (extent == 0) {
                return fail(ErrorCode::malformed, "GGUF " + field + ": dimension " + std::to_string(i) + " is 0");
            }
            if (__builtin_mul_overflow(elements, extent, &elements) || elements > (std::uint64_t{1} << 48)) {
                return fail(ErrorCode::malformed, "GGUF " + field + ": too many elements");
            }
            tensor.view.shape[dimensions - 1 - i] = extent;
        }
        const auto number = TRY(take<std::uint32_t>(field));
        const auto dtype = dtype_of(number);
        if (!dtype) {
            return fail(ErrorCode::unsupported,
                        "GGUF " + field + ": type " + ggml_type_name(number) +
                            "; supported are F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K");
        }
        tensor.view.dtype = *dtype;
        const auto& traits = tensor::traits(*dtype);
        if (tensor.view.columns() % traits.block_elements != 0) {
            return fail(ErrorCode::malformed, "GGUF " + field + ": row of " + std::to_string(tensor.view.columns()) +
                                                  " elements is not a multiple of the " +
                                                  std::to_string(traits.block_elements) + " of a " +
                                                  std::string(traits.name) + " block");
        }
        tensor.offset = TRY(take<std::uint64_t>(field));
        if (tensor.offset % file_.alignment_ != 0) {
            return fail(ErrorCode::malformed, "GGUF " + field + ": offset " + std::to_string(tensor.offset) +
                                                  " is not a multiple of the alignment " +
                                                  std::to_string(file_.alignment_));
        }
        file_.tensors_.push_back(std::move(tensor));
        return {};
    }

    /// Gives every tensor its bytes, once the place where the data starts is known.
    Result<void> attach_data() {
        if (file_.tensors_.empty()) return {};
        const std::uint64_t start = (at_ + file_.alignment_ - 1) / file_.alignment_ * file_.alignment_;
        if (start > in_.size()) return fail(ErrorCode::malformed, truncated("tensor data"));
        const ByteView data = in_.subspan(start);
        for (GgufTensor& tensor : file_.tensors_) {
            const std::uint64_t size = tensor::bytes_of(tensor.view.dtype, tensor.view.elements());
            if (tensor.offset > data.size() || size > data.size() - tensor.offset) {
                return fail(ErrorCode::malformed, "GGUF tensor " + quote(tensor.name) + ": " + std::to_string(size) +
                                                      " bytes at offset " + std::to_string(tensor.offset) +
                                                      " exceed the " + std::to_string(data.size()) +
                                                      " bytes of data in the file");
            }
            tensor.view.bytes = data.subspan(tensor.offset, size);
        }
        return check_distinct();
    }

    Result<void> check_distinct() const {
        std::vector<const GgufTensor*> order;
        order.reserve(file_.tensors_.size());
        for (const GgufTensor& tensor : file_.tensors_) order.push_back(&tensor);
        std::ranges::sort(order, {}, &GgufTensor::name);
        for (std::size_t i = 1; i < order.size(); ++i) {
            if (order[i]->name == order[i - 1]->name) {
                return fail(ErrorCode::malformed, "GGUF tensor " + quote(order[i]->name) + ": name occurs twice");
            }
        }
        std::ranges::sort(order, {}, &GgufTensor::offset);
        for (std::size_t i = 1; i < order.size(); ++i) {
            if (order[i]->offset - order[i - 1]->offset < order[i - 1]->view.bytes.size()) {
                return fail(ErrorCode::malformed, "GGUF tensor " + quote(order[i]->name) +
                                                      ": its data overlaps that of tensor " +
                                                      quote(order[i - 1]->name));
            }
        }
        return {};
    }

    ByteView in_;
    std::size_t at_ = 0;
    std::uint64_t tensors_ = 0;
    std::uint64_t pairs_ = 0;
    GgufFile file_;
};

Result<GgufFile> GgufFile::parse(ByteView bytes) { return GgufParser(bytes).parse(); }

} // namespace assay::formats
