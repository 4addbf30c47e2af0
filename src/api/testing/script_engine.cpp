#include "api/testing/script_engine.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace assay::api {

namespace {

constexpr std::uint32_t kVocabulary = 256;
constexpr char kTurn = '\x01'; // between rendered messages

std::string to_text(std::span<const TokenId> ids) {
    std::string text;
    for (const TokenId id : ids) text += static_cast<char>(id);
    return text;
}

std::vector<TokenId> to_ids(std::string_view text) {
    std::vector<TokenId> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
}

struct SchemaConstraint final : Constraint {
    std::string answer;
};

/// The first value that a simple schema allows.
nlohmann::ordered_json smallest_value(const nlohmann::json& schema) {
    if (schema.contains("const")) return schema["const"];
    if (schema.contains("enum")) return schema["enum"][0];
    if (schema.contains("anyOf")) return smallest_value(schema["anyOf"][0]);
    if (schema.value("type", "") == "array") return nlohmann::ordered_json::array({smallest_value(schema["items"])});
    if (schema.value("type", "") != "object") return 1;
    auto object = nlohmann::ordered_json::object();
    for (const auto& name : schema.value("required", nlohmann::json::array()))
        object[name.get<std::string>()] = smallest_value(schema["properties"][name.get<std::string>()]);
    return object;
}

/// What the prompt asks for; see the header.
std::string scripted_answer(const std::string& prompt, bool& forever) {
    auto ask = prompt.substr(prompt.find_last_of(kTurn) + 1);
    forever = ask == "forever";
    if (ask.starts_with("say ")) return ask.substr(4);
    if (!ask.starts_with("count ")) return forever ? "again and " : ask;
    std::string text;
    for (int i = 1; i <= std::atoi(ask.c_str() + 6); ++i) text += std::to_string(i) + " ";
    return text;
}

struct Job {
    RequestId id = 0;
    GenerationRequest request;
    std::shared_ptr<GenerationSink> sink;
    std::string answer;
    std::string held; ///< bytes of a character that is not whole yet
    bool forever = false, cancelled = false;
    std::size_t position = 0;
};

class Script final : public ScriptEngine {
public:
    explicit Script(ScriptEngineOptions options) : options_(options), thread_([this] { run(); }) {}
    ~Script() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }

    std::vector<ModelDescription> models() const override {
        ModelDescription chat;
        chat.id = "script-1";
        chat.created = 1'700'000'000;
        chat.architecture = "script";
        chat.arithmetic = "assay-arith-1";
        chat.isa = "none";
        chat.commitment = "bafyscriptscriptscript";
        chat.cid = "bafkscript";
        chat.context_length = options_.context_length;
        chat.vocabulary_size = kVocabulary;
        chat.chat_template = options_.tools ? "{{ tools }}<tool_call>" : "{{ messages }}";
        chat.uses_tools = options_.tools;
        ModelDescription embedding = chat;
        embedding.id = "script-embed";
        embedding.generates = false;
        embedding.embeds = true;
        embedding.embedding_dimensions = 4;
        embedding.chat_template.clear();
        return {chat, embedding};
    }

    Result<std::vector<TokenId>> encode(std::string_view, std::string_view text) const override { return to_ids(text); }
    std::string decode(std::string_view, std::span<const TokenId> ids) const override { return to_text(ids); }
    std::string token_bytes(std::string_view, TokenId id) const override {
        return std::string(1, static_cast<char>(id));
    }

    Result<std::vector<TokenId>> apply_chat_template(std::string_view, const ChatPrompt& prompt) const override {
        std::string text;
        for (const auto& message : nlohmann::json::parse(prompt.messages_json)) {
            if (message["content"] == "raise") return fail(ErrorCode::invalid_argument, "roles must alternate");
            text += kTurn + message["content"].get<std::string>();
        }
        return to_ids(text + std::string(prompt.suffix));
    }

    Result<std::shared_ptr<const Constraint>> compile(std::string_view, const ConstraintText& text) const override {
        auto constraint = std::make_shared<SchemaConstraint>();
        constraint->answer = "{\"ok\":true}";
        if (text.kind != ConstraintText::Kind::json_schema) return constraint;
        const auto schema = nlohmann::json::parse(text.schema_json);
        if (text.schema_json.contains("\"not\""))
            return fail(ErrorCode::unsupported, "schema keyword 'not' is not supported");
        constraint->answer = smallest_value(schema).dump();
        return constraint;
    }

