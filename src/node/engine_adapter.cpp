#include "node/engine_adapter.h"

#include "base/assert.h"
#include "node/embedding.h"
#include "node/grammar_cache.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

namespace assay::node {
namespace {

/// A compiled grammar as the port carries it.
struct GrammarConstraint final : api::Constraint {
    std::shared_ptr<const engine::Grammar> grammar;
};

api::Logprob to_port(const engine::Logprob& from) { return {from.id, from.logprob}; }

api::FinishReason to_port(engine::FinishReason reason) {
    switch (reason) {
        case engine::FinishReason::stop: return api::FinishReason::stop;
        case engine::FinishReason::length: return api::FinishReason::length;
        case engine::FinishReason::cancelled: return api::FinishReason::cancelled;
        case engine::FinishReason::error: break;
    }
    return api::FinishReason::error;
}

api::TokenEvent to_port(const engine::TokenEvent& from) {
    api::TokenEvent event{.id = from.id, .text = from.text, .chosen = {}, .top = {}};
    if (from.chosen) event.chosen = to_port(*from.chosen);
    for (const engine::Logprob& each : from.top) event.top.push_back(to_port(each));
    return event;
}

api::FinishEvent to_port(const engine::FinishEvent& from) {
    return {.reason = to_port(from.reason),
            .error = from.error,
            .text = from.text,
            .prompt_tokens = from.prompt_tokens,
            .cached_tokens = from.cached_tokens,
            .generated_tokens = from.generated_tokens,
            .drafted_tokens = from.drafted_tokens,
            .accepted_tokens = from.accepted_tokens,
            .queue_ms = from.queue_ms,
            .prefill_ms = from.prefill_ms,
            .decode_ms = from.decode_ms};
}

engine::SamplingOptions to_engine(const api::SamplingOptions& from) {
    return {.temperature = from.temperature,
            .top_p = from.top_p,
            .min_p = from.min_p,
            .top_k = from.top_k,
            .repetition_penalty = from.repetition_penalty,
            .presence_penalty = from.presence_penalty,
            .frequency_penalty = from.frequency_penalty,
            .seed = from.seed,
            .logit_bias = from.logit_bias,
            .top_logprobs = from.top_logprobs};
}

engine::GenerationRequest to_engine(api::GenerationRequest from) {
    engine::GenerationRequest request;
    request.prompt = std::move(from.prompt);
    request.tokens_max = from.tokens_max;
    request.sampling = to_engine(from.sampling);
    request.stop = std::move(from.stop);
    if (from.constraint) {
        const auto* constraint = dynamic_cast<const GrammarConstraint*>(from.constraint.get());
        ASSAY_ASSERT(constraint != nullptr);
        request.grammar = constraint->grammar;
    }
    request.ignore_end = from.ignore_end;
    return request;
}

/// Hands the engine's events on.
class PortSink final : public engine::GenerationSink {
public:
    explicit PortSink(std::shared_ptr<api::GenerationSink> to) : to_(std::move(to)) {}
    void on_token(const engine::TokenEvent& event) override { to_->on_token(to_port(event)); }
    void on_finish(const engine::FinishEvent& event) override { to_->on_finish(to_port(event)); }

private:
    std::shared_ptr<api::GenerationSink> to_;
};

std::int64_t modification_time(const std::filesystem::path& path) {
    std::error_code error;
    const auto when = std::filesystem::last_write_time(path, error);
    if (error) return 0;
    const auto seconds = std::chrono::file_clock::to_sys(when).time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(seconds).count();
}

struct Entry {
    api::ModelDescription description;
    OpenModel open;
    std::unique_ptr<engine::GenerationService> service; ///< null for embedding models
    EmbeddingLimit embedding_limit;
    std::unique_ptr<GrammarCache> grammars;
};

api::ModelDescription describe(const ServedModel& model) {
    const formats::ModelConfig& config = model.open.model->config();
    api::ModelDescription description;
    description.id = model_id(model.path);
    description.created = modification_time(model.path);
    description.architecture = formats::to_string(config.architecture);
    description.arithmetic = engine::kArithmeticVersion;
    description.isa = model.open.model->isa();
    description.context_length = config.context_max;
    description.vocabulary_size = config.vocabulary;
    description.embeds = config.architecture == formats::Architecture::bert;
    description.generates = !description.embeds;
    if (description.generates && model.service.context_max != 0) {
        description.context_length = std::min(config.context_max, model.service.context_max);
    }
    if (description.embeds) description.embedding_dimensions = config.embedding;
    if (model.open.chat_template) {
        description.chat_template = model.open.file->chat_template();
        description.uses_tools = model.open.chat_template->uses_tools();
    }
    return description;
}

class Adapter final : public EngineAdapter {
public:
    explicit Adapter(std::map<std::string, Entry, std::less<>> entries, std::vector<std::string> order)
        : entries_(std::move(entries)), order_(std::move(order)) {}

    std::vector<api::ModelDescription> models() const override {
        const std::lock_guard lock(mutex_);
        std::vector<api::ModelDescription> all;
        for (const std::string& id : order_) all.push_back(entry(id).description);
        return all;
    }

    Result<std::vector<api::TokenId>> encode(std::string_view model, std::string_view text) const override {
        return entry(model).open.encode_prompt(text);
    }
    std::string decode(std::string_view model, std::span<const api::TokenId> ids) const override {
        return entry(model).open.tokenizer->decode(ids, true);
    }
    std::string token_bytes(std::string_view model, api::TokenId id) const override {
        const tokenizer::Tokenizer& tokenizer = *entry(model).open.tokenizer;
        if (id < 0 || static_cast<std::size_t>(id) >= tokenizer.vocabulary_size()) return "";
        return std::string(tokenizer.is_special(id) ? tokenizer.token_text(id) : tokenizer.token_bytes(id));
    }

