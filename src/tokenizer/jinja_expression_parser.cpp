#include "tokenizer/jinja_expression_parser.h"

#include "tokenizer/jinja_parser.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

std::optional<Operator> find_operator(const Token& token,
                                      std::initializer_list<std::pair<std::string_view, Operator>> known) {
    if (token.kind != TokenKind::op) return std::nullopt;
    for (const auto& [text, op] : known) {
        if (token.text == text) return op;
    }
    return std::nullopt;
}

std::string shown(const Token& token) {
    switch (token.kind) {
        case TokenKind::end: return "end of template";
        case TokenKind::block_end: return "'%}'";
        case TokenKind::variable_end: return "'}}'";
        case TokenKind::string: return "a string";
        case TokenKind::integer:
        case TokenKind::real: return "a number";
        default: return "'" + token.text + "'";
    }
}

} // namespace

bool ExpressionParser::skip_op(std::string_view op) {
    const bool found = is_op(op);
    if (found) advance();
    return found;
}

bool ExpressionParser::skip_name(std::string_view name) {
    const bool found = is_name(name);
    if (found) advance();
    return found;
}

Result<void> ExpressionParser::expect_op(std::string_view op) {
    if (!skip_op(op)) return malformed("expected '" + std::string(op) + "', found " + shown(now()));
    return {};
}

Result<std::string> ExpressionParser::expect_name() {
    if (now().kind != TokenKind::name) return malformed("expected a name, found " + shown(now()));
    std::string name = now().text;
    advance();
    return name;
}

std::unexpected<Error> ExpressionParser::unexpected() const { return malformed("unexpected " + shown(now())); }

std::unexpected<Error> ExpressionParser::malformed(std::string_view message) const {
    return fail_at(now().line, ErrorCode::malformed, message);
}

std::unexpected<Error> ExpressionParser::unsupported(std::string_view message) const {
    return fail_at(now().line, ErrorCode::unsupported, message);
}

std::size_t ExpressionParser::id_of(const std::string& name) {
    const auto [at, is_new] = ids_.try_emplace(name, names_.size());
    if (is_new) names_.push_back(name);
    return at->second;
}

ExpressionPtr ExpressionParser::make(Kind kind) const {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = now().line;
    return node;
}

