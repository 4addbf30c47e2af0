#pragma once
/// Output that always parses: which tokens may come next, given a JSON Schema, an enumeration or "any JSON object".
/// Committed class: the mask is a function of the grammar and the accepted tokens alone.
#include "base/result.h"
#include "tokenizer/tokenizer.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::engine {

/// A compiled grammar over the bytes of one vocabulary; immutable, thread-safe, shared by requests.
class Grammar {
public:
    virtual ~Grammar() = default;

    /// JSON Schema subset: type, properties, required, additionalProperties, items, prefixItems, enum, const, anyOf, oneOf, allOf (merge),
    /// $ref to local $defs, minLength/maxLength, minItems/maxItems, minimum/maximum for integers, pattern (simple), format ignored.
    /// Errors: malformed (not JSON), unsupported (keyword named), resource_exhausted (schema too large).
    static Result<std::shared_ptr<const Grammar>> from_json_schema(std::string_view schema_json,
                                                                   const tokenizer::Tokenizer& tokenizer);
    /// Any JSON object (OpenAI response_format {"type":"json_object"}).
    static Result<std::shared_ptr<const Grammar>> json_object(const tokenizer::Tokenizer& tokenizer);
    /// Exactly one of the given strings.
    static Result<std::shared_ptr<const Grammar>> choice(std::span<const std::string> choices,
                                                         const tokenizer::Tokenizer& tokenizer);

    /// Where one request stands in the grammar. Not thread-safe; copyable through clone().
    class State {
    public:
        virtual ~State() = default;
        virtual std::unique_ptr<State> clone() const = 0;
        /// Sets bit i of `mask` (64 ids a word) when token i may come next; end ids are allowed exactly where the text may end.
        virtual void allowed(std::span<std::uint64_t> mask) const = 0;
        /// Advances; the token must have been allowed (asserted).
        virtual void accept(tokenizer::TokenId id) = 0;
        /// The text is complete and nothing more may follow (only end ids are allowed).
        virtual bool finished() const = 0;
    };
    virtual std::unique_ptr<State> start() const = 0;
};

} // namespace assay::engine
