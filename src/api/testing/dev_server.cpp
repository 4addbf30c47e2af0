/// The HTTP surface over the scripted engine, for work on the page and the system tests without a model.
/// Usage: assay_api_dev_server [PORT [TOKEN_DELAY_MS]]. Prints its URL; SIGTERM drains and exits 0.
#include "api/api_server.h"
#include "api/testing/script_engine.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

int main(int count, char** values) {
    using namespace assay::api;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ScriptEngineOptions script;
    script.token_delay = std::chrono::milliseconds(count > 2 ? std::atoi(values[2]) : 5);
    script.queue_max = 64;
    ApiOptions options;
    options.port = static_cast<std::uint16_t>(count > 1 ? std::atoi(values[1]) : 0);
    auto server = ApiServer::start(make_script_engine(script), options);
    if (!server) return std::fprintf(stderr, "%s\n", server.error().message.c_str()), 1;
    std::printf("%s\n", (*server)->url().c_str());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    const bool idle = (*server)->drain(std::chrono::seconds(30));
    (*server)->stop();
    return idle ? 0 : 1;
}
