#include "tokenizer/jinja_evaluator.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

std::size_t find_id(const Template& program, std::string_view name) {
    return static_cast<std::size_t>(std::find(program.names.begin(), program.names.end(), name) -
                                    program.names.begin());
}

/// What Jinja itself defines under a name.
std::optional<Value> global(std::string_view name, std::string_view date) {
    if (name == "range") return Value(Function::range);
    if (name == "dict") return Value(Function::dict);
    if (name == "namespace") return Value(Function::make_namespace);
    if (name == "raise_exception") return Value(Function::raise_exception);
    if (name == "strftime_now" && !date.empty()) return Value(Function::strftime_now);
    return std::nullopt;
}

} // namespace

void Scope::set(std::size_t id, Value value) {
    for (auto& [known, held] : variables) {
        if (known == id) {
            held = std::move(value);
            return;
        }
    }
    variables.emplace_back(id, std::move(value));
}

const Value* Scope::find(std::size_t id) const {
    for (const Scope* at = this; at != nullptr; at = at->parent) {
        for (const auto& [known, held] : at->variables) {
            if (known == id) return &held;
        }
    }
    return nullptr;
}

Evaluator::InScope::InScope(Evaluator& evaluator, Scope* parent) : evaluator_(evaluator), before_(evaluator.scope_) {
    auto scope = std::make_unique<Scope>();
    scope->parent = parent;
    evaluator_.scope_ = scope.get();
    evaluator_.kept_scopes_.push_back(std::move(scope));
}

Evaluator::InScope::~InScope() {
    // Scopes nest, so one that no macro sees is the last of the kept ones unless a later one is kept for a macro.
    auto& kept = evaluator_.kept_scopes_;
    if (!evaluator_.scope_->captured && kept.back().get() == evaluator_.scope_) kept.pop_back();
    evaluator_.scope_ = before_;
}

Evaluator::Evaluator(const Template& program, Meter& meter, const Variables& variables, std::string_view date)
    : program_(program), meter_(meter), date_(date), loop_id_(find_id(program, "loop")),
      block_text_id_(find_id(program, kBlockText)) {
    for (const std::string& name : program.names) {
        const auto given = variables.find(name);
        globals_.push_back(given != variables.end() ? given->second : global(name, date).value_or(Value()));
    }
}

Evaluator::~Evaluator() = default;

Result<std::string> Evaluator::run() {
    std::string out;
    out_ = &out;
    const InScope root(*this, nullptr);
    TRY_VOID(execute(program_.body));
    return out;
}

Result<void> Evaluator::write(std::string_view text) {
    if (text.size() > Meter::kOutputMax - out_->size()) {
        return fail(ErrorCode::resource_exhausted,
                    "chat template: more than " + std::to_string(Meter::kOutputMax) + " bytes of output");
    }
    TRY_VOID(meter_.step(text.size() / 256));
    *out_ += text;
    return {};
}

Result<Evaluator::Flow> Evaluator::execute(const Block& block) {
    const auto level = TRY(meter_.enter());
    for (const Statement& statement : block) {
        TRY_VOID(meter_.step());
        auto flow = execute(statement);
        if (!flow && !std::exchange(located_, true) && flow.error().code == ErrorCode::invalid_argument) {
            return fail_in("chat template line " + std::to_string(statement.line), std::move(flow.error()));
        }
        if (!flow || *flow != Flow::next) return flow;
    }
    return Flow::next;
}

Result<Evaluator::Flow> Evaluator::execute_in_scope(const Block& block) {
    const InScope scope(*this, scope_);
    return execute(block);
}

Result<Evaluator::Flow> Evaluator::then_next(const Result<void>& done) {
    if (!done) return std::unexpected(done.error());
    return Flow::next;
}

Result<Evaluator::Flow> Evaluator::execute(const Statement& statement) {
    switch (statement.kind) {
        case Statement::Kind::text: return then_next(write(statement.text));
        case Statement::Kind::print: {
            const Value value = TRY(evaluate(*statement.expressions[0]));
            if (value.string() != nullptr) return then_next(write(*value.string()));
            const std::string text = TRY(to_text(meter_, value));
            return then_next(write(text));
        }
        case Statement::Kind::condition: return condition(statement);
        case Statement::Kind::loop: return loop(statement);
        case Statement::Kind::assign: {
            Value value = TRY(evaluate(*statement.expressions[0]));
            return then_next(assign(statement.targets[0], std::move(value)));
        }
        case Statement::Kind::assign_block: return then_next(assign_block(statement));
        case Statement::Kind::with: return with(statement);
        case Statement::Kind::scope: return execute_in_scope(statement.blocks[0]);
        case Statement::Kind::filter_block: {
            const Value value = TRY(block_value(statement));
            const std::string text = TRY(to_text(meter_, value));
            return then_next(write(text));
        }
        case Statement::Kind::define_macro:
            TRY_VOID(meter_.bytes(1024)); // with the scopes that now stay
            for (Scope* at = scope_; at != nullptr; at = at->parent) at->captured = true;
            macros_.push_back({statement.macro->name, statement.macro.get(), &statement.blocks[0], scope_});
            scope_->set(statement.targets[0].id, Value(static_cast<const Macro*>(&macros_.back())));
            break;
        case Statement::Kind::break_loop: return Flow::leave_loop;
        case Statement::Kind::continue_loop: return Flow::next_turn;
    }
    return Flow::next;
}

