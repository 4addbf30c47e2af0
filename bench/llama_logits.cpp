/// Next-token logits of llama.cpp for a given list of tokens, each window evaluated from an empty cache.
/// Usage: llama-logits MODEL OUT.f32 THREADS WINDOW <ids on stdin>: writes float32 [tokens, vocabulary], row-major.
/// Built by build_peers.sh against the peer's static libraries; no part of Assay.
#include "llama.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <vector>

namespace {

bool evaluate_window(llama_context* context, const llama_token* tokens, std::size_t count, std::size_t vocabulary,
                     std::FILE* out) {
    llama_memory_clear(llama_get_memory(context), true);
    llama_batch batch = llama_batch_init(static_cast<std::int32_t>(count), 0, 1);
    for (std::size_t i = 0; i < count; ++i) {
        batch.token[i] = tokens[i];
        batch.pos[i] = static_cast<llama_pos>(i);
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = 1;
    }
    batch.n_tokens = static_cast<std::int32_t>(count);
    bool good = llama_decode(context, batch) == 0;
    for (std::size_t i = 0; good && i < count; ++i) {
        const float* row = llama_get_logits_ith(context, static_cast<std::int32_t>(i));
        good = std::fwrite(row, sizeof(float), vocabulary, out) == vocabulary;
    }
    llama_batch_free(batch);
    return good;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: llama-logits MODEL OUT.f32 THREADS WINDOW < ids\n");
        return 2;
    }
    std::vector<llama_token> tokens;
    for (llama_token id = 0; std::cin >> id;) tokens.push_back(id);
    const auto window = static_cast<std::size_t>(std::atol(argv[4]));
    if (tokens.empty() || window == 0) return 2;

    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_backend_init();
    llama_model* model = llama_model_load_from_file(argv[1], llama_model_default_params());
    if (model == nullptr) return 1;
    llama_context_params parameters = llama_context_default_params();
    const auto rows = static_cast<std::uint32_t>(std::min(window, tokens.size()));
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = rows;
    parameters.n_threads = parameters.n_threads_batch = std::atoi(argv[3]);
    llama_context* context = llama_init_from_model(model, parameters);
    std::FILE* out = std::fopen(argv[2], "wb");
    if (context == nullptr || out == nullptr) return 1;
    const auto vocabulary = static_cast<std::size_t>(llama_vocab_n_tokens(llama_model_get_vocab(model)));
    for (std::size_t begin = 0; begin < tokens.size(); begin += window) {
        const std::size_t count = std::min(window, tokens.size() - begin);
        if (!evaluate_window(context, tokens.data() + begin, count, vocabulary, out)) return 1;
    }
    return std::fclose(out) == 0 ? 0 : 1;
}
