// Any bytes as what the first of them says: 'w' weights, 'c' config.json, 'i' an index of shards, 't'
// tokenizer_config.json, 'p' a pooling configuration. Refused in one line, or tensors inside the file, a checked
// configuration, names of the folder.
#include "formats/hf_config.h"
#include "formats/hf_folder.h"
#include "formats/model_config.h"
#include "formats/safetensors.h"
#include "formats/tensor_names.h"

#include "base/assert.h"

#include <algorithm>

using namespace assay::formats;

namespace {

template <class T>
bool is_sound(const assay::Result<T>& result) {
    return result || (!result.error().message.empty() && result.error().message.find('\n') == std::string::npos);
}

void check_weights(assay::ByteView whole) {
    const auto file = SafetensorsFile::parse(whole);
    ASSAY_ASSERT(is_sound(file));
    if (!file) return;
    std::vector<std::pair<const std::uint8_t*, const std::uint8_t*>> ranges;
    for (const SafetensorsEntry& entry : file->tensors()) {
        ASSAY_ASSERT(entry.bytes.data() >= whole.data() &&
                     entry.bytes.data() + entry.bytes.size() <= whole.data() + whole.size());
        if (!entry.bytes.empty()) ranges.emplace_back(entry.bytes.data(), entry.bytes.data() + entry.bytes.size());
        for (const Architecture architecture :
             {Architecture::llama, Architecture::qwen3, Architecture::gpt2, Architecture::bert}) {
            const TensorPlace place = place_of(architecture, 2, entry.name);
            const bool has_place = place.use == TensorUse::weight || place.use == TensorUse::transposed;
            ASSAY_ASSERT(has_place == is_canonical(architecture, 2, place.canonical));
        }
    }
    std::ranges::sort(ranges);
    for (std::size_t i = 1; i < ranges.size(); ++i) ASSAY_ASSERT(ranges[i - 1].second <= ranges[i].first);
}

void check_config(std::string_view text) {
    auto config = read_hf_config(text);
    ASSAY_ASSERT(is_sound(config));
    if (!config || !check(*config)) return;
    normalise(*config);
    ASSAY_ASSERT(config->heads % config->kv_heads == 0 && config->rope_size <= config->head_size &&
                 config->layers <= kLayersMax);
}

void check_index(std::string_view text) {
    const auto index = read_shard_index(text);
    ASSAY_ASSERT(is_sound(index));
    if (!index) return;
    for (const auto& [tensor, shard] : *index) {
        ASSAY_ASSERT(std::filesystem::path(shard).filename() == shard && shard.ends_with(".safetensors") &&
                     shard.front() != '.');
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const assay::ByteView rest(data + 1, size - 1);
    switch (data[0]) {
        case 'w': check_weights(rest); break;
        case 'c': check_config(assay::as_string_view(rest)); break;
        case 'i': check_index(assay::as_string_view(rest)); break;
        case 't': ASSAY_ASSERT(is_sound(read_chat_template(assay::as_string_view(rest)))); break;
        case 'p': ASSAY_ASSERT(is_sound(check_pooling(assay::as_string_view(rest)))); break;
        default: break;
    }
    return 0;
}
