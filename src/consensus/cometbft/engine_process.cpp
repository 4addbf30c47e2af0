#include "consensus/cometbft/engine_process.h"

#include "base/assert.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace assay::consensus {

namespace {

constexpr std::size_t kOutputBytesMax = std::size_t{64} << 10;

int status_of(int wait_status) {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

// Starts `program` with its output on `output` and default signal handling. The child's id, or an error.
Result<pid_t> spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments, int output) {
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // Its own process group: Ctrl-C in a terminal reaches this program only, which then stops the engine in order.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    pid_t id = 0;
    const int error = posix_spawnp(&id, program.c_str(), &actions, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
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
