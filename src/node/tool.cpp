#include "node/tool.h"

#include "codec/dag_json.h"
#include "codec/rlp.h"
#include "codec/utf8.h"
#include "crypto/content_id.h"
#include "crypto/ed25519.h"
#include "crypto/keccak.h"
#include "crypto/merkle.h"
#include "crypto/secp256k1.h"
#include "crypto/typed_data.h"
#include "crypto/unixfs.h"

#include <algorithm>

namespace assay::node {
namespace {

using codec::Json;

constexpr codec::JsonLimits kLineLimits{
    .size_max = kToolLineBytesMax, .depth_max = codec::kDepthMax + 8, .items_max = std::size_t{1} << 23};

std::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); }

std::string json_text(std::string_view text) {
    std::string out;
    codec::append_json_string(out, text);
    return out;
}

std::string json_hex(ByteView bytes) { return "\"0x" + to_hex(bytes) + "\""; }

std::string truth(bool value) { return value ? "true" : "false"; }

Result<const Json*> argument(const Json& request, std::string_view key) {
    const Json* value = request.find(key);
    if (value == nullptr) return wrong(std::string(key) + " is missing");
    return value;
}

Result<std::string> text_argument(const Json& request, std::string_view key) {
    const Json* value = TRY(argument(request, key));
    if (value->text() == nullptr)
        return wrong(std::string(key) + " must be a string, not " + std::string(value->kind()));
    return *value->text();
}

Result<Bytes> hex_argument(const Json& request, std::string_view key) {
    auto bytes = from_hex(TRY(text_argument(request, key)));
    if (!bytes) return fail_in(key, bytes.error());
    return bytes;
}

