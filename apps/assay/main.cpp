// The only program: everything it does is a command of src/node/commands.
#include "node/commands/commands.h"

int main(int count, char** arguments) { return assay::node::run_command_line(count, arguments); }
