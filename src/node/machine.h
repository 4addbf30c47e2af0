#pragma once
/// What this build is and what it runs on. Local class: for people, never part of an answer.
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::node {

std::string_view version(); ///< "0.1.0"

/// The CPU's name as the kernel gives it; "unknown" where it gives none.
std::string cpu_name();
std::uint32_t cpu_count(); ///< that this process may use

struct MemoryFigures {
    std::uint64_t all_bytes = 0;
    std::uint64_t available_bytes = 0; ///< without swapping
};
MemoryFigures memory();
/// Largest resident size of this process so far.
std::uint64_t peak_resident_bytes();

} // namespace assay::node
