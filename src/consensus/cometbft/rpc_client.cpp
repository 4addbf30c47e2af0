#include "consensus/cometbft/rpc_client.h"

#include "codec/base_text.h"
#include "consensus/cometbft/http_client.h"
#include "consensus/cometbft/json_read.h"

#include <algorithm>
#include <thread>

namespace assay::consensus {

namespace {

constexpr std::chrono::milliseconds kPollPause{50};
constexpr std::size_t kValidatorsPerPage = 100; // the engine's most

template <std::size_t N>
Result<std::array<std::uint8_t, N>> fixed(std::string_view name, const Result<Bytes>& bytes) {
    if (!bytes) return std::unexpected(bytes.error());
    std::array<std::uint8_t, N> out{};
    if (bytes->size() != N)
        return fail(ErrorCode::malformed, "'" + std::string(name) + "' has " + std::to_string(bytes->size()) +
                                              " bytes, not " + std::to_string(N));
    std::ranges::copy(*bytes, out.begin());
    return out;
}

Result<chain::Digest> digest_at(const codec::Json& json, std::string_view path) {
    return fixed<32>(path, json_hex(json, path));
}

Result<std::uint64_t> count_at(const codec::Json& json, std::string_view path) {
    const std::int64_t value = TRY(json_integer(json, path));
    if (value < 0) return fail(ErrorCode::malformed, "'" + std::string(path) + "' is negative");
    return static_cast<std::uint64_t>(value);
}

// Members of the engine's answers that it leaves out when they are zero or empty.
template <class T>
T value_or(Result<T> value, T otherwise) {
    return value ? std::move(*value) : std::move(otherwise);
}

Result<RpcTransaction> transaction_result(const codec::Json& json) {
    RpcTransaction out;
    out.code = static_cast<std::uint32_t>(TRY(count_at(json, "code")));
    out.log = value_or(json_text(json, "log"), std::string());
    out.gas_wanted = value_or(count_at(json, "gas_wanted"), std::uint64_t{0});
    out.gas_used = value_or(count_at(json, "gas_used"), std::uint64_t{0});
    return out;
}

std::string request_text(std::size_t id, const std::string& method, const std::string& parameters) {
    std::string text = R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":)";
    codec::append_json_string(text, method);
    return text + ",\"params\":" + parameters + "}";
}

Result<codec::Json> result_of(const std::string& method, const codec::Json& answer) {
    if (answer.find("error") != nullptr && !answer.find("error")->is_null()) {
        const std::string words = value_or(json_text(answer, "error.message"), std::string("error"));
        const std::string data = value_or(json_text(answer, "error.data"), std::string());
        return fail(ErrorCode::invalid_argument, method + ": " + words + (data.empty() ? "" : ": " + data));
    }
    const codec::Json* const result = answer.find("result");
    if (result == nullptr) return fail(ErrorCode::malformed, method + ": the answer has neither result nor error");
    return *result;
}

Result<RpcSubmission> submission_of(const Result<codec::Json>& json) {
    if (!json) return std::unexpected(json.error());
    return RpcSubmission{TRY(digest_at(*json, "hash")), static_cast<std::uint32_t>(TRY(count_at(*json, "code"))),
                         TRY(json_text(*json, "log"))};
}

std::string height_parameter(std::uint64_t height) {
    return height == 0 ? "{}" : "{\"height\":\"" + std::to_string(height) + "\"}";
}

std::string transaction_parameter(const char* name, ByteView bytes) {
    std::string text = codec::to_base64(bytes);
    text.resize((text.size() + 3) / 4 * 4, '='); // the engine wants it padded
    return std::string("{\"") + name + "\":\"" + text + "\"}";
}

} // namespace

RpcClient::RpcClient(std::string url, std::chrono::milliseconds timeout) : url_(std::move(url)), timeout_(timeout) {}

Result<codec::Json> RpcClient::post(const std::string& method, const std::string& body) const {
    const HttpAnswer answer = TRY(post_json(url_, body, {timeout_}));
    auto json = codec::parse_json(answer.body);
    if (json) return json;
    const std::string where = url_ + " " + method;
    if (answer.status != 200) return fail(ErrorCode::io, where + ": HTTP status " + std::to_string(answer.status));
    return fail_in(where, json.error());
}

Result<codec::Json> RpcClient::call(const std::string& method, const std::string& parameters) const {
    const codec::Json answer = TRY(post(method, request_text(1, method, parameters)));
    return result_of(method, answer);
}

Result<EngineStatus> RpcClient::status() const {
    const codec::Json json = TRY(call("status", "{}"));
    EngineStatus out;
    out.chain_id = TRY(json_text(json, "node_info.network"));
    out.version = TRY(json_text(json, "node_info.version"));
    out.node_id = TRY(json_text(json, "node_info.id"));
    out.height = TRY(count_at(json, "sync_info.latest_block_height"));
    if (out.height > 0) out.block_hash = TRY(digest_at(json, "sync_info.latest_block_hash"));
    // Empty before the first block; an application may also start with no hash.
    const Bytes app_hash = TRY(json_hex(json, "sync_info.latest_app_hash"));
    if (!app_hash.empty()) out.app_hash = TRY(fixed<32>("sync_info.latest_app_hash", app_hash));
    out.catching_up = TRY(json_flag(json, "sync_info.catching_up"));
    out.validator.bytes = TRY(fixed<20>("validator_info.address", json_hex(json, "validator_info.address")));
    out.power = TRY(count_at(json, "validator_info.voting_power"));
    return out;
}

Result<RpcSubmission> RpcClient::submit(ByteView transaction) const {
    return submission_of(call("broadcast_tx_sync", transaction_parameter("tx", transaction)));
}

Result<std::vector<Result<chain::Digest>>> RpcClient::submit_all_unchecked(std::span<const Bytes> transactions) const {
    const std::string method = "broadcast_tx_async";
    std::string body;
    for (std::size_t i = 0; i < transactions.size(); ++i)
        body += (i == 0 ? '[' : ',') + request_text(i, method, transaction_parameter("tx", transactions[i]));
    const codec::Json json = TRY(post(method, body + "]"));
    if (json.object() != nullptr) { // a batch of one, or one that was refused as a whole
        const codec::Json result = TRY(result_of(method, json));
        const chain::Digest hash = TRY(digest_at(result, "hash"));
        return std::vector<Result<chain::Digest>>(transactions.size(), hash);
    }
    std::vector<Result<chain::Digest>> out(transactions.size(), fail(ErrorCode::malformed, method + ": no answer"));
    for (const codec::Json& answer : *TRY(json_list(json, ""))) {
        const std::uint64_t id = TRY(count_at(answer, "id"));
        if (id >= out.size()) continue;
        const auto result = result_of(method, answer);
        out[id] = result ? digest_at(*result, "hash") : std::unexpected(result.error());
    }
    return out;
}

Result<chain::Digest> RpcClient::submit_unchecked(ByteView transaction) const {
    return digest_at(TRY(call("broadcast_tx_async", transaction_parameter("tx", transaction))), "hash");
}

Result<std::optional<RpcTransaction>> RpcClient::transaction(const chain::Digest& hash) const {
    const auto json = call("tx", transaction_parameter("hash", hash));
    if (!json && json.error().message.find("not found") != std::string::npos) return std::nullopt;
    if (!json) return std::unexpected(json.error());
    const codec::Json* const result = TRY(json_at(*json, "tx_result"));
    RpcTransaction out = TRY(transaction_result(*result));
    out.height = TRY(count_at(*json, "height"));
    out.index = static_cast<std::uint32_t>(TRY(count_at(*json, "index")));
    return out;
}

Result<RpcTransaction> RpcClient::wait_for(const chain::Digest& hash, std::chrono::milliseconds patience) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (auto found = TRY(transaction(hash))) return *found;
        if (std::chrono::steady_clock::now() >= deadline)
            return fail(ErrorCode::cancelled, "transaction " + to_hex(hash) + " is in no block yet; it may still be");
        std::this_thread::sleep_for(kPollPause);
    }
}

