// assay localnet: several validators on this machine, each a node with a CometBFT of its own, and whether they agree.
#include "node/chain/localnet.h"
#include "node/chain/node_client.h"
#include "node/commands/chain_flags.h"
#include "node/commands/exit_codes.h"
#include "node/stop_signals.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace assay::node {
namespace {

constexpr const char* kFooter = R"(Needs CometBFT 0.38: go install github.com/cometbft/cometbft/cmd/cometbft@v0.38.25
(scripts/localnet installs it and calls this.) Each validator's log is DIR/nodeN/node.log.
Examples:
  assay localnet --dir /tmp/net
  assay tx transfer --node http://127.0.0.1:8180 --data-dir /tmp/net/node0 --from operator --to 0x… --amount 5)";

constexpr auto kPoll = std::chrono::milliseconds(500);
constexpr auto kStopTimeout = std::chrono::seconds(30);

struct LocalnetFlags {
    LocalnetOptions options;
    std::string folder;
    std::uint64_t blocks = 0;
    bool init_only = false, json = false;
};

/// One validator's process.
class Child {
public:
    static Result<Child> start(const std::vector<std::string>& command, const std::filesystem::path& log) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        sigset_t none; // the signals that this process waits for must reach the child as usual
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setpgroup(&attributes, 0); // Ctrl-C is for this process, which ends them in order
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
        std::vector<char*> arguments;
        for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        pid_t pid = 0;
        const int failed = posix_spawn(&pid, command[0].c_str(), &actions, &attributes, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        if (failed != 0) return fail(ErrorCode::io, command[0] + ": cannot start: " + std::strerror(failed));
        return Child(pid);
    }
    bool running() {
        int status = 0;
        if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) pid_ = 0;
        return pid_ > 0;
    }
    void signal(int number) const {
        if (pid_ > 0) ::kill(pid_, number);
    }

private:
    explicit Child(pid_t pid) : pid_(pid) {}
    pid_t pid_;
};

/// Each validator's height, and the app hash at the lowest of them.
struct Agreement {
    std::vector<std::uint64_t> heights;
    std::uint64_t common = 0;
    std::vector<std::string> hashes;
    bool agreed() const {
        return !hashes.empty() &&
               std::ranges::all_of(hashes, [&](const std::string& hash) { return hash == hashes[0]; });
    }
};

Result<Agreement> look(const std::vector<NodeClient>& nodes) {
    Agreement agreement;
    for (const NodeClient& node : nodes)
        agreement.heights.push_back(TRY(node.get("/chain/status")).value("height", std::uint64_t{0}));
    agreement.common = *std::ranges::min_element(agreement.heights);
    if (agreement.common == 0) return agreement;
    for (const NodeClient& node : nodes)
        agreement.hashes.push_back(
            TRY(node.get("/chain/blocks/" + std::to_string(agreement.common))).value("app_hash", std::string()));
    return agreement;
}

void report(const Agreement& agreement, bool json) {
    if (json) {
        print_json({{"height", agreement.common}, {"app_hash", agreement.hashes[0]}, {"agree", agreement.agreed()}},
                   true);
    } else {
        std::printf("height %llu  app hash %.16s…  %zu of %zu agree\n",
                    static_cast<unsigned long long>(agreement.common), agreement.hashes[0].c_str(),
                    static_cast<std::size_t>(std::ranges::count(agreement.hashes, agreement.hashes[0])),
                    agreement.hashes.size());
    }
    std::fflush(stdout);
}

/// Until a signal, the wanted number of blocks, a disagreement, or a validator's end.
Result<int> watch(const LocalnetFlags& flags, std::vector<Child>& children, StopSignals& signals) {
    std::vector<NodeClient> nodes;
    for (std::uint32_t i = 0; i < flags.options.validators; ++i)
        nodes.push_back(NodeClient::create(localnet_url(flags.options, i), {}));
    std::uint64_t told = 0;
    while (!signals.wait(kPoll)) {
        for (std::uint32_t i = 0; i < children.size(); ++i) {
            if (!children[i].running()) {
                return fail(ErrorCode::io, "validator " + std::to_string(i) + " has ended; see " +
                                               (localnet_home(flags.options, i) / "node.log").string());
            }
        }
        const auto agreement = look(nodes);
        if (!agreement || agreement->common <= told) continue; // not all are up, or nothing new
        told = agreement->common;
        report(*agreement, flags.json);
        if (!agreement->agreed())
            return fail(ErrorCode::internal, "validators disagree at height " + std::to_string(told));
        if (flags.blocks != 0 && told >= flags.blocks) return kExitDone;
    }
    return kExitDone;
}

void stop_all(std::vector<Child>& children) {
    for (const Child& child : children) child.signal(SIGTERM);
    const auto end = std::chrono::steady_clock::now() + kStopTimeout;
    for (Child& child : children) {
        while (child.running() && std::chrono::steady_clock::now() < end) ::usleep(50'000);
        child.signal(SIGKILL);
    }
}

std::string own_program() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? std::string("assay") : path.string();
}

Result<int> run(LocalnetFlags& flags) {
    flags.options.folder =
        flags.folder.empty() ? std::filesystem::path("localnet") : std::filesystem::path(flags.folder);
    flags.options.folder = std::filesystem::absolute(flags.options.folder);
    StopSignals signals;
    TRY_VOID(make_localnet(flags.options));
    if (flags.init_only) return kExitDone;
    std::vector<Child> children;
    Result<int> result = kExitDone;
    for (std::uint32_t i = 0; i < flags.options.validators; ++i) {
        auto child = Child::start(localnet_command(flags.options, i, own_program()),
                                  localnet_home(flags.options, i) / "node.log");
        if (!child) {
            stop_all(children);
            return std::unexpected(child.error());
        }
        children.push_back(std::move(*child));
    }
    std::fprintf(stderr, "%u validators start in %s; Ctrl-C ends them\n", flags.options.validators,
                 flags.options.folder.c_str());
    result = watch(flags, children, signals);
    stop_all(children);
    return result;
}

} // namespace

void add_localnet(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<LocalnetFlags>();
    CLI::App& command = *app.add_subcommand("localnet", "Several validators on this machine under CometBFT");
    command.footer(kFooter);
    command.add_option("--dir", flags->folder, "Folder of the network; made when it is empty; default: ./localnet")
        ->type_name("DIR");
    command.add_option("--validators", flags->options.validators, "How many")
        ->type_name("N")
        ->check(CLI::Range(1U, 32U))
        ->capture_default_str();
    command.add_option("--port", flags->options.first_port, "HTTP port of the first; the others follow")
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--comet-binary", flags->options.comet_binary, "CometBFT's program")
        ->type_name("FILE")
        ->capture_default_str();
    command.add_option("--blocks", flags->blocks, "End after so many blocks that all agree on; 0 = at Ctrl-C")
        ->type_name("N")
        ->capture_default_str();
    command.add_flag("--init-only", flags->init_only, "Make the homes, start nothing");
    command.add_flag("--json", flags->json, "A line of JSON for each height");
    command.callback([flags, &action] { action = [flags] { return run(*flags); }; });
}

} // namespace assay::node
