#pragma once
/// The expression half of the parser; jinja_parser.cpp adds the statements.
#include "tokenizer/jinja_ast.h"
#include "tokenizer/jinja_lexer.h"

#include <unordered_map>

namespace assay::tokenizer::jinja {

class ExpressionParser {
public:
    explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

protected:
    const Token& now() const { return tokens_[at_]; }
    const Token& next() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
    void advance() { at_ += at_ + 1 < tokens_.size(); }
    bool is_op(std::string_view op) const { return now().kind == TokenKind::op && now().text == op; }
    bool is_name(std::string_view name) const { return now().kind == TokenKind::name && now().text == name; }
    bool skip_op(std::string_view op);
    bool skip_name(std::string_view name);
    Result<void> expect_op(std::string_view op);
    Result<std::string> expect_name();
    std::unexpected<Error> unexpected() const;
    std::unexpected<Error> malformed(std::string_view message) const;
    std::unexpected<Error> unsupported(std::string_view message) const;
    std::size_t id_of(const std::string& name);

    Result<ExpressionPtr> expression();
    /// One expression, or a tuple of several with commas between. `with_condition` false: no inline if at the top.
    Result<ExpressionPtr> tuple(bool with_condition, bool in_parentheses);
    /// `value` through the filters that follow; a leading `|` is there unless `inline_start`.
    Result<ExpressionPtr> filters(ExpressionPtr value, bool inline_start);
    ExpressionPtr variable(const std::string& name);

    std::vector<std::string> names_;
    bool reads_tools_ = false;

private:
    using Kind = Expression::Kind;
    ExpressionPtr make(Kind kind) const;
    Result<ExpressionPtr> make(Kind kind, ExpressionPtr a, ExpressionPtr b = nullptr) const;
    /// Counts the depth of what `node` now holds.
    Result<ExpressionPtr> finished(ExpressionPtr node) const;

    Result<ExpressionPtr> alternative();
    Result<ExpressionPtr> conjunction();
    Result<ExpressionPtr> inversion();
    Result<ExpressionPtr> comparison();
    std::optional<Comparison> take_comparison();
    Result<ExpressionPtr> sum();
    Result<ExpressionPtr> concatenation();
    Result<ExpressionPtr> product();
    Result<ExpressionPtr> power();
    Result<ExpressionPtr> unary(bool with_filters);
    Result<ExpressionPtr> primary();
    /// A primary and what follows it: attributes, subscripts, calls.
    Result<ExpressionPtr> operand();
    Result<ExpressionPtr> list();
    Result<ExpressionPtr> dict();
    Result<ExpressionPtr> postfix(ExpressionPtr node);
    Result<ExpressionPtr> subscript(ExpressionPtr node);
    Result<ExpressionPtr> slice(ExpressionPtr node, ExpressionPtr first);
    Result<ExpressionPtr> filters_and_tests(ExpressionPtr node);
    Result<ExpressionPtr> test(ExpressionPtr node);
    Result<Call> arguments();
    Result<void> spread_argument(Call& call);
    Result<ExpressionPtr> call(ExpressionPtr node);
    bool is_tuple_end() const;

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0; ///< of the recursion
    std::unordered_map<std::string, std::size_t> ids_;
};

} // namespace assay::tokenizer::jinja
