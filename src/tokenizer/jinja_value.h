#pragma once
/// Values of a chat template while it renders, with Python's meaning: truth, equality, order, iteration and printing.
/// Values are immutable except namespaces and half-read generators; copying one shares it. Not thread-safe: a render has
/// its own. All text is valid UTF-8 and counts in characters.
/// Errors: invalid_argument (what Python raises: TypeError and so on), resource_exhausted (the meter).
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace assay::tokenizer::jinja {

/// What one render may spend. Work that grows with its input is charged before it is done.
class Meter {
public:
    static constexpr std::uint64_t kStepsMax = 20'000'000; ///< nodes evaluated, elements visited, 256-byte comparisons
    static constexpr std::uint64_t kBytesMax = 256u << 20; ///< of values made, in sum
    static constexpr std::size_t kOutputMax = std::size_t{16} << 20;
    static constexpr int kValueDepthMax = 64; ///< lists and dicts within each other
    static constexpr int kEvaluationDepthMax = 500; ///< expressions, statements and macro calls within each other

    /// One level of recursion, given back at the end of the scope.
    class Level {
    public:
        explicit Level(int* depth) : depth_(depth) {}
        Level(Level&& other) noexcept : depth_(std::exchange(other.depth_, nullptr)) {}
        Level& operator=(Level&&) = delete;
        ~Level() {
            if (depth_ != nullptr) --*depth_;
        }

    private:
        int* depth_;
    };

    Result<void> step(std::uint64_t count = 1);
    Result<void> bytes(std::uint64_t count);
    Result<Level> enter();

private:
    std::uint64_t steps_ = 0, bytes_ = 0;
    int depth_ = 0;
};

/// An invalid_argument error: the template did something that Python or Jinja refuses.
std::unexpected<Error> refuse(std::string message);

class Value;
struct Macro; // jinja_eval.h
struct Loop;
struct Method;
struct Namespace;

struct Sequence {
    enum class Kind { list, tuple, range, generator, keys, values, items };
    Kind kind = Kind::list;
    int depth = 1;
    std::vector<Value> items;
    mutable std::size_t read = 0; ///< generator: elements already taken
};

/// Insertion-ordered; equal keys (1, 1.0 and true are) replace each other's value.
class Dict {
public:
    struct Entry;
    const Value* find(std::string_view key) const;
    /// Errors: refuses a key that Python cannot hash.
    Result<const Value*> find(Meter& meter, const Value& key) const;
    Result<void> set(Meter& meter, Value key, Value value);
    void set_text(std::string key, Value value);
    const std::vector<Entry>& entries() const { return entries_; }
    int depth = 1;

private:
    std::vector<Entry> entries_;
    std::unordered_map<std::string, std::size_t> texts_; ///< positions of the string keys
};

struct None {};

/// Jinja's undefined: prints as nothing, is false and empty; anything else refuses with `why`.
struct Undefined {
    std::shared_ptr<const std::string> why;
};

struct Text {
    std::shared_ptr<const std::string> bytes;
    bool markup = false; ///< `safe`: adding plain text to it escapes that text
};

/// The functions that a template sees as globals.
enum class Function { range, dict, make_namespace, raise_exception, strftime_now };

class Value {
public:
    using Data = std::variant<Undefined, None, bool, std::int64_t, double, Text, std::shared_ptr<const Sequence>,
                              std::shared_ptr<const Dict>, Namespace*, const Macro*, std::shared_ptr<const Loop>,
                              std::shared_ptr<const Method>, Function>;

    Value() = default;
    template <class T>
        requires(!std::is_same_v<std::remove_cvref_t<T>, Value>)
    Value(T&& data) : data_(std::forward<T>(data)) {}
    /// Uncharged; for text that is already there (literals, input).
    static Value text(std::string bytes) { return Text{std::make_shared<const std::string>(std::move(bytes)), false}; }
    static Value undefined(std::string why) { return Undefined{std::make_shared<const std::string>(std::move(why))}; }

    template <class T>
    const T* get() const {
        return std::get_if<T>(&data_);
    }
    template <class T>
    bool is() const {
        return std::holds_alternative<T>(data_);
    }
    const Data& data() const { return data_; }
    /// Null unless the value is a string, a sequence, a dict.
    const std::string* string() const { return is<Text>() ? get<Text>()->bytes.get() : nullptr; }
    const Sequence* sequence() const {
        return is<std::shared_ptr<const Sequence>>() ? std::get<6>(data_).get() : nullptr;
    }
    const Dict* dict() const { return is<std::shared_ptr<const Dict>>() ? std::get<7>(data_).get() : nullptr; }
    bool is_generator() const { return sequence() != nullptr && sequence()->kind == Sequence::Kind::generator; }
    bool is_list_or_tuple() const { return sequence() != nullptr && sequence()->kind <= Sequence::Kind::tuple; }
    /// bool and int are integers to Python.
    bool is_integral() const { return is<bool>() || is<std::int64_t>(); }
    bool is_number() const { return is_integral() || is<double>(); }
    std::int64_t integral() const { return is<bool>() ? std::get<bool>(data_) : std::get<std::int64_t>(data_); }
    double real() const { return is<double>() ? std::get<double>(data_) : static_cast<double>(integral()); }

private:
    Data data_ = Undefined{};
};

struct Dict::Entry {
    Value key, value;
};

/// Lives in the render's arena: values that hold it may form loops.
struct Namespace {
    Dict attributes;
};

/// `loop` inside a `for`: advances with it.
struct Loop {
    std::vector<Value> items;
    mutable std::size_t at = 0;
    mutable std::vector<Value> changed; ///< what loop.changed() was last called with
    mutable bool has_changed_before = false;
    int depth = 1; ///< of the elements, as values
};

/// A method bound to its object: `text.strip`, not yet called.
struct Method {
    Value self;
    std::string name;
};

Result<Value> make_text(Meter& meter, std::string bytes, bool markup = false);
Result<Value> make_sequence(Meter& meter, Sequence::Kind kind, std::vector<Value> items);
Result<Value> make_dict(Meter& meter, Dict dict);
/// How deep lists and dicts nest in `value`; 0 for a scalar.
int depth_of(const Value& value);

/// Python's name of the type, for messages: 'str', 'NoneType'.
std::string_view type_name(const Value& value);
/// "'str' object is not iterable" and the like; the undefined's own reason when `value` is one.
std::unexpected<Error> refuse_value(const Value& value, std::string_view what);

bool truth(const Value& value);
Result<bool> equals(Meter& meter, const Value& a, const Value& b);
/// Negative, zero or positive. Refuses values without an order.
Result<int> compare(Meter& meter, const Value& a, const Value& b);
Result<bool> contains(Meter& meter, const Value& container, const Value& item);
/// The elements as a `for` loop sees them: characters of a string, keys of a dict. Uses a generator up.
Result<std::vector<Value>> elements(Meter& meter, const Value& value);
Result<std::size_t> length(Meter& meter, const Value& value);

/// str(): what `{{ value }}` prints.
Result<std::string> to_text(Meter& meter, const Value& value);
/// repr(): strings in quotes.
Result<void> append_repr(Meter& meter, const Value& value, std::string& out);
std::string real_text(double value);

/// Where character `at` of `text` begins; `at` is at most the character count.
std::size_t byte_offset(std::string_view text, std::size_t at);

} // namespace assay::tokenizer::jinja
