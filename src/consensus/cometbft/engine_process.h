#pragma once
/// A program started by this one.
/// Internal to the room. Thread-safe.
#include "base/result.h"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace assay::consensus {

struct ProcessOutput {
    int exit_status = 0; ///< 128 + signal when it was killed
    std::string text;    ///< both streams, at most 64 KiB
};

/// Runs a program to its end. Errors: not_found, io.
Result<ProcessOutput> run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments);

/// It ends, at the latest, with the thread that started it.
class ChildProcess {
public:
    ChildProcess() = default;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    /// Kills what still runs.
    ~ChildProcess();

    /// Both output streams are appended to `log_file`. A program without a slash is looked for on PATH.
    /// Errors: not_found, io.
    Result<void> start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                       const std::filesystem::path& log_file);
    bool running() const;
    /// Nothing happens when it has ended.
    void send_signal(int signal) const;
    /// Waits for its end; the exit status, 128 + signal when it was killed. By one thread.
    int wait();

private:
    mutable std::mutex mutex_;
    pid_t id_ = 0; ///< 0 once it has been waited for: the number may then belong to another
};

} // namespace assay::consensus
