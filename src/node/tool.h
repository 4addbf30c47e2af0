#pragma once
/// `assay tool`: encodings, hashes and signatures for scripts, JSON in and JSON out. docs/cli.md names the operations.
/// Needs codec and crypto only: no node, no model. Thread-safe: functions always, an object by one thread at a time.
/// Scripts rely on the operations' names and keys.
#include "base/result.h"
#include "codec/json.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::node {

/// Longest line that is answered; a longer one is skipped and refused.
inline constexpr std::size_t kToolLineBytesMax = std::size_t{64} << 20;

/// Keys in order, each with its value as JSON text.
using ToolAnswer = std::vector<std::pair<std::string, std::string>>;

/// One operation. `request` is an object that holds its arguments. Errors: the operation's own, in one line.
Result<ToolAnswer> run_tool(std::string_view operation, const codec::Json& request);

/// One line of `assay tool run`, without its end: {"op":NAME, arguments…} → {"ok":true,…} or {"ok":false,"error":…}.
std::string run_tool_line(std::string_view json_line);

/// Lines that arrive in pieces. Holds at most one line.
class ToolLines {
public:
    /// The answers, a line each, to the lines that `piece` completes.
    std::string feed(std::string_view piece);
    /// The answer to a last line without an end.
    std::string finish();

private:
    std::string answer_line();
    std::string line_;
    bool too_long_ = false;
};

} // namespace assay::node
