#include "tokenizer/jinja_value.h"

#include "tokenizer/jinja_text.h"
#include "tokenizer/unicode.h"

#include <algorithm>
#include <cmath>

namespace assay::tokenizer::jinja {
namespace {

std::unexpected<Error> exhausted(std::string_view what, std::uint64_t limit) {
    return fail(ErrorCode::resource_exhausted,
                "chat template: more than " + std::to_string(limit) + " " + std::string(what));
}

Result<void> check_depth(int depth) {
    if (depth > Meter::kValueDepthMax) return exhausted("lists and dicts within each other", Meter::kValueDepthMax);
    return {};
}

/// -1, 0, 1; 2 when either is NaN. A long double holds both int64 and double exactly on x86; elsewhere it is wider still.
int compare_numbers(const Value& a, const Value& b) {
    if (a.is_integral() && b.is_integral()) {
        return a.integral() < b.integral() ? -1 : a.integral() > b.integral();
    }
    const long double x = a.is<double>() ? static_cast<long double>(a.real()) : static_cast<long double>(a.integral());
    const long double y = b.is<double>() ? static_cast<long double>(b.real()) : static_cast<long double>(b.integral());
    if (std::isnan(x) || std::isnan(y)) return 2;
    return x < y ? -1 : x > y;
}

Result<bool> equal_sequences(Meter& meter, const Sequence& a, const Sequence& b) {
    if (&a == &b) return true;
    if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
    if (a.kind == Sequence::Kind::generator || a.kind == Sequence::Kind::values) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
        if (!TRY(equals(meter, a.items[i], b.items[i]))) return false;
    }
    return true;
}

Result<bool> equal_dicts(Meter& meter, const Dict& a, const Dict& b) {
    if (a.entries().size() != b.entries().size()) return false;
    for (const auto& [key, value] : a.entries()) {
        const Value* other = TRY(b.find(meter, key));
        if (other == nullptr || !TRY(equals(meter, value, *other))) return false;
    }
    return true;
}

Result<void> check_hashable(Meter& meter, const Value& key) {
    TRY_VOID(meter.step());
    if (key.dict() != nullptr) return refuse("unhashable type: 'dict'");
    const Sequence* sequence = key.sequence();
    if (sequence == nullptr) return {};
    if (sequence->kind == Sequence::Kind::list) return refuse("unhashable type: 'list'");
    for (const Value& item : sequence->items) TRY_VOID(check_hashable(meter, item));
    return {};
}

} // namespace

Result<void> Meter::step(std::uint64_t count) {
    steps_ += count;
    if (steps_ > kStepsMax) return exhausted("steps", kStepsMax);
    return {};
}

Result<void> Meter::bytes(std::uint64_t count) {
    bytes_ += count;
    if (bytes_ > kBytesMax) return exhausted("bytes of values", kBytesMax);
    return {};
}

Result<Meter::Level> Meter::enter() {
    if (depth_ >= kEvaluationDepthMax) return exhausted("levels of evaluation", kEvaluationDepthMax);
    ++depth_;
    return Level(&depth_);
}

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); }

std::unexpected<Error> refuse_value(const Value& value, std::string_view what) {
    if (const auto* undefined = value.get<Undefined>()) {
        return refuse(undefined->why ? *undefined->why : "a value is undefined");
    }
    return refuse("'" + std::string(type_name(value)) + "' object " + std::string(what));
}

const Value* Dict::find(std::string_view key) const {
    const auto found = texts_.find(std::string(key));
    return found == texts_.end() ? nullptr : &entries_[found->second].value;
}

Result<const Value*> Dict::find(Meter& meter, const Value& key) const {
    if (const std::string* text = key.string()) return find(*text);
    TRY_VOID(check_hashable(meter, key));
    for (const Entry& entry : entries_) {
        if (TRY(equals(meter, entry.key, key))) return &entry.value;
    }
    return static_cast<const Value*>(nullptr);
}

Result<void> Dict::set(Meter& meter, Value key, Value value) {
    TRY_VOID(meter.bytes(sizeof(Entry)));
    if (const std::string* text = key.string()) {
        set_text(*text, std::move(value));
    } else if (const Value* found = TRY(find(meter, key))) {
        depth = std::max(depth, depth_of(value) + 1);
        *const_cast<Value*>(found) = std::move(value);
    } else {
        depth = std::max({depth, depth_of(key) + 1, depth_of(value) + 1});
        entries_.push_back({std::move(key), std::move(value)});
    }
    return check_depth(depth);
}

void Dict::set_text(std::string key, Value value) {
    depth = std::max(depth, depth_of(value) + 1);
    const auto [at, is_new] = texts_.try_emplace(std::move(key), entries_.size());
    if (is_new) {
        entries_.push_back({Value::text(at->first), std::move(value)});
    } else {
        entries_[at->second].value = std::move(value);
    }
}

Result<Value> make_text(Meter& meter, std::string bytes, bool markup) {
    TRY_VOID(meter.bytes(bytes.size() + 32));
    return Value(Text{std::make_shared<const std::string>(std::move(bytes)), markup});
}

Result<Value> make_sequence(Meter& meter, Sequence::Kind kind, std::vector<Value> items) {
    TRY_VOID(meter.bytes(64 + items.size() * sizeof(Value)));
    Sequence sequence{kind, 1, std::move(items), 0};
    for (const Value& item : sequence.items) sequence.depth = std::max(sequence.depth, depth_of(item) + 1);
    TRY_VOID(check_depth(sequence.depth));
    return Value(std::make_shared<const Sequence>(std::move(sequence)));
}

Result<Value> make_dict(Meter& meter, Dict dict) {
    TRY_VOID(meter.bytes(64));
    TRY_VOID(check_depth(dict.depth));
    return Value(std::make_shared<const Dict>(std::move(dict)));
}

