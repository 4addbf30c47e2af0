#include "consensus/cometbft/engine_process.h"

#include "base/assert.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace assay::consensus {

namespace {

constexpr std::size_t kOutputBytesMax = std::size_t{64} << 10;

int status_of(int wait_status) {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

// The child between fork and exec, where only async-signal-safe calls are allowed. Its own process group: Ctrl-C in a
// terminal reaches this program only, which then stops the engine in order. The kernel kills it when the thread that forked
// is gone: an engine whose application vanishes inside FinalizeBlock waits for ever (CometBFT 0.38), holding ports and files.
[[noreturn]] void become(const char* program, char* const* arguments, int output, int report, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    setpgid(0, 0);
    struct sigaction ordinary{};
    ordinary.sa_handler = SIG_DFL;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) sigaction(signal, &ordinary, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(program, arguments);
    const int error = errno;
    [[maybe_unused]] const ssize_t written = write(report, &error, sizeof error);
    _exit(127);
}

// Starts `program` with both output streams on `output`. Errors: not_found, io.
Result<pid_t> spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments, int output) {
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::array<int, 2> report{}; // closed by a successful exec, else the error's number comes
    if (pipe2(report.data(), O_CLOEXEC) != 0) return fail(ErrorCode::io, std::string("pipe: ") + std::strerror(errno));
    const pid_t parent = getpid();
    const pid_t id = fork();
    if (id == 0) become(program.c_str(), argv.data(), output, report[1], parent);
    close(report[1]);
    int error = id < 0 ? errno : 0;
    if (id > 0 && read(report[0], &error, sizeof error) > 0) waitpid(id, nullptr, 0);
    close(report[0]);
    if (error == ENOENT) return fail(ErrorCode::not_found, "there is no program '" + program.string() + "'");
    if (error != 0) return fail(ErrorCode::io, "cannot start '" + program.string() + "': " + std::strerror(error));
    return id;
}

} // namespace

Result<ProcessOutput> run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorCode::io, std::string("pipe: ") + std::strerror(errno));
    const auto id = spawn(program, arguments, ends[1]);
    close(ends[1]);
    ProcessOutput out;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; id && (count = read(ends[0], buffer.data(), buffer.size())) != 0;) {
        if (count < 0 && errno != EINTR) break;
        if (count > 0 && out.text.size() < kOutputBytesMax)
            out.text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    close(ends[0]);
    if (!id) return std::unexpected(id.error());
    int status = 0;
    while (waitpid(*id, &status, 0) < 0 && errno == EINTR) {}
    out.exit_status = status_of(status);
    return out;
}

Result<void> ChildProcess::start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                 const std::filesystem::path& log_file) {
    const std::lock_guard lock(mutex_);
    ASSAY_ASSERT(id_ == 0);
    const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) return fail(ErrorCode::io, log_file.string() + ": " + std::strerror(errno));
    const auto id = spawn(program, arguments, log);
    close(log);
    if (!id) return std::unexpected(id.error());
    id_ = *id;
    return {};
}

ChildProcess::~ChildProcess() {
    if (!running()) return;
    send_signal(SIGKILL);
    wait();
}

bool ChildProcess::running() const {
    const std::lock_guard lock(mutex_);
    siginfo_t info{};
    return id_ != 0 && waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

void ChildProcess::send_signal(int signal) const {
    const std::lock_guard lock(mutex_);
    if (id_ != 0) kill(id_, signal);
}

int ChildProcess::wait() {
    pid_t id = 0;
    {
        const std::lock_guard lock(mutex_);
        id = id_;
    }
    if (id == 0) return 0;
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {}
    const std::lock_guard lock(mutex_); // from here on the number is free
    int status = 0;
    waitpid(id, &status, 0);
    id_ = 0;
    return status_of(status);
}

} // namespace assay::consensus
