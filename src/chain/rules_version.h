#pragma once
/// The newest rules that this program can apply: what an upgrade plan's `app_version` is compared with.
/// Raised, by one, with any change after which an old block would come out differently; the program then goes by the old
/// rules below the plan's height. Pure.
#include <cstdint>

namespace assay::chain {

std::uint64_t rules_version();

} // namespace assay::chain
