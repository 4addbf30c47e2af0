#include "api/metrics.h"

#include <algorithm>
#include <charconv>

namespace assay::api {

namespace {

constexpr int kStatusClientGone = 499;

std::string number(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out.append("# HELP ")
        .append(name)
        .append(" ")
        .append(help)
        .append("\n# TYPE ")
        .append(name)
        .append(" ")
        .append(type)
        .append("\n");
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::uint64_t value) {
    head(out, name, type, help);
    out.append(name).append(" ").append(std::to_string(value)).append("\n");
}

} // namespace

void Histogram::observe(double seconds) {
    const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
    counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(seconds, std::memory_order_relaxed);
}

void Histogram::render(std::string& out, std::string_view name, std::string_view labels) const {
    const std::string comma = labels.empty() ? "" : std::string(labels) + ",";
    const std::string braces = labels.empty() ? "" : "{" + std::string(labels) + "}";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        below += counts_[i].load(std::memory_order_relaxed);
        const auto bound = i < kBounds.size() ? number(kBounds[i]) : std::string("+Inf");
        out.append(name)
            .append("_bucket{")
            .append(comma)
            .append("le=\"")
            .append(bound)
            .append("\"} ")
            .append(std::to_string(below))
            .append("\n");
    }
    out.append(name)
        .append("_sum")
        .append(braces)
        .append(" ")
        .append(number(sum_.load(std::memory_order_relaxed)))
        .append("\n");
    out.append(name).append("_count").append(braces).append(" ").append(std::to_string(below)).append("\n");
}

void Metrics::request_answered(std::string_view route, int status, double seconds) {
    if (status == kStatusClientGone) ++clients_gone;
    const std::lock_guard lock(mutex_);
    ++requests_[{std::string(route), status}];
    durations_[std::string(route)].observe(seconds);
}

std::string Metrics::render(const EngineStatistics& engine, bool draining) const {
    std::string out;
    {
        const std::lock_guard lock(mutex_);
        head(out, "assay_http_requests_total", "counter",
             "Requests answered, by route and status (499: the client went first).");
        for (const auto& [key, count] : requests_)
            out += "assay_http_requests_total{route=\"" + key.first + "\",status=\"" + std::to_string(key.second) +
                   "\"} " + std::to_string(count) + "\n";
        head(out, "assay_http_request_duration_seconds", "histogram", "From the request's last byte to the answer's.");
        for (const auto& [route, histogram] : durations_)
            histogram.render(out, "assay_http_request_duration_seconds", "route=\"" + route + "\"");
    }
    single(out, "assay_http_clients_gone_total", "counter", "Requests whose client vanished or stopped reading.",
           clients_gone);
    single(out, "assay_http_streams_total", "counter", "Answers sent as server-sent events.", streams);
    head(out, "assay_time_to_first_token_seconds", "histogram",
         "From the request's arrival to its first generated token.");
    time_to_first_token.render(out, "assay_time_to_first_token_seconds", "");
    head(out, "assay_token_interval_seconds", "histogram", "Between two tokens of one answer.");
    token_interval.render(out, "assay_token_interval_seconds", "");
    single(out, "assay_generation_requests_total", "counter", "Requests the engine has accepted.",
           engine.requests_total);
    single(out, "assay_tokens_generated_total", "counter", "Tokens generated.", engine.tokens_generated_total);
    single(out, "assay_prompt_tokens_total", "counter", "Prompt tokens, cached ones included.",
           engine.prompt_tokens_total);
    single(out, "assay_cached_prompt_tokens_total", "counter", "Prompt tokens found in the prefix cache.",
           engine.cached_tokens_total);
    single(out, "assay_drafted_tokens_total", "counter", "Tokens drafted by prompt lookup.",
           engine.drafted_tokens_total);
    single(out, "assay_accepted_tokens_total", "counter", "Drafted tokens that the model confirmed.",
           engine.accepted_tokens_total);
    single(out, "assay_requests_running", "gauge", "Sequences in the batch.", engine.running);
    single(out, "assay_requests_waiting", "gauge", "Requests in the queue.", engine.waiting);
    single(out, "assay_kv_pages_used", "gauge", "KV-cache pages in use.", engine.kv_pages_used);
    single(out, "assay_kv_pages", "gauge", "KV-cache pages there are.", engine.kv_pages_all);
    single(out, "assay_draining", "gauge", "1 while the node is shutting down.", draining ? 1 : 0);
    return out;
}

} // namespace assay::api