Result<crypto::Digest> digest_argument(const Json& request, std::string_view key) {
    const Bytes bytes = TRY(hex_argument(request, key));
    crypto::Digest digest;
    if (bytes.size() != digest.size())
        return wrong(std::string(key) + " has " + std::to_string(bytes.size()) + " bytes instead of 32");
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

/// What is hashed: "hex", or the UTF-8 bytes of "text".
Result<Bytes> message_argument(const Json& request) {
    if (request.find("hex") != nullptr || request.find("text") == nullptr) return hex_argument(request, "hex");
    const std::string text = TRY(text_argument(request, "text"));
    return Bytes(text.begin(), text.end());
}

std::string cid_of_block(const Bytes& block) {
    return json_text(crypto::content_id(codec::kCodecDagCbor, block).to_string());
}

Result<ToolAnswer> dag_cbor_decode(const Json& request) {
    const Bytes block = TRY(hex_argument(request, "hex"));
    const auto value = codec::decode_dag_cbor(block); // not TRY: g++ 12 warns falsely of a free inside it
    if (!value) return std::unexpected(value.error());
    return ToolAnswer{{"json", TRY(codec::encode_dag_json(*value))}, {"cid", cid_of_block(block)}};
}

Result<ToolAnswer> dag_cbor_encode(const Json& request) {
    const auto value = codec::value_of_dag_json(*TRY(argument(request, "json")));
    if (!value) return std::unexpected(value.error());
    const Bytes block = TRY(codec::encode_dag_cbor(*value));
    return ToolAnswer{{"hex", json_hex(block)}, {"cid", cid_of_block(block)}};
}

Result<ToolAnswer> cid_of_file(const Json& request) {
    const std::string path = TRY(text_argument(request, "path"));
    const auto v1 = crypto::unixfs_cid_of_file(path, crypto::kIpfsAddV1, {});
    if (!v1) return std::unexpected(v1.error());
    const auto v0 = crypto::unixfs_cid_of_file(path, crypto::kIpfsAddV0, {});
    if (!v0) return std::unexpected(v0.error());
    return ToolAnswer{{"cid", json_text(v1->to_string())}, {"cidv0", json_text(v0->to_string())}};
}

void append_rlp_json(std::string& out, const codec::RlpItem& item) {
    if (const Bytes* bytes = item.bytes()) {
        out += json_hex(*bytes);
        return;
    }
    out.push_back('[');
    for (const codec::RlpItem& child : *item.list()) {
        if (&child != item.list()->data()) out.push_back(',');
        append_rlp_json(out, child);
    }
    out.push_back(']');
}

Result<codec::RlpItem> rlp_of_json(const Json& json) {
    if (json.text() != nullptr) {
        auto bytes = from_hex(*json.text());
        if (!bytes) return fail_in("json", bytes.error());
        return codec::RlpItem(std::move(*bytes));
    }
    if (json.list() == nullptr)
        return wrong("json must be hexadecimal strings and lists of them, and holds " + std::string(json.kind()));
    codec::RlpItem::List items;
    for (const Json& child : *json.list()) {
        auto item = rlp_of_json(child);
        if (!item) return item;
        items.push_back(std::move(*item));
    }
    return codec::RlpItem(std::move(items));
}

Result<ToolAnswer> rlp_decode(const Json& request) {
    const auto item = codec::decode_rlp(TRY(hex_argument(request, "hex")), {.size_max = kToolLineBytesMax});
    if (!item) return std::unexpected(item.error());
    std::string json;
    append_rlp_json(json, *item);
    return ToolAnswer{{"json", std::move(json)}};
}

Result<ToolAnswer> rlp_encode(const Json& request) {
    const auto item = rlp_of_json(*TRY(argument(request, "json")));
    if (!item) return std::unexpected(item.error());
    return ToolAnswer{{"hex", json_hex(codec::encode_rlp(*item))}};
}

Result<ToolAnswer> keccak256(const Json& request) {
    const std::string hash = json_hex(crypto::keccak256(TRY(message_argument(request))));
    return ToolAnswer{{"hash", hash}, {"hex", hash}};
}

Result<ToolAnswer> sha256(const Json& request) {
    const std::string hash = json_hex(crypto::sha256(TRY(message_argument(request))));
    return ToolAnswer{{"hash", hash}, {"hex", hash}};
}

Result<ToolAnswer> address_checksum(const Json& request) {
    std::string text = TRY(text_argument(request, "address"));
    if (!text.starts_with("0x")) text.insert(0, "0x");
    return ToolAnswer{{"address", json_text(crypto::to_string(TRY(crypto::parse_address(text))))}};
}

Result<ToolAnswer> eip712_hash(const Json& request) {
    const Json* typed_data = TRY(argument(request, "typed_data"));
    Json parsed; // wallets hand typed data over as text
    if (typed_data->text() != nullptr) {
        auto json = codec::parse_json(*typed_data->text(), kLineLimits);
        if (!json) return fail_in("typed_data", json.error());
        parsed = std::move(*json);
        typed_data = &parsed;
    }
    const crypto::TypedDataHashes hashes = TRY(crypto::hash_typed_data(*typed_data));
    return ToolAnswer{{"domain_separator", json_hex(hashes.domain_separator)},
                      {"struct_hash", json_hex(hashes.struct_hash)},
                      {"digest", json_hex(hashes.digest)}};
}

Result<ToolAnswer> ecdsa_recover(const Json& request) {
    const crypto::Digest digest = TRY(digest_argument(request, "digest"));
    const Bytes signature = TRY(hex_argument(request, "signature"));
    const crypto::PublicKey key = TRY(crypto::recover_public_key(digest, signature));
    return ToolAnswer{{"address", json_text(crypto::to_string(crypto::address_of(key)))},
                      {"public_key", json_hex(key)}};
}

Result<ToolAnswer> ecdsa_verify(const Json& request) {
    const crypto::Digest digest = TRY(digest_argument(request, "digest"));
    const Bytes signature = TRY(hex_argument(request, "signature"));
    const Bytes key = TRY(hex_argument(request, "public_key"));
    // The 65 bytes that recover takes are welcome too: v says nothing that the key does not.
    const ByteView compact = signature.size() == 65 ? ByteView(signature).first(64) : ByteView(signature);
    return ToolAnswer{{"valid", truth(crypto::verify(digest, compact, key))}};
}

Result<ToolAnswer> ed25519_verify(const Json& request) {
    const Bytes key = TRY(hex_argument(request, "public_key"));
    const Bytes message = TRY(hex_argument(request, "message"));
    const Bytes signature = TRY(hex_argument(request, "signature"));
    return ToolAnswer{{"valid", truth(crypto::ed25519_verify(key, message, signature))}};
}

Result<ToolAnswer> merkle_rfc6962(const Json& request) {
    const Json* leaves = TRY(argument(request, "leaves"));
    if (leaves->list() == nullptr) return wrong("leaves must be a list of hexadecimal strings");
    crypto::MerkleBuilder builder;
    for (const Json& leaf : *leaves->list()) {
        const std::string where = "leaves[" + std::to_string(&leaf - leaves->list()->data()) + "]";
        if (leaf.text() == nullptr) return wrong(where + " must be a string, not " + std::string(leaf.kind()));
        const auto bytes = from_hex(*leaf.text());
        if (!bytes) return fail_in(where, bytes.error());
        builder.add(crypto::merkle_leaf(*bytes));
    }
    return ToolAnswer{{"root", json_hex(builder.root())}};
}

struct Operation {
    std::string_view name;
    Result<ToolAnswer> (*run)(const Json& request);
};

constexpr Operation kOperations[] = {{"dag-cbor.decode", dag_cbor_decode},
                                     {"dag-cbor.encode", dag_cbor_encode},
                                     {"cid.of_file", cid_of_file},
                                     {"rlp.decode", rlp_decode},
                                     {"rlp.encode", rlp_encode},
                                     {"keccak256", keccak256},
                                     {"sha256", sha256},
                                     {"address.checksum", address_checksum},
                                     {"eip712.hash", eip712_hash},
                                     {"ecdsa.recover", ecdsa_recover},
                                     {"ecdsa.verify", ecdsa_verify},
                                     {"ed25519.verify", ed25519_verify},
                                     {"merkle.rfc6962", merkle_rfc6962}};

Result<std::string> operation_of(const Json& request) {
    if (request.object() == nullptr) return wrong("a line must be an object, not " + std::string(request.kind()));
    for (const std::string_view key : {"op", "cmd", "command", "tool"}) {
        if (request.find(key) != nullptr) return text_argument(request, key);
    }
    return wrong("op is missing: the operation's name");
}

Result<ToolAnswer> run_request(std::string_view line) {
    const auto request = codec::parse_json(line, kLineLimits);
    if (!request) return std::unexpected(request.error());
    return run_tool(TRY(operation_of(*request)), *request);
}

std::string refusal(std::string_view message) { return R"({"ok":false,"error":)" + json_text(message) + "}"; }

} // namespace

