#include "tokenizer/jinja_parser.h"

#include "tokenizer/jinja_expression_parser.h"
#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

/// Jinja's own tags that chat templates do not need.
constexpr std::string_view kOtherTags[] = {"autoescape", "block", "call",   "debug",   "do",
                                           "extends",    "from",  "import", "include", "trans"};
/// Jinja's own globals, likewise.
constexpr std::string_view kOtherNames[] = {"cycler", "joiner", "lipsum"};

class Parser : private ExpressionParser {
public:
    using ExpressionParser::ExpressionParser;

    Result<Template> run() {
        Template program;
        program.body = TRY(block({}));
        if (now().kind != TokenKind::end) return unexpected();
        for (const std::string_view name : kOtherNames) {
            if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
                return fail(ErrorCode::unsupported, "chat template: the global '" + std::string(name) + "'");
            }
        }
        program.names = std::move(names_);
        program.reads_tools = reads_tools_;
        return program;
    }

private:
    using Kind = Statement::Kind;
    using Ends = std::initializer_list<std::string_view>;

    Statement make(Kind kind) const {
        Statement statement;
        statement.kind = kind;
        statement.line = now().line;
        return statement;
    }

    Result<void> expect(TokenKind kind, std::string_view text) {
        if (now().kind != kind) return malformed("expected '" + std::string(text) + "' at the end of a tag");
        advance();
        return {};
    }

    /// Statements up to a tag whose first word is one of `ends`, which is left as the current token; or to the end.
    Result<Block> block(Ends ends) {
        if (++depth_ > kBlockDepthMax) {
            return unsupported("statements nested more than " + std::to_string(kBlockDepthMax) + " deep");
        }
        Block body;
        while (now().kind != TokenKind::end) {
            if (now().kind == TokenKind::data) {
                body.push_back(make(Kind::text));
                body.back().text = now().text;
                advance();
            } else if (now().kind == TokenKind::variable_begin) {
                advance();
                body.push_back(make(Kind::print));
                body.back().expressions.push_back(TRY(tuple(true, false)));
                TRY_VOID(expect(TokenKind::variable_end, "}}"));
            } else {
                TRY_VOID(expect(TokenKind::block_begin, "{%"));
                if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return is_name(end); })) break;
                body.push_back(TRY(statement()));
                TRY_VOID(expect(TokenKind::block_end, "%}"));
            }
        }
        --depth_;
        return body;
    }

    /// The rest of an opening tag, then its block, which must be ended.
    Result<Block> body(Ends ends) {
        skip_op(":");
        TRY_VOID(expect(TokenKind::block_end, "%}"));
        Block statements = TRY(block(ends));
        if (now().kind == TokenKind::end)
            return malformed("expected '" + std::string(*(ends.end() - 1)) + "' before the end");
        return statements;
    }

    /// Like `body`, for a block with one ending tag, which is taken.
    Result<Block> whole_body(std::string_view end) {
        Block statements = TRY(body({end}));
        advance();
        return statements;
    }

    Result<Statement> statement() {
        const int line = now().line;
        if (now().kind != TokenKind::name) return malformed("expected the name of a tag");
        const std::string tag = now().text;
        advance();
        Statement out = TRY(statement_of(tag));
        out.line = line;
        return out;
    }

    Result<Statement> statement_of(const std::string& tag) {
        if (tag == "if") return condition();
        if (tag == "for") return loop();
        if (tag == "set") return assignment();
        if (tag == "macro") return macro();
        if (tag == "with") return with();
        if (tag == "filter") return filter_block();
        if (tag == "print") return print();
        if (tag == "generation") {
            Statement out = make(Kind::scope);
            out.blocks.push_back(TRY(in_new_loop_context("endgeneration")));
            return out;
        }
        if (tag == "break" || tag == "continue") {
            if (loops_ == 0) return malformed("'" + tag + "' outside of a loop");
            return make(tag == "break" ? Kind::break_loop : Kind::continue_loop);
        }
        const bool known = std::find(std::begin(kOtherTags), std::end(kOtherTags), tag) != std::end(kOtherTags);
        if (known) return unsupported("tag '" + tag + "'");
        return malformed("unknown tag '" + tag + "'");
    }

    /// A body that compiles to a function of its own, so that `break` cannot leave it.
    Result<Block> in_new_loop_context(std::string_view end) {
        const int outside = std::exchange(loops_, 0);
        Block statements = TRY(whole_body(end));
        loops_ = outside;
        return statements;
    }

    Result<Statement> condition() {
        Statement out = make(Kind::condition);
        while (true) {
            out.expressions.push_back(TRY(tuple(false, false)));
            out.blocks.push_back(TRY(body({"elif", "else", "endif"})));
            if (!skip_name("elif")) break;
        }
        if (skip_name("else")) {
            out.blocks.push_back(TRY(body({"endif"})));
        }
        advance();
        return out;
    }

    Result<Statement> loop() {
        Statement out = make(Kind::loop);
        out.targets.push_back(TRY(target(false)));
        if (!skip_name("in")) return malformed("expected 'in' after the variables of a loop");
        out.expressions.push_back(TRY(tuple(false, false)));
        if (skip_name("if")) out.expressions.push_back(TRY(expression()));
        if (is_name("recursive")) return unsupported("recursive loops");
        ++loops_;
        out.blocks.push_back(TRY(body({"else", "endfor"})));
        --loops_;
        if (skip_name("else")) out.blocks.push_back(TRY(body({"endfor"})));
        advance();
        return out;
    }

    Result<Target> single_target(bool with_namespace) {
        if (skip_op("(")) {
            Target out = TRY(target(with_namespace));
            TRY_VOID(expect_op(")"));
            return out;
        }
        Target out;
        out.name = TRY(expect_name());
        for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
            if (out.name == constant) return malformed("cannot assign to '" + out.name + "'");
        }
        if (with_namespace && skip_op(".")) out.attribute = TRY(expect_name());
        out.id = id_of(out.name);
        return out;
    }

    Result<Target> target(bool with_namespace) {
        if (++depth_ > kBlockDepthMax) return unsupported("parentheses nested too deeply");
        Target out = TRY(single_target(with_namespace));
        if (is_op(",")) {
            Target parts;
            parts.is_tuple = true;
            parts.parts.push_back(std::move(out));
            while (skip_op(",") && (now().kind == TokenKind::name || is_op("("))) {
                parts.parts.push_back(TRY(single_target(with_namespace)));
            }
            out = std::move(parts);
        }
        --depth_;
        return out;
    }

    Result<Statement> assignment() {
        Statement out = make(Kind::assign);
        out.targets.push_back(TRY(target(true)));
        if (skip_op("=")) {
            out.expressions.push_back(TRY(tuple(true, false)));
            return out;
        }
        out.kind = Kind::assign_block;
        out.expressions.push_back(is_op("|") ? TRY(filters(variable(std::string(kBlockText)), false)) : nullptr);
        out.blocks.push_back(TRY(whole_body("endset")));
        return out;
    }

    Result<Statement> macro() {
        Statement out = make(Kind::define_macro);
        auto definition = std::make_unique<MacroDefinition>();
        out.targets.push_back(Target{});
        definition->name = out.targets[0].name = TRY(expect_name());
        out.targets[0].id = id_of(definition->name);
        TRY_VOID(expect_op("("));
        while (!is_op(")")) {
            if (!definition->parameters.empty()) TRY_VOID(expect_op(","));
            const std::string name = TRY(expect_name());
            definition->parameters.emplace_back(name, id_of(name));
            if (skip_op("=")) {
                definition->defaults.push_back(TRY(expression()));
            } else if (!definition->defaults.empty()) {
                return malformed("a parameter without a default follows one with a default");
            }
        }
        advance();
        const std::size_t names_before = names_.size();
        out.blocks.push_back(TRY(in_new_loop_context("endmacro")));
        for (std::size_t i = names_before; i < names_.size(); ++i) {
            if (names_[i] == "caller" || names_[i] == "varargs" || names_[i] == "kwargs") {
                return unsupported("'" + names_[i] + "' in a macro");
            }
        }
        out.macro = std::move(definition);
        return out;
    }

    Result<Statement> with() {
        Statement out = make(Kind::with);
        while (now().kind != TokenKind::block_end) {
            if (!out.targets.empty()) TRY_VOID(expect_op(","));
            out.targets.push_back(TRY(single_target(false)));
            TRY_VOID(expect_op("="));
            out.expressions.push_back(TRY(expression()));
        }
        out.blocks.push_back(TRY(whole_body("endwith")));
        return out;
    }

    Result<Statement> filter_block() {
        Statement out = make(Kind::filter_block);
        out.expressions.push_back(TRY(filters(variable(std::string(kBlockText)), true)));
        out.blocks.push_back(TRY(whole_body("endfilter")));
        return out;
    }

    Result<Statement> print() {
        Statement out = make(Kind::print);
        out.expressions.push_back(TRY(expression()));
        if (is_op(",")) return unsupported("several values in one print");
        return out;
    }

    int depth_ = 0;
    int loops_ = 0; ///< around the current statement, in its function
};

} // namespace

Result<Template> parse_template(std::string_view source) {
    if (source.size() > kSourceMax) {
        return fail(ErrorCode::unsupported, "chat template: " + std::to_string(source.size()) +
                                                " bytes exceed the limit of " + std::to_string(kSourceMax));
    }
    if (valid_prefix(source) != source.size()) return fail(ErrorCode::malformed, "chat template: text is not UTF-8");
    return Parser(TRY(tokenize(source))).run();
}

} // namespace assay::tokenizer::jinja
