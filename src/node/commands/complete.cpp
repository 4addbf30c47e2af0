// assay complete: one answer, with a hash over every step's logits.
#include "node/commands/command.h"
#include "node/complete.h"
#include "node/terminal.h"

#include <cstdio>

namespace assay::node {
namespace {

struct CompleteFlags {
    ModelFlags model;
    SamplingFlags sampling;
    std::string prompt, prompt_file, system, schema_file;
    std::vector<std::string> stop;
    std::uint32_t tokens_max = 128, batch = 1, chunk = 256;
    bool json = false, chat = false, raw = false, no_speculation = false, no_hash = false, ignore_end = false,
         commitment = false;
};

constexpr const char* kFooter = R"(Examples:
  assay complete --prompt 'The capital of France is' --max-tokens 8
  assay complete --chat --prompt 'Name three fruits.' --temperature 0.7 --seed 1
  assay complete --prompt 'A cat as JSON:' --json-schema cat.schema.json
  assay complete --prompt 'Once' --max-tokens 64 --json | jq .logits_sha256

--json prints one object: prompt_tokens (count), tokens (generated ids), text, finish_reason, logits_sha256 (SHA-256 over
the little-endian float32 logits of every step), arithmetic, isa, threads, model, decode_tok_s and more. The hash depends on
model, prompt and sampling alone: not on threads, instruction set, batch, chunk or speculation.)";

std::string_view name_of(engine::FinishReason reason) {
    switch (reason) {
        case engine::FinishReason::stop: return "stop";
        case engine::FinishReason::length: return "length";
        case engine::FinishReason::cancelled: return "cancelled";
        case engine::FinishReason::error: break;
    }
    return "error";
}

Result<std::vector<engine::TokenId>> prompt_ids(const CompleteFlags& flags, const OpenModel& open) {
    const std::string text = flags.prompt_file.empty() ? flags.prompt : TRY(read_input(flags.prompt_file));
    if (!flags.chat) return open.encode_prompt(text);
    auto messages = Json::array();
    if (!flags.system.empty()) messages.push_back({{"role", "system"}, {"content", flags.system}});
    messages.push_back({{"role", "user"}, {"content", text}});
    const std::string rendered = messages.dump(-1, ' ', false, Json::error_handler_t::replace);
    tokenizer::ChatTemplate::Variables variables{};
    variables.messages_json = rendered;
    return open.encode_chat(variables, "");
}

Result<engine::GenerationRequest> make_request(const CompleteFlags& flags, const OpenModel& open) {
    engine::GenerationRequest request;
    request.prompt = TRY(prompt_ids(flags, open));
    request.tokens_max = flags.tokens_max;
    request.sampling = flags.sampling.options();
    request.stop = flags.stop;
    request.ignore_end = flags.ignore_end;
    request.hash_logits = flags.json && !flags.no_hash;
    if (!flags.schema_file.empty()) {
        const std::string schema = TRY(read_input(flags.schema_file));
        auto grammar = engine::Grammar::from_json_schema(schema, *open.tokenizer);
        if (!grammar) return fail_in(flags.schema_file, std::move(grammar.error()));
        request.grammar = std::move(*grammar);
    }
    return request;
}

Json to_json(const CompleteFlags& flags, const OpenModel& open, const Completion& answer) {
    const engine::FinishEvent& finish = answer.finish;
    return Json{{"prompt_tokens", finish.prompt_tokens},
                {"tokens", answer.tokens},
                {"text", answer.text},
                {"finish_reason", name_of(finish.reason)},
                {"logits_sha256", finish.logits_sha256},
                {"arithmetic", engine::kArithmeticVersion},
                {"isa", open.model->isa()},
                {"threads", open.model->threads()},
                {"batch", flags.batch},
                {"model", open.file->name()},
                {"generated_tokens", finish.generated_tokens},
                {"cached_tokens", finish.cached_tokens},
                {"drafted_tokens", finish.drafted_tokens},
                {"accepted_tokens", finish.accepted_tokens},
                {"prefill_tok_s", answer.prefill_tok_s()},
                {"decode_tok_s", answer.decode_tok_s()},
                {"load_s", open.load_seconds}};
}

/// Text as it is made, for people.
Result<int> run_streaming(engine::GenerationService& service, engine::GenerationRequest request) {
    const auto sink = std::make_shared<CompletionSink>([](std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    });
    TRY(service.submit(std::move(request), sink));
    const Completion answer = sink->take();
    std::printf("\n");
    if (answer.finish.error) return std::unexpected(*answer.finish.error);
    if (is_terminal(2)) {
        std::fprintf(stderr, "\033[2m%u tokens, %.1f tokens/s\033[0m\n", answer.finish.generated_tokens,
                     answer.decode_tok_s());
    }
    return 0;
}

Result<int> run(const CompleteFlags& flags) {
    const OpenModel open = TRY(flags.model.open(true));
    engine::GenerationRequest request = TRY(make_request(flags, open));
    engine::ServiceOptions options;
    options.prefill_chunk = flags.chunk;
    options.speculation = !flags.no_speculation;
    const auto service =
        TRY(make_command_service(open, options, flags.batch, request.prompt.size() + flags.tokens_max));
    if (!flags.json && flags.batch == 1) return run_streaming(*service, std::move(request));
    const Completion answer = TRY(complete(*service, request, flags.batch));
    if (!flags.json) {
        std::printf("%s\n", answer.text.c_str());
        return 0;
    }
    Json json = to_json(flags, open, answer);
    if (flags.commitment) json["commitment"] = TRY(engine::identify(*open.file, {})).commitment;
    return print_json(json);
}

} // namespace

