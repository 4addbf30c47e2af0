#pragma once
/// Tables of tools/make_case_tables.py, sorted by code point. Constant.
#include <cstdint>
#include <span>

namespace assay::tokenizer::jinja {

/// first, first + stride … last each become themselves plus delta.
struct CaseRun {
    std::uint32_t first, last, stride;
    std::int32_t delta;
};
/// A character that becomes several.
struct CaseText {
    std::uint32_t from;
    const char* to;
};
struct CaseTable {
    std::span<const CaseRun> runs;
    std::span<const CaseText> texts;
};
struct CodeRange {
    std::uint32_t first, last;
};

CaseTable upper_table();
CaseTable lower_table();
CaseTable title_table();
std::span<const CodeRange> unprintable_ranges();
std::span<const CodeRange> decimal_ranges();

} // namespace assay::tokenizer::jinja
