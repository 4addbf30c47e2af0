#include "node/chain/node_client.h"

#include "consensus/cometbft/http_client.h"

namespace assay::node {
namespace {

constexpr std::string_view kUsualUrl = "http://127.0.0.1:8080";
constexpr std::chrono::milliseconds kTimeout{30'000};

ErrorCode code_of(long status) {
    switch (status) {
        case 400: return ErrorCode::invalid_argument;
        case 404: return ErrorCode::not_found;
        case 429: return ErrorCode::resource_exhausted;
        case 501: return ErrorCode::unsupported;
        default: return ErrorCode::io;
    }
}

Result<ChainJson> read(const std::string& url, const Result<consensus::HttpAnswer>& answer) {
    if (!answer) {
        if (answer.error().code != ErrorCode::io) return std::unexpected(answer.error());
        return fail(ErrorCode::io, "no node answers at " + url + " (" + answer.error().message +
                                       "); start one with 'assay up', or name another with --node URL");
    }
    ChainJson json = ChainJson::parse(answer->body, nullptr, false);
    if (answer->status >= 400) {
        std::string message = "HTTP status " + std::to_string(answer->status);
        if (json.is_object() && json.contains("error") && json["error"].is_object() &&
            json["error"].contains("message"))
            message = json["error"].value("message", message);
        return fail(code_of(answer->status), std::move(message));
    }
    if (json.is_discarded()) return fail(ErrorCode::malformed, url + ": the answer is not JSON");
    return json;
}

} // namespace

std::filesystem::path node_url_file(const ChainHome& home) { return home.data_folder / "url"; }

NodeClient NodeClient::create(std::string url, const ChainHome& home) {
    if (url.empty()) {
        const auto left = read_small_file(node_url_file(home), 1024);
        url = left ? *left : std::string(kUsualUrl);
    }
    while (!url.empty() && (url.back() == '/' || url.back() == '\n')) url.pop_back();
    return NodeClient(std::move(url));
}

Result<ChainJson> NodeClient::get(const std::string& path) const {
    return read(url_, consensus::get(url_ + path, {.timeout = kTimeout}));
}

Result<ChainJson> NodeClient::post(const std::string& path, const ChainJson& body) const {
    return post(path, "application/json", body.dump(), kTimeout);
}

Result<ChainJson> NodeClient::post(const std::string& path, const std::string& content_type, std::string_view body,
                                   std::chrono::milliseconds timeout) const {
    return read(url_, consensus::post(url_ + path, content_type, body, {.timeout = timeout}));
}

std::string percent_encode(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
        } else {
            out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return out;
}

} // namespace assay::node
