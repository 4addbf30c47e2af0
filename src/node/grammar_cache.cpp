#include "node/grammar_cache.h"

#include <algorithm>

namespace assay::node {
namespace {

bool same(const api::ConstraintText& a, const api::ConstraintText& b) {
    return a.kind == b.kind && a.schema_json == b.schema_json && a.choices == b.choices;
}

} // namespace

/// Compiled outside the lock: two requests may do the same work once, none waits for another's schema.
Result<std::shared_ptr<const engine::Grammar>> GrammarCache::get(const api::ConstraintText& text) {
    if (auto grammar = find(text)) return grammar;
    auto grammar = TRY(compile(text));
    const std::lock_guard lock(mutex_);
    entries_.push_front({text, grammar});
    if (entries_.size() > kGrammarsMax) entries_.pop_back();
    return grammar;
}

std::size_t GrammarCache::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::shared_ptr<const engine::Grammar> GrammarCache::find(const api::ConstraintText& text) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return same(entry.text, text); });
    if (found == entries_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front().grammar;
}

Result<std::shared_ptr<const engine::Grammar>> GrammarCache::compile(const api::ConstraintText& text) const {
    switch (text.kind) {
        case api::ConstraintText::Kind::json_object: return engine::Grammar::json_object(*tokenizer_);
        case api::ConstraintText::Kind::json_schema:
            return engine::Grammar::from_json_schema(text.schema_json, *tokenizer_);
        case api::ConstraintText::Kind::choice: return engine::Grammar::choice(text.choices, *tokenizer_);
    }
    return fail(ErrorCode::internal, "a constraint of no kind");
}

} // namespace assay::node
