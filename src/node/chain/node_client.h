#pragma once
/// A node asked over HTTP, by the command line. Thread-safe. Local class.
#include "node/chain/chain_home.h"
#include "node/chain/chain_json.h"

#include <chrono>
#include <string>
#include <string_view>

namespace assay::node {

class NodeClient {
public:
    /// `url` as given; else the one that the node of this data folder left there; else port 8080 of this machine.
    static NodeClient create(std::string url, const ChainHome& home);

    const std::string& url() const { return url_; }
    /// Errors: io (no node there), and the node's own: not_found, invalid_argument, resource_exhausted, …
    Result<ChainJson> get(const std::string& path) const;
    Result<ChainJson> post(const std::string& path, const ChainJson& body) const;
    Result<ChainJson> post(const std::string& path, const std::string& content_type, std::string_view body,
                           std::chrono::milliseconds timeout) const;

private:
    explicit NodeClient(std::string url) : url_(std::move(url)) {}
    std::string url_;
};

/// "a b" → "a%20b": everything but letters, digits and -._~
std::string percent_encode(std::string_view text);

/// Where a running node writes its URL, and takes it away at its end.
std::filesystem::path node_url_file(const ChainHome& home);

} // namespace assay::node
