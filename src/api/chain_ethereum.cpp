// POST /eth: the envelope of Ethereum's JSON-RPC 2.0 (single calls and batches). The calls themselves are the port's.
#include "api/chain_routes.h"
#include "api/json_fields.h"
#include "base/json_depth.h"

#include <nlohmann/json.hpp>

namespace assay::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kBatchMax = 200;
constexpr int kParseError = -32700, kInvalidRequest = -32600;

Json failure(const nlohmann::json& id, int code, const std::string& message) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}};
}

/// Nothing for a notification (a call without an id).
std::optional<std::string> run_call(ChainNode& node, const nlohmann::json& call) {
    const bool proper = call.is_object() && call.contains("method") && call["method"].is_string();
    if (!proper) return dump(failure(nullptr, kInvalidRequest, "not a JSON-RPC call: it has no method"));
    const auto params = call.contains("params") ? dump(call["params"]) : std::string("[]");
    const auto result = node.ethereum(call["method"].get_ref<const std::string&>(), params);
    if (!call.contains("id")) return std::nullopt;
    if (!result) return dump(failure(call["id"], result.error().code, result.error().message));
    // The result is JSON text already.
    return "{\"jsonrpc\":\"2.0\",\"id\":" + dump(call["id"]) + ",\"result\":" + *result + "}";
}

} // namespace

void ethereum_rpc(const ChainCall& call) {
    if (json_nests_deeper(call.request->body, kJsonDepthMax)) {
        return call.send_json(200,
                              dump(failure(nullptr, kParseError,
                                           "the body nests deeper than " + std::to_string(kJsonDepthMax) + " levels")));
    }
    const auto body = nlohmann::json::parse(call.request->body, nullptr, false);
    if (body.is_discarded()) return call.send_json(200, dump(failure(nullptr, kParseError, "the body is not JSON")));
    if (!body.is_array()) {
        const auto answer = run_call(*call.node, body);
        return answer ? call.send_json(200, *answer) : call.responder->send({.status = 204});
    }
    if (body.empty() || body.size() > kBatchMax) {
        return call.send_json(
            200, dump(failure(nullptr, kInvalidRequest, "a batch has 1 … " + std::to_string(kBatchMax) + " calls")));
    }
    std::string answers;
    for (const auto& entry : body) {
        const auto answer = run_call(*call.node, entry);
        if (answer) answers += (answers.empty() ? "" : ",") + *answer;
    }
    if (answers.empty()) return call.responder->send({.status = 204});
    call.send_json(200, "[" + answers + "]");
}

} // namespace assay::api
