#pragma once
/// One model with everything that using it takes: file, weights, tokenizer, chat template.
/// Immutable and thread-safe. Local class (which back end, how many threads); what the parts compute is committed.
#include "engine/model.h"
#include "formats/model_file.h"
#include "tokenizer/chat_template.h"
#include "tokenizer/tokenizer.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace assay::node {

/// Text material alone: enough to tokenize and to render chats, quickly.
struct ModelText {
    std::shared_ptr<const formats::ModelFile> file;
    std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
    std::optional<tokenizer::ChatTemplate> chat_template;
    std::string chat_template_trouble; ///< why the model's template cannot be used, if it has one and it cannot
    std::string bos_text, eos_text;    ///< as chat templates know them

    /// Ids of a prompt: special tokens in it are parsed, and those of the model's post-processor are added.
    std::vector<tokenizer::TokenId> encode_prompt(std::string_view text) const {
        return tokenizer->encode(text, true, true);
    }
    /// Renders and encodes a conversation; `date` is today where the template asks. Errors: invalid_argument, unsupported.
    Result<std::vector<tokenizer::TokenId>> encode_chat(const tokenizer::ChatTemplate::Variables& variables,
                                                        std::string_view suffix) const;
};

struct OpenModel : ModelText {
    std::shared_ptr<const engine::Model> model;
    double load_seconds = 0;
};

/// The name that clients use for the model: the file's without its ending, or the folder's.
std::string model_id(const std::filesystem::path& path);

/// Errors: as formats::ModelFile::open and engine::load_tokenizer, with the path in front.
Result<ModelText> open_model_text(const std::filesystem::path& path);
/// Errors: as engine::Model::load, too.
Result<OpenModel> open_model(const std::filesystem::path& path, engine::ModelOptions options);

/// Today in UTC as templates print it ("24 Nov 2026").
std::string today();

} // namespace assay::node
