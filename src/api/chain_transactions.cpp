// Transactions over HTTP: handed in as bytes or JSON, shown, and waited for.
#include "api/chain_routes.h"
#include "api/json_fields.h"
#include "api/origin.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace assay::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kWaitUsualMs = 10'000, kWaitMaxMs = 60'000;
constexpr std::size_t kTransactionsMax = 100'000; ///< in one request; each answer is larger than a short transaction
constexpr std::string_view kCborType = "application/cbor";
constexpr std::string_view kCborSequenceType = "application/cbor-seq";

std::string_view media_type(const HttpRequest& request) {
    std::string_view type = request.header("Content-Type");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return type;
}

struct Submitted {
    std::vector<Bytes> transactions;
    bool many = false; ///< the answer is a list
};

Result<Bytes> read_hex(const nlohmann::json& value, const std::string& name) {
    if (!value.is_string()) return fail(ErrorCode::malformed, name + " is not hexadecimal text");
    auto bytes = from_hex(value.get_ref<const std::string&>());
    if (!bytes) return fail_in(name, bytes.error());
    return bytes;
}

Result<Submitted> read_json(const ChainCall& call) {
    const auto object = parse_object(call.request->body);
    if (!object) return fail(ErrorCode::malformed, object.error().message);
    Submitted submitted;
    if (object->contains("transaction")) {
        submitted.transactions.push_back(TRY(read_hex((*object)["transaction"], "transaction")));
    } else if (object->contains("transactions") && (*object)["transactions"].is_array()) {
        submitted.many = true;
        if ((*object)["transactions"].size() > kTransactionsMax) {
            return fail(ErrorCode::resource_exhausted,
                        "over " + std::to_string(kTransactionsMax) + " transactions in one request");
        }
        for (const auto& entry : (*object)["transactions"]) {
            const std::string name = "transactions[" + std::to_string(submitted.transactions.size()) + "]";
            submitted.transactions.push_back(TRY(read_hex(entry, name)));
        }
    } else if (object->contains("body") && object->contains("signature") && (*object)["signature"].is_string()) {
        submitted.transactions.push_back(
            TRY(call.node->assemble(dump((*object)["body"]), (*object)["signature"].get<std::string>())));
    } else {
        return fail(ErrorCode::malformed,
                    "the body has neither \"transaction\", \"transactions\" nor \"body\" and \"signature\"");
    }
    return submitted;
}

Result<Submitted> read_submission(const ChainCall& call) {
    const std::string_view type = media_type(*call.request);
    if (type == kCborType)
        return Submitted{.transactions = {Bytes(call.request->body.begin(), call.request->body.end())}};
    if (type == kCborSequenceType)
        return Submitted{.transactions = TRY(call.node->split(as_byte_view(call.request->body))), .many = true};
    if (is_json_type(type)) return read_json(call);
    return fail(ErrorCode::invalid_argument,
                "Content-Type must be application/json, application/cbor or application/cbor-seq");
}

Json to_json(const SubmittedTransaction& transaction) {
    Json json{{"hash", transaction.hash}, {"code", transaction.code}, {"code_name", transaction.code_name}};
    if (!transaction.log.empty()) json["log"] = transaction.log;
    return json;
}

Result<std::chrono::milliseconds> wait_timeout(const ChainCall& call) {
    const std::string text = call.parameter("timeout_ms");
    std::uint32_t value = kWaitUsualMs;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!text.empty() && (error != std::errc() || end != text.data() + text.size() || value > kWaitMaxMs))
        return fail(ErrorCode::invalid_argument, "'timeout_ms' is outside 0 … " + std::to_string(kWaitMaxMs));
    return std::chrono::milliseconds(value);
}

constexpr std::uint32_t kMempoolFull = 13; ///< chain::TxCode's frozen number

/// Only what needs the client's attention: of a thousand transfers, mostly nothing.
Json refusals_json(const std::vector<SubmittedTransaction>& done) {
    Json refused = Json::array();
    for (std::size_t i = 0; i < done.size(); ++i) {
        if (done[i].code == 0) continue;
        Json json{{"index", i}};
        json.update(to_json(done[i]));
        refused.push_back(std::move(json));
    }
    const std::size_t accepted = done.size() - refused.size();
    return Json{{"accepted", accepted}, {"refused", std::move(refused)}};
}

void answer_one(const ChainCall& call, const SubmittedTransaction& transaction,
                std::optional<std::chrono::milliseconds> wait) {
    if (transaction.code != 0) {
        Json json = to_json(transaction);
        json["error"] = {{"code", transaction.code_name}, {"message", transaction.log}};
        return call.send_json(transaction.code == kMempoolFull ? 429 : 400, dump(json));
    }
    if (!wait) return call.send_json(202, dump(to_json(transaction)));
    call.node->wait(transaction.hash, *wait, [call, transaction](std::optional<std::string> committed) {
        if (committed) return call.send_json(200, std::move(*committed));
        Json json = to_json(transaction);
        json["status"] = "pending";
        call.send_json(202, dump(json));
    });
}

} // namespace

void submit_transactions(const ChainCall& call) {
    auto submitted = read_submission(call);
    if (!submitted) return call.refuse(submitted.error());
    std::optional<std::chrono::milliseconds> wait;
    if (call.parameter("wait") == "commit") {
        const auto timeout = wait_timeout(call);
        if (!timeout) return call.refuse(timeout.error());
        wait = *timeout;
    }
    if (wait && submitted->many)
        return call.refuse(400, "invalid_argument", "'wait' is for one transaction; look for several by their hashes");
    const std::string answer = call.parameter("answer");
    if (!answer.empty() && answer != "all" && answer != "refusals")
        return call.refuse(400, "invalid_argument", "'answer' is neither all nor refusals");
    const bool many = submitted->many, brief = answer == "refusals";
    call.node->submit(std::move(submitted->transactions), [=](std::vector<SubmittedTransaction> done) {
        if (!many) return answer_one(call, done.front(), wait);
        if (brief) return call.send_json(200, dump(refusals_json(done)));
        Json results = Json::array();
        for (const auto& transaction : done) results.push_back(to_json(transaction));
        call.send_json(200, dump(Json{{"results", std::move(results)}}));
    });
}

void prepare_transaction(const ChainCall& call) { call.answer(call.node->prepare(call.request->body)); }

void show_transaction(const ChainCall& call, std::string_view hash) {
    if (call.parameter("wait") != "commit") return call.answer(call.node->transaction(hash));
    const auto timeout = wait_timeout(call);
    if (!timeout) return call.refuse(timeout.error());
    if (auto known = call.node->transaction(hash); known) return call.send_json(200, std::move(*known));
    call.node->wait(hash, *timeout, [call, hash = std::string(hash)](std::optional<std::string> committed) {
        if (committed) return call.send_json(200, std::move(*committed));
        call.refuse(404, "not_found", "no transaction " + hash + " has committed");
    });
}

} // namespace assay::api
