#include "consensus/cometbft/http_client.h"

#include <curl/curl.h>
#include <memory>

namespace assay::consensus {

namespace {

struct Received {
    std::string body;
    std::size_t bytes_max = 0;
    bool too_long = false;
};

std::size_t receive(const char* data, std::size_t size, std::size_t count, void* into) {
    auto& received = *static_cast<Received*>(into);
    if (size * count > received.bytes_max - received.body.size()) {
        received.too_long = true;
        return 0; // ends the transfer
    }
    received.body.append(data, size * count);
    return size * count;
}

struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// Without `content_type` it is a GET.
Result<HttpAnswer> exchange(const std::string& url, const std::string* content_type, std::string_view body,
                            const HttpLimits& limits) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!url.starts_with("http://") && !url.starts_with("https://"))
        return fail(ErrorCode::invalid_argument, "'" + url + "' is not an http:// or https:// address");
    thread_local const std::unique_ptr<CURL, CloseHandle> handle(initialised == CURLE_OK ? curl_easy_init() : nullptr);
    if (!handle) return fail(ErrorCode::io, "libcurl does not start");
    std::unique_ptr<curl_slist, FreeList> headers;
    Received received{{}, limits.body_bytes_max, false};
    CURL* const curl = handle.get();
    curl_easy_reset(curl); // options only: connections stay
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    if (content_type != nullptr) {
        headers.reset(curl_slist_append(nullptr, ("Content-Type: " + *content_type).c_str()));
        headers.reset(curl_slist_append(headers.release(), "Expect:")); // no round trip before a larger body
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, url.starts_with("http://127.") ? "" : nullptr);
    const CURLcode done = curl_easy_perform(curl);
    if (received.too_long)
        return fail(ErrorCode::resource_exhausted,
                    url + ": the answer is longer than " + std::to_string(limits.body_bytes_max) + " bytes");
    if (done != CURLE_OK) return fail(ErrorCode::io, url + ": " + curl_easy_strerror(done));
    HttpAnswer answer;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    answer.body = std::move(received.body);
    return answer;
}

} // namespace

Result<HttpAnswer> get(const std::string& url, const HttpLimits& limits) { return exchange(url, nullptr, {}, limits); }

Result<HttpAnswer> post(const std::string& url, const std::string& content_type, std::string_view body,
                        const HttpLimits& limits) {
    return exchange(url, &content_type, body, limits);
}

Result<HttpAnswer> post_json(const std::string& url, const std::string& body, const HttpLimits& limits) {
    return post(url, "application/json", body, limits);
}

} // namespace assay::consensus
