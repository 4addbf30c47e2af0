#pragma once
/// JSON Schema read into shapes: for one place in a text, the alternatives of what may stand there, each with all that
/// `$ref`, `allOf`, `anyOf`, `oneOf` and the keywords beside them ask for. Included by .cpp files only (nlohmann/json).
/// Not thread-safe. Deterministic.
#include "base/result.h"
#include "engine/grammar_strings.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace assay::engine::grammar {

using Json = nlohmann::ordered_json; ///< members in the order of the text: it is the order of the output

/// Sets of JSON's types; `fraction` stands for the numbers that are no integers.
using Types = std::uint8_t;
inline constexpr Types kNull = 1, kBoolean = 2, kInteger = 4, kFraction = 8, kString = 16, kArray = 32, kObject = 64;
inline constexpr Types kNumber = kInteger | kFraction;
inline constexpr Types kAllTypes = 127;

/// Schemas that hold at once for one value. Compared by address: they point into one document.
using AllOf = std::vector<const Json*>;

struct Bound {
    Json value; ///< a number
    bool is_exclusive = false;
};

struct Property {
    std::string name;
    AllOf schemas;
    bool is_required = false;
};

struct Shape {
    Types types = kAllTypes; ///< as declared
    Types mentioned = 0; ///< types that a keyword speaks of
    std::optional<std::vector<Json>> values;

    std::optional<Bound> minimum, maximum;

    std::size_t length_min = 0;
    std::optional<std::size_t> length_max;
    std::vector<std::string> patterns;

    std::vector<AllOf> prefix;
    AllOf items;
    std::size_t items_min = 0;
    std::optional<std::size_t> items_max;

    std::vector<Property> properties;
    std::vector<std::string> required;
    std::optional<AllOf> additional; ///< of members not in `properties`; without it, see SchemaReader::finished
};

class SchemaReader {
public:
    static constexpr std::size_t kTextMax = std::size_t{512} << 10;
    static constexpr std::size_t kNestingMax = 64;
    static constexpr std::size_t kShapesMax = 256; ///< alternatives at one place
    static constexpr std::size_t kStepsMax = 200'000; ///< schemas applied, all places together

    /// Errors: malformed (not JSON), resource_exhausted.
    static Result<SchemaReader> parse(std::string_view text);

    AllOf root() const { return {document_.get()}; }

    /// The alternatives of a place, as Assay writes them: no empty ones, and where a schema leaves open what readers
    /// would not expect, closed (docs/structured-output.md).
    /// Errors: malformed, unsupported (naming keyword and place), resource_exhausted.
    Result<std::vector<Shape>> shapes(const AllOf& schemas);

private:
    using Shapes = std::vector<Shape>;

    Result<void> apply(const Json& schema, Shapes& shapes);
    Result<void> apply_keywords(const Json& schema, Shape& shape) const;
    Result<void> apply_numbers(const Json& schema, Shape& shape) const;
    Result<void> apply_strings(const Json& schema, Shape& shape) const;
    Result<void> apply_arrays(const Json& schema, Shape& shape) const;
    Result<void> apply_objects(const Json& schema, Shape& shape) const;
    Result<void> apply_reference(const Json& schema, Shapes& shapes);
    Result<void> apply_choice(const Json& schema, const char* keyword, bool is_exclusive, Shapes& shapes);
    Result<void> refuse_unsupported(const Json& schema) const;
    Result<Types> types_of(const Json& schema) const;
    Result<std::optional<std::size_t>> count_of(const Json& schema, const char* keyword) const;

    Result<Shapes> open_shapes(const AllOf& schemas);
    Result<Shape> finished(Shape shape);
    Result<bool> fits(const Json& value, const AllOf& schemas, std::size_t depth = 0);
    Result<bool> fits(const Json& value, const Shape& shape, std::size_t depth);
    Result<bool> are_apart(const Shape& a, const Shape& b, std::size_t depth);
    Result<bool> are_apart(const Shapes& a, const Shapes& b, std::size_t depth);

    std::string place(const Json& schema) const;
    std::unexpected<Error> malformed(const Json& schema, const std::string& what) const;
    std::unexpected<Error> unsupported(const Json& schema, const std::string& what) const;

    std::shared_ptr<const Json> document_;
    std::vector<const Json*> referred_; ///< references being followed
    std::size_t steps_ = 0;
};

/// Type of a value, as the schema language counts it: 1.0 is an integer.
Types type_of(const Json& value);
/// Negative, zero, positive; exact between integers.
int compare_numbers(const Json& a, const Json& b);

} // namespace assay::engine::grammar
