#pragma once
/// The state of one render: jinja_eval.cpp runs statements, jinja_evaluate.cpp works expressions out.
#include "tokenizer/jinja_access.h"
#include "tokenizer/jinja_eval.h"

#include <deque>

namespace assay::tokenizer::jinja {

/// The variables of one block that has its own.
struct Scope {
    Scope* parent = nullptr;
    bool captured = false; ///< a macro sees it, so it must outlive its block
    std::vector<std::pair<std::size_t, Value>> variables;

    void set(std::size_t id, Value value);
    const Value* find(std::size_t id) const;
};

class Evaluator {
public:
    Evaluator(const Template& program, Meter& meter, const Variables& variables, std::string_view date);
    ~Evaluator();
    Evaluator(const Evaluator&) = delete;
    Evaluator& operator=(const Evaluator&) = delete;

    Result<std::string> run();

private:
    enum class Flow { next, leave_loop, next_turn };

    Result<Flow> execute(const Block& block);
    Result<Flow> execute(const Statement& statement);
    Result<Flow> execute_in_scope(const Block& block);
    Result<Flow> condition(const Statement& statement);
    Result<Flow> loop(const Statement& statement);
    Result<Flow> turns(const Statement& statement, const std::shared_ptr<const Loop>& loop);
    Result<std::vector<Value>> filtered(const Statement& statement, std::vector<Value> items);
    Result<Flow> with(const Statement& statement);
    Result<void> assign_block(const Statement& statement);
    Result<void> assign(const Target& target, Value value);
    /// What `block` prints, in a scope of its own.
    Result<Value> captured(const Block& block);
    /// What blocks[0] prints, through the filters of expressions[0] unless it is null.
    Result<Value> block_value(const Statement& statement);
    static Result<Flow> then_next(const Result<void>& done);
    Result<void> write(std::string_view text);

    Result<Value> evaluate(const Expression& expression);
    Result<Value> variable(const Expression& expression) const;
    Result<std::vector<Value>> all(const std::vector<ExpressionPtr>& expressions);
    Result<Value> dict(const Expression& expression);
    Result<Value> slice_of(const Expression& expression);
    Result<Value> comparison(const Expression& expression);
    Result<bool> holds(Comparison comparison, const Value& a, const Value& b);
    Result<Value> concat(const Expression& expression);
    Result<Arguments> arguments(const Call& call);
    Result<Value> call(const Expression& expression);
    Result<Value> call_function(Function function, const Arguments& arguments);
    Result<Value> call_range(const Arguments& arguments);
    Result<Value> call_dict(const Arguments& arguments);
    Result<Value> make_namespace(const Arguments& arguments);
    Result<Value> call_macro(const Macro& macro, const Arguments& arguments);
    Result<void> set_parameters(const Macro& macro, const Arguments& arguments);

    /// Enters a new scope for as long as it lives.
    class InScope {
    public:
        InScope(Evaluator& evaluator, Scope* parent);
        ~InScope();
        InScope(const InScope&) = delete;
        InScope& operator=(const InScope&) = delete;

    private:
        Evaluator& evaluator_;
        Scope* before_;
    };

    const Template& program_;
    Meter& meter_;
    std::string_view date_;
    std::vector<Value> globals_; ///< by id: what the caller or Jinja has for a name; undefined where nothing
    std::size_t loop_id_, block_text_id_;
    std::deque<std::unique_ptr<Scope>> kept_scopes_;
    std::deque<Namespace> namespaces_;
    std::deque<Macro> macros_;
    Scope* scope_ = nullptr;
    std::string* out_ = nullptr;
    bool located_ = false; ///< the error under way names its line, or must not
};

} // namespace assay::tokenizer::jinja
