#pragma once
/// Hugging Face's config.json in terms of ModelConfig: the spelling of transformers 4 (`rope_theta`, `rope_scaling`)
/// and of transformers 5 (`rope_parameters`). What is left out has the default of the model's class in transformers;
/// the sizes that make a model must be there. Internal to the room. Pure, thread-safe.
/// Source: huggingface/transformers 5.24, models/{llama,mistral,qwen2,qwen3,gpt2,bert}/configuration_*.py,
/// modeling_rope_utils.py.
#include "base/result.h"
#include "formats/model_file.h"

#include <string_view>

namespace assay::formats {

/// Not yet checked against limits. Errors: malformed (a field, named), unsupported (a class, activation, scaling, …).
Result<ModelConfig> read_hf_config(std::string_view config_json);

} // namespace assay::formats
