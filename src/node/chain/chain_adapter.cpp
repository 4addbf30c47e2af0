#include "node/chain/chain_adapter.h"

#include "chain/chain_params.h"
#include "codec/base_text.h"
#include "node/chain/chain_json.h"
#include "node/chain/ethereum_calls.h"
#include "node/chain/event_hub.h"
#include "node/chain/index_wait.h"
#include "node/chain/transaction_form.h"
#include "node/chain/transaction_sequence.h"

#include <algorithm>
#include <charconv>

namespace assay::node {
namespace {

using codec::Value;

constexpr std::chrono::milliseconds kIndexPatience{250};

std::string dump(const ChainJson& json) { return json.dump(-1, ' ', false, ChainJson::error_handler_t::replace); }

api::SubmittedTransaction submitted(consensus::Submission& submission) {
    return {.hash = to_hex(submission.hash),
            .code = static_cast<std::uint32_t>(submission.result.code),
            .code_name = std::string(chain::to_string(submission.result.code)),
            .log = std::move(submission.result.log)};
}

class ChainAdapter final : public api::ChainNode {
public:
    explicit ChainAdapter(ChainHost& host)
        : host_(host), hub_(host.index(), host.application().info().height), observation_(host.observe(hub_)),
          ethereum_(host) {}

    std::string status() const override;
    Result<std::string> query(std::string_view path, std::string_view arguments, std::optional<std::uint64_t> height,
                              bool prove) const override;
    Result<std::string> header(std::uint64_t height) const override {
        return to_json(TRY(host_.consensus().light_block(height)));
    }
    Result<std::vector<Bytes>> split(ByteView sequence) const override { return split_sequence(sequence); }
    void submit(std::vector<Bytes> transactions,
                std::function<void(std::vector<api::SubmittedTransaction>)> done) override;
    void wait(std::string_view hash, std::chrono::milliseconds timeout,
              std::function<void(std::optional<std::string>)> done) override;
    Result<std::string> prepare(std::string_view body) const override;
    Result<Bytes> assemble(std::string_view body, std::string_view signature) const override;
    Result<std::string> block(std::string_view height_or_hash) const override;
    Result<std::string> blocks(std::optional<std::uint64_t> before, std::uint32_t limit) const override;
    Result<std::string> transaction(std::string_view hash) const override;
    Result<std::string> account(std::string_view address) const override;
    Result<std::string> account_transactions(std::string_view address, std::string_view before,
                                             std::uint32_t limit) const override;
    Result<std::string> events(const api::EventFilter& filter, std::uint32_t limit) const override;
    Result<std::uint64_t> subscribe(api::EventFilter filter, std::shared_ptr<api::ChainEventSink> sink) override {
        return hub_.subscribe(filter, std::move(sink));
    }
    void unsubscribe(std::uint64_t id) override { hub_.unsubscribe(id); }
    void end_subscriptions() override { hub_.end(); }
    std::expected<std::string, api::EthereumError> ethereum(std::string_view method, std::string_view params) override {
        return ethereum_.call(method, params);
    }

private:
    Result<Value> ask(std::string_view path, Value::Map arguments) const {
        return TRY(host_.application().query({.path = std::string(path), .arguments = Value(std::move(arguments))}))
            .value;
    }
    Result<chain::ChainParams> chain_params() const {
        const auto store = host_.application().store();
        const auto view = TRY(store->latest());
        return host_.application().modules().params->get<chain::ChainParams>(*view);
    }
    Result<consensus::ExplorerIndex*> index() const {
        if (host_.index() == nullptr) return fail(ErrorCode::unsupported, "this node keeps no index");
        wait_for_index(*host_.index(), host_.application().info().height, kIndexPatience); // as far as it can be
        return host_.index();
    }
    const chain::MessageRegistry& registry() const { return host_.application().messages(); }

