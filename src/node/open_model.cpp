#include "node/open_model.h"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <ctime>

namespace assay::node {
namespace {

using Json = nlohmann::json;

/// A token named in tokenizer_config.json: a string, or an object with "content".
std::string named_token(const Json& config, const char* name) {
    const auto found = config.find(name);
    if (found == config.end()) return "";
    if (found->is_string()) return found->get<std::string>();
    if (!found->is_object()) return "";
    const auto content = found->find("content");
    return content != found->end() && content->is_string() ? content->get<std::string>() : "";
}

std::string text_of(const tokenizer::Tokenizer& tokenizer, std::optional<std::int32_t> id) {
    if (!id || *id < 0 || static_cast<std::size_t>(*id) >= tokenizer.vocabulary_size()) return "";
    return std::string(tokenizer.token_text(*id));
}

void find_special_texts(ModelText& text) {
    const formats::TokenizerData& data = text.file->tokenizer();
    if (data.tokenizer_json.empty()) {
        text.bos_text = text_of(*text.tokenizer, data.bos);
        text.eos_text = text_of(*text.tokenizer, data.eos);
        return;
    }
    const Json config = Json::parse(data.tokenizer_config_json, nullptr, false);
    if (!config.is_object()) return;
    text.bos_text = named_token(config, "bos_token");
    text.eos_text = named_token(config, "eos_token");
}

void read_chat_template(ModelText& text) {
    if (text.file->chat_template().empty()) return;
    auto parsed = tokenizer::ChatTemplate::parse(text.file->chat_template());
    if (parsed) {
        text.chat_template.emplace(std::move(*parsed));
    } else {
        text.chat_template_trouble = parsed.error().message;
    }
}

Result<ModelText> read_text(const std::filesystem::path& path) {
    ModelText text;
    text.file = TRY(formats::ModelFile::open(path));
    text.tokenizer = TRY(engine::load_tokenizer(*text.file));
    find_special_texts(text);
    read_chat_template(text);
    return text;
}

/// Messages that already begin with the file's name do not get it twice.
std::unexpected<Error> fail_at(const std::filesystem::path& path, Error error) {
    if (error.message.starts_with(path.string())) return std::unexpected(std::move(error));
    return fail_in(path.string(), std::move(error));
}

} // namespace

std::string today() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    gmtime_r(&now, &parts);
    static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%02d %s %d", parts.tm_mday,
                  kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900);
    return text.data();
}

Result<std::vector<tokenizer::TokenId>> ModelText::encode_chat(const tokenizer::ChatTemplate::Variables& variables,
                                                               std::string_view suffix) const {
    if (!chat_template) {
        return fail(ErrorCode::unsupported, chat_template_trouble.empty()
                                                ? "this model has no chat template"
                                                : "the model's chat template: " + chat_template_trouble);
    }
    const std::string date = today();
    auto filled = variables;
    filled.bos_token = bos_text;
    filled.eos_token = eos_text;
    if (filled.date.empty()) filled.date = date;
    const std::string text = TRY(chat_template->render(filled));
    return tokenizer->encode(text + std::string(suffix), false, true);
}

std::string model_id(const std::filesystem::path& path) {
    const auto whole = std::filesystem::weakly_canonical(path);
    const auto name = whole.filename().empty() ? whole.parent_path().filename() : whole.filename();
    const auto ending = name.extension();
    return (ending == ".gguf" || ending == ".safetensors" ? name.stem() : name).string();
}

Result<ModelText> open_model_text(const std::filesystem::path& path) {
    auto text = read_text(path);
    if (!text) return fail_at(path, std::move(text.error()));
    return text;
}

Result<OpenModel> open_model(const std::filesystem::path& path, engine::ModelOptions options) {
    const auto begun = std::chrono::steady_clock::now();
    OpenModel opened;
    static_cast<ModelText&>(opened) = TRY(open_model_text(path));
    auto model = engine::Model::load(opened.file, std::move(options));
    if (!model) return fail_at(path, std::move(model.error()));
    opened.model = std::move(*model);
    opened.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return opened;
}

} // namespace assay::node
