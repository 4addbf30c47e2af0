#pragma once
/// Runs another program and waits for it. No shell: every argument arrives as it is.
/// Thread-safe. Local class.
#include "base/result.h"

#include <string>
#include <vector>

namespace assay::node {

/// Runs `arguments[0]`, found on PATH, with its standard input empty and its standard output on our standard error.
/// Value: the exit code; 128 + n when signal n ended it. Errors: not_found (no such program), io.
Result<int> run_child(const std::vector<std::string>& arguments);

} // namespace assay::node
