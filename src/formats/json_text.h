#pragma once
/// JSON from files of unknown origin. Included by .cpp files only: it brings nlohmann/json. Nothing throws out of here.
/// Thread-safe; deterministic. Errors name the file and the field by its path.
#include "base/result.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::formats {

using Json = nlohmann::json;

struct JsonLimits {
    std::size_t depth_max = 32;
    std::size_t values_max = std::size_t{1} << 20; ///< keys, elements and scalars together
};

/// Parses a whole text. `name` opens every message ("config.json"). Refuses a key that occurs twice in one object,
/// since two readers would disagree on its value. Errors: malformed, resource_exhausted.
Result<Json> parse_json(std::string_view text, std::string_view name, JsonLimits limits = {});

/// A value and where it stands ("config.json: rope_scaling.factor"). Borrows the value. Absent and null are the same.
class JsonField {
public:
    JsonField(const Json& value, std::string name) : value_(&value), name_(std::move(name)) {}

    const Json& value() const { return *value_; }
    const std::string& name() const { return name_; }
    bool is_absent() const { return value_->is_null(); }
    /// A member; absent when this is no object or has none of that name.
    JsonField operator[](std::string_view key) const;
    /// Element `i` of an array.
    JsonField at(std::size_t i) const;
    /// The first of two members that is there; older and newer spellings of one field.
    JsonField first_of(std::string_view key, std::string_view other) const;

    std::unexpected<Error> expected(std::string_view what) const; ///< malformed
    std::unexpected<Error> unsupported(std::string_view what) const;

    /// All fail with malformed when the type is another, or the field is absent and there is no `otherwise`.
    Result<std::string> text() const;
    Result<std::string> text_or(std::string_view otherwise) const;
    Result<std::uint32_t> natural() const;
    Result<std::uint32_t> natural_or(std::uint32_t otherwise) const;
    Result<double> real() const;
    Result<double> real_or(double otherwise) const;
    Result<bool> boolean_or(bool otherwise) const;

private:
    std::string label(std::string_view key) const;

    const Json* value_;
    std::string name_;
    bool is_root_ = true;
};

} // namespace assay::formats
