#pragma once
/// CRC-32C (Castagnoli; RFC 3720 B.4), with the CPU's instruction where the build has it. Finds every change of up to
/// 32 consecutive bits, and misses others once in 2^32: against decay, not against people.
/// Thread-safe. Committed class: every implementation gives equal numbers.
#include "base/bytes.h"

namespace assay::storage {

/// Continues from `crc`, which is 0 at first: crc32c(crc32c(0, a), b) is that of a ‖ b.
std::uint32_t crc32c(std::uint32_t crc, ByteView bytes);

/// The same by tables; what crc32c is without the instruction.
std::uint32_t crc32c_portable(std::uint32_t crc, ByteView bytes);

} // namespace assay::storage
