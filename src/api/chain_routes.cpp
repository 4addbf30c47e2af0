#include "api/chain_routes.h"

#include "api/json_fields.h"
#include "api/origin.h"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>

namespace assay::api {
namespace {

using Json = nlohmann::ordered_json;
using Handler = void (*)(const ChainCall&, std::string_view rest);

/// A number in a path or query. Errors: invalid_argument, naming the parameter.
Result<std::uint64_t> read_number(std::string_view text, std::string_view name) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return fail(ErrorCode::invalid_argument, "'" + std::string(name) + "' is not a number");
    return value;
}

Result<std::optional<std::uint64_t>> optional_number(const ChainCall& call, std::string_view name) {
    const std::string text = call.parameter(name);
    if (text.empty()) return std::optional<std::uint64_t>();
    return std::optional(TRY(read_number(text, name)));
}

constexpr std::uint32_t kListingUsual = 20, kListingMax = 500;

Result<std::uint32_t> listing_limit(const ChainCall& call) {
    const auto limit = TRY(optional_number(call, "limit"));
    if (limit && (*limit == 0 || *limit > kListingMax))
        return fail(ErrorCode::invalid_argument, "'limit' is outside 1 … " + std::to_string(kListingMax));
    return static_cast<std::uint32_t>(limit.value_or(kListingUsual));
}

void show_status(const ChainCall& call, std::string_view) { call.send_json(200, call.node->status()); }

void list_blocks(const ChainCall& call, std::string_view) {
    const auto run = [&]() -> Result<std::string> {
        return call.node->blocks(TRY(optional_number(call, "before")), TRY(listing_limit(call)));
    };
    call.answer(run());
}

void show_block(const ChainCall& call, std::string_view which) { call.answer(call.node->block(which)); }

void show_header(const ChainCall& call, std::string_view height) {
    const auto run = [&]() -> Result<std::string> { return call.node->header(TRY(read_number(height, "height"))); };
    call.answer(run());
}

void show_account(const ChainCall& call, std::string_view rest) {
    constexpr std::string_view kTransactions = "/transactions";
    if (!rest.ends_with(kTransactions)) return call.answer(call.node->account(rest));
    const auto run = [&]() -> Result<std::string> {
        rest.remove_suffix(kTransactions.size());
        return call.node->account_transactions(rest, call.parameter("before"), TRY(listing_limit(call)));
    };
    call.answer(run());
}

/// Arguments come as query parameters (texts), or as a JSON object in a POST body.
void run_query(const ChainCall& call, std::string_view path) {
    const auto run = [&]() -> Result<std::string> {
        Json arguments = Json::object();
        std::optional<std::uint64_t> height;
        bool prove = false;
        if (call.request->method == "POST") {
            const auto body = parse_object(call.request->body);
            if (!body) return fail(ErrorCode::malformed, body.error().message);
            for (const auto& [name, value] : body->items()) arguments[name] = value;
            height = TRY(optional_number(call, "height"));
            prove = call.parameter("prove") == "true";
        } else {
            std::string_view left = call.request->query;
            while (!left.empty()) {
                const std::string_view pair = left.substr(0, left.find('&'));
                left.remove_prefix(std::min(left.size(), pair.size() + 1));
                const auto equals = pair.find('=');
                const std::string name = percent_decode(pair.substr(0, equals));
                const std::string value =
                    equals == std::string_view::npos ? "" : percent_decode(pair.substr(equals + 1));
                if (name == "height") {
                    height = TRY(read_number(value, "height"));
                } else if (name == "prove") {
                    prove = value == "true" || value == "1";
                } else if (!name.empty()) {
                    arguments[name] = value;
                }
            }
        }
        return call.node->query("/" + std::string(path), dump(arguments), height, prove);
    };
    call.answer(run());
}

/// Wire bytes, whatever their signature; or a JSON body as /chain/prepare takes it.
Result<std::string> simulation_wire(const ChainCall& call) {
    const std::string& given = call.request->body;
    if (!given.starts_with('{')) return "0x" + to_hex(as_byte_view(given));
    const std::string prepared = TRY(call.node->prepare(given));
    const Json document = Json::parse(prepared, nullptr, false);
    if (!document.contains("body")) return fail(ErrorCode::internal, "the transaction could not be completed");
    const std::string no_signature = "0x" + std::string(128, '0') + "1b";
    return "0x" + to_hex(TRY(call.node->assemble(dump(document["body"]), no_signature)));
}

void simulate_transaction(const ChainCall& call, std::string_view) {
    const auto run = [&]() -> Result<std::string> {
        const std::string wire = TRY(simulation_wire(call));
        return call.node->query("/simulate", dump(Json{{"transaction", wire}}), std::nullopt, false);
    };
    call.answer(run());
}

void list_events(const ChainCall& call, std::string_view) {
    const auto run = [&]() -> Result<std::string> {
        EventFilter filter{.types = TRY(event_types(call)),
                           .account = call.parameter("account"),
                           .from_height = TRY(optional_number(call, "from"))};
        return call.node->events(filter, TRY(listing_limit(call)));
    };
    call.answer(run());
}

struct Route {
    std::string_view method;
    std::string_view path; ///< with a final '/': what follows is handed to the handler and must not be empty
    std::string_view name;
    Handler handler;
};

constexpr std::array<Route, 15> kRoutes = {{
    {"GET", "/chain/status", "/chain/status", show_status},
    {"GET", "/chain/blocks", "/chain/blocks", list_blocks},
    {"GET", "/chain/blocks/", "/chain/blocks/{block}", show_block},
    {"GET", "/chain/headers/", "/chain/headers/{height}", show_header},
    {"POST", "/chain/transactions", "/chain/transactions",
     [](const ChainCall& call, std::string_view) { submit_transactions(call); }},
    {"GET", "/chain/transactions/", "/chain/transactions/{hash}",
     [](const ChainCall& call, std::string_view hash) { show_transaction(call, hash); }},
    {"POST", "/chain/prepare", "/chain/prepare",
     [](const ChainCall& call, std::string_view) { prepare_transaction(call); }},
    {"POST", "/chain/simulate", "/chain/simulate", simulate_transaction},
    {"GET", "/chain/accounts/", "/chain/accounts/{address}", show_account},
    {"GET", "/chain/query/", "/chain/query/{path}", run_query},
    {"POST", "/chain/query/", "/chain/query/{path}", run_query},
    {"GET", "/chain/history", "/chain/history", list_events},
    {"GET", "/chain/events", "/chain/events", [](const ChainCall& call, std::string_view) { stream_events(call); }},
    {"POST", "/eth", "/eth", [](const ChainCall& call, std::string_view) { ethereum_rpc(call); }},
    {"POST", "/eth/", "/eth", [](const ChainCall& call, std::string_view) { ethereum_rpc(call); }},
}};

bool matches(const Route& route, std::string_view path) {
    if (route.path.ends_with('/') && route.path != "/eth/")
        return path.size() > route.path.size() && path.starts_with(route.path);
    return path == route.path;
}

HttpHeaders open_headers() {
    return {{"Access-Control-Allow-Origin", "*"},
            {"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
            {"Access-Control-Allow-Headers", "Content-Type, Last-Event-ID"},
            {"Access-Control-Max-Age", "600"}};
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::malformed: return 400;
        case ErrorCode::not_found: return 404;
        case ErrorCode::resource_exhausted: return 429;
        case ErrorCode::unsupported: return 501;
        case ErrorCode::cancelled: return 503;
        case ErrorCode::io:
        case ErrorCode::internal: return 500;
    }
    return 500;
}

} // namespace

