#pragma once
/// What the HTTP surface needs of a chain. The node room adapts consensus, state and index to this class; this room never
/// sees them. Answers are JSON texts made there, so that this room knows addresses, paths and limits, but no codec.
/// Thread-safe: every method may be called from any thread. Callbacks come from threads of the chain and must not block.
/// Errors: not_found and invalid_argument are the caller's fault; the others are the node's.
#include "base/bytes.h"
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::api {

/// One transaction that was handed in. `code` 0 = it waits for a block.
struct SubmittedTransaction {
    std::string hash; ///< 64 hexadecimal digits
    std::uint32_t code = 0;
    std::string code_name; ///< "ok", "bad_nonce", …
    std::string log;
};

/// What an event subscription asks for; empty = everything.
struct EventFilter {
    std::vector<std::string> types; ///< "bank.transfer", or "bank.*"
    std::string account; ///< events that name this address
    std::optional<std::uint64_t> from_height; ///< first tell what the index has from this height on
};

/// Receives committed blocks' matching events in order. Never blocks.
class ChainEventSink {
public:
    virtual ~ChainEventSink() = default;
    /// `json` = {"height","time_ms","block","transaction"?,"index","type","attributes":{…}}; one call a block with all its
    /// matching events, also an empty list (a heartbeat that moves the height on).
    virtual void on_events(std::uint64_t height, const std::vector<std::string>& json) = 0;
    /// Before that, where a block has more events than fit at once: some of them, in order. on_events() has the rest.
    virtual void on_some_events(const std::vector<std::string>& json) = 0;
    /// False while the subscriber has enough to read: whoever tells it waits, and asks again.
    virtual bool has_room() const { return true; }
    /// The last call: the subscriber was too slow, or the node stops.
    virtual void on_end(std::string_view reason) = 0;
};

/// An error of the Ethereum JSON-RPC with its number (-32601 method not found, -32602 invalid params, -32000 others).
struct EthereumError {
    int code = -32000;
    std::string message;
};

class ChainNode {
public:
    virtual ~ChainNode() = default;

    /// {"chain_id","evm_chain_id","height","app_hash","block_hash"?,"time_ms","consensus","waiting_transactions","app_version",
    /// "trouble"?}
    virtual std::string status() const = 0;
    /// `path` "/bank/balance", `arguments` a JSON object (texts are turned into what the query wants). The value:
    /// {"value":…,"height":…,"proof"?:"0x…"}. With a proof and without a height it is of the newest state that a header
    /// names. Errors: not_found, invalid_argument, malformed.
    virtual Result<std::string> query(std::string_view path, std::string_view arguments,
                                      std::optional<std::uint64_t> height, bool prove) const = 0;

    /// A block's header with the signatures over it and who may sign: CometBFT's JSON, {"signed_header","validators"}.
    /// Errors: not_found.
    virtual Result<std::string> header(std::uint64_t height) const = 0;

    /// A body of several transactions, one after the other (a CBOR sequence, RFC 8742; Ethereum's in between as they are).
    /// Errors: malformed, with the byte; resource_exhausted (too many).
    virtual Result<std::vector<Bytes>> split(ByteView sequence) const = 0;
    /// `done` gets one entry for each transaction, in order; once.
    virtual void submit(std::vector<Bytes> transactions,
                        std::function<void(std::vector<SubmittedTransaction>)> done) = 0;
    /// `done` gets the transaction as transaction() shows it once it has committed, or nothing after `timeout`.
    virtual void wait(std::string_view hash, std::chrono::milliseconds timeout,
                      std::function<void(std::optional<std::string>)> done) = 0;

    /// The eth_signTypedData_v4 document for a body given as JSON; absent nonce, expiry, gas and fee are filled in.
    /// The value: {"body":{…},"typed_data":{…}}. Errors: malformed, naming the entry.
    virtual Result<std::string> prepare(std::string_view body) const = 0;
    /// Wire bytes of such a body (complete) with a wallet's signature. Errors: malformed.
    virtual Result<Bytes> assemble(std::string_view body, std::string_view signature) const = 0;

    /// The explorer. Errors: not_found; unsupported (this node keeps no index).
    virtual Result<std::string> block(std::string_view height_or_hash) const = 0; ///< also "latest"
    virtual Result<std::string> blocks(std::optional<std::uint64_t> before, std::uint32_t limit) const = 0;
    virtual Result<std::string> transaction(std::string_view hash) const = 0;
    virtual Result<std::string> account(std::string_view address) const = 0;
    virtual Result<std::string> account_transactions(std::string_view address, std::string_view before,
                                                     std::uint32_t limit) const = 0;
    virtual Result<std::string> events(const EventFilter& filter, std::uint32_t limit) const = 0;

    /// Ends when unsubscribe() is called or on_end was. Errors: resource_exhausted (too many), not_found (from_height is gone).
    virtual Result<std::uint64_t> subscribe(EventFilter filter, std::shared_ptr<ChainEventSink> sink) = 0;
    virtual void unsubscribe(std::uint64_t id) = 0;
    /// The node stops: ends every subscription, and takes no more.
    virtual void end_subscriptions() = 0;

    /// One call of the Ethereum JSON-RPC: the `result` as JSON.
    virtual std::expected<std::string, EthereumError> ethereum(std::string_view method, std::string_view params) = 0;
};

} // namespace assay::api
