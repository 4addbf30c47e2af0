// A node for system tests: serves one of the test applications, with or without an engine of its own beside it.
//   consensus_test_node kvstore ADDRESS
//   consensus_test_node file ADDRESS DATA_FOLDER [ENGINE_BINARY ENGINE_HOME RPC_URL [TRANSACTIONS]]
// With TRANSACTIONS it submits so many, and one that is refused, and says what became of them.
#include "consensus/cometbft/comet_consensus.h"
#include "consensus/cometbft/listening_server.h"
#include "consensus/cometbft/testing/file_application.h"
#include "consensus/cometbft/testing/kv_handler.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string_view>

namespace {

using namespace assay;
using namespace assay::consensus;

void log(std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); }

int failed(const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.message.c_str());
    return EXIT_FAILURE;
}

void wait_for_signal(const sigset_t& signals) {
    std::puts("ready");
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
}

int serve(Result<std::unique_ptr<Server>> server, const sigset_t& signals) {
    if (!server) return failed(server.error());
    wait_for_signal(signals);
    (*server)->stop();
    return EXIT_SUCCESS;
}

void submit(Consensus& consensus, int count) {
    std::vector<Bytes> transactions;
    for (int i = 0; i < count; ++i) {
        const std::string text = "set submitted" + std::to_string(i) + " v";
        const ByteView bytes = as_byte_view(text);
        transactions.emplace_back(bytes.begin(), bytes.end());
    }
    transactions.push_back({'?'});
    std::promise<std::vector<Submission>> done;
    const auto begin = std::chrono::steady_clock::now();
    consensus.submit(std::move(transactions), [&](auto results) { done.set_value(std::move(results)); });
    const auto results = done.get_future().get();
    const auto took = std::chrono::steady_clock::now() - begin;
    const auto accepted = std::ranges::count_if(
        results, [](const Submission& result) { return result.result.code == chain::TxCode::ok; });
    std::printf("accepted %td of %zu in %lld ms, the last: %s\n", accepted, results.size(),
                static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()),
                results.back().result.log.c_str());
}

int supervise(chain::Application& application, const std::string& address, char** engine, const sigset_t& signals) {
    CometOptions options;
    options.server.address = address;
    options.server.log = log;
    options.supervisor.binary = engine[0];
    options.supervisor.home = engine[1];
    options.supervisor.rpc_url = engine[2];
    options.supervisor.log = log;
    auto consensus = CometConsensus::start(application, {}, std::move(options));
    if (!consensus) return failed(consensus.error());
    if (engine[3] != nullptr) submit(**consensus, std::atoi(engine[3]));
    wait_for_signal(signals);
    (*consensus)->stop();
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const std::string_view mode = argc > 2 ? argv[1] : "";
    if (mode == "kvstore" && argc == 3)
        return serve(start_server(std::make_unique<KvHandler>(), {.address = argv[2], .log = log}), signals);
    if (mode != "file" || (argc != 4 && argc != 7 && argc != 8)) {
        std::fprintf(stderr, "usage: %s kvstore ADDRESS | file ADDRESS DATA [ENGINE HOME RPC_URL [TRANSACTIONS]]\n",
                     argv[0]);
        return 2;
    }
    FileApplication application{argv[3]};
    if (argc > 4) return supervise(application, argv[2], argv + 4, signals);
    return serve(Server::start(application, {}, {.address = argv[2], .log = log}), signals);
}
