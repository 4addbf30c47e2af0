#pragma once
/// Joins vocabulary entries back into text, in the steps that Hugging Face's decoders name. One implementation serves
/// whole texts and streams: each step hands on what later tokens can no longer change.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tokenizer {

enum class DecodeKind {
    byte_level,      ///< byte-level characters to bytes, ill-formed UTF-8 to U+FFFD
    raw_bytes,       ///< entries are bytes; ill-formed UTF-8 to U+FFFD
    byte_fallback,   ///< runs of <0xNN> to text, or a U+FFFD a byte when they are not UTF-8
    fuse,            ///< all tokens become one
    replace,         ///< `pattern` to `content` in each token
    strip,           ///< up to `start` characters `pattern` off each token's front, `stop` off its back
    metaspace,       ///< `pattern` to space, or to nothing in the first token when `flag`
    word_piece,      ///< `pattern` continues a word, other tokens begin with a space; `flag`: tidies punctuation
    bpe_suffix,      ///< `pattern` to space, or to nothing in the last token
    joined_by_space, ///< what Hugging Face does when there is no decoder
};

/// One step of a decoder. Plain data.
struct DecodeSpec {
    DecodeKind kind;
    std::string pattern = {};
    std::string content = {};
    bool flag = false;
    std::size_t start = 0, stop = 0;
};

/// A stretch of a token's text on its way through the steps.
struct DecodeText {
    std::string text;
    bool begins = true; ///< false: goes on where the stretch before left off
};

/// The running state of one step; used by one decode or one stream.
class DecodeStep {
public:
    virtual ~DecodeStep() = default;
    virtual void push(DecodeText token, std::vector<DecodeText>& out) = 0;
    virtual void finish(std::vector<DecodeText>&) {}
};

/// Steps in a row. Borrows the specs. Thread-compatible.
class DecodeChain {
public:
    explicit DecodeChain(const std::vector<DecodeSpec>& specs);
    /// Appends the text that is final after `token`.
    void push(std::string_view token, std::string& out);
    /// Appends the rest. The chain must not be used afterwards.
    void finish(std::string& out);

private:
    void run(std::vector<DecodeText> tokens, std::size_t first_step, std::string& out);
    std::vector<std::unique_ptr<DecodeStep>> steps_;
};

/// Appends what an entry adds in the middle of a text: bytes of a sequence stay as they are.
void append_token_bytes(const std::vector<DecodeSpec>& specs, std::string_view token, std::string& out);

} // namespace assay::tokenizer