    ChainHost& host_;
    EventHub hub_;
    std::unique_ptr<Observation> observation_; ///< ends before the hub does
    EthereumCalls ethereum_;
};

std::string ChainAdapter::status() const {
    const chain::ApplicationInfo info = host_.application().info();
    const consensus::ConsensusStatus consensus = host_.consensus().status();
    ChainJson json{{"chain_id", info.chain_id}};
    if (const auto params = chain_params()) json["evm_chain_id"] = params->evm_chain_id;
    json["height"] = info.height;
    json["app_hash"] = to_hex(info.app_hash);
    if (consensus.hash != crypto::Digest{} && consensus.height == info.height)
        json["block_hash"] = to_hex(consensus.hash);
    json["time_ms"] = consensus.time_ms;
    json["consensus"] = consensus.mode;
    json["waiting_transactions"] = consensus.waiting_transactions;
    json["app_version"] = info.app_version;
    if (host_.index() != nullptr) json["index_height"] = host_.index()->height();
    if (const std::string& why = info.halt.empty() ? consensus.trouble : info.halt; !why.empty()) json["trouble"] = why;
    return dump(json);
}

Result<std::string> ChainAdapter::query(std::string_view path, std::string_view arguments,
                                        std::optional<std::uint64_t> height, bool prove) const {
    Value values = TRY(value_of_plain_json(arguments));
    if (values.map() == nullptr) return fail(ErrorCode::malformed, "the arguments are no JSON object");
    if (path.starts_with("/store/")) { // raw keys are bytes
        const Value* key = values.find("key");
        if (key != nullptr && key->text() != nullptr) {
            const auto bytes = from_hex(*key->text());
            if (!bytes) return fail_in("argument 'key'", bytes.error());
            values = Value::Map{{"key", *bytes}};
        }
    }
    if (prove && path.starts_with("/store/")) {
        const std::uint64_t provable = TRY(host_.consensus().provable_height());
        if (!height) height = provable;
        if (*height > provable)
            return fail(ErrorCode::not_found, "no header names the state of height " + std::to_string(*height) +
                                                  " yet: it can be proven up to " + std::to_string(provable));
    }
    const auto answer = TRY(host_.application().query(
        {.path = std::string(path), .arguments = std::move(values), .height = height, .prove = prove}));
    ChainJson json{{"value", to_plain_json(answer.value)}, {"height", answer.height}};
    if (prove) json["proof"] = "0x" + to_hex(answer.proof);
    return dump(json);
}

void ChainAdapter::submit(std::vector<Bytes> transactions,
                          std::function<void(std::vector<api::SubmittedTransaction>)> done) {
    host_.consensus().submit(std::move(transactions), [done](std::vector<consensus::Submission> submissions) {
        std::vector<api::SubmittedTransaction> results;
        results.reserve(submissions.size());
        for (auto& submission : submissions) results.push_back(submitted(submission));
        done(std::move(results));
    });
}

void ChainAdapter::wait(std::string_view hash, std::chrono::milliseconds timeout,
                        std::function<void(std::optional<std::string>)> done) {
    const auto digest = parse_hash(hash);
    if (!digest) return done(std::nullopt);
    host_.waiters().wait(*digest, timeout, [this, done](std::optional<consensus::CommittedTransaction> committed) {
        done(committed ? std::optional(dump(transaction_json(*committed, registry()))) : std::nullopt);
    });
}

Result<std::string> ChainAdapter::prepare(std::string_view form) const {
    const crypto::Address from = TRY(sender_of_form(form));
    const Value account = TRY(ask("/bank/account", {{"address", crypto::to_string(from)}}));
    const auto params = TRY(chain_params());
    const TransactionDefaults defaults{.chain = params.evm_chain_id,
                                       .nonce = account.find("nonce")->integer()->to_uint64().value_or(0),
                                       .expiry = host_.application().info().height + kExpiryBlocks,
                                       .gas_price = params.gas_price_min};
    const auto body = TRY(body_from_form(form, registry(), defaults));
    return "{\"body\":" + dump(body_json(body)) + ",\"typed_data\":" + chain::typed_data_json(body) + "}";
}

Result<Bytes> ChainAdapter::assemble(std::string_view form, std::string_view signature) const {
    const auto body = TRY(body_from_complete_form(form, registry()));
    const auto bytes = from_hex(signature);
    if (!bytes) return fail_in("signature", bytes.error());
    crypto::Signature fixed{};
    if (bytes->size() != fixed.size())
        return fail(ErrorCode::malformed,
                    "signature: " + std::to_string(bytes->size()) + " bytes instead of 65 (r, s, v)");
    std::ranges::copy(*bytes, fixed.begin());
    if (fixed[64] < 2) fixed[64] = static_cast<std::uint8_t>(fixed[64] + 27); // some wallets
    return chain::encode_transaction(body, fixed);
}

Result<std::string> ChainAdapter::block(std::string_view which) const {
    const auto* explorer = TRY(index());
    Result<std::optional<consensus::IndexedBlock>> found = std::optional<consensus::IndexedBlock>();
    std::uint64_t height = 0;
    const auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), height);
    if (which == "latest") {
        found = explorer->block(explorer->height());
    } else if (error == std::errc() && end == which.data() + which.size()) {
        found = explorer->block(height);
    } else {
        const auto hash = TRY(parse_hash(which));
        found = explorer->block(hash);
    }
    if (!found) return std::unexpected(found.error());
    if (!*found) return fail(ErrorCode::not_found, "no block " + std::string(which.substr(0, 80)));
    ChainJson json = block_json(**found);
    json["transaction_hashes"] = ChainJson::array();
    for (const auto& transaction : TRY(explorer->block_transactions((*found)->height)))
        json["transaction_hashes"].push_back(to_hex(transaction.hash));
    return dump(json);
}

