#pragma once
/// A chat template after parsing. Immutable; values in it are constants, so renders in parallel may share it.
#include "tokenizer/jinja_filters.h"
#include "tokenizer/jinja_value.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::tokenizer::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class Operator { add, subtract, multiply, divide, floor_divide, modulo, power };
enum class Comparison { equal, unequal, less, less_equal, greater, greater_equal, in, not_in };

struct Call {
    std::vector<ExpressionPtr> positional;
    std::vector<std::pair<std::string, ExpressionPtr>> named;
    ExpressionPtr spread, spread_named; ///< *values and **values, or null
};

struct Expression {
    enum class Kind {
        constant,   ///< constant
        variable,   ///< name, id
        list,       ///< children
        tuple,      ///< children
        dict,       ///< children: key, value, key, value …
        attribute,  ///< children[0].name
        item,       ///< children[0][children[1]]
        slice,      ///< children[0][children[1]:children[2]:children[3]], null where left out
        call,       ///< children[0](arguments)
        filter,     ///< children[0] | filter(arguments)
        test,       ///< children[0] is test(arguments)
        negate,     ///< -children[0]
        plus,       ///< +children[0]
        invert,     ///< not children[0]
        binary,     ///< children[0] op children[1]
        concat,     ///< children joined as text
        all,        ///< children[0] and children[1]
        any,        ///< children[0] or children[1]
        comparison, ///< children[0] comparisons[0] children[1] comparisons[1] …
        condition,  ///< children[0] if children[1] else children[2], which may be null
    };
    Kind kind = Kind::constant;
    int line = 1;
    int depth = 1; ///< of the tree under it
    std::size_t id = 0;
    std::string name;
    Value constant;
    Operator op = Operator::add;
    const Filter* filter = nullptr;
    const Test* test = nullptr;
    Call arguments;
    std::vector<Comparison> comparisons;
    std::vector<ExpressionPtr> children;
};

/// What `set`, `for` and `with` assign to: a name, an attribute of a namespace, or several of these.
struct Target {
    bool is_tuple = false;
    std::size_t id = 0;
    std::string name, attribute; ///< no attribute: the variable itself
    std::vector<Target> parts;
};

struct Statement;
using Block = std::vector<Statement>;

struct MacroDefinition {
    std::string name;
    std::vector<std::pair<std::string, std::size_t>> parameters; ///< name, id
    std::vector<ExpressionPtr> defaults;                         ///< of the last parameters
};

struct Statement {
    enum class Kind {
        text,          ///< text
        print,         ///< expressions[0]
        condition,     ///< expressions[i] guards blocks[i]; one block more is the else
        loop,          ///< for targets[0] in expressions[0] [if expressions[1]]: blocks[0], else blocks[1]
        assign,        ///< set targets[0] = expressions[0]
        assign_block,  ///< set targets[0] to blocks[0], through expressions[0] unless it is null
        with,          ///< targets[i] = expressions[i] in blocks[0]
        filter_block,  ///< blocks[0] through expressions[0]
        scope,         ///< blocks[0] with its own variables (generation)
        define_macro,  ///< macro, blocks[0]
        break_loop,
        continue_loop,
    };
    Kind kind = Kind::text;
    int line = 1;
    std::string text;
    std::vector<Target> targets;
    std::vector<ExpressionPtr> expressions;
    std::vector<Block> blocks;
    std::unique_ptr<const MacroDefinition> macro;
};

struct Template {
    Block body;
    std::vector<std::string> names; ///< of the variables, by id
    bool reads_tools = false;
};

/// The name that an expression of a block filter finds its block's text under.
inline constexpr std::string_view kBlockText = " block";

} // namespace assay::tokenizer::jinja
