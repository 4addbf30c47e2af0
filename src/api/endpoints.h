#pragma once
/// The endpoints' functions and what they share. Endpoints that compute run on a worker thread; the others on a socket thread.
/// Each answers through its responder, always exactly once.
#include "api/api_error.h"
#include "api/http_message.h"
#include "api/metrics.h"
#include "api/ports.h"

#include <atomic>
#include <memory>
#include <string>

namespace assay::api {

struct ApiContext {
    std::shared_ptr<ChatEngine> engine;
    std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
    std::atomic<bool> draining{false};
};

using RequestPtr = std::shared_ptr<const HttpRequest>;
using ResponderPtr = std::shared_ptr<Responder>;

void chat_completions(ApiContext& context, const RequestPtr& request, const ResponderPtr& responder);
void completions(ApiContext& context, const RequestPtr& request, const ResponderPtr& responder);
void embeddings(ApiContext& context, const RequestPtr& request, const ResponderPtr& responder);

HttpResponse list_models(const ApiContext& context);
HttpResponse show_model(const ApiContext& context, std::string_view id);
HttpResponse show_health(const ApiContext& context);
HttpResponse show_metrics(const ApiContext& context);

ApiResult<ModelDescription> find_model(const ApiContext& context, std::string_view id);
/// "assay-arith-1-" and the end of the commitment: equal fingerprints and requests give equal answers.
std::string system_fingerprint(const ModelDescription& model);
/// `prefix` and 24 characters that no other call returns.
std::string new_id(std::string_view prefix);
std::uint64_t draw_seed();
std::int64_t unix_seconds();

} // namespace assay::api
