#include "tokenizer/stream_decoder.h"

#include "tokenizer/pipeline.h"

namespace assay::tokenizer {
namespace {

/// For tokenizers that are not a pipeline: their bytes as they come, made UTF-8.
const std::vector<DecodeSpec>& plain_bytes() {
    static const std::vector<DecodeSpec> instance = {{.kind = DecodeKind::raw_bytes}};
    return instance;
}

} // namespace

struct StreamDecoder::State {
    const Tokenizer* tokenizer;
    const PipelineTokenizer* pipeline; ///< null for other implementations of the interface
    bool skip_special;
    DecodeChain chain;
};

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special) {
    const auto* pipeline = dynamic_cast<const PipelineTokenizer*>(&tokenizer);
    state_.reset(
        new State{&tokenizer, pipeline, skip_special, DecodeChain(pipeline ? pipeline->decoder() : plain_bytes())});
}

StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

std::string StreamDecoder::push(TokenId id) {
    std::string out;
    if (state_->skip_special && state_->tokenizer->is_special(id)) return out;
    std::string_view text;
    if (state_->pipeline != nullptr) {
        text = state_->pipeline->decoder_text(id);
    } else {
        text =
            state_->tokenizer->is_special(id) ? state_->tokenizer->token_text(id) : state_->tokenizer->token_bytes(id);
    }
    if (!text.empty()) state_->chain.push(text, out);
    return out;
}

std::string StreamDecoder::finish() {
    std::string out;
    state_->chain.finish(out);
    return out;
}

} // namespace assay::tokenizer