Result<std::string> ChainAdapter::blocks(std::optional<std::uint64_t> before, std::uint32_t limit) const {
    const auto* explorer = TRY(index());
    ChainJson list = ChainJson::array();
    for (const auto& block : TRY(explorer->blocks(before, limit))) list.push_back(block_json(block));
    return dump(ChainJson{{"blocks", std::move(list)}});
}

Result<std::string> ChainAdapter::transaction(std::string_view hash) const {
    const auto digest = TRY(parse_hash(hash));
    if (const auto recent = host_.waiters().find(digest)) return dump(transaction_json(*recent, registry()));
    if (host_.index() != nullptr) {
        if (const auto found = TRY(host_.index()->transaction(digest)))
            return dump(transaction_json(*found, registry()));
    }
    return fail(ErrorCode::not_found, "no transaction " + std::string(hash) + " has committed");
}

Result<std::string> ChainAdapter::account(std::string_view address) const {
    const auto parsed = TRY(crypto::parse_address(address));
    return dump(to_plain_json(TRY(ask("/bank/account", {{"address", crypto::to_string(parsed)}}))));
}

Result<std::string> ChainAdapter::account_transactions(std::string_view address, std::string_view before,
                                                       std::uint32_t limit) const {
    const auto* explorer = TRY(index());
    const auto parsed = TRY(crypto::parse_address(address));
    std::optional<std::pair<std::uint64_t, std::uint32_t>> position;
    if (!before.empty()) {
        position.emplace();
        const auto point = before.find('.');
        const char* const end = before.data() + before.size();
        const auto height = std::from_chars(before.data(), end, position->first);
        const bool good = point != std::string_view::npos && height.ptr == before.data() + point &&
                          std::from_chars(before.data() + point + 1, end, position->second).ptr == end;
        if (!good) return fail(ErrorCode::invalid_argument, "'before' is not HEIGHT.INDEX");
    }
    ChainJson list = ChainJson::array();
    std::string next;
    for (const auto& transaction : TRY(explorer->account_transactions(parsed, position, limit))) {
        list.push_back(transaction_json(transaction, registry()));
        next = std::to_string(transaction.height) + "." + std::to_string(transaction.index);
    }
    ChainJson json{{"transactions", std::move(list)}};
    if (json["transactions"].size() == limit) json["before"] = next;
    return dump(json);
}

Result<std::string> ChainAdapter::events(const api::EventFilter& filter, std::uint32_t limit) const {
    const auto* explorer = TRY(index());
    const auto query = TRY(EventHub::query_of(filter));
    std::string list;
    for (const auto& event : TRY(explorer->events(query, filter.from_height.value_or(1), limit))) {
        list += (list.empty() ? "" : ",") +
                EventHub::event_text(event.height, event.time_ms, event.transaction, event.index, event.event);
    }
    return "{\"events\":[" + list + "]}";
}

} // namespace

std::shared_ptr<api::ChainNode> make_chain_adapter(ChainHost& host) { return std::make_shared<ChainAdapter>(host); }

} // namespace assay::node