Result<ExpressionPtr> ExpressionParser::make(Kind kind, ExpressionPtr a, ExpressionPtr b) const {
    ExpressionPtr node = make(kind);
    node->line = a->line;
    node->children.push_back(std::move(a));
    if (b) node->children.push_back(std::move(b));
    return finished(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::finished(ExpressionPtr node) const {
    int deepest = 0;
    for (const auto& child : node->children) deepest = std::max(deepest, child ? child->depth : 0);
    for (const auto& child : node->arguments.positional) deepest = std::max(deepest, child->depth);
    for (const auto& [name, child] : node->arguments.named) deepest = std::max(deepest, child->depth);
    for (const auto* child : {&node->arguments.spread, &node->arguments.spread_named}) {
        deepest = std::max(deepest, *child ? (*child)->depth : 0);
    }
    node->depth = deepest + 1;
    if (node->depth > kExpressionDepthMax) {
        return unsupported("expression nested more than " + std::to_string(kExpressionDepthMax) + " deep");
    }
    return node;
}

Result<ExpressionPtr> ExpressionParser::expression() {
    struct Level {
        int& depth;
        explicit Level(int& d) : depth(++d) {}
        ~Level() { --depth; }
    } level(depth_);
    if (depth_ > kBracketDepthMax) {
        return unsupported("brackets nested more than " + std::to_string(kBracketDepthMax) + " deep");
    }
    ExpressionPtr node = TRY(alternative());
    while (skip_name("if")) {
        ExpressionPtr guard = TRY(alternative());
        node = TRY(make(Kind::condition, std::move(node), std::move(guard)));
        node->children.push_back(skip_name("else") ? TRY(expression()) : nullptr);
        node = TRY(finished(std::move(node)));
    }
    return node;
}

Result<ExpressionPtr> ExpressionParser::alternative() {
    ExpressionPtr node = TRY(conjunction());
    while (skip_name("or")) {
        ExpressionPtr right = TRY(conjunction());
        node = TRY(make(Kind::any, std::move(node), std::move(right)));
    }
    return node;
}

Result<ExpressionPtr> ExpressionParser::conjunction() {
    ExpressionPtr node = TRY(inversion());
    while (skip_name("and")) {
        ExpressionPtr right = TRY(inversion());
        node = TRY(make(Kind::all, std::move(node), std::move(right)));
    }
    return node;
}

Result<ExpressionPtr> ExpressionParser::inversion() {
    int count = 0;
    while (skip_name("not")) ++count;
    ExpressionPtr node = TRY(comparison());
    for (; count > 0; --count) node = TRY(make(Kind::invert, std::move(node)));
    return node;
}

std::optional<Comparison> ExpressionParser::take_comparison() {
    static constexpr std::pair<std::string_view, Comparison> kKnown[] = {
        {"==", Comparison::equal},      {"!=", Comparison::unequal}, {"<", Comparison::less},
        {"<=", Comparison::less_equal}, {">", Comparison::greater},  {">=", Comparison::greater_equal}};
    for (const auto& [text, comparison] : kKnown) {
        if (skip_op(text)) return comparison;
    }
    if (skip_name("in")) return Comparison::in;
    if (is_name("not") && next().kind == TokenKind::name && next().text == "in") {
        advance();
        advance();
        return Comparison::not_in;
    }
    return std::nullopt;
}

Result<ExpressionPtr> ExpressionParser::comparison() {
    ExpressionPtr node = TRY(sum());
    std::optional<Comparison> comparison = take_comparison();
    if (!comparison) return node;
    node = TRY(make(Kind::comparison, std::move(node)));
    for (; comparison; comparison = take_comparison()) {
        node->comparisons.push_back(*comparison);
        node->children.push_back(TRY(sum()));
    }
    return finished(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::sum() {
    ExpressionPtr node = TRY(concatenation());
    while (const auto op = find_operator(now(), {{"+", Operator::add}, {"-", Operator::subtract}})) {
        advance();
        ExpressionPtr right = TRY(concatenation());
        node = TRY(make(Kind::binary, std::move(node), std::move(right)));
        node->op = *op;
    }
    return node;
}

Result<ExpressionPtr> ExpressionParser::concatenation() {
    ExpressionPtr node = TRY(product());
    if (!is_op("~")) return node;
    node = TRY(make(Kind::concat, std::move(node)));
    while (skip_op("~")) node->children.push_back(TRY(product()));
    return finished(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::product() {
    ExpressionPtr node = TRY(power());
    while (const auto op = find_operator(now(), {{"*", Operator::multiply},
                                                 {"/", Operator::divide},
                                                 {"//", Operator::floor_divide},
                                                 {"%", Operator::modulo}})) {
        advance();
        ExpressionPtr right = TRY(power());
        node = TRY(make(Kind::binary, std::move(node), std::move(right)));
        node->op = *op;
    }
    return node;
}

Result<ExpressionPtr> ExpressionParser::power() {
    ExpressionPtr node = TRY(unary(true));
    while (skip_op("**")) {
        ExpressionPtr right = TRY(unary(true));
        node = TRY(make(Kind::binary, std::move(node), std::move(right)));
        node->op = Operator::power;
    }
    return node;
}

Result<ExpressionPtr> ExpressionParser::unary(bool with_filters) {
    std::vector<Kind> signs;
    while (is_op("-") || is_op("+")) {
        signs.push_back(is_op("-") ? Kind::negate : Kind::plus);
        advance();
    }
    ExpressionPtr node = TRY(operand());
    for (; !signs.empty(); signs.pop_back()) {
        node = TRY(make(signs.back(), std::move(node)));
        node = TRY(postfix(std::move(node)));
    }
    if (with_filters) return filters_and_tests(std::move(node));
    return node;
}

Result<ExpressionPtr> ExpressionParser::operand() {
    ExpressionPtr node = TRY(primary());
    return postfix(std::move(node));
}

ExpressionPtr ExpressionParser::variable(const std::string& name) {
    ExpressionPtr node = make(Kind::variable);
    node->name = name;
    node->id = id_of(name);
    reads_tools_ = reads_tools_ || name == "tools";
    return node;
}

Result<ExpressionPtr> ExpressionParser::primary() {
    const Token token = now();
    ExpressionPtr node = make(Kind::constant);
    switch (token.kind) {
        case TokenKind::name:
            advance();
            if (token.text == "true" || token.text == "True") return node->constant = true, std::move(node);
            if (token.text == "false" || token.text == "False") return node->constant = false, std::move(node);
            if (token.text == "none" || token.text == "None") return node->constant = None{}, std::move(node);
            return variable(token.text);
        case TokenKind::string: {
            std::string text;
            for (; now().kind == TokenKind::string; advance()) text += now().text;
            node->constant = Value::text(std::move(text));
            return node;
        }
        case TokenKind::integer: advance(); return node->constant = token.integer, std::move(node);
        case TokenKind::real: advance(); return node->constant = token.real, std::move(node);
        default: break;
    }
    if (skip_op("(")) {
        node = TRY(tuple(true, true));
        TRY_VOID(expect_op(")"));
        return node;
    }
    if (skip_op("[")) return list();
    if (skip_op("{")) return dict();
    return unexpected();
}

bool ExpressionParser::is_tuple_end() const {
    return now().kind == TokenKind::variable_end || now().kind == TokenKind::block_end || is_op(")");
}

Result<ExpressionPtr> ExpressionParser::tuple(bool with_condition, bool in_parentheses) {
    ExpressionPtr node = make(Kind::tuple);
    bool is_tuple = false;
    while (true) {
        if (is_tuple_end()) break;
        node->children.push_back(with_condition ? TRY(expression()) : TRY(alternative()));
        if (!is_op(",")) break;
        advance();
        is_tuple = true;
    }
    if (!is_tuple && node->children.size() == 1) return std::move(node->children[0]);
    if (!is_tuple && !in_parentheses) return malformed("expected an expression, found " + shown(now()));
    return finished(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::list() {
    ExpressionPtr node = make(Kind::list);
    while (!is_op("]")) {
        if (!node->children.empty()) TRY_VOID(expect_op(","));
        if (is_op("]")) break;
        node->children.push_back(TRY(expression()));
    }
    advance();
    return finished(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::dict() {
    ExpressionPtr node = make(Kind::dict);
    while (!is_op("}")) {
        if (!node->children.empty()) TRY_VOID(expect_op(","));
        if (is_op("}")) break;
        node->children.push_back(TRY(expression()));
        TRY_VOID(expect_op(":"));
        node->children.push_back(TRY(expression()));
    }
    advance();
    return finished(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::postfix(ExpressionPtr node) {
    while (true) {
        if (is_op(".") || is_op("[")) {
            node = TRY(subscript(std::move(node)));
        } else if (is_op("(")) {
            node = TRY(call(std::move(node)));
        } else {
            return node;
        }
    }
}

Result<ExpressionPtr> ExpressionParser::subscript(ExpressionPtr node) {
    if (skip_op(".")) {
        if (now().kind == TokenKind::integer) return make(Kind::item, std::move(node), TRY(primary()));
        node = TRY(make(Kind::attribute, std::move(node)));
        node->name = TRY(expect_name());
        return node;
    }
    advance();
    ExpressionPtr keys = make(Kind::tuple);
    if (is_op(":")) return slice(std::move(node), nullptr);
    while (!is_op("]")) {
        if (!keys->children.empty()) TRY_VOID(expect_op(","));
        ExpressionPtr key = TRY(expression());
        if (is_op(":") && keys->children.empty()) return slice(std::move(node), std::move(key));
        keys->children.push_back(std::move(key));
    }
    advance();
    ExpressionPtr key = keys->children.size() == 1 ? std::move(keys->children[0]) : TRY(finished(std::move(keys)));
    return make(Kind::item, std::move(node), std::move(key));
}

Result<ExpressionPtr> ExpressionParser::slice(ExpressionPtr node, ExpressionPtr first) {
    node = TRY(make(Kind::slice, std::move(node)));
    node->children.push_back(std::move(first));
    while (node->children.size() < 4 && skip_op(":")) {
        node->children.push_back(is_op(":") || is_op("]") ? nullptr : TRY(expression()));
    }
    node->children.resize(4);
    TRY_VOID(expect_op("]"));
    return finished(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::filters_and_tests(ExpressionPtr node) {
    while (true) {
        if (is_op("|")) {
            node = TRY(filters(std::move(node), false));
        } else if (skip_name("is")) {
            node = TRY(test(std::move(node)));
        } else if (is_op("(")) {
            node = TRY(call(std::move(node)));
        } else {
            return node;
        }
    }
}

Result<ExpressionPtr> ExpressionParser::filters(ExpressionPtr value, bool inline_start) {
    while (std::exchange(inline_start, false) || skip_op("|")) {
        ExpressionPtr node = TRY(make(Kind::filter, std::move(value)));
        node->name = TRY(expect_name());
        node->filter = find_filter(node->name);
        if (node->filter == nullptr) return unsupported("filter '" + node->name + "'");
        if (is_op("(")) node->arguments = TRY(arguments());
        value = TRY(finished(std::move(node)));
    }
    return value;
}

Result<ExpressionPtr> ExpressionParser::test(ExpressionPtr subject) {
    const bool negated = skip_name("not");
    ExpressionPtr node = TRY(make(Kind::test, std::move(subject)));
    node->name = TRY(expect_name());
    node->test = find_test(node->name);
    if (node->test == nullptr) return unsupported("test '" + node->name + "'");
    const TokenKind kind = now().kind;
    if (is_op("(")) {
        node->arguments = TRY(arguments());
    } else if (kind == TokenKind::string || kind == TokenKind::integer || kind == TokenKind::real || is_op("[") ||
               is_op("{") || (kind == TokenKind::name && !is_name("else") && !is_name("or") && !is_name("and"))) {
        if (is_name("is")) return malformed("tests with 'is' cannot be chained");
        node->arguments.positional.push_back(TRY(operand()));
    }
    node = TRY(finished(std::move(node)));
    if (negated) return make(Kind::invert, std::move(node));
    return node;
}

Result<Call> ExpressionParser::arguments() {
    Call call;
    bool begins = true;
    advance();
    while (!is_op(")")) {
        if (!std::exchange(begins, false)) {
            TRY_VOID(expect_op(","));
            if (is_op(")")) break;
        }
        if (is_op("*") || is_op("**")) {
            TRY_VOID(spread_argument(call));
        } else if (now().kind == TokenKind::name && next().kind == TokenKind::op && next().text == "=") {
            std::string name = TRY(expect_name());
            advance();
            call.named.emplace_back(std::move(name), TRY(expression()));
        } else {
            if (!call.named.empty() || call.spread || call.spread_named) {
                return malformed("an argument without a name follows one with a name");
            }
            call.positional.push_back(TRY(expression()));
        }
    }
    advance();
    return call;
}

Result<void> ExpressionParser::spread_argument(Call& call) {
    ExpressionPtr& place = is_op("*") ? call.spread : call.spread_named;
    if (place || call.spread_named) return unexpected();
    advance();
    place = TRY(expression());
    return {};
}

Result<ExpressionPtr> ExpressionParser::call(ExpressionPtr node) {
    node = TRY(make(Kind::call, std::move(node)));
    node->arguments = TRY(arguments());
    return finished(std::move(node));
}

} // namespace assay::tokenizer::jinja