    Result<RequestId> submit(std::string_view, GenerationRequest request,
                             std::shared_ptr<GenerationSink> sink) override {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() >= options_.queue_max) return fail(ErrorCode::resource_exhausted, "all slots are taken");
        Job job{.id = ++last_id_, .request = std::move(request), .sink = std::move(sink), .answer = {}, .held = {}};
        job.answer = scripted_answer(to_text(job.request.prompt), job.forever);
        job.forever |= job.request.ignore_end;
        if (job.request.constraint) job.answer = dynamic_cast<const SchemaConstraint&>(*job.request.constraint).answer;
        jobs_.push_back(std::move(job));
        ++statistics_.requests_total;
        wake_.notify_all();
        return last_id_;
    }

    void cancel(std::string_view, RequestId id) override {
        const std::lock_guard lock(mutex_);
        for (auto& job : jobs_)
            if (job.id == id) job.cancelled = true;
        wake_.notify_all();
    }

    Result<Embeddings> embed(std::string_view, std::span<const std::string> texts) override {
        Embeddings result;
        for (const auto& text : texts) {
            result.vectors.push_back({static_cast<float>(text.size()), 0.5f, -1.0f, 0.0f});
            result.prompt_tokens += text.size();
        }
        return result;
    }
    Result<Embeddings> embed_tokens(std::string_view model, std::span<const std::vector<TokenId>> inputs) override {
        std::vector<std::string> texts;
        for (const auto& ids : inputs) texts.push_back(to_text(ids));
        return embed(model, texts);
    }

    EngineStatistics statistics() const override {
        const std::lock_guard lock(mutex_);
        auto copy = statistics_;
        copy.running = static_cast<std::uint32_t>(jobs_.size());
        return copy;
    }
    std::string health() const override { return {}; }
    std::uint32_t running() const override { return statistics().running; }
    std::uint64_t cancelled_total() const override { return cancelled_; }

private:
    /// One token of one job. True when the job is over.
    bool step(Job& job) {
        FinishEvent end;
        end.prompt_tokens = static_cast<std::uint32_t>(job.request.prompt.size());
        end.generated_tokens = static_cast<std::uint32_t>(job.position);
        const bool said = !job.forever && job.position >= job.answer.size();
        if (job.cancelled || said || job.position >= job.request.tokens_max) {
            end.reason = job.cancelled ? FinishReason::cancelled : said ? FinishReason::stop : FinishReason::length;
            cancelled_ += job.cancelled;
            job.sink->on_finish(end);
            return true;
        }
        const char c = job.answer[job.position++ % job.answer.size()];
        TokenEvent event{.id = static_cast<unsigned char>(c), .text = {}, .chosen = {}, .top = {}};
        job.held += c;
        const bool inside = (job.answer[job.position % job.answer.size()] & 0xc0) == 0x80; // of a character in UTF-8
        if (!inside) event.text = std::exchange(job.held, {});
        const auto top = job.request.sampling.top_logprobs;
        if (top >= 0) event.chosen = Logprob{event.id, -0.25};
        for (TokenId i = 0; i < top; ++i) event.top.push_back({event.id + i, -0.25 - i});
        job.sink->on_token(event);
        return false;
    }

    void run() {
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            if (jobs_.empty()) {
                wake_.wait(lock);
                continue;
            }
            std::erase_if(jobs_, [this](Job& job) {
                ++statistics_.tokens_generated_total;
                return step(job);
            });
            lock.unlock();
            std::this_thread::sleep_for(options_.token_delay);
            lock.lock();
        }
    }

    const ScriptEngineOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::list<Job> jobs_;
    EngineStatistics statistics_;
    RequestId last_id_ = 0;
    std::atomic<std::uint64_t> cancelled_{0};
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace

std::shared_ptr<ScriptEngine> make_script_engine(ScriptEngineOptions options) {
    return std::make_shared<Script>(options);
}

} // namespace assay::api
