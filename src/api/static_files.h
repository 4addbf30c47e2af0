#pragma once
/// Files compiled into the binary: the chat page and the API's description. Constants; thread-safe.
#include <span>
#include <string_view>

namespace assay::api {

struct StaticFile {
    std::string_view path; ///< as requested: "/app.js"; the page is "/"
    std::string_view content_type;
    std::string_view body;
};

/// Made at build time by cmake/embed.cmake.
std::span<const StaticFile> static_files();

} // namespace assay::api