std::string ChainCall::parameter(std::string_view name) const {
    const auto all = parameters(name);
    return all.empty() ? std::string() : all.front();
}

std::vector<std::string> ChainCall::parameters(std::string_view name) const {
    std::vector<std::string> values;
    std::string_view left = request->query;
    while (!left.empty()) {
        const std::string_view pair = left.substr(0, left.find('&'));
        left.remove_prefix(std::min(left.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && percent_decode(pair.substr(0, equals)) == name)
            values.push_back(percent_decode(pair.substr(equals + 1)));
    }
    return values;
}

void ChainCall::send_json(int status, std::string body) const {
    HttpResponse response{.status = status, .body = std::move(body), .headers = open_headers()};
    if (status == 429) response.headers.emplace_back("Retry-After", "1");
    responder->send(std::move(response));
}

void ChainCall::refuse(int status, std::string_view code, std::string_view message) const {
    send_json(status, dump(Json{{"error", {{"code", code}, {"message", message}}}}));
}

void ChainCall::refuse(const Error& error) const {
    refuse(status_of(error.code), to_string(error.code), error.message);
}

void ChainCall::answer(const Result<std::string>& result) const {
    if (!result) return refuse(result.error());
    send_json(200, *result);
}

bool ChainRoutes::owns(std::string_view path) {
    return path == "/eth" || path == "/eth/" || path.starts_with("/chain/");
}

std::string_view ChainRoutes::route_name(std::string_view path) {
    for (const Route& route : kRoutes)
        if (matches(route, path)) return route.name;
    return "other";
}

void ChainRoutes::begin_drain() {
    if (node_) node_->end_subscriptions();
}

void ChainRoutes::handle(const std::shared_ptr<const HttpRequest>& request, std::shared_ptr<Responder> responder) {
    const ChainCall call{.node = node_, .request = request, .responder = std::move(responder)};
    const std::string_view path = request->path;
    if (request->method == "OPTIONS")
        return call.responder->send({.status = 204, .content_type = "text/plain", .headers = open_headers()});
    if (!node_) return call.refuse(404, "no_chain", "This node runs without a chain.");
    const std::string_view method = request->method == "HEAD" ? "GET" : std::string_view(request->method);
    const Route* known = nullptr;
    for (const Route& route : kRoutes) {
        if (!matches(route, path)) continue;
        known = &route;
        if (route.method != method) continue;
        const bool queued = pool_.run([call, &route] {
            const std::size_t prefix = route.path.ends_with('/') ? route.path.size() : call.request->path.size();
            const std::string rest = percent_decode(std::string_view(call.request->path).substr(prefix));
            try {
                route.handler(call, rest);
            } catch (const std::exception& error) { // a third-party library's, or out of memory
                call.refuse(500, "internal", std::string("The request could not be handled: ") + error.what());
            }
        });
        if (!queued) call.refuse(429, "busy", "Too many requests are waiting.");
        return;
    }
    if (known != nullptr)
        return call.refuse(405, "method_not_allowed", "This path does not answer " + request->method + ".");
    call.refuse(404, "not_found", "There is nothing at " + request->path.substr(0, 200) + "; see /openapi.json.");
}

} // namespace assay::api
