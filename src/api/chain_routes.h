#pragma once
/// The chain over HTTP: /chain/… (queries, transactions, explorer, events) and /eth (Ethereum's JSON-RPC).
/// Everything here is public and everything that changes anything is signed, so any web page may call it.
/// Thread-safe. Requests are answered from the worker pool, event streams from the chain's thread.
#include "api/chain_ports.h"
#include "api/http_message.h"
#include "api/worker_pool.h"

#include <atomic>
#include <memory>
#include <string_view>

namespace assay::api {

class ChainRoutes {
public:
    /// Borrows the pool, which must outlive it.
    ChainRoutes(std::shared_ptr<ChainNode> node, WorkerPool& pool) : node_(std::move(node)), pool_(pool) {}

    static bool owns(std::string_view path);
    /// The path with its variable parts replaced: a bounded set of names, for metrics.
    static std::string_view route_name(std::string_view path);

    /// Answers through the responder, exactly once.
    void handle(const std::shared_ptr<const HttpRequest>& request, std::shared_ptr<Responder> responder);
    /// Ends the streams of events, which would never end by themselves.
    void begin_drain();

private:
    std::shared_ptr<ChainNode> node_;
    WorkerPool& pool_;
};

/// What the routes' files share.
struct ChainCall {
    std::shared_ptr<ChainNode> node;
    std::shared_ptr<const HttpRequest> request;
    std::shared_ptr<Responder> responder;

    /// First value of a query parameter, percent-decoded; empty when absent.
    std::string parameter(std::string_view name) const;
    std::vector<std::string> parameters(std::string_view name) const;
    void send_json(int status, std::string body) const;
    void refuse(int status, std::string_view code, std::string_view message) const;
    void refuse(const Error& error) const;
    /// The value, or the error as its HTTP answer.
    void answer(const Result<std::string>& result) const;
};

void submit_transactions(const ChainCall& call);   ///< POST /chain/transactions
void prepare_transaction(const ChainCall& call);   ///< POST /chain/prepare
void show_transaction(const ChainCall& call, std::string_view hash); ///< GET /chain/transactions/{hash}
void stream_events(const ChainCall& call);         ///< GET /chain/events
/// The parameters "type" of an event listing or stream. Errors: invalid_argument (too many).
Result<std::vector<std::string>> event_types(const ChainCall& call);
void ethereum_rpc(const ChainCall& call);          ///< POST /eth

} // namespace assay::api
