#pragma once
/// Generated Unicode data (tools/make_unicode_tables.py). Read through unicode.h.
#include <cstddef>
#include <cstdint>

namespace assay::tokenizer::tables {

struct PropertyRun {
    std::uint32_t first;
    std::uint8_t flags;
};
extern const PropertyRun kPropertyRuns[];
extern const std::size_t kPropertyRunsSize;

} // namespace assay::tokenizer::tables
