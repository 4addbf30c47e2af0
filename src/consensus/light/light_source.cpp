#include "consensus/light/light_source.h"

#include "codec/dag_cbor.h"
#include "consensus/cometbft/json_read.h"

namespace assay::consensus {

namespace {

void append_json(std::string& out, const codec::Json& json) {
    if (const auto* const text = json.text()) return codec::append_json_string(out, *text);
    if (const auto* const number = json.number()) {
        out += *number;
    } else if (const auto* const flag = json.boolean()) {
        out += *flag ? "true" : "false";
    } else if (const auto* const list = json.list()) {
        for (std::size_t i = 0; i < list->size(); ++i) append_json(out += i == 0 ? "[" : ",", (*list)[i]);
        out += list->empty() ? "[]" : "]";
    } else if (const auto* const object = json.object()) {
        out += '{';
        for (std::size_t i = 0; i < object->size(); ++i) {
            if (i > 0) out += ',';
            codec::append_json_string(out, (*object)[i].first);
            append_json(out += ':', (*object)[i].second);
        }
        out += '}';
    } else {
        out += "null";
    }
}

Result<std::string> validators_json(const RpcClient& endpoint, std::uint64_t height) {
    std::string out = "[";
    std::size_t count = 0;
    for (std::size_t page = 1;; ++page) {
        const codec::Json json =
            TRY(endpoint.call("validators", "{\"height\":\"" + std::to_string(height) + "\",\"page\":\"" +
                                                std::to_string(page) + "\",\"per_page\":\"100\"}"));
        const codec::Json::List& list = *TRY(json_list(json, "validators"));
        for (const codec::Json& entry : list) append_json(out += count++ == 0 ? "" : ",", entry);
        if (count > kLightValidatorsMax) // whoever answers may go on for ever
            return fail(ErrorCode::resource_exhausted, endpoint.url() + ": 'validators' has too many entries");
        const std::int64_t total = TRY(json_integer(json, "total"));
        if (list.empty() || static_cast<std::int64_t>(count) >= total) return out + "]";
    }
}

} // namespace

Result<std::uint64_t> RpcLightSource::height() const { return TRY(rpc_.status()).height; }

Result<std::string> RpcLightSource::light_block(std::uint64_t height) const {
    const codec::Json signed_header = TRY(rpc_.signed_header(height));
    std::string out = "{\"signed_header\":";
    append_json(out, signed_header);
    return out + ",\"validators\":" + TRY(validators_json(rpc_, height)) + "}";
}

Result<ProvenValue> RpcLightSource::prove(std::string_view module, ByteView key,
                                          std::optional<std::uint64_t> height) const {
    const std::string at_height = height ? "\",\"height\":\"" + std::to_string(*height) : "";
    const Bytes arguments = TRY(codec::encode_dag_cbor(codec::Value::Map{{"key", Bytes(key.begin(), key.end())}}));
    const codec::Json json =
        TRY(rpc_.call("abci_query", "{\"path\":\"/store/" + std::string(module) + "/key\",\"data\":\"" +
                                        to_hex(arguments) + at_height + "\",\"prove\":true}"));
    const codec::Json& response = *TRY(json_at(json, "response"));
    const std::int64_t code = json_at(response, "code") ? TRY(json_integer(response, "code")) : 0;
    if (code != 0)
        return fail(ErrorCode::invalid_argument, rpc_.url() + ": " + json_text(response, "log").value_or("refused"));
    ProvenValue answer;
    const std::int64_t answered = TRY(json_integer(response, "height"));
    if (answered < 1) return fail(ErrorCode::malformed, rpc_.url() + ": the answer names no height");
    answer.height = static_cast<std::uint64_t>(answered);
    const Bytes encoded = TRY(json_base64(response, "value"));
    const codec::Value value = TRY(codec::decode_dag_cbor(encoded));
    if (value.bytes() != nullptr) answer.value = *value.bytes();
    const codec::Json::List& ops = *TRY(json_list(response, "proofOps.ops"));
    if (ops.size() != 1) return fail(ErrorCode::malformed, rpc_.url() + ": the answer has no proof");
    answer.proof = TRY(json_base64(ops[0], "data"));
    return answer;
}

Result<LightBlock> fetch_light_block(const LightSource& source, std::uint64_t height) {
    const std::string text = TRY(source.light_block(height));
    const codec::Json json = TRY(codec::parse_json(text));
    auto block = parse_light_block(json);
    if (!block) return fail_in(source.url() + " height " + std::to_string(height), block.error());
    return block;
}

} // namespace assay::consensus