Result<RpcBlock> RpcClient::block_results(std::uint64_t height) const {
    const codec::Json json = TRY(call("block_results", height_parameter(height)));
    RpcBlock out;
    out.height = TRY(count_at(json, "height"));
    out.app_hash = TRY(fixed<32>("app_hash", json_base64(json, "app_hash")));
    const codec::Json* const results = TRY(json_at(json, "txs_results"));
    if (results->is_null()) return out; // a block without transactions
    for (const codec::Json& result : *TRY(json_list(json, "txs_results"))) {
        RpcTransaction transaction = TRY(transaction_result(result));
        transaction.height = out.height;
        transaction.index = static_cast<std::uint32_t>(out.transactions.size());
        out.transactions.push_back(std::move(transaction));
    }
    return out;
}

Result<std::vector<EngineValidator>> RpcClient::validators(std::uint64_t height) const {
    std::vector<EngineValidator> out;
    for (std::size_t page = 1;; ++page) {
        std::string parameters =
            "{\"page\":\"" + std::to_string(page) + "\",\"per_page\":\"" + std::to_string(kValidatorsPerPage) + "\"";
        if (height > 0) parameters += ",\"height\":\"" + std::to_string(height) + "\"";
        const codec::Json json = TRY(call("validators", parameters + "}"));
        const auto& list = *TRY(json_list(json, "validators"));
        for (const codec::Json& entry : list) {
            EngineValidator validator;
            validator.address.bytes = TRY(fixed<20>("address", json_hex(entry, "address")));
            validator.public_key = TRY(fixed<32>("pub_key.value", json_base64(entry, "pub_key.value")));
            validator.power = TRY(count_at(entry, "voting_power"));
            out.push_back(validator);
        }
        const std::uint64_t total = TRY(count_at(json, "total"));
        if (list.empty() || out.size() >= total) return out;
    }
}

Result<codec::Json> RpcClient::signed_header(std::uint64_t height) const {
    const codec::Json json = TRY(call("commit", height_parameter(height)));
    return *TRY(json_at(json, "signed_header"));
}

Result<std::uint64_t> RpcClient::waiting_transactions() const {
    return count_at(TRY(call("num_unconfirmed_txs", "{}")), "total");
}

} // namespace assay::consensus
