/// What a transaction would do in the next block, on a copy: nothing is signed, written or remembered.
#include "chain/apply_block.h"
#include "chain/core/chain_application_impl.h"
#include "chain/modules/arguments.h"

namespace assay::chain {
namespace {

/// About a tenth of a second of one core: a question must not cost more than it costs to ask. Block making does not wait
/// for it, since it reads a snapshot of its own.
constexpr std::uint64_t kSimulationGasMax = 100'000'000;

codec::Value event_value(const Event& event) {
    codec::Value::Map attributes;
    for (const auto& [name, value] : event.attributes) attributes.insert_or_assign(name, codec::Value(value));
    return codec::Value(
        codec::Value::Map{{"type", codec::Value(event.type)}, {"attributes", codec::Value(std::move(attributes))}});
}

codec::Value result_value(const TxResult& result) {
    codec::Value::List events;
    for (const Event& event : result.events) events.push_back(event_value(event));
    return codec::Value(codec::Value::Map{{"code", static_cast<std::uint64_t>(result.code)},
                                          {"code_name", codec::Value(to_string(result.code))},
                                          {"log", codec::Value(result.log)},
                                          {"gas_wanted", result.gas_wanted},
                                          {"gas_used", result.gas_used},
                                          {"events", codec::Value(std::move(events))}});
}

codec::Value refusal_value(const Refusal& refusal) {
    TxResult result;
    result.code = refusal.code;
    result.log = refusal.log;
    return result_value(result);
}

} // namespace

Result<QueryResponse> ChainApplicationImpl::query_simulation(const QueryRequest& request) const {
    if (request.height)
        return fail(ErrorCode::invalid_argument, "a simulation is of the latest state, not of a height");
    const auto wire = TRY(argument<Bytes>(request.arguments, "transaction"));
    const auto store = this->store();
    if (store->version() == 0) return fail(ErrorCode::not_found, "nothing is committed yet");
    const auto view = TRY(store->latest());
    const auto record = decode_record<CommitRecord>(view->extra());
    QueryResponse response;
    response.height = view->version();
    Opened opened = decode_for(wire, modules_.params->get<ChainParams>(*view).evm_chain_id, messages_);
    if (opened.transaction == nullptr) {
        response.value = refusal_value(opened.refusal);
        return response;
    }
    BlockInfo block;
    block.chain_id = record.chain_id;
    block.height = record.height + 1;
    block.time_ms = record.time_ms; // the next block's is not known; it is not before this
    Overlay changes(*view);
    response.value =
        result_value(simulate_transaction(modules_, block, *opened.transaction, kSimulationGasMax, changes));
    return response;
}

} // namespace assay::chain