    Result<std::vector<api::TokenId>> apply_chat_template(std::string_view model,
                                                          const api::ChatPrompt& prompt) const override {
        tokenizer::ChatTemplate::Variables variables{};
        variables.messages_json = prompt.messages_json;
        variables.tools_json = prompt.tools_json;
        variables.extra_json = prompt.extra_json;
        variables.add_generation_prompt = prompt.add_generation_prompt;
        return entry(model).open.encode_chat(variables, prompt.suffix);
    }

    Result<std::shared_ptr<const api::Constraint>> compile(std::string_view model,
                                                           const api::ConstraintText& text) const override {
        auto constraint = std::make_shared<GrammarConstraint>();
        constraint->grammar = TRY(entry(model).grammars->get(text));
        return constraint;
    }

    Result<api::RequestId> submit(std::string_view model, api::GenerationRequest request,
                                  std::shared_ptr<api::GenerationSink> sink) override {
        const Entry& found = entry(model);
        if (!found.service)
            return fail(ErrorCode::invalid_argument, "the model '" + std::string(model) + "' does not generate text");
        return found.service->submit(to_engine(std::move(request)), std::make_shared<PortSink>(std::move(sink)));
    }

    void cancel(std::string_view model, api::RequestId id) override {
        if (const Entry& found = entry(model); found.service) found.service->cancel(id);
    }

    Result<api::Embeddings> embed(std::string_view model, std::span<const std::string> texts) override {
        const Entry& found = entry(model);
        std::vector<std::vector<api::TokenId>> inputs;
        for (const std::string& text : texts) inputs.push_back(found.open.tokenizer->encode(text, true, false));
        return embed_all(found, inputs);
    }

    Result<api::Embeddings> embed_tokens(std::string_view model,
                                         std::span<const std::vector<api::TokenId>> inputs) override {
        return embed_all(entry(model), inputs);
    }

    api::EngineStatistics statistics() const override {
        api::EngineStatistics sum;
        for (const auto& [id, each] : entries_) {
            if (!each.service) continue;
            const engine::ServiceStatistics one = each.service->statistics();
            sum.requests_total += one.requests_total;
            sum.tokens_generated_total += one.tokens_generated_total;
            sum.prompt_tokens_total += one.prompt_tokens_total;
            sum.cached_tokens_total += one.cached_tokens_total;
            sum.drafted_tokens_total += one.drafted_tokens_total;
            sum.accepted_tokens_total += one.accepted_tokens_total;
            sum.running += one.running;
            sum.waiting += one.waiting;
            sum.kv_pages_used += one.kv_pages_used;
            sum.kv_pages_all += one.kv_pages_all;
        }
        return sum;
    }

    std::string health() const override {
        const std::lock_guard lock(mutex_);
        return trouble_;
    }

    void identify() override {
        for (const std::string& id : order_) {
            Entry& each = entries_.find(id)->second;
            const auto identity = engine::identify(*each.open.file, {});
            const std::lock_guard lock(mutex_);
            if (identity) {
                each.description.cid = identity->cid;
                each.description.commitment = identity->commitment;
            } else {
                trouble_ = "cannot hash the model '" + id + "': " + identity.error().message;
            }
        }
    }

    void drain(std::uint32_t timeout_ms) override {
        for (const auto& [id, each] : entries_) {
            if (each.service) each.service->drain(timeout_ms);
        }
    }

private:
    const Entry& entry(std::string_view id) const {
        const auto found = entries_.find(id);
        ASSAY_ASSERT(found != entries_.end()); // the port's contract: an id that models() lists
        return found->second;
    }

    static Result<api::Embeddings> embed_all(const Entry& entry, std::span<const std::vector<api::TokenId>> inputs) {
        api::Embeddings answer;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            auto vector =
                embed_tokens_within(*entry.open.model, entry.embedding_limit, inputs[i], answer.prompt_tokens);
            if (!vector) return fail_in("input " + std::to_string(i), std::move(vector.error()));
            answer.vectors.push_back(std::move(*vector));
        }
        return answer;
    }

    std::map<std::string, Entry, std::less<>> entries_; ///< fixed; `description` under mutex_
    std::vector<std::string> order_;
    mutable std::mutex mutex_;
    std::string trouble_;
};

} // namespace

Result<std::shared_ptr<EngineAdapter>> EngineAdapter::create(std::vector<ServedModel> models) {
    std::map<std::string, Entry, std::less<>> entries;
    std::vector<std::string> order;
    for (ServedModel& model : models) {
        Entry entry;
        entry.description = describe(model);
        const std::string id = entry.description.id;
        if (entries.contains(id)) return fail(ErrorCode::invalid_argument, "two models are named '" + id + "'");
        if (entry.description.embeds) entry.embedding_limit = TRY(read_embedding_limit(*model.open.file));
        if (entry.description.generates) {
            entry.service = TRY(engine::make_service(model.open.model, model.open.tokenizer, model.service));
        }
        entry.grammars = std::make_unique<GrammarCache>(model.open.tokenizer);
        entry.open = std::move(model.open);
        entries.emplace(id, std::move(entry));
        order.push_back(id);
    }
    return std::make_shared<Adapter>(std::move(entries), std::move(order));
}

} // namespace assay::node
