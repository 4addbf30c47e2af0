#include "api/request_options.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <limits>

namespace assay::api {

namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kStopTextsMax = 16;
constexpr std::size_t kStopBytesMax = 256;
constexpr std::size_t kBiasEntriesMax = 1024;
constexpr std::int64_t kTokensMax = std::numeric_limits<std::int32_t>::max();

std::vector<std::string> read_stop(FieldReader& fields) {
    const auto* value = fields.find("stop");
    if (value == nullptr) return {};
    const auto list = value->is_array() ? *value : nlohmann::json::array({*value});
    std::vector<std::string> stop;
    if (list.size() > kStopTextsMax) fields.fail("stop", "has more than " + std::to_string(kStopTextsMax) + " texts");
    for (const auto& text : list) {
        if (fields.failed()) return {};
        if (!text.is_string()) fields.fail("stop", "must be a string or an array of strings", "invalid_type");
        else if (const auto size = text.get_ref<const std::string&>().size(); size == 0 || size > kStopBytesMax)
            fields.fail("stop",
                        "holds a text that is empty or longer than " + std::to_string(kStopBytesMax) + " bytes");
        else stop.push_back(text.get<std::string>());
    }
    return stop;
}

std::vector<std::pair<TokenId, float>> read_logit_bias(FieldReader& fields) {
    const auto* value = fields.find("logit_bias");
    if (value == nullptr) return {};
    std::vector<std::pair<TokenId, float>> biases;
    if (!value->is_object()) fields.fail("logit_bias", "must be an object from token ids to numbers", "invalid_type");
    else if (value->size() > kBiasEntriesMax)
        fields.fail("logit_bias", "has more than " + std::to_string(kBiasEntriesMax) + " entries");
    if (fields.failed()) return {};
    for (const auto& [key, bias] : value->items()) {
        TokenId id = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
        if (error != std::errc{} || end != key.data() + key.size() || id < 0)
            fields.fail("logit_bias", "has a key that is not a token id: \"" + key.substr(0, 40) + "\"");
        else if (!bias.is_number() || bias.get<double>() < -100 || bias.get<double>() > 100)
            fields.fail("logit_bias", "must map to numbers between -100 and 100");
        if (fields.failed()) return {};
        biases.emplace_back(id, bias.get<float>());
    }
    std::ranges::sort(biases);
    return biases;
}

SamplingOptions read_sampling(FieldReader& fields, bool& seed_given) {
    SamplingOptions sampling;
    sampling.temperature = fields.number("temperature", 1.0, 0.0, 2.0);
    sampling.top_p = fields.number("top_p", 1.0, 0.0, 1.0);
    sampling.min_p = fields.number("min_p", 0.0, 0.0, 1.0);
    sampling.top_k = static_cast<std::uint32_t>(fields.integer("top_k", 0, 0, kTokensMax));
    sampling.repetition_penalty = fields.number("repetition_penalty", 1.0, 0.01, 10.0);
    sampling.presence_penalty = fields.number("presence_penalty", 0.0, -2.0, 2.0);
    sampling.frequency_penalty = fields.number("frequency_penalty", 0.0, -2.0, 2.0);
    seed_given = fields.find("seed") != nullptr;
    sampling.seed = static_cast<std::uint64_t>(fields.integer("seed", 0, INT64_MIN, INT64_MAX));
    sampling.logit_bias = read_logit_bias(fields);
    return sampling;
}

void read_tokens_max(FieldReader& fields, GenerationOptions& options) {
    const bool newer = fields.find("max_completion_tokens") != nullptr;
    options.tokens_max_param = newer ? "max_completion_tokens" : "max_tokens";
    if (newer && fields.find("max_tokens") != nullptr)
        fields.fail("max_tokens", "cannot be set together with 'max_completion_tokens'");
    if (fields.find(options.tokens_max_param) == nullptr) return;
    options.tokens_max = static_cast<std::uint32_t>(fields.integer(options.tokens_max_param, 1, 1, kTokensMax));
}

void read_stream(FieldReader& fields, GenerationOptions& options) {
    options.stream = fields.boolean("stream", false);
    const auto* value = fields.find("stream_options");
    if (value == nullptr) return;
    if (!options.stream) return fields.fail("stream_options", "needs 'stream' to be true");
    if (!value->is_object()) return fields.fail("stream_options", "must be an object", "invalid_type");
    for (const auto& [name, flag] : value->items()) {
        if (name != "include_usage" && name != "include_obfuscation")
            return fields.fail("stream_options", "has an unknown field '" + name.substr(0, 80) + "'",
                               "unknown_parameter");
        if (!flag.is_boolean() && !flag.is_null())
            return fields.fail("stream_options", "must hold booleans", "invalid_type");
    }
    options.include_usage = value->value("include_usage", nlohmann::json(false)) == true;
}

} // namespace

GenerationOptions read_generation_options(FieldReader& fields) {
    GenerationOptions options;
    options.model = fields.required_text("model", kNameBytesMax);
    options.sampling = read_sampling(fields, options.seed_given);
    read_tokens_max(fields, options);
    options.stop = read_stop(fields);
    options.n = static_cast<std::uint32_t>(fields.integer("n", 1, 1, kChoicesMax));
    options.ignore_end = fields.boolean("ignore_eos", false);
    read_stream(fields, options);
    return options;
}

std::optional<ConstraintText> read_response_format(FieldReader& fields) {
    const auto* format = fields.find("response_format");
    if (format == nullptr) return std::nullopt;
    const auto refuse = [&](std::string message) { fields.fail("response_format", std::move(message)); };
    if (!format->is_object()) return refuse("must be an object"), std::nullopt;
    const auto type = format->value("type", nlohmann::json());
    if (type == "text") return std::nullopt;
    if (type == "json_object") return ConstraintText{.kind = ConstraintText::Kind::json_object};
    if (type != "json_schema")
        return refuse("needs 'type' to be \"text\", \"json_object\" or \"json_schema\""), std::nullopt;
    const auto wrapper = format->value("json_schema", nlohmann::json());
    if (!wrapper.is_object()) return refuse("needs 'json_schema' to be an object"), std::nullopt;
    if (!wrapper.value("name", nlohmann::json()).is_string())
        return refuse("needs 'json_schema.name' to be a string"), std::nullopt;
    const auto schema = wrapper.value("schema", nlohmann::json());
    if (!schema.is_object()) return refuse("needs 'json_schema.schema' to be an object"), std::nullopt;
    return ConstraintText{.kind = ConstraintText::Kind::json_schema, .schema_json = dump(schema)};
}

std::vector<TokenId> read_token_ids(FieldReader& fields, std::string_view name, const nlohmann::json& array) {
    std::vector<TokenId> ids;
    ids.reserve(array.size());
    for (const auto& item : array) {
        const bool fits = item.is_number_unsigned() && item.get<std::uint64_t>() <= std::numeric_limits<TokenId>::max();
        if (!fits) {
            fields.fail(name, "holds something that is not a token id");
            return {};
        }
        ids.push_back(item.get<TokenId>());
    }
    return ids;
}

std::vector<std::string_view> field_names(std::span<const std::string_view> shared,
                                          std::initializer_list<std::string_view> own) {
    std::vector<std::string_view> names(shared.begin(), shared.end());
    names.insert(names.end(), own.begin(), own.end());
    return names;
}

} // namespace assay::api