Result<Evaluator::Flow> Evaluator::condition(const Statement& statement) {
    for (std::size_t i = 0; i < statement.expressions.size(); ++i) {
        if (truth(TRY(evaluate(*statement.expressions[i])))) return execute(statement.blocks[i]);
    }
    if (statement.blocks.size() > statement.expressions.size()) return execute(statement.blocks.back());
    return Flow::next;
}

Result<std::vector<Value>> Evaluator::filtered(const Statement& statement, std::vector<Value> items) {
    std::vector<Value> out;
    for (Value& item : items) {
        const InScope scope(*this, scope_);
        TRY_VOID(assign(statement.targets[0], item));
        if (truth(TRY(evaluate(*statement.expressions[1])))) out.push_back(std::move(item));
    }
    return out;
}

Result<Evaluator::Flow> Evaluator::loop(const Statement& statement) {
    const Value subject = TRY(evaluate(*statement.expressions[0]));
    std::vector<Value> items = TRY(elements(meter_, subject));
    if (statement.expressions.size() > 1) items = TRY(filtered(statement, std::move(items)));
    if (items.empty()) {
        if (statement.blocks.size() > 1) return execute_in_scope(statement.blocks[1]);
        return Flow::next;
    }
    auto state = std::make_shared<Loop>();
    for (const Value& item : items) state->depth = std::max(state->depth, depth_of(item));
    state->items = std::move(items);
    return turns(statement, state);
}

Result<Evaluator::Flow> Evaluator::turns(const Statement& statement, const std::shared_ptr<const Loop>& loop) {
    for (std::size_t i = 0; i < loop->items.size(); ++i) {
        TRY_VOID(meter_.step());
        loop->at = i;
        const InScope scope(*this, scope_);
        if (loop_id_ < program_.names.size()) scope_->set(loop_id_, loop);
        TRY_VOID(assign(statement.targets[0], loop->items[i]));
        if (TRY(execute(statement.blocks[0])) == Flow::leave_loop) break;
    }
    return Flow::next;
}

Result<Evaluator::Flow> Evaluator::with(const Statement& statement) {
    std::vector<Value> values = TRY(all(statement.expressions));
    const InScope scope(*this, scope_);
    for (std::size_t i = 0; i < values.size(); ++i) TRY_VOID(assign(statement.targets[i], std::move(values[i])));
    return execute(statement.blocks[0]);
}

Result<void> Evaluator::assign_block(const Statement& statement) {
    Value value = TRY(block_value(statement));
    return assign(statement.targets[0], std::move(value));
}

Result<Value> Evaluator::block_value(const Statement& statement) {
    Value text = TRY(captured(statement.blocks[0]));
    if (!statement.expressions[0]) return text;
    const InScope scope(*this, scope_);
    scope_->set(block_text_id_, std::move(text));
    return evaluate(*statement.expressions[0]);
}

Result<Value> Evaluator::captured(const Block& block) {
    std::string text;
    std::string* const before = std::exchange(out_, &text);
    const auto flow = execute_in_scope(block);
    out_ = before;
    if (!flow) return std::unexpected(flow.error());
    return make_text(meter_, std::move(text));
}

Result<void> Evaluator::assign(const Target& target, Value value) {
    if (target.is_tuple) {
        std::vector<Value> parts = TRY(elements(meter_, value));
        if (parts.size() != target.parts.size()) {
            return refuse("expected " + std::to_string(target.parts.size()) + " values to unpack, found " +
                          std::to_string(parts.size()));
        }
        for (std::size_t i = 0; i < parts.size(); ++i) TRY_VOID(assign(target.parts[i], std::move(parts[i])));
        return {};
    }
    if (target.attribute.empty()) {
        scope_->set(target.id, std::move(value));
        return {};
    }
    const Value* held = scope_->find(target.id);
    const Value& object = held != nullptr ? *held : globals_[target.id];
    if (!object.is<Namespace*>()) return refuse("cannot assign attribute on non-namespace object");
    if (target.attribute.starts_with('_'))
        return refuse("a namespace cannot have the attribute '" + target.attribute + "'");
    return (*object.get<Namespace*>())->attributes.set(meter_, Value::text(target.attribute), std::move(value));
}

Result<std::string> render(const Template& program, Meter& meter, const Variables& variables, std::string_view date) {
    return Evaluator(program, meter, variables, date).run();
}

} // namespace assay::tokenizer::jinja
