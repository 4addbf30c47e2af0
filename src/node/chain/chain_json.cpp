#include "node/chain/chain_json.h"

#include "chain/core/ethereum_transaction.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"

#include <algorithm>
#include <charconv>

namespace assay::node {
namespace {

using codec::Value;

std::string hex(ByteView bytes) { return "0x" + to_hex(bytes); }

Result<Value> value_of(const codec::Json& json) {
    if (json.is_null()) return Value();
    if (const bool* flag = json.boolean()) return Value(*flag);
    if (const std::string* text = json.text()) return Value(*text);
    if (const std::string* digits = json.number()) {
        std::uint64_t magnitude = 0;
        const bool negative = digits->starts_with('-');
        const char* begin = digits->data() + (negative ? 1 : 0);
        const char* end = digits->data() + digits->size();
        const auto [stop, error] = std::from_chars(begin, end, magnitude);
        if (error != std::errc() || stop != end)
            return fail(ErrorCode::malformed, "number " + digits->substr(0, 40) + " is no 64-bit integer");
        return Value(negative && magnitude > 0 ? codec::Integer(true, magnitude - 1)
                                               : codec::Integer(false, magnitude));
    }
    if (const codec::Json::List* list = json.list()) {
        Value::List values;
        for (const codec::Json& entry : *list) values.push_back(TRY(value_of(entry)));
        return Value(std::move(values));
    }
    Value::Map map;
    for (const auto& [name, entry] : *json.object()) map.emplace(name, TRY(value_of(entry)));
    return Value(std::move(map));
}

ChainJson result_json(const chain::TxResult& result) {
    ChainJson json{{"code", static_cast<std::uint32_t>(result.code)}, {"code_name", chain::to_string(result.code)}};
    if (!result.log.empty()) json["log"] = result.log;
    json["gas_wanted"] = result.gas_wanted;
    json["gas_used"] = result.gas_used;
    return json;
}

/// The parts that a transaction's bytes and place give.
ChainJson placed_json(ByteView wire, std::uint64_t height, std::uint32_t index, std::int64_t time_ms,
                      const chain::TxResult& result, const std::vector<chain::Event>& events,
                      const chain::MessageRegistry& messages) {
    ChainJson json{{"hash", to_hex(crypto::sha256(wire))}, {"height", height}, {"index", index}, {"time_ms", time_ms}};
    if (chain::is_ethereum_transaction(wire)) json["ethereum_hash"] = hex(crypto::keccak256(wire));
    json.update(result_json(result));
    json["bytes"] = wire.size();
    if (const auto transaction = chain::decode_transaction(wire, messages)) json["body"] = body_json(transaction->body);
    json["events"] = ChainJson::array();
    for (const chain::Event& event : events) json["events"].push_back(event_json(event));
    return json;
}

} // namespace

ChainJson to_plain_json(const Value& value) {
    if (const bool* flag = value.boolean()) return *flag;
    if (const codec::Integer* integer = value.integer()) {
        if (const auto number = integer->to_uint64()) return *number;
        if (const auto number = integer->to_int64()) return *number;
        return nullptr; // below -2^63: nothing here is
    }
    if (const double* number = value.number()) return *number;
    if (const Bytes* bytes = value.bytes()) return hex(*bytes);
    if (const std::string* text = value.text()) return *text;
    if (const codec::Cid* link = value.link()) return link->to_string();
    if (const Value::List* list = value.list()) {
        ChainJson json = ChainJson::array();
        for (const Value& entry : *list) json.push_back(to_plain_json(entry));
        return json;
    }
    if (const Value::Map* map = value.map()) {
        ChainJson json = ChainJson::object();
        for (const auto& [name, entry] : *map) json[name] = to_plain_json(entry);
        return json;
    }
    return nullptr;
}

Result<Value> value_of_plain_json(std::string_view json) {
    return value_of(TRY(codec::parse_json(json, {.size_max = std::size_t{16} << 20})));
}

ChainJson event_json(const chain::Event& event) {
    ChainJson attributes = ChainJson::object();
    for (const auto& [name, value] : event.attributes) attributes[name] = value;
    return {{"type", event.type}, {"attributes", std::move(attributes)}};
}

ChainJson block_json(const consensus::IndexedBlock& block) {
    return {{"height", block.height},
            {"hash", to_hex(block.hash)},
            {"time_ms", block.time_ms},
            {"app_hash", to_hex(block.app_hash)},
            {"proposer", to_hex(block.proposer.bytes)},
            {"transactions", block.transactions},
            {"bytes", block.bytes},
            {"gas_used", block.gas_used}};
}

ChainJson transaction_json(const consensus::IndexedTransaction& transaction, const chain::MessageRegistry& messages) {
    return placed_json(transaction.wire, transaction.height, transaction.index, transaction.time_ms, transaction.result,
                       transaction.events, messages);
}

ChainJson transaction_json(const consensus::CommittedTransaction& transaction, const chain::MessageRegistry& messages) {
    const consensus::CommittedBlock& block = *transaction.block;
    const chain::TxResult& result = block.result.transactions.at(transaction.index);
    return placed_json(block.transactions.at(transaction.index), block.info.height, transaction.index,
                       block.info.time_ms, result, result.events, messages);
}

ChainJson body_json(const chain::TransactionBody& body) {
    ChainJson messages = ChainJson::array();
    for (const auto& message : body.messages) {
        ChainJson json{{"@", message->type()}};
        json.update(to_plain_json(message->to_readable()));
        messages.push_back(std::move(json));
    }
    return {{"chain", body.chain},   {"from", crypto::to_string(body.from)}, {"nonce", body.nonce},
            {"expiry", body.expiry}, {"fee", chain::to_string(body.fee)},    {"gas", body.gas},
            {"memo", body.memo},     {"msgs", std::move(messages)}};
}

Result<crypto::Digest> parse_hash(std::string_view text) {
    const auto bytes = from_hex(text);
    if (!bytes || bytes->size() != crypto::kDigestBytes)
        return fail(ErrorCode::invalid_argument,
                    "'" + std::string(text.substr(0, 80)) + "' is not a hash of 64 hexadecimal digits");
    crypto::Digest digest;
    std::ranges::copy(*bytes, digest.begin());
    return digest;
}

} // namespace assay::node
