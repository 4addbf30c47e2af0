// The life of a node, top to bottom in run_node(): lock, chain, models, service, URL, signal, drain.
#include "node/start.h"

#include "api/api_server.h"
#include "node/chain/chain_adapter.h"
#include "node/chain/chain_host.h"
#include "node/chain/node_client.h"
#include "node/engine_adapter.h"
#include "node/folders.h"
#include "node/machine.h"
#include "node/model_fetch.h"
#include "node/open_model.h"
#include "node/stop_signals.h"
#include "node/terminal.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace assay::node {
namespace {

constexpr std::uint16_t kUsualPort = 8080;
constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr int kStoppedAtOnce = 130;

Result<FileLock> lock_data_folder(const std::filesystem::path& folder) {
    TRY_VOID(make_folder(folder));
    auto lock = FileLock::take(folder / "lock", FileLock::Wait::no);
    if (!lock && lock.error().code == ErrorCode::resource_exhausted) {
        return fail(ErrorCode::resource_exhausted,
                    folder.string() + ": another node uses this data folder; give this one its own with --data-dir");
    }
    return lock;
}

[[noreturn]] void stop_at_once() {
    std::fflush(nullptr);
    std::_Exit(kStoppedAtOnce);
}

Result<ServedModel> load_model(const std::filesystem::path& path, const NodeOptions& options, StopSignals& signals) {
    Progress progress("Loading " + model_id(path));
    const auto show_or_stop = [&signals, show = progress.callback()](std::uint64_t done, std::uint64_t all) {
        if (signals.wait(std::chrono::milliseconds(0))) stop_at_once();
        show(done, all);
    };
    ServedModel served{.path = path, .open = {}, .service = options.service};
    served.open = TRY(open_model(path, {.threads = options.threads, .isa = options.isa, .progress = show_or_stop}));
    progress.finish();
    if (!served.open.chat_template_trouble.empty()) {
        std::fprintf(stderr, "warning: chat is off for %s: its chat template: %s\n", model_id(path).c_str(),
                     one_line(served.open.chat_template_trouble).c_str());
    }
    return served;
}

Result<std::shared_ptr<EngineAdapter>> make_engine(const NodeOptions& options, StopSignals& signals) {
    std::vector<ServedModel> models;
    if (!options.serve_model) return EngineAdapter::create(std::move(models));
    const auto path = options.model.empty() ? TRY(fetch_default_model(false)).path : options.model;
    models.push_back(TRY(load_model(path, options, signals)));
    if (!options.embedding_model.empty()) models.push_back(TRY(load_model(options.embedding_model, options, signals)));
    return EngineAdapter::create(std::move(models));
}

/// Null when the node runs without a chain.
Result<std::unique_ptr<ChainHost>> open_chain(const NodeOptions& options, const std::filesystem::path& folder) {
    if (!options.with_chain) return std::unique_ptr<ChainHost>();
    ChainOptions chain = options.chain;
    chain.data_folder = folder;
    chain.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    chain.on_fatal = [](const Error& error) { // before the engine is answered: nothing may be told to have succeeded
        std::fprintf(stderr, "error: the chain cannot go on: %s\n", one_line(error.message).c_str());
        std::fflush(nullptr);
        std::_Exit(1);
    };
    return ChainHost::open(std::move(chain));
}

Result<std::unique_ptr<api::ApiServer>> start_server(const std::shared_ptr<EngineAdapter>& engine,
                                                     const std::shared_ptr<api::ChainNode>& chain,
                                                     const NodeOptions& options) {
    api::ApiOptions settings;
    settings.address = options.address;
    settings.port = options.port.value_or(kUsualPort);
    settings.allowed_origins = options.allowed_origins;
    if (options.access_log) {
        settings.access_log = [](std::string_view line) {
            std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
        };
    }
    auto server = api::ApiServer::start(engine, settings, chain);
    if (server || options.port || server.error().code != ErrorCode::io) return server;
    std::fprintf(stderr, "port %u is taken; taking a free one (choose with --port)\n", unsigned{kUsualPort});
    settings.port = 0;
    return api::ApiServer::start(engine, settings, chain);
}

void print_example(const api::ModelDescription& model, const std::string& url) {
    if (!model.chat_template.empty()) {
        std::printf("  curl %s/v1/chat/completions -H 'Content-Type: application/json' -d "
                    "'{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Say hello.\"}]}'\n\n",
                    url.c_str(), model.id.c_str());
    } else if (model.generates) {
        std::printf("  curl %s/v1/completions -H 'Content-Type: application/json' -d "
                    "'{\"model\":\"%s\",\"prompt\":\"Once upon a time\"}'\n\n",
                    url.c_str(), model.id.c_str());
    } else {
        std::printf("  curl %s/v1/embeddings -H 'Content-Type: application/json' -d '{\"model\":\"%s\",\"input\":\"a "
                    "cat\"}'\n\n",
                    url.c_str(), model.id.c_str());
    }
}

void print_welcome(const EngineAdapter& engine, ChainHost* chain, const api::ApiServer& server) {
    const auto models = engine.models();
    const std::string url = server.url();
    std::printf("\nAssay %s", std::string(version()).c_str());
    if (!models.empty()) {
        const api::ModelDescription& model = models.front();
        std::printf(" serves %s (%s, %s)\n\n", model.id.c_str(), model.arithmetic.c_str(), model.isa.c_str());
        std::printf("  %s    open it in a browser to chat\n\n", url.c_str());
        print_example(model, url);
    } else {
        std::printf(" at %s\n\n", url.c_str());
    }
    if (chain != nullptr) {
        const auto info = chain->application().info();
        std::printf("  chain %s (%s) at height %llu: curl %s/chain/status\n\n", info.chain_id.c_str(),
                    chain->consensus().status().mode.c_str(), static_cast<unsigned long long>(info.height),
                    url.c_str());
    }
    std::printf("Ctrl-C ends it.\n");
    std::fflush(stdout);
}

/// The file in which the command line finds this node; gone with it.
class UrlFile {
public:
    UrlFile(const std::filesystem::path& folder, const std::string& url) : path_(node_url_file({folder})) {
        if (const auto written = write_file_durably(path_, url + "\n", false); !written)
            std::fprintf(stderr, "warning: %s\n", written.error().message.c_str());
    }
    ~UrlFile() {
        std::error_code error;
        std::filesystem::remove(path_, error);
    }
    UrlFile(const UrlFile&) = delete;
    UrlFile& operator=(const UrlFile&) = delete;

private:
    std::filesystem::path path_;
};

/// Until a signal, or until the chain cannot go on. True for a signal.
bool wait_for_end(StopSignals& signals, ChainHost* chain) {
    while (!signals.wait(std::chrono::seconds(1))) {
        if (chain != nullptr && !chain->consensus().status().trouble.empty() &&
            chain->consensus().status().mode == "embedded")
            return false;
    }
    return true;
}

/// Computes the models' commitments while the node already answers.
class BackgroundIdentity {
public:
    explicit BackgroundIdentity(std::shared_ptr<EngineAdapter> engine)
        : thread_([this, engine = std::move(engine)] {
              engine->identify();
              done_ = true;
          }) {}
    bool done() const { return done_; }

private:
    std::atomic<bool> done_ = false;
    std::jthread thread_; // last: it uses done_
};

/// False when the time ran out. A second signal ends the process here and now.
bool drain(api::ApiServer& server, EngineAdapter& engine, const BackgroundIdentity& identity, StopSignals& signals,
           std::uint32_t timeout_s) {
    std::fprintf(stderr, "\nfinishing the requests under way (again to stop at once)\n");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s);
    bool idle = false;
    server.begin_drain();
    while (!idle || !identity.done()) {
        idle = idle || server.drain(kPoll);
        if (signals.wait(idle && !identity.done() ? kPoll : std::chrono::milliseconds(0))) {
            stop_at_once();
        }
        if (!idle && std::chrono::steady_clock::now() >= end) break;
    }
    server.stop();
    engine.drain(0);
    return idle;
}

} // namespace

Result<int> run_node(const NodeOptions& options) {
    const auto folder = options.data_folder.empty() ? TRY(default_data_folder()) : options.data_folder;
    const FileLock lock = TRY(lock_data_folder(folder));
    StopSignals signals; // before any thread
    const auto chain = TRY(open_chain(options, folder));
    const auto engine = TRY(make_engine(options, signals));
    const auto server = TRY(start_server(engine, chain ? make_chain_adapter(*chain) : nullptr, options));
    const UrlFile url(folder, server->url());
    print_welcome(*engine, chain.get(), *server);
    const BackgroundIdentity identity(engine);
    const bool asked = wait_for_end(signals, chain.get());
    const bool drained = drain(*server, *engine, identity, signals, options.drain_timeout_s);
    if (chain) chain->stop();
    return asked && drained ? 0 : 1;
}

} // namespace assay::node
