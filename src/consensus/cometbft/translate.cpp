#include "consensus/cometbft/translate.h"

#include "codec/dag_json.h"

#include <algorithm>
#include <limits>
#include <set>

namespace assay::consensus {

namespace {

constexpr std::int64_t kPowerSumMax = std::numeric_limits<std::int64_t>::max() / 8; // types.MaxTotalVotingPower
constexpr std::int64_t kMillisecondsMax = std::numeric_limits<std::int64_t>::max() / 1000 - 1;

std::unexpected<Error> malformed(const std::string& field, const std::string& what) {
    return fail(ErrorCode::malformed, field + ": " + what);
}

Result<std::int64_t> milliseconds_from(const std::string& field, const abci::Time& time) {
    if (time.seconds() < -kMillisecondsMax || time.seconds() > kMillisecondsMax || time.nanos() < 0 ||
        time.nanos() >= 1'000'000'000)
        return malformed(field, "out of range");
    return time.seconds() * 1000 + time.nanos() / 1'000'000;
}

void set_milliseconds(abci::Time& out, std::int64_t milliseconds) {
    out.set_seconds(milliseconds / 1000);
    out.set_nanos(static_cast<std::int32_t>(milliseconds % 1000) * 1'000'000);
}

Result<std::uint64_t> unsigned_from(const std::string& field, std::int64_t value) {
    if (value < 0) return malformed(field, std::to_string(value) + " is negative");
    return static_cast<std::uint64_t>(value);
}

std::int64_t signed_from(std::uint64_t value) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    return value > static_cast<std::uint64_t>(kMax) ? kMax : static_cast<std::int64_t>(value);
}

Result<chain::ConsensusAddress> address_from(const std::string& field, const std::string& bytes) {
    chain::ConsensusAddress address;
    if (bytes.size() != address.bytes.size()) return malformed(field, std::to_string(bytes.size()) + " bytes, not 20");
    std::ranges::copy(view_of(bytes), address.bytes.begin());
    return address;
}

// A vote for nil counts too: that validator was there, it only had not seen the block in time.
bool took_part(abci::BlockIdFlag flag) { return flag == abci::COMMIT || flag == abci::NIL; }

template <class Votes>
Result<std::vector<chain::CommitVote>> votes_from(const Votes& votes) {
    std::vector<chain::CommitVote> out;
    out.reserve(static_cast<std::size_t>(votes.size()));
    for (const auto& vote : votes) {
        out.push_back({TRY(address_from("last commit: validator address", vote.validator().address())),
                       TRY(unsigned_from("last commit: power", vote.validator().power())),
                       took_part(vote.block_id_flag())});
    }
    return out;
}

Result<std::vector<chain::Misbehavior>>
misbehavior_from(const google::protobuf::RepeatedPtrField<abci::Misbehavior>& list) {
    std::vector<chain::Misbehavior> out;
    for (const auto& entry : list) {
        chain::Misbehavior misbehavior;
        if (entry.type() == abci::LIGHT_CLIENT_ATTACK) misbehavior.kind = chain::MisbehaviorKind::light_client_attack;
        else if (entry.type() != abci::DUPLICATE_VOTE)
            return malformed("misbehavior: type", std::to_string(entry.type()) + " is unknown");
        misbehavior.validator = TRY(address_from("misbehavior: validator", entry.validator().address()));
        misbehavior.power = TRY(unsigned_from("misbehavior: power", entry.validator().power()));
        misbehavior.height = TRY(unsigned_from("misbehavior: height", entry.height()));
        misbehavior.time_ms = TRY(milliseconds_from("misbehavior: time", entry.time()));
        misbehavior.total_power = TRY(unsigned_from("misbehavior: total power", entry.total_voting_power()));
        out.push_back(misbehavior);
    }
    return out;
}

// What proposals, blocks to judge and blocks to execute have in common.
template <class Request, class Votes>
Result<chain::BlockInfo> block_info(const Request& request, const Votes& votes, const std::string& chain_id) {
    chain::BlockInfo block;
    block.chain_id = chain_id;
    block.height = TRY(unsigned_from("height", request.height()));
    block.time_ms = TRY(milliseconds_from("time", request.time()));
    block.proposer = TRY(address_from("proposer address", request.proposer_address()));
    block.last_commit = TRY(votes_from(votes));
    block.misbehavior = TRY(misbehavior_from(request.misbehavior()));
    return block;
}

Result<chain::ValidatorUpdate> validator_from(const abci::ValidatorUpdate& update) {
    chain::ValidatorUpdate out;
    if (!update.pub_key().has_ed25519()) return malformed("validator: public key", "only Ed25519 keys are supported");
    const std::string& key = update.pub_key().ed25519();
    if (key.size() != out.public_key.size())
        return malformed("validator: public key", std::to_string(key.size()) + " bytes, not 32");
    std::ranges::copy(view_of(key), out.public_key.begin());
    out.power = TRY(unsigned_from("validator: power", update.power()));
    return out;
}

Result<chain::ConsensusParameters> parameters_from(const abci::ConsensusParams& params) {
    chain::ConsensusParameters out;
    const auto& block = params.block();
    // -1: as large as the engine allows.
    if (block.max_bytes() >= 0) out.block_bytes_max = static_cast<std::uint64_t>(block.max_bytes());
    if (block.max_bytes() < 0) out.block_bytes_max = std::uint64_t{100} << 20;
    if (block.max_gas() >= 0) out.block_gas_max = static_cast<std::uint64_t>(block.max_gas());
    out.evidence_age_blocks = TRY(unsigned_from("evidence: age", params.evidence().max_age_num_blocks()));
    out.evidence_age_ms = TRY(milliseconds_from("evidence: age", params.evidence().max_age_duration()));
    out.evidence_bytes_max = TRY(unsigned_from("evidence: bytes", params.evidence().max_bytes()));
    return out;
}

} // namespace

Result<chain::GenesisRequest> genesis_from(const abci::InitChainRequest& request) {
    chain::GenesisRequest genesis;
    genesis.chain_id = request.chain_id();
    genesis.time_ms = TRY(milliseconds_from("genesis time", request.time()));
    genesis.initial_height = TRY(unsigned_from("initial height", request.initial_height()));
    if (!request.app_state_bytes().empty()) {
        auto state = codec::decode_dag_json(request.app_state_bytes());
        if (!state) return fail_in("app_state", state.error());
        genesis.app_state = std::move(*state);
    }
    for (const auto& validator : request.validators()) genesis.validators.push_back(TRY(validator_from(validator)));
    if (request.has_consensus_params()) genesis.consensus = TRY(parameters_from(request.consensus_params()));
    return genesis;
}

Result<chain::BlockInfo> block_from(const abci::BlockRequest& request, const std::string& chain_id) {
    return block_info(request, request.last_commit().votes(), chain_id);
}

Result<chain::BlockInfo> block_from(const abci::PrepareProposalRequest& request, const std::string& chain_id) {
    return block_info(request, request.local_last_commit().votes(), chain_id);
}

Result<chain::QueryRequest> query_from(const abci::QueryRequest& request) {
    chain::QueryRequest query;
    query.path = request.path();
    query.arguments = codec::Value(codec::Value::Map{});
    if (!request.data().empty()) {
        auto arguments = codec::decode_dag_cbor(view_of(request.data()));
        if (!arguments) return fail_in("query data", arguments.error());
        query.arguments = std::move(*arguments);
    }
    if (request.height() != 0) query.height = TRY(unsigned_from("query height", request.height()));
    query.prove = request.prove();
    return query;
}

Result<chain::Digest> digest_from(const std::string& field, const std::string& bytes) {
    chain::Digest digest{};
    if (bytes.size() != digest.size()) return malformed(field, std::to_string(bytes.size()) + " bytes, not 32");
    std::ranges::copy(view_of(bytes), digest.begin());
    return digest;
}

Result<chain::SnapshotDescription> snapshot_from(const abci::Snapshot& snapshot) {
    const ByteView metadata = view_of(snapshot.metadata());
    return chain::SnapshotDescription{snapshot.height(), snapshot.format(), snapshot.chunks(),
                                      TRY(digest_from("snapshot hash", snapshot.hash())),
                                      Bytes(metadata.begin(), metadata.end())};
}

std::vector<Bytes> transactions_from(const google::protobuf::RepeatedPtrField<std::string>& transactions) {
    std::vector<Bytes> out;
    out.reserve(static_cast<std::size_t>(transactions.size()));
    for (const std::string& transaction : transactions) {
        const ByteView bytes = view_of(transaction);
        out.emplace_back(bytes.begin(), bytes.end());
    }
    return out;
}

void set_bytes(std::string& field, ByteView bytes) { field.assign(as_string_view(bytes)); }

void set_result(abci::TxResult& out, const chain::TxResult& result) {
    out.set_code(static_cast<std::uint32_t>(result.code));
    out.set_log(result.log);
    if (result.code != chain::TxCode::ok) out.set_codespace("assay");
    out.set_gas_wanted(signed_from(result.gas_wanted));
    out.set_gas_used(signed_from(result.gas_used));
    set_events(*out.mutable_events(), result.events);
}

void set_events(google::protobuf::RepeatedPtrField<abci::Event>& out, const std::vector<chain::Event>& events) {
    for (const chain::Event& event : events) {
        abci::Event& wire = *out.Add();
        wire.set_type(event.type);
        for (const auto& [key, value] : event.attributes) {
            abci::EventAttribute& attribute = *wire.add_attributes(); // not indexed: the node has its own index
            attribute.set_key(key);
            attribute.set_value(value);
        }
    }
}

Result<void> set_validators(google::protobuf::RepeatedPtrField<abci::ValidatorUpdate>& out,
                            const std::vector<chain::ValidatorUpdate>& updates) {
    std::set<std::array<std::uint8_t, 32>> seen;
    std::uint64_t sum = 0;
    for (const chain::ValidatorUpdate& update : updates) {
        if (!seen.insert(update.public_key).second)
            return fail(ErrorCode::internal,
                        "validator " + to_hex(update.public_key) + " is updated twice in one block");
        if (update.power > static_cast<std::uint64_t>(kPowerSumMax) - sum)
            return fail(ErrorCode::internal, "the validators' power sums up to more than 2^60");
        sum += update.power;
        abci::ValidatorUpdate& wire = *out.Add();
        set_bytes(*wire.mutable_pub_key()->mutable_ed25519(), update.public_key);
        wire.set_power(static_cast<std::int64_t>(update.power));
    }
    return {};
}

void set_parameters(abci::ConsensusParams& out, const chain::ConsensusParameters& parameters) {
    out.mutable_block()->set_max_bytes(signed_from(parameters.block_bytes_max));
    out.mutable_block()->set_max_gas(parameters.block_gas_max ? signed_from(*parameters.block_gas_max) : -1);
    out.mutable_evidence()->set_max_age_num_blocks(signed_from(parameters.evidence_age_blocks));
    set_milliseconds(*out.mutable_evidence()->mutable_max_age_duration(), parameters.evidence_age_ms);
    out.mutable_evidence()->set_max_bytes(signed_from(parameters.evidence_bytes_max));
    if (parameters.app_version) out.mutable_version()->set_app(*parameters.app_version);
}

void set_snapshot(abci::Snapshot& out, const chain::SnapshotDescription& snapshot) {
    out.set_height(snapshot.height);
    out.set_format(snapshot.format);
    out.set_chunks(snapshot.chunks);
    set_bytes(*out.mutable_hash(), snapshot.hash);
    set_bytes(*out.mutable_metadata(), snapshot.metadata);
}

void set_query(abci::QueryResponse& out, const Result<chain::QueryResponse>& response) {
    if (!response) {
        out.set_code(1 + static_cast<std::uint32_t>(response.error().code)); // 0 is success
        out.set_codespace("assay");
        out.set_log(std::string(to_string(response.error().code)) + ": " + response.error().message);
        return;
    }
    const auto value = codec::encode_dag_cbor(response->value);
    if (!value) return set_query(out, std::unexpected(value.error()));
    set_bytes(*out.mutable_value(), *value);
    out.set_height(signed_from(response->height));
    if (response->proof.empty()) return;
    abci::ProofOp& proof = *out.mutable_proof_ops()->add_ops();
    proof.set_type("assay:state");
    set_bytes(*proof.mutable_data(), response->proof);
}

} // namespace assay::consensus
