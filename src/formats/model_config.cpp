#include "formats/model_config.h"

#include "formats/quote.h"

#include <cmath>
#include <sstream>

namespace assay::formats {
namespace {

std::string number_text(double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << value;
    return text.str();
}

Result<void> within(std::string_view field, std::uint64_t value, std::uint64_t value_min, std::uint64_t value_max) {
    if (value >= value_min && value <= value_max) return {};
    return fail(ErrorCode::malformed, "configuration '" + std::string(field) + "': " + std::to_string(value) +
                                          " is not from " + std::to_string(value_min) + " to " +
                                          std::to_string(value_max));
}

Result<void> within(std::string_view field, double value, double value_min, double value_max) {
    if (std::isfinite(value) && value >= value_min && value <= value_max) return {};
    return fail(ErrorCode::malformed, "configuration '" + std::string(field) + "': " + number_text(value) +
                                          " is not from " + number_text(value_min) + " to " + number_text(value_max));
}

Result<void> check_attention(const ModelConfig& config) {
    TRY_VOID(within("heads", std::uint64_t{config.heads}, 1, kHeadsMax));
    TRY_VOID(within("kv_heads", std::uint64_t{config.kv_heads}, 1, kHeadsMax));
    TRY_VOID(within("head_size", std::uint64_t{config.head_size}, 1, kHeadSizeMax));
    TRY_VOID(within("heads × head_size", std::uint64_t{config.heads} * config.head_size, 1, kWidthMax));
    if (config.heads % config.kv_heads != 0) {
        return fail(ErrorCode::malformed, "configuration 'kv_heads': " + std::to_string(config.kv_heads) +
                                              " does not divide the " + std::to_string(config.heads) + " heads");
    }
    return {};
}

Result<void> check_rope(const ModelConfig& config) {
    if (!is_rotary(config.architecture)) return within("rope_size", std::uint64_t{config.rope_size}, 0, 0);
    TRY_VOID(within("rope_size", std::uint64_t{config.rope_size}, 2, config.head_size));
    if (config.rope_size % 2 != 0) {
        return fail(ErrorCode::malformed, "configuration 'rope_size': " + std::to_string(config.rope_size) + " is odd");
    }
    TRY_VOID(within("rope_base", config.rope_base, 1.0, 1e15));
    TRY_VOID(within("rope_factor", config.rope_factor, 1e-3, 1e6));
    if (config.rope_scaling != RopeScaling::llama3) return {};
    TRY_VOID(within("rope_low_freq_factor", config.rope_low_freq_factor, 1e-6, 1e6));
    TRY_VOID(within("rope_high_freq_factor", config.rope_high_freq_factor, 1e-6, 1e6));
    TRY_VOID(within("rope_original_context", config.rope_original_context, 1, kContextMax));
    if (config.rope_low_freq_factor < config.rope_high_freq_factor) return {};
    return fail(ErrorCode::malformed,
                "configuration 'rope_low_freq_factor': " + number_text(config.rope_low_freq_factor) +
                    " is not below rope_high_freq_factor, " + number_text(config.rope_high_freq_factor));
}

} // namespace

std::string_view to_string(Architecture architecture) {
    switch (architecture) {
        case Architecture::llama: return "llama";
        case Architecture::qwen2: return "qwen2";
        case Architecture::qwen3: return "qwen3";
        case Architecture::gpt2: return "gpt2";
        case Architecture::bert: return "bert";
    }
    return "unknown";
}

Result<Architecture> architecture_of(std::string_view name) {
    if (name == "llama") return Architecture::llama;
    if (name == "qwen2") return Architecture::qwen2;
    if (name == "qwen3") return Architecture::qwen3;
    if (name == "gpt2") return Architecture::gpt2;
    if (name == "bert") return Architecture::bert;
    return fail(ErrorCode::unsupported, "architecture " + quote(name) +
                                            " is not supported; llama (with Mistral), qwen2, qwen3, gpt2 and bert are");
}

bool is_rotary(Architecture architecture) {
    return architecture != Architecture::gpt2 && architecture != Architecture::bert;
}

void normalise(ModelConfig& config) {
    if (config.sliding_window >= config.context_max) config.sliding_window = 0;
}

Result<void> check(const ModelConfig& config) {
    TRY_VOID(within("layers", std::uint64_t{config.layers}, 1, kLayersMax));
    TRY_VOID(within("embedding", std::uint64_t{config.embedding}, 1, kWidthMax));
    TRY_VOID(within("feed_forward", std::uint64_t{config.feed_forward}, 1, kWidthMax));
    TRY_VOID(within("vocabulary", std::uint64_t{config.vocabulary}, 1, kVocabularyMax));
    TRY_VOID(within("context_max", std::uint64_t{config.context_max}, 1, kContextMax));
    TRY_VOID(check_attention(config));
    TRY_VOID(within("norm_epsilon", config.norm_epsilon, 1e-30, 1.0));
    const bool bert = config.architecture == Architecture::bert;
    TRY_VOID(within("token_types", std::uint64_t{config.token_types}, bert ? 1 : 0, bert ? kTokenTypesMax : 0));
    return check_rope(config);
}

} // namespace assay::formats
