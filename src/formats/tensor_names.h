#pragma once
/// Which tensors a model of each architecture has, under the canonical name and under Hugging Face's. Internal to the
/// room. Pure functions, thread-safe. Sources: the GGUF specification's standardised tensor names; transformers'
/// modules.
#include "formats/model_file.h"

#include <string>
#include <string_view>

namespace assay::formats {

/// True for names that the graph of `architecture` knows, with a layer below `layers`.
bool is_canonical(Architecture architecture, std::uint32_t layers, std::string_view name);

enum class TensorUse {
    weight, ///< part of the graph
    transposed, ///< part of the graph, a Conv1D matrix stored {inputs, outputs}
    unused, ///< a buffer or head that inference does without
    unknown,
};

struct TensorPlace {
    TensorUse use = TensorUse::unknown;
    std::string canonical; ///< empty unless part of the graph
};

/// Where a tensor of a Hugging Face checkpoint belongs; with or without the prefix of the inner model
/// ("model.", "transformer.", "bert.").
TensorPlace place_of(Architecture architecture, std::uint32_t layers, std::string_view hugging_face_name);

} // namespace assay::formats
