#pragma once
/// The wire's messages to the state machine's types and back.
/// Internal to the room. Thread-safe; committed class: a function of its arguments.
#include "chain/application.h"
#include "consensus/cometbft/handler.h"

#include <string>
#include <vector>

namespace assay::consensus {

/// Errors of every from_…: malformed, naming the field.
Result<chain::GenesisRequest> genesis_from(const abci::InitChainRequest& request);
Result<chain::BlockInfo> block_from(const abci::BlockRequest& request, const std::string& chain_id);
Result<chain::BlockInfo> block_from(const abci::PrepareProposalRequest& request, const std::string& chain_id);
Result<chain::QueryRequest> query_from(const abci::QueryRequest& request);
Result<chain::SnapshotDescription> snapshot_from(const abci::Snapshot& snapshot);
Result<chain::Digest> digest_from(const std::string& field, const std::string& bytes);

inline ByteView view_of(const std::string& bytes) { return as_byte_view(bytes); }
std::vector<Bytes> transactions_from(const google::protobuf::RepeatedPtrField<std::string>& transactions);

void set_bytes(std::string& field, ByteView bytes);
void set_result(abci::TxResult& out, const chain::TxResult& result);
void set_events(google::protobuf::RepeatedPtrField<abci::Event>& out, const std::vector<chain::Event>& events);
/// Errors: internal (a validator twice, a power over what the engine bears): the engine would stop at those.
Result<void> set_validators(google::protobuf::RepeatedPtrField<abci::ValidatorUpdate>& out,
                            const std::vector<chain::ValidatorUpdate>& updates);
/// Every part whole: the engine takes an absent number for zero.
void set_parameters(abci::ConsensusParams& out, const chain::ConsensusParameters& parameters);
void set_snapshot(abci::Snapshot& out, const chain::SnapshotDescription& snapshot);
void set_query(abci::QueryResponse& out, const Result<chain::QueryResponse>& response);

} // namespace assay::consensus
