#pragma once
/// Ids one by one to text, in pieces of whole UTF-8 characters. Joined, the pieces are what Tokenizer::decode gives for
/// all ids at once; text that a later id can still change (half a character) is held back.
/// Borrows the tokenizer. Thread-compatible.
#include "tokenizer/tokenizer.h"

namespace assay::tokenizer {

class StreamDecoder {
public:
    StreamDecoder(const Tokenizer& tokenizer, bool skip_special);
    ~StreamDecoder();
    StreamDecoder(StreamDecoder&&) noexcept;
    StreamDecoder& operator=(StreamDecoder&&) noexcept;

    /// Text that is final with `id`; often empty.
    std::string push(TokenId id);
    /// What was held back. Nothing may be pushed afterwards.
    std::string finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace assay::tokenizer
