#pragma once
/// The checks every model's hyperparameters pass, whatever file they came from. Internal to the room.
#include "base/result.h"
#include "formats/model_file.h"

#include <string_view>

namespace assay::formats {

/// Limits far above published models and far below anything that overflows: products of two of them fit in 64 bits.
inline constexpr std::uint32_t kLayersMax = 4096;
inline constexpr std::uint32_t kWidthMax = 1U << 20; ///< embedding, feed-forward, heads × head size
inline constexpr std::uint32_t kHeadsMax = 4096;
inline constexpr std::uint32_t kHeadSizeMax = 4096;
inline constexpr std::uint32_t kVocabularyMax = 1U << 22;
inline constexpr std::uint32_t kContextMax = 1U << 24;
inline constexpr std::uint32_t kTokenTypesMax = 65536;

/// The architecture called `name` in GGUF.
/// Errors: unsupported, with a list of what is.
Result<Architecture> architecture_of(std::string_view name);

/// True for those with rotary positions and RMS norms; false for gpt2 and bert.
bool is_rotary(Architecture architecture);

/// Sets what follows from the rest: a window no narrower than the context is none.
void normalise(ModelConfig& config);

/// Errors: malformed, naming the field as in ModelConfig and its value.
Result<void> check(const ModelConfig& config);

} // namespace assay::formats
