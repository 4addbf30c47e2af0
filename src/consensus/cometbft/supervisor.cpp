#include "consensus/cometbft/supervisor.h"

#include "consensus/cometbft/engine_home.h"
#include "consensus/cometbft/engine_process.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

namespace assay::consensus {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollPause{100};
constexpr milliseconds kStableRun{60'000}; // an engine that ran this long is not failing again and again

// The engine's own words, colour codes and all other lines left out.
std::string last_line(const std::filesystem::path& log) {
    std::ifstream file(log);
    std::string last, line;
    while (std::getline(file, line))
        if (line.find_first_not_of(" \t") != std::string::npos) last = line;
    return last.substr(0, 500);
}

class EngineSupervisor final : public Supervisor {
public:
    explicit EngineSupervisor(SupervisorOptions options)
        : options_(std::move(options)), rpc_(options_.rpc_url, milliseconds(5'000)),
          log_file_(options_.home / "engine.log") {}
    ~EngineSupervisor() override { stop(); }

    Result<void> start_engine();
    Result<void> wait_for_rpc();
    void keep_running() {
        keeper_ = std::thread([this] { keep(); });
    }

    const RpcClient& rpc() const override { return rpc_; }
    std::uint64_t restarts() const override { return restarts_; }
    void stop() override;

private:
    Result<void> start_process();
    void keep();
    int wait_for_end();
    bool pause(milliseconds delay);
    void log(const std::string& line) const {
        if (options_.log) options_.log(line);
    }

    SupervisorOptions options_;
    RpcClient rpc_;
    std::filesystem::path log_file_;
    ChildProcess engine_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false, ended_ = false;
    std::atomic<std::uint64_t> restarts_{0}, ends_{0};
    std::thread keeper_;
};

Result<void> EngineSupervisor::start_process() {
    return engine_.start(options_.binary, {"start", "--home", options_.home.string()}, log_file_);
}

Result<void> EngineSupervisor::start_engine() {
    std::promise<Result<void>> started;
    keeper_ = std::thread([this, &started] {
        const auto result = start_process();
        started.set_value(result);
        if (result) keep();
    });
    return started.get_future().get();
}

Result<void> EngineSupervisor::wait_for_rpc() {
    const auto deadline = steady_clock::now() + options_.start_timeout;
    for (;;) {
        const auto status = rpc_.status();
        if (status) return {};
        if (!options_.attach && ends_ > 0)
            return fail(ErrorCode::io, "CometBFT ended while starting; the last line of " + log_file_.string() +
                                           " is: " + last_line(log_file_));
        if (steady_clock::now() >= deadline) {
            return fail(ErrorCode::io, "CometBFT does not answer on " + options_.rpc_url + " (" +
                                           status.error().message + "); " +
                                           (options_.attach ? "start it with --proxy_app pointing at this node"
                                                            : "see " + log_file_.string()));
        }
        std::this_thread::sleep_for(kPollPause);
    }
}

// True when the time has passed without a stop().
bool EngineSupervisor::pause(milliseconds delay) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, delay, [this] { return stopping_; });
}

// The exit status. An engine that has lost this node for too long is killed.
int EngineSupervisor::wait_for_end() {
    bool was_connected = false;
    auto last_connected = steady_clock::now();
    while (engine_.running()) {
        std::this_thread::sleep_for(kPollPause);
        if (!options_.connected || options_.connected()) {
            was_connected = true;
            last_connected = steady_clock::now();
        } else if (was_connected && steady_clock::now() - last_connected >= options_.abandoned_timeout) {
            log("CometBFT has lost this node, does not end by itself, and is killed");
            engine_.send_signal(SIGKILL);
        }
    }
    return engine_.wait();
}

void EngineSupervisor::keep() {
    milliseconds delay = options_.restart_delay;
    for (;;) {
        const auto started = steady_clock::now();
        const int status = wait_for_end();
        ++ends_;
        if (steady_clock::now() - started >= kStableRun) delay = options_.restart_delay;
        if (!pause(milliseconds(0))) break;
        log("CometBFT ended with status " + std::to_string(status) + "; starting it again in " +
            std::to_string(delay.count()) + " ms: " + last_line(log_file_));
        if (!pause(delay)) break;
        delay = std::min(delay * 2, options_.restart_delay_max);
        const std::lock_guard lock(mutex_); // so that stop() sees either no engine or a running one
        if (stopping_) break;
        if (const auto again = start_process(); !again)
            log("CometBFT does not start: " +
                again.error().message); // wait() then returns at once, after a longer pause
        else ++restarts_;
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
}

void EngineSupervisor::stop() {
    {
        std::unique_lock lock(mutex_);
        if (stopping_) return;
        stopping_ = true;
        changed_.notify_all();
        if (keeper_.joinable()) {
            engine_.send_signal(SIGTERM);
            if (!changed_.wait_for(lock, options_.stop_timeout, [this] { return ended_; })) {
                log("CometBFT did not stop in time and is killed");
                engine_.send_signal(SIGKILL);
            }
        }
    }
    if (keeper_.joinable()) keeper_.join();
}

} // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::start(SupervisorOptions options) {
    const bool attach = options.attach;
    if (!attach) {
        TRY_VOID(engine_version(options.binary));
        std::error_code error; // one that hides it is no home either
        if (!std::filesystem::exists(options.home / "config" / "config.toml", error))
            return fail(ErrorCode::not_found,
                        options.home.string() + " is no home of CometBFT: it has no config/config.toml");
    }
    auto supervisor = std::make_unique<EngineSupervisor>(std::move(options));
    if (!attach) TRY_VOID(supervisor->start_engine());
    TRY_VOID(supervisor->wait_for_rpc());
    return supervisor;
}

} // namespace assay::consensus
