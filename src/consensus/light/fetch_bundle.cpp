// How a proof bundle is put together from endpoints that nobody trusts: each header is verified before the next is asked for.
#include "codec/dag_cbor.h"
#include "consensus/cometbft/json_read.h"
#include "consensus/light/proof_bundle.h"

#include <algorithm>
#include <thread>

namespace assay::consensus {

namespace {

constexpr std::chrono::milliseconds kNextHeaderPatience{30'000};
constexpr std::chrono::milliseconds kPollPause{200};

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

// A light block and the JSON it was read from.
struct Fetched {
    LightBlock block;
    std::string json;
};

Result<std::string> validators_json(const RpcClient& endpoint, std::uint64_t height) {
    std::string out = "[";
    std::size_t count = 0;
    for (std::size_t page = 1;; ++page) {
        const codec::Json json =
            TRY(endpoint.call("validators", "{\"height\":\"" + std::to_string(height) + "\",\"page\":\"" +
                                                std::to_string(page) + "\",\"per_page\":\"100\"}"));
        const codec::Json::List& list = *TRY(json_list(json, "validators"));
        for (const codec::Json& entry : list) append_json(out += count++ == 0 ? "" : ",", entry);
        const std::int64_t total = TRY(json_integer(json, "total"));
        if (list.empty() || static_cast<std::int64_t>(count) >= total) return out + "]";
    }
}

Result<Fetched> fetch_block(const RpcClient& endpoint, std::uint64_t height) {
    Fetched out;
    out.json = "{\"signed_header\":";
    const codec::Json header = TRY(endpoint.signed_header(height));
    append_json(out.json, header);
    const std::string validators = TRY(validators_json(endpoint, height));
    out.json += ",\"validators\":" + validators + "}";
    const codec::Json json = TRY(codec::parse_json(out.json));
    auto block = parse_light_block(json);
    if (!block) return fail_in(endpoint.url() + " height " + std::to_string(height), block.error());
    out.block = std::move(*block);
    return out;
}

struct Answer {
    std::uint64_t height = 0;
    std::optional<Bytes> value;
    Bytes proof;
};

Result<Answer> fetch_answer(const RpcClient& endpoint, std::string_view module, ByteView key) {
    const Bytes arguments = TRY(codec::encode_dag_cbor(codec::Value::Map{{"key", Bytes(key.begin(), key.end())}}));
    const codec::Json json =
        TRY(endpoint.call("abci_query", "{\"path\":\"/store/" + std::string(module) + "/key\",\"data\":\"" +
                                            to_hex(arguments) + "\",\"prove\":true}"));
    const codec::Json& response = *TRY(json_at(json, "response"));
    const std::int64_t code = json_at(response, "code") ? TRY(json_integer(response, "code")) : 0;
    if (code != 0)
        return fail(ErrorCode::invalid_argument,
                    endpoint.url() + ": " + json_text(response, "log").value_or("refused"));
    Answer answer;
    const std::int64_t height = TRY(json_integer(response, "height"));
    if (height < 1) return fail(ErrorCode::malformed, endpoint.url() + ": the answer names no height");
    answer.height = static_cast<std::uint64_t>(height);
    const Bytes encoded = TRY(json_base64(response, "value"));
    const codec::Value value = TRY(codec::decode_dag_cbor(encoded));
    if (value.bytes() != nullptr) answer.value = *value.bytes();
    const codec::Json::List& ops = *TRY(json_list(response, "proofOps.ops"));
    if (ops.size() != 1) return fail(ErrorCode::malformed, endpoint.url() + ": the answer has no proof");
    answer.proof = TRY(json_base64(ops[0], "data"));
    return answer;
}

// The header that names the state after `height` comes one block later.
Result<void> wait_for_height(const RpcClient& endpoint, std::uint64_t height) {
    const auto deadline = std::chrono::steady_clock::now() + kNextHeaderPatience;
    while (TRY(endpoint.status()).height < height) {
        if (std::chrono::steady_clock::now() >= deadline)
            return fail(ErrorCode::cancelled, endpoint.url() + ": height " + std::to_string(height) + " does not come");
        std::this_thread::sleep_for(kPollPause);
    }
    return {};
}

// Appends blocks that lead from the last one of `chain` to `target`, halving the way where too few trusted validators signed.
Result<void> walk(const RpcClient& endpoint, std::vector<Fetched>& chain, Fetched target, const TrustOptions& options,
                  BlockTime now) {
    std::vector<Fetched> ahead;
    ahead.push_back(std::move(target));
    while (!ahead.empty()) {
        if (chain.size() + ahead.size() > kBundleBlocksMax)
            return fail(ErrorCode::resource_exhausted,
                        "too many headers are needed from the trusted one to the answer's");
        const LightBlock& trusted = chain.back().block;
        const auto verdict = verify_next(trusted, ahead.back().block, options, now);
        if (verdict) {
            chain.push_back(std::move(ahead.back()));
            ahead.pop_back();
            continue;
        }
        if (verdict.error().code != ErrorCode::not_found) return verdict;
        const std::int64_t middle =
            trusted.header.height + (ahead.back().block.header.height - trusted.header.height) / 2;
        ahead.push_back(TRY(fetch_block(endpoint, static_cast<std::uint64_t>(middle))));
    }
    return {};
}

Result<void> compare_endpoints(std::span<const RpcClient> endpoints, const LightBlock& last) {
    const auto height = static_cast<std::uint64_t>(last.header.height);
    for (const RpcClient& endpoint : endpoints.subspan(1)) {
        TRY_VOID(wait_for_height(endpoint, height));
        const Fetched other = TRY(fetch_block(endpoint, height));
        if (hash_of(other.block.header) == hash_of(last.header)) continue;
        return fail(ErrorCode::invalid_argument, endpoints[0].url() + " and " + endpoint.url() +
                                                     " show different headers of height " + std::to_string(height) +
                                                     ": one of them lies, or the chain has split");
    }
    return {};
}

} // namespace

Result<std::string> fetch_proof_bundle(std::span<const RpcClient> endpoints, const TrustRoot& root,
                                       const TrustOptions& options, BlockTime now, std::string_view module,
                                       ByteView key) {
    if (endpoints.empty()) return fail(ErrorCode::invalid_argument, "no endpoint is given");
    const RpcClient& first = endpoints.front();
    const Answer answer = TRY(fetch_answer(first, module, key));
    if (answer.height + 1 < root.height)
        return fail(ErrorCode::invalid_argument, first.url() + ": the answer is older than the trusted header");
    TRY_VOID(wait_for_height(first, answer.height + 1));
    std::vector<Fetched> chain;
    chain.push_back(TRY(fetch_block(first, root.height)));
    TRY_VOID(check_trust_root(chain.front().block, root));
    if (answer.height + 1 > root.height) {
        Fetched target = TRY(fetch_block(first, answer.height + 1));
        TRY_VOID(walk(first, chain, std::move(target), options, now));
    }
    TRY_VOID(compare_endpoints(endpoints, chain.back().block));
    std::string out = R"({"format":"assay-light-1","blocks":[)";
    for (std::size_t i = 0; i < chain.size(); ++i) out += (i == 0 ? "" : ",") + chain[i].json;
    out += "],\"module\":";
    codec::append_json_string(out, module);
    out += ",\"key\":\"" + to_hex(key) + "\",\"value\":" + (answer.value ? '"' + to_hex(*answer.value) + '"' : "null");
    out += ",\"height\":\"" + std::to_string(answer.height) + "\",\"proof\":\"" + to_hex(answer.proof) + "\"}";
    const ProofBundle bundle = TRY(parse_proof_bundle(out));
    TRY_VOID(verify_proof_bundle(bundle, root, options, now));
    return out;
}

} // namespace assay::consensus
