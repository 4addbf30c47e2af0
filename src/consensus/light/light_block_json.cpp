#include "codec/base_text.h"
#include "consensus/cometbft/json_read.h"
#include "consensus/light/light_block.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace assay::consensus {

namespace {

std::unexpected<Error> malformed(std::string_view path, const std::string& what) {
    return fail(ErrorCode::malformed, "'" + std::string(path) + "' " + what);
}

Result<BlockTime> time_at(const codec::Json& json, std::string_view path) {
    const JsonTime time = TRY(json_time(json, path));
    return BlockTime{time.seconds, time.nanos};
}

Result<std::int64_t> bounded(const codec::Json& json, std::string_view path, std::int64_t max) {
    const std::int64_t value = TRY(json_integer(json, path));
    if (value < 0 || value > max) return malformed(path, "is out of range");
    return value;
}

Result<Bytes> bytes_at(const codec::Json& json, std::string_view path, std::size_t size) {
    Bytes bytes = TRY(json_hex(json, path));
    if (bytes.size() != size && !bytes.empty()) return malformed(path, "has another length");
    return bytes;
}

Result<BlockId> block_id_at(const codec::Json& json, const std::string& path) {
    constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
    return BlockId{TRY(bytes_at(json, path + ".hash", 32)),
                   static_cast<std::uint32_t>(TRY(bounded(json, path + ".parts.total", kMax))),
                   TRY(bytes_at(json, path + ".parts.hash", 32))};
}

Result<Header> header_of(const codec::Json& json) {
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    Header header;
    header.block_version = static_cast<std::uint64_t>(TRY(bounded(json, "version.block", kMax)));
    if (json_at(json, "version.app"))
        header.app_version = static_cast<std::uint64_t>(TRY(bounded(json, "version.app", kMax)));
    header.chain_id = TRY(json_text(json, "chain_id"));
    header.height = TRY(bounded(json, "height", kMax));
    header.time = TRY(time_at(json, "time"));
    header.last_block_id = TRY(block_id_at(json, "last_block_id"));
    header.last_commit_hash = TRY(bytes_at(json, "last_commit_hash", 32));
    header.data_hash = TRY(bytes_at(json, "data_hash", 32));
    header.validators_hash = TRY(bytes_at(json, "validators_hash", 32));
    header.next_validators_hash = TRY(bytes_at(json, "next_validators_hash", 32));
    header.consensus_hash = TRY(bytes_at(json, "consensus_hash", 32));
    header.app_hash = TRY(bytes_at(json, "app_hash", 32));
    header.last_results_hash = TRY(bytes_at(json, "last_results_hash", 32));
    header.evidence_hash = TRY(bytes_at(json, "evidence_hash", 32));
    header.proposer_address = TRY(bytes_at(json, "proposer_address", 20));
    return header;
}

Result<CommitSignature> signature_of(const codec::Json& json) {
    CommitSignature out;
    const std::int64_t flag = TRY(json_integer(json, "block_id_flag"));
    if (flag < 1 || flag > 3) return malformed("block_id_flag", "is not 1, 2 or 3");
    out.flag = static_cast<VoteFlag>(flag);
    if (out.flag == VoteFlag::absent) return out;
    out.validator = TRY(bytes_at(json, "validator_address", 20));
    out.time = TRY(time_at(json, "timestamp"));
    out.signature = TRY(json_base64(json, "signature"));
    if (out.signature.size() != 64)
        return malformed("signature", "has " + std::to_string(out.signature.size()) + " bytes, not 64");
    return out;
}

Result<Commit> commit_of(const codec::Json& json) {
    Commit commit;
    commit.height = TRY(bounded(json, "height", std::numeric_limits<std::int64_t>::max()));
    commit.round = static_cast<std::int32_t>(TRY(bounded(json, "round", std::numeric_limits<std::int32_t>::max())));
    commit.block_id = TRY(block_id_at(json, "block_id"));
    const codec::Json::List& list = *TRY(json_list(json, "signatures"));
    if (list.size() > kLightValidatorsMax)
        return fail(ErrorCode::resource_exhausted, "'signatures' has too many entries");
    for (const codec::Json& entry : list) commit.signatures.push_back(TRY(signature_of(entry)));
    return commit;
}

Result<LightValidator> validator_of(const codec::Json& json) {
    LightValidator validator;
    if (TRY(json_text(json, "pub_key.type")) != "tendermint/PubKeyEd25519")
        return malformed("pub_key.type", "is not Ed25519, the only kind supported");
    const Bytes key = TRY(json_base64(json, "pub_key.value"));
    if (key.size() != validator.public_key.size()) return malformed("pub_key.value", "has not 32 bytes");
    std::ranges::copy(key, validator.public_key.begin());
    validator.power = TRY(bounded(json, "voting_power", std::numeric_limits<std::int64_t>::max()));
    return validator;
}

std::string upper_hex(const Bytes& bytes) {
    std::string text = to_hex(bytes);
    for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

std::string padded_base64(ByteView bytes) {
    std::string text = codec::to_base64(bytes);
    while (text.size() % 4 != 0) text += '=';
    return text;
}

std::string digits(std::int64_t value, std::size_t width) {
    const std::string text = std::to_string(value);
    return std::string(width - std::min(width, text.size()), '0') + text;
}

/// RFC 3339 as Go writes it: no zeros at the end of the fraction.
std::string time_text(const BlockTime& time) {
    const std::chrono::sys_seconds moment{std::chrono::seconds(time.seconds)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(moment - day);
    std::string fraction = time.nanos == 0 ? "" : "." + digits(time.nanos, 9);
    while (fraction.ends_with('0')) fraction.pop_back();
    return digits(int{date.year()}, 4) + "-" + digits(unsigned{date.month()}, 2) + "-" +
           digits(unsigned{date.day()}, 2) + "T" + digits(clock.hours().count(), 2) + ":" +
           digits(clock.minutes().count(), 2) + ":" + digits(clock.seconds().count(), 2) + fraction + "Z";
}

class JsonObject {
public:
    JsonObject& raw(std::string_view name, const std::string& value) {
        text_ += text_.size() == 1 ? "" : ",";
        codec::append_json_string(text_, name);
        text_ += ":" + value;
        return *this;
    }
    JsonObject& text(std::string_view name, std::string_view value) {
        std::string quoted;
        codec::append_json_string(quoted, value);
        return raw(name, quoted);
    }
    std::string done() const { return text_ + "}"; }

private:
    std::string text_ = "{";
};

std::string json_of(const BlockId& id) {
    const std::string parts =
        JsonObject().raw("total", std::to_string(id.parts)).text("hash", upper_hex(id.parts_hash)).done();
    return JsonObject().text("hash", upper_hex(id.hash)).raw("parts", parts).done();
}

std::string json_of(const Header& header) {
    JsonObject version;
    version.text("block", std::to_string(header.block_version));
    if (header.app_version != 0) version.text("app", std::to_string(header.app_version));
    return JsonObject()
        .raw("version", version.done())
        .text("chain_id", header.chain_id)
        .text("height", std::to_string(header.height))
        .text("time", time_text(header.time))
        .raw("last_block_id", json_of(header.last_block_id))
        .text("last_commit_hash", upper_hex(header.last_commit_hash))
        .text("data_hash", upper_hex(header.data_hash))
        .text("validators_hash", upper_hex(header.validators_hash))
        .text("next_validators_hash", upper_hex(header.next_validators_hash))
        .text("consensus_hash", upper_hex(header.consensus_hash))
        .text("app_hash", upper_hex(header.app_hash))
        .text("last_results_hash", upper_hex(header.last_results_hash))
        .text("evidence_hash", upper_hex(header.evidence_hash))
        .text("proposer_address", upper_hex(header.proposer_address))
        .done();
}

std::string json_of(const CommitSignature& signature) {
    JsonObject out;
    out.raw("block_id_flag", std::to_string(static_cast<int>(signature.flag)));
    if (signature.flag == VoteFlag::absent)
        return out.text("validator_address", "")
            .text("timestamp", "0001-01-01T00:00:00Z")
            .raw("signature", "null")
            .done();
    return out.text("validator_address", upper_hex(signature.validator))
        .text("timestamp", time_text(signature.time))
        .text("signature", padded_base64(signature.signature))
        .done();
}

std::string json_of(const LightValidator& validator) {
    const std::string key =
        JsonObject().text("type", "tendermint/PubKeyEd25519").text("value", padded_base64(validator.public_key)).done();
    return JsonObject()
        .text("address", upper_hex(address_of(validator)))
        .raw("pub_key", key)
        .text("voting_power", std::to_string(validator.power))
        .done();
}

template <class T>
std::string json_list_of(const std::vector<T>& list) {
    std::string out = "[";
    for (const T& entry : list) out += (out.size() == 1 ? "" : ",") + json_of(entry);
    return out + "]";
}

template <class T>
Result<T> in(const char* where, Result<T> result) {
    if (!result) return fail_in(where, result.error());
    return result;
}

} // namespace

Result<LightBlock> parse_light_block(const codec::Json& json) {
    const codec::Json* const header = TRY(json_at(json, "signed_header.header"));
    const codec::Json* const commit = TRY(json_at(json, "signed_header.commit"));
    LightBlock block;
    block.header = TRY(in("header", header_of(*header)));
    block.commit = TRY(in("commit", commit_of(*commit)));
    const codec::Json::List& list = *TRY(json_list(json, "validators"));
    if (list.size() > kLightValidatorsMax)
        return fail(ErrorCode::resource_exhausted, "'validators' has too many entries");
    for (const codec::Json& entry : list) block.validators.push_back(TRY(in("validator", validator_of(entry))));
    return block;
}

std::string to_json(const LightBlock& block) {
    const std::string commit = JsonObject()
                                   .text("height", std::to_string(block.commit.height))
                                   .raw("round", std::to_string(block.commit.round))
                                   .raw("block_id", json_of(block.commit.block_id))
                                   .raw("signatures", json_list_of(block.commit.signatures))
                                   .done();
    const std::string signed_header = JsonObject().raw("header", json_of(block.header)).raw("commit", commit).done();
    return JsonObject().raw("signed_header", signed_header).raw("validators", json_list_of(block.validators)).done();
}

} // namespace assay::consensus
