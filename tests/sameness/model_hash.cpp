// The logits of one request to a real model, hashed under every instruction set, thread count, batch, prompt chunk, with and
// without a cached prefix, with and without drafts. One hash must come out.
//   assay_model_hash MODEL [--tokens N] [--isa NAME] [--quick]
// A line "HASH  settings" for each; exit code 1 where two differ. --quick: one setting for each instruction set.
#include "engine/service.h"
#include "formats/model_file.h"

#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>

namespace {

using namespace assay;
using namespace assay::engine;

// Long enough for several pages and chunks; what it asks for can be drafted from itself.
constexpr const char* kPrompt = "The river runs past the old mill, and the miller counts the sacks of flour: one sack, "
                                "two sacks, three sacks. In the "
                                "evening the miller walks home along the river, past the old mill, and counts the "
                                "stars: one star, two stars, three stars. "
                                "His daughter asks what he has counted today. He answers slowly, as he always "
                                "does.\n\nRepeat the story word for word:\n"
                                "The river runs past the old mill, and the miller counts";
constexpr const char* kOthers[] = {"Once upon a time", "Zwei Züge fahren", "def main():\n    return",
                                   "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"};

struct Settings {
    std::uint32_t threads = 2, batch = 1, chunk = 256;
    bool speculation = true;
};

class Sink final : public GenerationSink {
public:
    void on_token(const TokenEvent&) override {}
    void on_finish(const FinishEvent& event) override {
        const std::lock_guard lock(mutex_);
        finish_ = event;
        ended_.notify_all();
    }
    FinishEvent wait() {
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [this] { return finish_.has_value(); });
        return *finish_;
    }

private:
    std::mutex mutex_;
    std::condition_variable ended_;
    std::optional<FinishEvent> finish_;
};

GenerationRequest request_for(const tokenizer::Tokenizer& tokenizer, const char* text, std::uint32_t tokens) {
    GenerationRequest request;
    request.prompt = tokenizer.encode(text, true, true);
    request.tokens_max = tokens;
    request.sampling.temperature = 0;
    request.ignore_end = true;
    request.hash_logits = true;
    return request;
}

class Matrix {
public:
    Matrix(std::shared_ptr<const formats::ModelFile> file, std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
           std::uint32_t tokens)
        : file_(std::move(file)), tokenizer_(std::move(tokenizer)), tokens_(tokens) {}

    Result<void> run(const std::string& isa, std::span<const Settings> all) {
        std::shared_ptr<const Model> model;
        for (const Settings& settings : all) {
            if (!model || model->threads() != settings.threads)
                model = TRY(Model::load(file_, {.threads = settings.threads, .isa = isa, .progress = {}}));
            TRY_VOID(run_one(model, settings));
        }
        return {};
    }

    bool same() const { return hashes_.size() == 1; }

private:
    /// Cold, then again with the prompt's pages cached.
    Result<void> run_one(const std::shared_ptr<const Model>& model, const Settings& settings) {
        ServiceOptions options;
        options.batch_max = 16;
        options.prefill_chunk = settings.chunk;
        options.speculation = settings.speculation;
        const auto service = TRY(make_service(model, tokenizer_, options));
        for (const char* cache : {"cold", "cached"}) {
            std::vector<std::shared_ptr<Sink>> probes, others;
            for (std::uint32_t i = 0; i < settings.batch; ++i) {
                const bool probe = i % 2 == 0; // in a batch, every second sequence is another one
                auto sink = std::make_shared<Sink>();
                const char* text = probe ? kPrompt : kOthers[i / 2 % std::size(kOthers)];
                if (auto id = service->submit(request_for(*tokenizer_, text, tokens_), sink); !id)
                    return std::unexpected(id.error());
                (probe ? probes : others).push_back(std::move(sink));
            }
            for (const auto& sink : probes) TRY_VOID(report(*model, settings, cache, sink->wait()));
            for (const auto& sink : others) sink->wait();
        }
        return {};
    }

    Result<void> report(const Model& model, const Settings& settings, const char* cache, const FinishEvent& finish) {
        if (finish.error) return std::unexpected(*finish.error);
        if (finish.generated_tokens != tokens_)
            return fail(ErrorCode::internal, "the answer has another length than asked for");
        if (std::strcmp(cache, "cached") == 0 && finish.cached_tokens == 0)
            return fail(ErrorCode::internal, "nothing was found in the prefix cache");
        hashes_.insert(finish.logits_sha256);
        std::printf("%s  %s threads %u, batch %u, chunk %u, %s (%u cached), drafts %s (%u of %u)\n",
                    finish.logits_sha256.c_str(), std::string(model.isa()).c_str(), model.threads(), settings.batch,
                    settings.chunk, cache, finish.cached_tokens, settings.speculation ? "on" : "off",
                    finish.accepted_tokens, finish.drafted_tokens);
        std::fflush(stdout);
        return {};
    }

    std::shared_ptr<const formats::ModelFile> file_;
    std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
    std::uint32_t tokens_;
    std::set<std::string> hashes_;
};

std::vector<Settings> settings_for(std::string_view isa, bool quick) {
    if (quick) return {{}};
    // The scalar set is the slowest by far: the corners of the table are enough.
    if (isa == "scalar") return {{1, 1, 256, true}, {2, 8, 48, true}, {2, 1, 7, false}};
    std::vector<Settings> all;
    for (const std::uint32_t threads : {1U, 2U}) {
        for (const std::uint32_t chunk : {7U, 48U, 256U}) {
            for (const std::uint32_t batch : {1U, 8U}) all.push_back({threads, batch, chunk, chunk != 48});
        }
    }
    return all;
}

struct Arguments {
    std::string model, isa;
    std::uint32_t tokens = 64;
    bool quick = false;
};

bool parse(int count, char** values, Arguments& arguments) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = values[i];
        if (word == "--quick") {
            arguments.quick = true;
        } else if (word == "--isa" && i + 1 < count) {
            arguments.isa = values[++i];
        } else if (word == "--tokens" && i + 1 < count) {
            const std::string_view number = values[++i];
            if (std::from_chars(number.data(), number.data() + number.size(), arguments.tokens).ec != std::errc())
                return false;
        } else if (arguments.model.empty() && !word.starts_with('-')) {
            arguments.model = word;
        } else {
            return false;
        }
    }
    return !arguments.model.empty();
}

Result<int> run(const Arguments& arguments) {
    auto file = TRY(formats::ModelFile::open(arguments.model));
    auto tokenizer = TRY(load_tokenizer(*file));
    Matrix matrix(std::move(file), std::move(tokenizer), arguments.tokens);
    for (const std::string_view isa : kernels::available_isas()) {
        if (!arguments.isa.empty() && isa != arguments.isa) continue;
        TRY_VOID(matrix.run(std::string(isa), settings_for(isa, arguments.quick)));
    }
    return matrix.same() ? 0 : 1;
}

} // namespace

int main(int count, char** values) {
    Arguments arguments;
    if (!parse(count, values, arguments)) {
        std::fprintf(stderr, "usage: assay_model_hash MODEL [--tokens N] [--isa NAME] [--quick]\n");
        return 2;
    }
    const Result<int> result = run(arguments);
    if (!result) std::fprintf(stderr, "assay_model_hash: %s\n", result.error().message.c_str());
    return result.value_or(2);
}
