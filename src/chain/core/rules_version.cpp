#include "chain/rules_version.h"

namespace assay::chain {

// Alone in its file: the test of an upgrade links a program that says 2 (tests/comet/next_version.cpp).
std::uint64_t rules_version() { return 1; }

} // namespace assay::chain
