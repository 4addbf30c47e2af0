/// Models, health, metrics and small helpers of the endpoints.
#include "api/endpoints.h"
#include "api/json_fields.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <random>

namespace assay::api {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kFingerprintTail = 12;
constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

ordered_json to_object(const ModelDescription& model) {
    return {{"id", model.id},
            {"object", "model"},
            {"created", model.created},
            {"owned_by", model.owned_by},
            {"assay",
             {{"architecture", model.architecture},
              {"arithmetic", model.arithmetic},
              {"isa", model.isa},
              {"commitment", model.commitment},
              {"cid", model.cid},
              {"context_length", model.context_length},
              {"vocabulary_size", model.vocabulary_size},
              {"embedding_dimensions", model.embedding_dimensions},
              {"generates", model.generates},
              {"embeds", model.embeds},
              {"chat", !model.chat_template.empty()},
              {"tools", model.uses_tools}}}};
}

std::uint64_t random_bits() {
    thread_local std::mt19937_64 generator{(std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()};
    return generator();
}

} // namespace

HttpResponse list_models(const ApiContext& context) {
    auto data = ordered_json::array();
    for (const auto& model : context.engine->models()) data.push_back(to_object(model));
    return {.body = dump(ordered_json{{"object", "list"}, {"data", data}})};
}

HttpResponse show_model(const ApiContext& context, std::string_view id) {
    const auto model = find_model(context, id);
    if (!model) return to_response(model.error());
    return {.body = dump(to_object(*model))};
}

HttpResponse show_health(const ApiContext& context) {
    const auto trouble = context.engine->health();
    const bool well = trouble.empty() && !context.draining;
    ordered_json body = {{"status", context.draining ? "draining" : well ? "ok" : "unhealthy"}};
    if (!trouble.empty()) body["reason"] = trouble;
    return {.status = well ? 200 : 503, .body = dump(body), .headers = {{"Cache-Control", "no-store"}}};
}

HttpResponse show_metrics(const ApiContext& context) {
    return {.content_type = std::string(kPrometheusType),
            .body = context.metrics->render(context.engine->statistics(), context.draining)};
}

ApiResult<ModelDescription> find_model(const ApiContext& context, std::string_view id) {
    for (auto& model : context.engine->models())
        if (model.id == id) return model;
    return std::unexpected(model_not_found(id));
}

std::string system_fingerprint(const ModelDescription& model) {
    if (model.commitment.empty()) return model.arithmetic;
    const auto tail = std::min(kFingerprintTail, model.commitment.size());
    return model.arithmetic + "-" + model.commitment.substr(model.commitment.size() - tail);
}

std::string new_id(std::string_view prefix) {
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string id(prefix);
    for (int i = 0; i < 24; ++i) id += kAlphabet[random_bits() % kAlphabet.size()];
    return id;
}

std::uint64_t draw_seed() { return random_bits(); }

std::int64_t unix_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace assay::api
