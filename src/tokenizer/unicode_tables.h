#pragma once
/// Generated Unicode data (tools/make_unicode_tables.py). Read through unicode.h and unicode_normal.h.
#include <cstddef>
#include <cstdint>

namespace assay::tokenizer::tables {

struct PropertyRun {
    std::uint32_t first;
    std::uint8_t flags;
};
extern const PropertyRun kPropertyRuns[];
extern const std::size_t kPropertyRunsSize;
extern const PropertyRun kClassRuns[];
extern const std::size_t kClassRunsSize;
extern const PropertyRun kGraphemeRuns[];
extern const std::size_t kGraphemeRunsSize;

struct LowerRun {
    std::uint32_t first, last, step;
    std::int32_t add;
};
extern const LowerRun kLowerRuns[];
extern const std::size_t kLowerRunsSize;

struct Canonical {
    std::uint32_t code, first, second; ///< second is 0 for a decomposition into one character
    bool composes;
};
extern const Canonical kCanonical[];
extern const std::size_t kCanonicalSize;

struct Compatibility {
    std::uint32_t code;
    std::uint16_t offset, length;
};
extern const Compatibility kCompatibility[];
extern const std::size_t kCompatibilitySize;
extern const std::uint32_t kCompatibilityPool[];
extern const std::size_t kCompatibilityPoolSize;

} // namespace assay::tokenizer::tables