Result<ToolAnswer> run_tool(std::string_view operation, const Json& request) {
    const auto known = std::ranges::find(kOperations, operation, &Operation::name);
    if (known != std::end(kOperations)) return known->run(request);
    std::string names;
    for (const Operation& each : kOperations) names.append(names.empty() ? "" : ", ").append(each.name);
    return wrong("operation " + json_text(codec::utf8_prefix(operation, 64)) + " does not exist; there are " + names);
}

std::string run_tool_line(std::string_view json_line) {
    if (json_line.find_first_not_of(" \t\r") == std::string_view::npos) return refusal("the line is empty");
    const auto answer = run_request(json_line);
    if (!answer) return refusal(answer.error().message);
    std::string line = R"({"ok":true)";
    for (const auto& [key, value] : *answer) line += "," + json_text(key) + ":" + value;
    return line + "}";
}

std::string ToolLines::answer_line() {
    const std::string answer = too_long_
                                   ? refusal("the line is longer than " + std::to_string(kToolLineBytesMax) + " bytes")
                                   : run_tool_line(line_);
    line_.clear();
    too_long_ = false;
    return answer + "\n";
}

std::string ToolLines::feed(std::string_view piece) {
    std::string answers;
    while (!piece.empty()) {
        const std::size_t end = std::min(piece.find('\n'), piece.size());
        too_long_ = too_long_ || line_.size() + end > kToolLineBytesMax;
        if (too_long_) line_ = {};
        else line_ += piece.substr(0, end);
        if (end == piece.size()) break;
        answers += answer_line();
        piece.remove_prefix(end + 1);
    }
    return answers;
}

std::string ToolLines::finish() { return line_.empty() && !too_long_ ? std::string() : answer_line(); }

} // namespace assay::node
