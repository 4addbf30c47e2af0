// Any bytes as a GGUF file: refused in one line, or tensors that lie apart inside it and metadata of the right kinds.
#include "formats/gguf_model.h"
#include "formats/model_config.h"
#include "formats/tensor_names.h"

#include "base/assert.h"

#include <algorithm>

using namespace assay::formats;

namespace {

template <class T>
bool is_sound(const assay::Result<T>& result) {
    return result || (!result.error().message.empty() && result.error().message.find('\n') == std::string::npos);
}

void check_tensors(const GgufFile& file, assay::ByteView whole) {
    std::vector<std::pair<const std::uint8_t*, const std::uint8_t*>> ranges;
    for (const GgufTensor& tensor : file.tensors()) {
        const auto& view = tensor.view;
        ASSAY_ASSERT(view.bytes.size() == assay::tensor::bytes_of(view.dtype, view.elements()));
        ASSAY_ASSERT(!view.bytes.empty());
        ASSAY_ASSERT(view.bytes.data() >= whole.data() &&
                     view.bytes.data() + view.bytes.size() <= whole.data() + whole.size());
        ranges.emplace_back(view.bytes.data(), view.bytes.data() + view.bytes.size());
        is_canonical(Architecture::qwen3, 2, tensor.name);
    }
    std::ranges::sort(ranges);
    for (std::size_t i = 1; i < ranges.size(); ++i) ASSAY_ASSERT(ranges[i - 1].second <= ranges[i].first);
}

void check_look_ups(const GgufFile& file) {
    for (const auto& [key, value] : file.metadata()) {
        ASSAY_ASSERT(is_sound(file.text(key)));
        ASSAY_ASSERT(is_sound(file.natural(key)));
        ASSAY_ASSERT(is_sound(file.real(key)));
        ASSAY_ASSERT(is_sound(file.boolean(key)));
        ASSAY_ASSERT(is_sound(file.octets(key)));
        ASSAY_ASSERT(is_sound(file.floats(key, 1000)));
        ASSAY_ASSERT(is_sound(file.integers(key, 1000)));
        const auto texts = file.texts(key, 1000);
        ASSAY_ASSERT(is_sound(texts));
        if (texts) ASSAY_ASSERT(texts->size() == value.count);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const assay::ByteView whole(data, size);
    const auto file = GgufFile::parse(whole);
    ASSAY_ASSERT(is_sound(file));
    if (!file) return 0;
    check_tensors(*file, whole);
    check_look_ups(*file);
    ASSAY_ASSERT(is_sound(read_gguf_tokenizer(*file)));
    const auto config = read_gguf_config(*file);
    ASSAY_ASSERT(is_sound(config));
    if (config) ASSAY_ASSERT(is_sound(check(*config)));
    return 0;
}
