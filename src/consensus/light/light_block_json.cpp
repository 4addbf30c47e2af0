#include "consensus/cometbft/json_read.h"
#include "consensus/light/light_block.h"

#include <algorithm>
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

} // namespace assay::consensus