bool truth(const Value& value) {
    if (value.is<Undefined>() || value.is<None>()) return false;
    if (value.is_integral()) return value.integral() != 0;
    if (value.is<double>()) return value.real() != 0;
    if (const std::string* text = value.string()) return !text->empty();
    if (const Dict* dict = value.dict()) return !dict->entries().empty();
    const Sequence* sequence = value.sequence();
    return sequence == nullptr || sequence->kind == Sequence::Kind::generator || !sequence->items.empty();
}

Result<bool> equals(Meter& meter, const Value& a, const Value& b) {
    TRY_VOID(meter.step());
    if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
    if (a.data().index() != b.data().index()) return false;
    if (const std::string* text = a.string()) {
        TRY_VOID(meter.step(text->size() / 256));
        return *text == *b.string();
    }
    if (const Sequence* sequence = a.sequence()) return equal_sequences(meter, *sequence, *b.sequence());
    if (const Dict* dict = a.dict())
        return dict == b.dict() ? Result<bool>(true) : equal_dicts(meter, *dict, *b.dict());
    if (a.is<Undefined>() || a.is<None>()) return true;
    if (const auto* method = a.get<std::shared_ptr<const Method>>()) {
        const Method& other = **b.get<std::shared_ptr<const Method>>();
        return (*method)->name == other.name && &*(*method) == &other;
    }
    if (const auto* space = a.get<Namespace*>()) return *space == *b.get<Namespace*>();
    if (const auto* macro = a.get<const Macro*>()) return *macro == *b.get<const Macro*>();
    if (const auto* loop = a.get<std::shared_ptr<const Loop>>()) return *loop == *b.get<std::shared_ptr<const Loop>>();
    return *a.get<Function>() == *b.get<Function>();
}

Result<int> compare(Meter& meter, const Value& a, const Value& b) {
    TRY_VOID(meter.step());
    if (a.is_number() && b.is_number()) return compare_numbers(a, b);
    if (a.is<Undefined>()) return refuse_value(a, "");
    if (b.is<Undefined>()) return refuse_value(b, "");
    if (a.string() != nullptr && b.string() != nullptr) {
        TRY_VOID(meter.step(std::min(a.string()->size(), b.string()->size()) / 256));
        const int order = a.string()->compare(*b.string()); // UTF-8 bytes are in the order of code points
        return order < 0 ? -1 : order > 0;
    }
    if (a.is_list_or_tuple() && b.is_list_or_tuple() && a.sequence()->kind == b.sequence()->kind) {
        const auto &x = a.sequence()->items, &y = b.sequence()->items;
        for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
            if (!TRY(equals(meter, x[i], y[i]))) return compare(meter, x[i], y[i]);
        }
        return x.size() < y.size() ? -1 : x.size() > y.size();
    }
    return refuse("'" + std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "' have no order");
}

Result<bool> contains(Meter& meter, const Value& container, const Value& item) {
    if (const std::string* text = container.string()) {
        if (item.string() == nullptr) return refuse_value(item, "cannot be searched for in a string");
        return TRY(find_text(meter, *text, *item.string())) != std::string::npos;
    }
    if (const Dict* dict = container.dict()) return TRY(dict->find(meter, item)) != nullptr;
    if (container.is_generator()) {
        const Sequence& sequence = *container.sequence();
        while (sequence.read < sequence.items.size()) {
            if (TRY(equals(meter, sequence.items[sequence.read++], item))) return true;
        }
        return false;
    }
    if (const Sequence* sequence = container.sequence()) {
        if (sequence->kind == Sequence::Kind::keys) TRY_VOID(check_hashable(meter, item));
        for (const Value& element : sequence->items) {
            if (TRY(equals(meter, element, item))) return true;
        }
        return false;
    }
    if (container.is<Undefined>()) return false;
    return refuse_value(container, "is not iterable");
}

Result<std::vector<Value>> elements(Meter& meter, const Value& value) {
    std::vector<Value> out;
    if (const Sequence* sequence = value.sequence()) {
        TRY_VOID(meter.bytes(sequence->items.size() * sizeof(Value)));
        out.assign(sequence->items.begin() + static_cast<std::ptrdiff_t>(sequence->read), sequence->items.end());
        if (value.is_generator()) sequence->read = sequence->items.size();
    } else if (const Dict* dict = value.dict()) {
        TRY_VOID(meter.bytes(dict->entries().size() * sizeof(Value)));
        for (const auto& entry : dict->entries()) out.push_back(entry.key);
    } else if (const std::string* text = value.string()) {
        TRY_VOID(meter.bytes(text->size() * (sizeof(Value) + 64)));
        for (std::size_t at = 0; at < text->size();) {
            const std::size_t size = character_at(*text, at).size;
            out.push_back(Value::text(text->substr(at, size)));
            at += size;
        }
    } else if (!value.is<Undefined>()) {
        return refuse_value(value, "is not iterable");
    }
    return out;
}

Result<std::size_t> length(Meter& meter, const Value& value) {
    if (const std::string* text = value.string()) {
        TRY_VOID(meter.step(text->size() / 256));
        return character_count(*text);
    }
    if (const Dict* dict = value.dict()) return dict->entries().size();
    if (value.sequence() != nullptr && !value.is_generator()) return value.sequence()->items.size();
    if (value.is<Undefined>()) return std::size_t{0};
    return refuse_value(value, "has no len()");
}

std::size_t byte_offset(std::string_view text, std::size_t at) {
    std::size_t offset = 0;
    while (at-- > 0) offset += character_at(text, offset).size;
    return offset;
}

} // namespace assay::tokenizer::jinja
