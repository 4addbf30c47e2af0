#pragma once
/// From shapes to rules: how each value is written in bytes. Included by .cpp files only (nlohmann/json).
/// Not thread-safe. Deterministic.
#include "engine/grammar_machine.h"
#include "engine/grammar_schema.h"

#include <deque>
#include <functional>

namespace assay::engine::grammar {

class RuleBuilder {
public:
    RuleBuilder();

    /// Errors: those of SchemaReader::shapes and Machine::build.
    Result<Machine> from_schema(SchemaReader& reader, const std::bitset<256>& usable);
    Result<Machine> any_object(const std::bitset<256>& usable);
    Result<Machine> choice(std::span<const std::string> choices, const std::bitset<256>& usable);

private:
    using Rules = std::vector<RuleId>;

    Rule& rule(RuleId id) { return rules_[id]; }
    /// The rule of this key; when new, `fill` draws it between its two states, now or later.
    Result<RuleId> rule_for(const std::string& key, std::function<Result<void>(Rule)> fill);
    Result<void> fill_all();
    void call_each(StateId from, const Rules& rules, StateId to);

    /// The rules for what may stand at a place.
    Result<Rules> rules_for(const AllOf& schemas);
    Result<void> add_rules_for(const Shape& shape, Rules& rules);
    Result<Rules> any_value();
    std::string place_key(const AllOf& schemas);

    Result<RuleId> literal_rule(const Json& value);
    Result<RuleId> string_rule(const Shape& shape);
    Result<RuleId> number_rule(const Shape& shape);
    Result<RuleId> array_rule(const Shape& shape);
    Result<RuleId> object_rule(const Shape& shape);

    Result<void> fill_string(const Shape& shape, Rule rule);
    Result<void> fill_array(const Shape& shape, Rule rule);
    Result<void> fill_object(const Shape& shape, Rule rule);
    void fill_number(Rule rule);
    void fill_integers(std::int64_t low, std::int64_t high, Rule rule);

    StateId scalar(StateId from, const Json& value);
    StateId literal(StateId from, const Json& value);
    StateId quoted(StateId from, std::string_view text);
    StateId byte(StateId from, char c);
    void byte(StateId from, char c, StateId to);
    StateId space(StateId from);
    StateId digits(StateId from, std::size_t most);

    Nfa nfa_;
    std::vector<Rule> rules_;
    std::map<std::string, RuleId> known_;
    std::deque<std::function<Result<void>()>> open_;
    std::map<AllOf, std::size_t> places_;
    SchemaReader* reader_ = nullptr;
};

} // namespace assay::engine::grammar
