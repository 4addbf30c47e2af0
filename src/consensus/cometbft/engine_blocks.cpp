#include "consensus/cometbft/engine_blocks.h"

#include "consensus/cometbft/json_read.h"

#include <algorithm>

namespace assay::consensus {
namespace {

template <std::size_t N>
Result<std::array<std::uint8_t, N>> fixed(std::string_view path, const Result<Bytes>& bytes_or) {
    const Bytes bytes = TRY(bytes_or);
    std::array<std::uint8_t, N> out{};
    if (bytes.size() != N)
        return fail(ErrorCode::malformed, "'" + std::string(path) + "' has " + std::to_string(bytes.size()) +
                                              " bytes, not " + std::to_string(N));
    std::ranges::copy(bytes, out.begin());
    return out;
}

Result<std::uint64_t> count_at(const codec::Json& json, std::string_view path) {
    const std::int64_t value = TRY(json_integer(json, path));
    if (value < 0) return fail(ErrorCode::malformed, "'" + std::string(path) + "' is negative");
    return static_cast<std::uint64_t>(value);
}

/// The engine leaves out what is zero or empty, or writes null.
const codec::Json* present(const codec::Json& json, std::string_view name) {
    const codec::Json* const member = json.find(name);
    return member == nullptr || member->is_null() ? nullptr : member;
}

Result<std::vector<chain::Event>> events_at(const codec::Json& json, std::string_view name) {
    std::vector<chain::Event> events;
    if (present(json, name) == nullptr) return events;
    for (const codec::Json& entry : *TRY(json_list(json, name))) {
        chain::Event event{TRY(json_text(entry, "type")), {}};
        if (present(entry, "attributes") != nullptr) {
            for (const codec::Json& attribute : *TRY(json_list(entry, "attributes"))) {
                event.attributes.emplace_back(
                    TRY(json_text(attribute, "key")),
                    present(attribute, "value") == nullptr ? std::string() : TRY(json_text(attribute, "value")));
            }
        }
        events.push_back(std::move(event));
    }
    return events;
}

Result<chain::TxResult> transaction_result(const codec::Json& json) {
    chain::TxResult result;
    result.code = static_cast<chain::TxCode>(TRY(count_at(json, "code")));
    if (present(json, "log") != nullptr) result.log = TRY(json_text(json, "log"));
    if (present(json, "gas_wanted") != nullptr) result.gas_wanted = TRY(count_at(json, "gas_wanted"));
    if (present(json, "gas_used") != nullptr) result.gas_used = TRY(count_at(json, "gas_used"));
    result.events = TRY(events_at(json, "events"));
    return result;
}

} // namespace

Result<CommittedBlock> committed_block_from(const codec::Json& block, const codec::Json& results) {
    CommittedBlock out;
    out.info.chain_id = TRY(json_text(block, "block.header.chain_id"));
    out.info.height = TRY(count_at(block, "block.header.height"));
    const JsonTime time = TRY(json_time(block, "block.header.time"));
    out.info.time_ms = time.seconds * 1000 + time.nanos / 1'000'000;
    constexpr std::string_view kProposer = "block.header.proposer_address", kHash = "block_id.hash";
    out.info.proposer.bytes = TRY(fixed<20>(kProposer, json_hex(block, kProposer)));
    out.hash = TRY(fixed<32>(kHash, json_hex(block, kHash)));
    if (TRY(count_at(results, "height")) != out.info.height)
        return fail(ErrorCode::malformed, "'height' of the results is another block's");
    const codec::Json* const data = TRY(json_at(block, "block.data"));
    if (present(*data, "txs") != nullptr) {
        for (const codec::Json& wire : *TRY(json_list(*data, "txs")))
            out.transactions.push_back(TRY(json_base64(wire, "")));
    }
    if (present(results, "txs_results") != nullptr) {
        for (const codec::Json& result : *TRY(json_list(results, "txs_results")))
            out.result.transactions.push_back(TRY(transaction_result(result)));
    }
    if (out.transactions.size() != out.result.transactions.size())
        return fail(ErrorCode::malformed, "'txs_results' has " + std::to_string(out.result.transactions.size()) +
                                              " entries for " + std::to_string(out.transactions.size()) +
                                              " transactions");
    out.result.events = TRY(events_at(results, "finalize_block_events"));
    out.result.app_hash = TRY(fixed<32>("app_hash", json_base64(results, "app_hash")));
    return out;
}

Result<std::shared_ptr<const CommittedBlock>> fetch_committed_block(const RpcClient& engine, std::uint64_t height) {
    const std::string at = "{\"height\":\"" + std::to_string(height) + "\"}";
    const auto block = engine.call("block", at);
    const auto results = block ? engine.call("block_results", at) : std::unexpected(block.error());
    if (!results) { // the engine's own refusal: it does not have it
        const bool refused = results.error().code == ErrorCode::invalid_argument;
        return fail(refused ? ErrorCode::not_found : results.error().code, results.error().message);
    }
    return std::make_shared<const CommittedBlock>(TRY(committed_block_from(*block, *results)));
}

Result<std::uint64_t> first_height(const RpcClient& engine) {
    const codec::Json status = TRY(engine.call("status", "{}"));
    return count_at(status, "sync_info.earliest_block_height");
}

} // namespace assay::consensus