void add_complete(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<CompleteFlags>();
    CLI::App& command = *app.add_subcommand("complete", "One answer to a prompt, with a hash over its logits");
    command.footer(kFooter);
    flags->model.add_to(command);
    CLI::Option* prompt = command.add_option("--prompt", flags->prompt, "The text to continue")->type_name("TEXT");
    CLI::Option* file =
        command.add_option("--prompt-file", flags->prompt_file, "The same from a file; - = standard input")
            ->type_name("FILE");
    prompt->excludes(file);
    command.add_flag("--chat", flags->chat, "Treat the prompt as a user's message: apply the model's chat template");
    command.add_flag("--raw", flags->raw, "Continue the prompt as it is (the default)")->excludes("--chat");
    command.add_option("--system", flags->system, "System message, with --chat")->type_name("TEXT")->needs("--chat");
    command.add_option("--max-tokens", flags->tokens_max, "Most tokens to generate")
        ->type_name("N")
        ->check(CLI::Range(1U, 1U << 24))
        ->capture_default_str();
    flags->sampling.add_to(command, 0);
    command.add_option("--stop", flags->stop, "Text that ends the answer and is not part of it; may be repeated")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    command.add_option("--json-schema", flags->schema_file, "File with a JSON Schema that the answer must follow")
        ->type_name("FILE");
    command.add_flag("--ignore-end", flags->ignore_end, "Go on past the model's end of text");
    command.add_option("--chunk", flags->chunk, "Prompt tokens a step; never changes an answer")
        ->type_name("N")
        ->check(CLI::Range(1U, 65536U))
        ->capture_default_str();
    command.add_option("--batch", flags->batch, "Run N copies in one batch and check that they agree")
        ->type_name("N")
        ->check(CLI::Range(1U, 1024U))
        ->capture_default_str();
    command.add_flag("--no-hash", flags->no_hash, "Leave the hash over the logits out of the JSON");
    command.add_flag("--no-speculation", flags->no_speculation,
                     "Do not draft tokens from the prompt; never changes an answer");
    command.add_flag("--commitment", flags->commitment, "Add the model's commitment to the JSON")
        ->needs(command.add_flag("--json", flags->json, "One JSON object"));
    command.callback([flags, prompt, file, &action] {
        if (prompt->count() + file->count() == 0) throw CLI::RequiredError("--prompt or --prompt-file");
        action = [flags] { return run(*flags); };
    });
}

} // namespace assay::node
