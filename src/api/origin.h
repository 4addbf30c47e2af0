#pragma once
/// Which browser pages may call the node, and small readings of request headers. Pure; thread-safe.
/// Source: the Fetch standard's CORS protocol. Without an Origin header (not a browser, or the page's own GET) nothing is refused.
#include "api/http_message.h"

#include <span>
#include <string>
#include <string_view>

namespace assay::api {

/// Loopback origins, the listed ones, and a page served from the very IP address the request names as Host. A host *name* is
/// not enough: a hostile site can point its name at this machine (DNS rebinding).
bool origin_allowed(std::string_view origin, std::string_view host, std::span<const std::string> allowed);
HttpHeaders origin_headers(std::string_view origin);
HttpHeaders preflight_headers();

/// application/json, or no type at all (curl --json and older clients), with or without parameters.
bool is_json_type(std::string_view content_type);
/// "%2F" → "/"; sequences that are not hexadecimal stay as they are.
std::string percent_decode(std::string_view text);

} // namespace assay::api
