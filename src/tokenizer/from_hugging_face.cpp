#include "tokenizer/end_texts.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/pipeline.h"

#include <map>

namespace assay::tokenizer {
namespace {

using hf::Field;
using hf::Json;

constexpr std::size_t kAddedLimit = 1u << 20;

Result<AddedToken> read_added_token(const Field& field) {
    AddedToken token;
    token.content = TRY(field["content"].text());
    if (token.content.size() > kTokenBytesLimit) return field["content"].unsupported("too long");
    token.special = TRY(field["special"].boolean_or(false));
    token.normalized = TRY(field["normalized"].boolean_or(!token.special));
    token.strip_left = TRY(field["lstrip"].boolean_or(false));
    token.strip_right = TRY(field["rstrip"].boolean_or(false));
    token.single_word = TRY(field["single_word"].boolean_or(false));
    return token;
}

/// Ids go as Hugging Face gives them: the model's where it has the text, else the next free one. The file's own
/// numbers serve people only.
Result<std::vector<AddedToken>> read_added_tokens(const Field& field, const Vocabulary& vocabulary) {
    std::vector<AddedToken> tokens;
    if (field.is_null()) return tokens;
    const std::size_t count = TRY(field.array_size(kAddedLimit));
    std::map<std::string, std::size_t> seen;
    TokenId next = static_cast<TokenId>(vocabulary.entries());
    for (std::size_t i = 0; i < count; ++i) {
        AddedToken token = TRY(read_added_token(field.at(i)));
        if (token.content.empty()) continue;
        token.id = vocabulary.find(token.content);
        if (const auto earlier = seen.find(token.content); earlier != seen.end()) {
            token.id = tokens[earlier->second].id;
            token.special = token.special || tokens[earlier->second].special;
        }
        if (token.id < 0) token.id = next++;
        seen[token.content] = tokens.size();
        tokens.push_back(std::move(token));
    }
    return tokens;
}

/// A token of tokenizer_config.json: its text, or an object with it; empty when there is none.
std::string config_token(const Json& config, const char* key) {
    if (!config.is_object()) return {};
    const auto found = config.find(key);
    if (found == config.end()) return {};
    if (found->is_string()) return found->get<std::string>();
    if (!found->is_object()) return {};
    const auto content = found->find("content");
    return content != found->end() && content->is_string() ? content->get<std::string>() : std::string();
}

std::optional<TokenId> id_of(const PipelineParts& parts, std::string_view text) {
    if (text.empty()) return std::nullopt;
    for (const AddedToken& token : parts.added) {
        if (token.content == text) return token.id;
    }
    const TokenId id = parts.model->vocabulary().find(text);
    return id < 0 ? std::nullopt : std::optional(id);
}

/// Transformers' Llama class rebuilds the template from these two flags of the configuration.
void apply_llama_flags(const Json& config, std::optional<TokenId> eos, PipelineParts& parts) {
    const std::string type = config_token(config, "tokenizer_class");
    if (type != "LlamaTokenizer" && type != "LlamaTokenizerFast") return;
    const auto flag = [&](const char* key) {
        const auto found = config.find(key);
        return found != config.end() && found->is_boolean() ? std::optional(found->get<bool>()) : std::nullopt;
    };
    if (const auto add = flag("add_bos_token"); add && (parts.bos || !*add)) {
        parts.before = *add ? std::vector{*parts.bos} : std::vector<TokenId>();
    }
    if (const auto add = flag("add_eos_token"); add && (eos || !*add)) {
        parts.after = *add ? std::vector{*eos} : std::vector<TokenId>();
    }
}

void read_config(const Json& config, PipelineParts& parts) {
    parts.bos = id_of(parts, config_token(config, "bos_token"));
    for (const char* known : {"<s>", "<|begin_of_text|>"}) {
        if (!parts.bos && config.is_null()) parts.bos = id_of(parts, known);
    }
    const std::optional<TokenId> eos = id_of(parts, config_token(config, "eos_token"));
    if (eos) parts.end_ids.push_back(*eos);
    for (const AddedToken& token : parts.added) {
        if (token.special && is_end_text(token.content)) parts.end_ids.push_back(token.id);
    }
    apply_llama_flags(config, eos, parts);
}

Result<void> check_surround(const PipelineParts& parts) {
    std::size_t size = parts.model->vocabulary().size();
    for (const AddedToken& token : parts.added) size = std::max(size, static_cast<std::size_t>(token.id) + 1);
    for (const auto* ids : {&parts.before, &parts.after}) {
        for (const TokenId id : *ids) {
            if (static_cast<std::size_t>(id) >= size) {
                return fail(ErrorCode::malformed, "post_processor: id " + std::to_string(id) +
                                                      " is outside the vocabulary of " + std::to_string(size));
            }
        }
    }
    return {};
}

Result<PipelineParts> read_parts(const Json& tokenizer, const Json& config) {
    const Field root(tokenizer, "");
    if (!tokenizer.is_object()) return fail(ErrorCode::malformed, "tokenizer.json: expected an object");
    PipelineParts parts;
    hf::PreTokenizerSteps steps = TRY(hf::read_pre_tokenizer(root["pre_tokenizer"]));
    parts.model = TRY(hf::read_model(root["model"], steps.byte_level));
    parts.normalizer = TRY(hf::read_normalizer(root["normalizer"]));
    if (steps.steps.size() == 1) {
        parts.pre_tokenizer = std::move(steps.steps.front());
    } else if (!steps.steps.empty()) {
        parts.pre_tokenizer = make_sequence(std::move(steps.steps));
    }
    parts.added = TRY(read_added_tokens(root["added_tokens"], parts.model->vocabulary()));
    parts.decoder = TRY(hf::read_decoder(root["decoder"]));
    hf::Surround surround = TRY(hf::read_post_processor(root["post_processor"]));
    parts.before = std::move(surround.before);
    parts.after = std::move(surround.after);
    read_config(config, parts);
    TRY_VOID(check_surround(parts));
    return parts;
}

} // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::from_hugging_face(std::string_view tokenizer_json,
                                                                std::string_view config_json) {
    const Json tokenizer = TRY(hf::parse_json(tokenizer_json, "tokenizer.json"));
    const Json config = config_json.empty() ? Json() : TRY(hf::parse_json(config_json, "tokenizer_config.json"));
    PipelineParts parts = TRY(read_parts(tokenizer, config));
    return std::make_unique<PipelineTokenizer>(std::move(parts));
}

} // namespace assay::tokenizer
