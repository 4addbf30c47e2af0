#pragma once
/// The command line. `run_command_line` is all that apps/assay calls; docs/cli.md is its reference.
/// Scripts rely on the commands' names, options and JSON keys. Local class.
namespace assay::node {

/// Parses, runs one command, prints one line on standard error when it failed. The value is the exit code (exit_codes.h).
int run_command_line(int count, const char* const* arguments);

} // namespace assay::node
