#pragma once
/// Random bytes for keys, salts and nonces that must not be guessed. Thread-safe; local class: never in what nodes agree on.
#include "base/result.h"

#include <cstdint>
#include <span>

namespace assay::crypto {

/// Fills `out` from the operating system's generator, waiting until that is seeded. Errors: io.
Result<void> fill_random(std::span<std::uint8_t> out);

} // namespace assay::crypto
