#include "api/origin.h"

#include "base/bytes.h"

#include <algorithm>

namespace assay::api {

namespace {

/// "http://127.0.0.1:8080" → "127.0.0.1:8080"
std::string_view authority(std::string_view origin) {
    const auto scheme = origin.find("://");
    return scheme == std::string_view::npos ? std::string_view{} : origin.substr(scheme + 3);
}

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
    return host.substr(0, host.find(':'));
}

bool is_ip_literal(std::string_view host) {
    if (host.starts_with('[')) return true;
    return !host.empty() && std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "[::1]" || host == "127.0.0.1"; }

} // namespace

bool origin_allowed(std::string_view origin, std::string_view host, std::span<const std::string> allowed) {
    if (std::ranges::find(allowed, origin) != allowed.end()) return true;
    const auto from = authority(origin);
    if (is_loopback(without_port(from))) return true;
    return is_ip_literal(without_port(from)) && from == host;
}

HttpHeaders origin_headers(std::string_view origin) {
    return {{"Access-Control-Allow-Origin", std::string(origin)},
            {"Vary", "Origin"},
            {"Access-Control-Expose-Headers", "Retry-After"}};
}

HttpHeaders preflight_headers() {
    return {{"Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"},
            {"Access-Control-Allow-Headers", "*, Authorization, Content-Type"},
            {"Access-Control-Max-Age", "600"}};
}

bool is_json_type(std::string_view content_type) {
    std::string type(content_type.substr(0, content_type.find(';')));
    while (type.ends_with(' ')) type.pop_back();
    std::ranges::transform(type, type.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return type.empty() || type == "application/json";
}

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digits = text[i] == '%' ? text.substr(i + 1, 2) : std::string_view{};
        const auto byte = digits.size() == 2 && !digits.starts_with("0x") ? from_hex(digits) : Result<Bytes>(Bytes{});
        if (byte && byte->size() == 1) {
            out += static_cast<char>(byte->front());
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

} // namespace assay::api
