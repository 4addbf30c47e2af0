/// Questions about the state of one height, from any thread.
#include "chain/core/chain_application_impl.h"

namespace assay::chain {
namespace {

/// A state to read, and the block that left it.
struct Height {
    std::shared_ptr<const StateReader> state;
    BlockInfo block;
};

BlockInfo block_of(const CommitRecord& record) {
    BlockInfo block;
    block.chain_id = record.chain_id;
    block.height = record.height;
    block.time_ms = record.time_ms;
    return block;
}

/// "/bank/balance" → {"bank", "balance"}.
std::pair<std::string_view, std::string_view> split(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return {path, {}};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

std::unexpected<Error> unknown_path(std::string_view path) {
    return fail(ErrorCode::not_found, "no query '" + std::string(path.substr(0, 128)) + "'");
}

Result<std::shared_ptr<const StateView>> view_at(const StateStore& store, std::optional<std::uint64_t> height) {
    if (store.version() == 0) return fail(ErrorCode::not_found, "nothing is committed yet");
    return height && *height != 0 ? store.at(*height) : store.latest();
}

} // namespace

Result<QueryResponse> ChainApplicationImpl::query(const QueryRequest& request) const {
    const auto [module, path] = split(request.path);
    if (module == "store") return query_store(request, path);
    if (module == "simulate" && path.empty() && !request.prove) return query_simulation(request);
    if (request.prove)
        return fail(ErrorCode::invalid_argument, "only /store/<module>/key answers with a proof, not " + request.path);
    return query_module(request, module, path);
}

Result<QueryResponse> ChainApplicationImpl::query_store(const QueryRequest& request, std::string_view path) const {
    const auto [name, kind] = split(path);
    const Module* module = modules_.find(name);
    if (module == nullptr || kind != "key") return unknown_path(request.path);
    const codec::Value* key = request.arguments.find("key");
    if (key == nullptr || key->bytes() == nullptr)
        return fail(ErrorCode::invalid_argument, "argument 'key' is missing or not bytes");
    if (key->bytes()->empty() || key->bytes()->size() > kStateKeyBytesMax) {
        return fail(ErrorCode::invalid_argument,
                    "argument 'key' has not 1 … " + std::to_string(kStateKeyBytesMax) + " bytes");
    }
    const auto view = TRY(view_at(*store(), request.height));
    QueryResponse response;
    response.height = view->version();
    if (auto value = view->get(module->id(), *key->bytes())) response.value = codec::Value(std::move(*value));
    if (request.prove) response.proof = view->prove(module->id(), *key->bytes());
    return response;
}

Result<QueryResponse> ChainApplicationImpl::query_module(const QueryRequest& request, std::string_view name,
                                                         std::string_view path) const {
    const Module* module = modules_.find(name);
    if (module == nullptr || path.empty()) return unknown_path(request.path);
    const auto view = TRY(view_at(*store(), request.height));
    const auto record = decode_record<CommitRecord>(view->extra());
    QueryResponse response;
    response.height = view->version();
    response.value = TRY(module->query(block_of(record), *view, path, request.arguments));
    return response;
}

std::string_view to_string(TxCode code) {
    switch (code) {
        case TxCode::ok: return "ok";
        case TxCode::malformed: return "malformed";
        case TxCode::too_large: return "too_large";
        case TxCode::wrong_chain: return "wrong_chain";
        case TxCode::bad_signature: return "bad_signature";
        case TxCode::bad_nonce: return "bad_nonce";
        case TxCode::expired: return "expired";
        case TxCode::fee_too_low: return "fee_too_low";
        case TxCode::insufficient_funds: return "insufficient_funds";
        case TxCode::out_of_gas: return "out_of_gas";
        case TxCode::message_failed: return "message_failed";
        case TxCode::block_full: return "block_full";
        case TxCode::unknown_message: return "unknown_message";
        case TxCode::mempool_full: return "mempool_full";
    }
    return "malformed";
}

} // namespace assay::chain
