// assay chat: a conversation in the terminal.
#include "node/commands/command.h"
#include "node/commands/exit_codes.h"
#include "node/complete.h"
#include "node/model_fetch.h"
#include "node/terminal.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <random>

#include <unistd.h>

namespace assay::node {
namespace {

constexpr std::uint32_t kPoll_ms = 30;
std::atomic<bool> interrupted = false; // set by the signal handler

struct ChatFlags {
    ModelFlags model;
    SamplingFlags sampling;
    std::string system;
    std::uint32_t tokens_max = 1024;
};

constexpr const char* kFooter = R"(Examples:
  assay chat
  assay chat --model mistral-7b-instruct.Q4_K_M.gguf --system 'Answer in French.' --temperature 0

Type a line and press Enter. Ctrl-C stops an answer, and at the prompt ends the conversation.
/help  /reset  /system TEXT  /quit)";

/// Ctrl-C ends a waiting read (no SA_RESTART) and sets `interrupted`.
void catch_interrupts() {
    struct sigaction handler{};
    handler.sa_handler = [](int) { interrupted = true; };
    sigemptyset(&handler.sa_mask);
    sigaction(SIGINT, &handler, nullptr);
}

class Chat {
public:
    Chat(const OpenModel& open, engine::GenerationService& service, const ChatFlags& flags)
        : open_(open), service_(service), flags_(flags), system_(flags.system), seed_(flags.sampling.seed) {
        if (flags.sampling.seed_option->count() == 0) seed_ = std::random_device{}();
        reset();
    }

    /// False at the end.
    Result<bool> turn(const std::string& line) {
        if (line.empty()) return true;
        if (line == "/quit" || line == "/exit") return false;
        if (line.starts_with('/')) {
            command(line);
            return true;
        }
        messages_.push_back({{"role", "user"}, {"content", line}});
        if (auto answered = answer(); !answered) {
            messages_.erase(messages_.end() - 1);
            if (answered.error().code != ErrorCode::invalid_argument) return std::unexpected(answered.error());
            std::fprintf(stderr, "%s; /reset starts a new conversation\n", one_line(answered.error().message).c_str());
        }
        return true;
    }

private:
    void reset() {
        messages_ = Json::array();
        if (!system_.empty()) messages_.push_back({{"role", "system"}, {"content", system_}});
    }

    void command(const std::string& line) {
        if (line == "/reset") {
            reset();
            std::printf("(a new conversation)\n");
        } else if (line.starts_with("/system ")) {
            system_ = line.substr(8);
            reset();
            std::printf("(a new conversation under this system message)\n");
        } else {
            std::printf("/reset  start anew\n/system TEXT  start anew with these instructions\n/quit  end\n");
        }
    }

    Result<void> answer() {
        const std::string messages = messages_.dump(-1, ' ', false, Json::error_handler_t::replace);
        tokenizer::ChatTemplate::Variables variables{};
        variables.messages_json = messages;
        engine::GenerationRequest request;
        request.prompt = TRY(open_.encode_chat(variables, ""));
        request.tokens_max = flags_.tokens_max;
        request.sampling = flags_.sampling.options();
        request.sampling.seed = seed_++;
        const auto sink = std::make_shared<CompletionSink>([](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stdout);
            std::fflush(stdout);
        });
        interrupted = false;
        const engine::RequestId id = TRY(service_.submit(std::move(request), sink));
        while (!sink->wait_for(kPoll_ms)) {
            if (interrupted) service_.cancel(id);
        }
        const Completion done = sink->take();
        interrupted = false;
        std::printf("\n");
        if (done.finish.error) return std::unexpected(*done.finish.error);
        messages_.push_back({{"role", "assistant"}, {"content", done.text}});
        if (is_terminal(STDERR_FILENO)) report(done.finish, done.decode_tok_s());
        return {};
    }

    static void report(const engine::FinishEvent& finish, double tok_s) {
        const char* end = finish.reason == engine::FinishReason::length      ? ", cut at the limit"
                          : finish.reason == engine::FinishReason::cancelled ? ", stopped"
                                                                             : "";
        std::fprintf(stderr, "\033[2m%u tokens, %.1f tokens/s%s\033[0m\n", finish.generated_tokens, tok_s, end);
    }

    const OpenModel& open_;
    engine::GenerationService& service_;
    const ChatFlags& flags_;
    std::string system_;
    std::uint64_t seed_;
    Json messages_;
};

Result<int> run(ChatFlags& flags) {
    if (flags.model.model.empty()) flags.model.model = TRY(fetch_default_model(false)).path.string();
    const OpenModel open = TRY(flags.model.open(true));
    if (!open.chat_template) return std::unexpected(open.encode_chat({}, "").error());
    engine::ServiceOptions options;
    const auto service = TRY(make_command_service(open, options, 1, open.model->config().context_max));
    catch_interrupts();
    Chat chat(open, *service, flags);
    const bool person = is_terminal(STDIN_FILENO);
    if (person) std::printf("%s. /help for help, Ctrl-C stops an answer, Ctrl-D ends.\n", open.file->name().c_str());
    for (std::string line;;) {
        if (person) std::printf("\n> ");
        std::fflush(stdout);
        if (!std::getline(std::cin, line) || interrupted) break;
        if (!TRY(chat.turn(line))) break;
    }
    if (person) std::printf("\n");
    return interrupted && !person ? kExitInterrupted : 0;
}

} // namespace

void add_chat(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<ChatFlags>();
    CLI::App& command = *app.add_subcommand("chat", "Talk to a model in this terminal");
    command.footer(kFooter);
    flags->model.add_to(command);
    command.add_option("--system", flags->system, "Instructions that the model reads first")->type_name("TEXT");
    command.add_option("--max-tokens", flags->tokens_max, "Most tokens of an answer")
        ->type_name("N")
        ->check(CLI::Range(1U, 1U << 24))
        ->capture_default_str();
    flags->sampling.add_to(command, 0.7);
    command.callback([flags, &action] { action = [flags] { return run(*flags); }; });
}

} // namespace assay::node
