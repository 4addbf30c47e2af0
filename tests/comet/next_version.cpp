// The node as its next version: the same rules, which call themselves 2. For the test of an upgrade under CometBFT.
#include "chain/rules_version.h"
#include "node/commands/commands.h"

std::uint64_t assay::chain::rules_version() { return 2; }

int main(int count, char** arguments) { return assay::node::run_command_line(count, arguments); }
