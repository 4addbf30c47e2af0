#include "formats/json_text.h"

#include "formats/quote.h"

#include <limits>
#include <vector>

namespace assay::formats {
namespace {

/// Builds the values as the parser meets them, and stops it at the first thing that is not allowed.
class Builder {
public:
    Builder(std::string_view name, JsonLimits limits) : name_(name), limits_(limits) {}

    bool null() { return add(nullptr); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(Json::number_integer_t value) { return add(value); }
    bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
    bool number_float(Json::number_float_t value, const std::string&) { return add(value); }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(Json::binary_t&) { return false; }
    bool start_object(std::size_t) { return open(Json::object()); }
    bool start_array(std::size_t) { return open(Json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }

    bool key(std::string& value) {
        if (!count()) return false;
        if (open_.back()->contains(value)) return stop(ErrorCode::malformed, "key " + quote(value) + " occurs twice");
        member_ = std::move(value);
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
        return stop(ErrorCode::malformed, "not JSON at byte " + std::to_string(position));
    }

    Result<Json> finish(bool is_whole) {
        if (error_) return std::unexpected(std::move(*error_));
        if (!is_whole) return fail(ErrorCode::malformed, std::string(name_) + ": not JSON");
        return std::move(root_);
    }

private:
    bool stop(ErrorCode code, const std::string& what) {
        error_ = Error{code, std::string(name_) + ": " + what};
        return false;
    }

    bool count() {
        if (++values_ <= limits_.values_max) return true;
        return stop(ErrorCode::resource_exhausted, "more than " + std::to_string(limits_.values_max) + " values");
    }

    Json* place(Json value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Json& parent = *open_.back();
        if (parent.is_object()) return &(parent[member_] = std::move(value));
        parent.push_back(std::move(value));
        return &parent.back();
    }

    bool add(Json value) {
        if (!count()) return false;
        place(std::move(value));
        return true;
    }

    bool open(Json value) {
        if (!count()) return false;
        if (open_.size() == limits_.depth_max) {
            return stop(ErrorCode::malformed, "nested more than " + std::to_string(limits_.depth_max) + " deep");
        }
        open_.push_back(place(std::move(value)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    std::string_view name_;
    JsonLimits limits_;
    std::size_t values_ = 0;
    Json root_;
    std::vector<Json*> open_; ///< an element's address holds until its parent, open, gets another, closed by then
    std::string member_;
    std::optional<Error> error_;
};

const Json& absent() {
    static const Json null;
    return null;
}

} // namespace

Result<Json> parse_json(std::string_view text, std::string_view name, JsonLimits limits) {
    Builder builder(name, limits);
    try {
        const bool is_whole = Json::sax_parse(text, &builder);
        return builder.finish(is_whole);
    } catch (const nlohmann::json::exception&) {
        return fail(ErrorCode::malformed, std::string(name) + ": not JSON");
    }
}

JsonField JsonField::operator[](std::string_view key) const {
    const Json* member = &absent();
    if (value_->is_object()) {
        if (const auto found = value_->find(key); found != value_->end()) member = &*found;
    }
    JsonField field(*member, label(key));
    field.is_root_ = false;
    return field;
}

JsonField JsonField::at(std::size_t i) const {
    JsonField field((*value_)[i], name_ + "[" + std::to_string(i) + "]");
    field.is_root_ = false;
    return field;
}

JsonField JsonField::first_of(std::string_view key, std::string_view other) const {
    JsonField field = (*this)[key];
    if (!field.is_absent()) return field;
    JsonField second = (*this)[other];
    return second.is_absent() ? field : second;
}

std::string JsonField::label(std::string_view key) const {
    const std::string shown = quote(key);
    return name_ + (is_root_ ? ": " : ".") + shown.substr(1, shown.size() - 2);
}

std::unexpected<Error> JsonField::expected(std::string_view what) const {
    if (is_absent()) return fail(ErrorCode::malformed, name_ + ": is missing; expected " + std::string(what));
    return fail(ErrorCode::malformed, name_ + ": expected " + std::string(what) + ", found " + value_->type_name());
}

std::unexpected<Error> JsonField::unsupported(std::string_view what) const {
    return fail(ErrorCode::unsupported, name_ + ": " + std::string(what));
}

Result<std::string> JsonField::text() const {
    if (!value_->is_string()) return expected("a string");
    return value_->get_ref<const std::string&>();
}

Result<std::string> JsonField::text_or(std::string_view otherwise) const {
    if (is_absent()) return std::string(otherwise);
    return text();
}

Result<std::uint32_t> JsonField::natural() const {
    constexpr auto kMax = std::numeric_limits<std::uint32_t>::max();
    if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > kMax) {
        return expected("a whole number from 0 to " + std::to_string(kMax));
    }
    return value_->get<std::uint32_t>();
}

Result<std::uint32_t> JsonField::natural_or(std::uint32_t otherwise) const {
    if (is_absent()) return otherwise;
    return natural();
}

Result<double> JsonField::real() const {
    if (!value_->is_number()) return expected("a number");
    return value_->get<double>();
}

Result<double> JsonField::real_or(double otherwise) const {
    if (is_absent()) return otherwise;
    return real();
}

Result<bool> JsonField::boolean_or(bool otherwise) const {
    if (is_absent()) return otherwise;
    if (!value_->is_boolean()) return expected("true or false");
    return value_->get<bool>();
}

} // namespace assay::formats
