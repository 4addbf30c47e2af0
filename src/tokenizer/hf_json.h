#pragma once
/// Parts of a Hugging Face tokenizer.json, each read from its JSON value into the pipeline's terms.
/// Included by .cpp files only: it brings nlohmann/json. Errors name the field by its path: malformed, unsupported.
#include "tokenizer/decoder.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/pre_tokenizer.h"

#include <nlohmann/json.hpp>

namespace assay::tokenizer::hf {

using Json = nlohmann::json;

/// A JSON value and where it stands ("model.vocab"), for error messages.
class Field {
public:
    Field(const Json& value, std::string path) : value_(&value), path_(std::move(path)) {}

    const Json& value() const { return *value_; }
    const std::string& path() const { return path_; }
    /// The member `key`; a null value when it is absent or this is no object.
    Field operator[](const char* key) const;
    /// Element `i` of an array.
    Field at(std::size_t i) const;
    bool is_null() const { return value_->is_null(); }
    /// Malformed, saying what was expected.
    std::unexpected<Error> expected(std::string_view what) const;
    std::unexpected<Error> unsupported(std::string_view what) const;

    Result<std::string> text() const;
    Result<std::string> text_or(std::string_view otherwise) const;
    Result<bool> boolean_or(bool otherwise) const;
    /// A whole number from 0 to `limit`.
    Result<std::size_t> number(std::size_t limit) const;
    /// The elements of an array of at most `limit`.
    Result<std::size_t> array_size(std::size_t limit) const;

private:
    const Json* value_;
    std::string path_;
};

/// Errors: malformed (not JSON, nested too deeply), resource_exhausted (too long).
Result<Json> parse_json(std::string_view text, const char* name);

/// Steps of one kind in a row, and nested rows; a published file has a handful.
inline constexpr std::size_t kStepsLimit = 64;
inline constexpr int kNestingLimit = 8;

struct PreTokenizerSteps {
    std::vector<std::unique_ptr<PreTokenizer>> steps;
    bool byte_level = false; ///< a ByteLevel step, necessarily the last, hands raw bytes to the model
};

Result<std::unique_ptr<Model>> read_model(const Field& field, bool byte_level);
Result<std::unique_ptr<Normalizer>> read_normalizer(const Field& field); ///< null for null
Result<PreTokenizerSteps> read_pre_tokenizer(const Field& field);
Result<std::vector<DecodeSpec>> read_decoder(const Field& field);

/// Ids that a post-processor puts around one text.
struct Surround {
    std::vector<TokenId> before, after;
};
Result<Surround> read_post_processor(const Field& field);

/// {"String": …} or {"Regex": …}.
struct Pattern {
    std::string text;
    bool is_regex = false;
};
Result<Pattern> read_pattern(const Field& field);

} // namespace assay::tokenizer::hf
