#pragma once
/// The grammars last compiled for one model. Compiling takes tens of milliseconds and a grammar learns its masks as it is
/// used, so that requests with the same schema share one. Owns its grammars, shares its tokenizer. Thread-safe.
/// Errors: the compiler's. Determinism: a cached grammar allows what a new one would.
#include "api/ports.h"
#include "engine/constraint.h"

#include <list>
#include <memory>
#include <mutex>

namespace assay::node {

class GrammarCache {
public:
    static constexpr std::size_t kGrammarsMax = 32;

    explicit GrammarCache(std::shared_ptr<const tokenizer::Tokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {}

    Result<std::shared_ptr<const engine::Grammar>> get(const api::ConstraintText& text);
    std::size_t size() const;

private:
    struct Entry {
        api::ConstraintText text;
        std::shared_ptr<const engine::Grammar> grammar;
    };
    std::shared_ptr<const engine::Grammar> find(const api::ConstraintText& text);
    Result<std::shared_ptr<const engine::Grammar>> compile(const api::ConstraintText& text) const;

    std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_; ///< last used first
};

} // namespace assay::node
