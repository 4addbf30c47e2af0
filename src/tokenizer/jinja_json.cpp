#include "tokenizer/jinja_json.h"

#include <nlohmann/json.hpp>

namespace assay::tokenizer::jinja {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDepthMax = 60;

/// Builds values as the parser meets them: keeps the order of members, and stops at the first thing that is too much.
class Builder : public nlohmann::json_sax<Json> {
public:
    explicit Builder(Meter& meter) : meter_(meter) {}

    bool null() override { return put(None{}); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(static_cast<std::int64_t>(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<number_unsigned_t>(INT64_MAX)) return fail("a number is beyond 64 bits");
        return put(static_cast<std::int64_t>(value));
    }
    bool number_float(number_float_t value, const string_t& text) override {
        if (text.find_first_of(".eE") == string_t::npos) return fail("a number is beyond 64 bits");
        return put(value);
    }
    bool string(string_t& value) override {
        if (auto charged = meter_.bytes(value.size() + 32); !charged) return fail(charged.error());
        return put(Value::text(std::move(value)));
    }
    bool binary(binary_t&) override { return fail("binary data"); }
    bool start_object(std::size_t) override { return open(false); }
    bool start_array(std::size_t) override { return open(true); }
    bool key(string_t& value) override {
        open_.back().key = std::move(value);
        return true;
    }
    bool end_object() override { return close(make_dict(meter_, std::move(open_.back().dict))); }
    bool end_array() override {
        return close(make_sequence(meter_, Sequence::Kind::list, std::move(open_.back().items)));
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return fail("no JSON at byte " + std::to_string(position));
    }

    Value root;
    Error problem{ErrorCode::invalid_argument, "no value"};

private:
    struct Container {
        bool is_array;
        std::vector<Value> items;
        Dict dict;
        std::string key;
    };

    bool fail(Error error) {
        problem = std::move(error);
        return false;
    }
    bool fail(std::string message) { return fail(Error{ErrorCode::invalid_argument, std::move(message)}); }

    bool open(bool is_array) {
        if (open_.size() == kDepthMax) return fail("nested more than " + std::to_string(kDepthMax) + " deep");
        open_.push_back({is_array, {}, {}, {}});
        return true;
    }

    bool close(Result<Value> made) {
        if (!made) return fail(made.error());
        open_.pop_back();
        return put(std::move(*made));
    }

    bool put(Value value) {
        if (auto charged = meter_.bytes(sizeof(Value)); !charged) return fail(charged.error());
        if (open_.empty()) {
            root = std::move(value);
        } else if (open_.back().is_array) {
            open_.back().items.push_back(std::move(value));
        } else if (auto set = open_.back().dict.set(meter_, Value::text(open_.back().key), std::move(value)); !set) {
            return fail(set.error());
        }
        return true;
    }

    Meter& meter_;
    std::vector<Container> open_;
};

} // namespace

Result<Value> parse_json(Meter& meter, std::string_view text, const char* name) {
    if (text.size() > kJsonMax) {
        return fail(ErrorCode::resource_exhausted, std::string(name) + ": " + std::to_string(text.size()) +
                                                       " bytes exceed the limit of " + std::to_string(kJsonMax));
    }
    Builder builder(meter);
    if (!Json::sax_parse(text.begin(), text.end(), &builder)) return fail_in(name, std::move(builder.problem));
    return std::move(builder.root);
}

} // namespace assay::tokenizer::jinja
