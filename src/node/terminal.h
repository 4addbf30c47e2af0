#pragma once
/// What a person at a terminal sees: progress bars on stderr, plain lines where stderr is a file or a pipe.
/// Thread-safe: progress may be reported from any thread. Local class.
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace assay::node {

/// "94 MB", "1.5 GB": decimal units, as disks are sold.
std::string format_bytes(std::uint64_t bytes);
/// "840 ms", "3.2 s", "2 min 05 s".
std::string format_seconds(double seconds);
/// The message without line breaks or control characters, so that an error is always one line.
std::string one_line(std::string_view text);

/// One job of known size. Draws at most ten times a second; ends with a line that says how long it took.
/// Without a terminal: one line at the beginning and one at the end.
class Progress {
public:
    enum class Style { automatic, bar, lines, silent };

    enum class Unit { bytes, items };

    Progress(std::string what, Style style = Style::automatic, Unit unit = Unit::bytes);
    /// Leaves a clean line behind when the job failed.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void report(std::uint64_t done, std::uint64_t all);
    /// The job is done: "Loading model.gguf: 98 MB in 0.4 s".
    void finish();
    /// report() as a function that other rooms take.
    std::function<void(std::uint64_t, std::uint64_t)> callback();

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// True when `descriptor` is a terminal.
bool is_terminal(int descriptor);

} // namespace assay::node
