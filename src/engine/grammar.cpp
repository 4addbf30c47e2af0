#include "engine/constraint.h"

#include "base/assert.h"
#include "engine/grammar_masks.h"
#include "engine/grammar_rules.h"

#include <algorithm>

namespace assay::engine {
namespace {

using namespace grammar;

constexpr std::size_t kChoicesBytesMax = std::size_t{256} << 10;

class CompiledGrammar final : public Grammar, public std::enable_shared_from_this<CompiledGrammar> {
public:
    CompiledGrammar(std::shared_ptr<const Vocabulary> vocabulary, Machine machine)
        : vocabulary_(std::move(vocabulary)), machine_(std::move(machine)), masks_(machine_, *vocabulary_) {}

    std::unique_ptr<State> start() const override;

    const Vocabulary& vocabulary() const { return *vocabulary_; }
    const Machine& machine() const { return machine_; }
    const Masks& masks() const { return masks_; }

private:
    std::shared_ptr<const Vocabulary> vocabulary_;
    Machine machine_;
    Masks masks_;
};

class GrammarState final : public Grammar::State {
public:
    explicit GrammarState(std::shared_ptr<const CompiledGrammar> grammar)
        : grammar_(std::move(grammar)), stacks_(grammar_->machine()) {
        stacks_.add(at_, grammar_->machine().start(), Stacks::kEnd);
        stacks_.settle(at_);
    }

    std::unique_ptr<State> clone() const override { return std::make_unique<GrammarState>(*this); }

    void allowed(std::span<std::uint64_t> mask) const override {
        ASSAY_ASSERT(mask.size() >= grammar_->vocabulary().mask_words());
        std::ranges::fill(mask, 0);
        grammar_->masks().add_tokens(at_, stacks_, mask);
        if (!at_.at_end) return;
        for (const auto id : grammar_->vocabulary().end_ids()) set_bit(mask, id);
    }

    void accept(tokenizer::TokenId id) override {
        const Vocabulary& vocabulary = grammar_->vocabulary();
        ASSAY_ASSERT(id >= 0 && static_cast<std::size_t>(id) < vocabulary.size());
        if (std::ranges::binary_search(vocabulary.end_ids(), id)) {
            ASSAY_ASSERT(at_.at_end);
            at_.items.clear();
            return;
        }
        ASSAY_ASSERT(!vocabulary.bytes(id).empty());
        for (const char c : vocabulary.bytes(id)) {
            Configurations next;
            stacks_.step(at_, static_cast<std::uint8_t>(c), next);
            ASSAY_ASSERT(!next.is_dead());
            at_ = std::move(next);
        }
        stacks_.tidy(at_);
    }

    bool finished() const override { return at_.at_end && at_.items.empty(); }

private:
    std::shared_ptr<const CompiledGrammar> grammar_;
    Configurations at_;
    mutable Stacks stacks_; ///< looking ahead adds stacks, which changes nothing that can be seen
};

std::unique_ptr<Grammar::State> CompiledGrammar::start() const {
    return std::make_unique<GrammarState>(shared_from_this());
}

Result<std::shared_ptr<const Grammar>> made(std::shared_ptr<const Vocabulary> vocabulary, Result<Machine> machine) {
    if (!machine) return std::unexpected(std::move(machine.error()));
    return std::make_shared<const CompiledGrammar>(std::move(vocabulary), std::move(*machine));
}

} // namespace

Result<std::shared_ptr<const Grammar>> Grammar::from_json_schema(std::string_view schema_json,
                                                                 const tokenizer::Tokenizer& tokenizer) {
    SchemaReader reader = TRY(SchemaReader::parse(schema_json));
    auto vocabulary = Vocabulary::shared(tokenizer);
    auto machine = RuleBuilder().from_schema(reader, vocabulary->single_bytes());
    return made(std::move(vocabulary), std::move(machine));
}

Result<std::shared_ptr<const Grammar>> Grammar::json_object(const tokenizer::Tokenizer& tokenizer) {
    auto vocabulary = Vocabulary::shared(tokenizer);
    auto machine = RuleBuilder().any_object(vocabulary->single_bytes());
    return made(std::move(vocabulary), std::move(machine));
}

Result<std::shared_ptr<const Grammar>> Grammar::choice(std::span<const std::string> choices,
                                                       const tokenizer::Tokenizer& tokenizer) {
    std::size_t bytes = 0;
    for (const auto& text : choices) bytes += text.size();
    if (bytes > kChoicesBytesMax)
        return fail(ErrorCode::resource_exhausted,
                    "choices: longer than " + std::to_string(kChoicesBytesMax) + " bytes together");
    if (choices.empty()) return fail(ErrorCode::invalid_argument, "choices: none given");
    if (std::ranges::any_of(choices, &std::string::empty))
        return fail(ErrorCode::invalid_argument, "choices: one is empty");
    auto vocabulary = Vocabulary::shared(tokenizer);
    auto machine = RuleBuilder().choice(choices, vocabulary->single_bytes());
    return made(std::move(vocabulary), std::move(machine));
}

} // namespace assay::engine
