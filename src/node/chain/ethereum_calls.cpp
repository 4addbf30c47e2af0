#include "node/chain/ethereum_calls.h"

#include "chain/chain_params.h"
#include "chain/core/ethereum_transaction.h"
#include "chain/modules/ports.h"
#include "crypto/keccak.h"
#include "node/chain/chain_json.h"
#include "node/chain/index_wait.h"
#include "node/machine.h"

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <future>

namespace assay::node {
namespace {

using api::EthereumError;
using Answer = std::expected<ChainJson, EthereumError>;

constexpr int kMethodNotFound = -32601, kInvalidParams = -32602, kServerError = -32000;
constexpr auto kSubmitPatience = std::chrono::seconds(10);
constexpr std::uint64_t kTransferGas = 90'000; ///< what a transfer carried this way takes at most
constexpr std::uint64_t kFeeHistoryMax = 1024;
constexpr std::size_t kFeePercentilesMax = 100; ///< as geth
constexpr std::chrono::milliseconds kCommitPatience{2'000};
constexpr unsigned kWaitingMax = 2; ///< of the server's threads

std::unexpected<EthereumError> failure(int code, std::string message) {
    return std::unexpected(EthereumError{code, std::move(message)});
}
std::unexpected<EthereumError> failure(const Error& error) {
    return failure(error.code == ErrorCode::invalid_argument || error.code == ErrorCode::malformed ? kInvalidParams
                                                                                                   : kServerError,
                   error.message);
}

/// "0x0", "0x1f": no leading zeros.
std::string quantity(chain::Uint128 value) {
    std::string digits;
    do {
        digits.insert(digits.begin(), "0123456789abcdef"[static_cast<unsigned>(value & 15)]);
        value >>= 4;
    } while (value != 0);
    return "0x" + digits;
}

std::string hex_data(ByteView bytes) { return "0x" + to_hex(bytes); }

/// Up to 2^128 units are up to 2^158 wei: through two halves.
std::string wei_quantity(chain::Amount units) {
    const chain::Uint128 value = units.units();
    const chain::Uint128 low = (value & ~std::uint64_t{0}) * chain::kWeiPerUnit;
    const chain::Uint128 high = (value >> 64) * chain::kWeiPerUnit + (low >> 64);
    if (high == 0) return quantity(low);
    std::string tail = quantity((low & ~std::uint64_t{0})).substr(2);
    return quantity(high) + std::string(16 - tail.size(), '0') + tail;
}

const std::string kZeroHash = "0x" + std::string(64, '0');
const std::string kEmptyBloom = "0x" + std::string(512, '0');

struct Call {
    ChainHost& host;
    const nlohmann::json& params;

    std::expected<std::string, EthereumError> text(std::size_t position, std::string_view name) const {
        if (!params.is_array() || params.size() <= position || !params[position].is_string())
            return failure(kInvalidParams,
                           "parameter " + std::to_string(position) + " (" + std::string(name) + ") is not text");
        return params[position].get<std::string>();
    }
    std::expected<crypto::Address, EthereumError> address(std::size_t position) const {
        const auto given = text(position, "address");
        if (!given) return std::unexpected(given.error());
        const auto parsed = crypto::parse_address(*given);
        if (!parsed) return failure(kInvalidParams, parsed.error().message);
        return *parsed;
    }
    /// Nothing = the last block. Earlier ones only as far as the state is kept.
    std::expected<std::optional<std::uint64_t>, EthereumError> height(std::size_t position) const {
        if (!params.is_array() || params.size() <= position || params[position].is_null())
            return std::optional<std::uint64_t>();
        const auto given = text(position, "block");
        if (!given) return std::unexpected(given.error());
        if (*given == "latest" || *given == "pending" || *given == "safe" || *given == "finalized")
            return std::optional<std::uint64_t>();
        if (*given == "earliest") return std::optional<std::uint64_t>(1);
        std::uint64_t value = 0;
        const bool hex = given->starts_with("0x") && given->size() > 2 && given->size() <= 18;
        if (!hex || std::from_chars(given->data() + 2, given->data() + given->size(), value, 16).ptr !=
                        given->data() + given->size())
            return failure(kInvalidParams, "'" + given->substr(0, 40) + "' is no block number");
        return std::optional(value);
    }
};

std::expected<chain::AccountsPort::Account, EthereumError> account_at(const Call& call) {
    const auto address = call.address(0);
    if (!address) return std::unexpected(address.error());
    const auto height = call.height(1);
    if (!height) return std::unexpected(height.error());
    const auto store = call.host.application().store(); // kept: state sync may put another in its place
    const auto view = *height ? store->at(**height) : store->latest();
    if (!view) {
        if (store->version() == 0) return chain::AccountsPort::Account{}; // before the first block
        return failure(view.error());
    }
    return call.host.application().modules().accounts->account(**view, *address);
}

chain::ChainParams params_of(const Call& call) {
    const auto store = call.host.application().store();
    const auto view = store->latest();
    return view ? call.host.application().modules().params->get<chain::ChainParams>(**view) : chain::ChainParams{};
}

Answer chain_id(const Call& call) { return quantity(params_of(call).evm_chain_id); }
Answer network_version(const Call& call) { return std::to_string(params_of(call).evm_chain_id); }
/// The last block that can be looked up: wallets ask for a receipt once for each new number.
std::uint64_t last_block(const Call& call) {
    return call.host.index() != nullptr ? call.host.index()->height() : call.host.application().info().height;
}
Answer block_number(const Call& call) { return quantity(last_block(call)); }
Answer gas_price(const Call& call) { return wei_quantity(params_of(call).gas_price_min); }
Answer zero(const Call&) { return "0x0"; }
Answer not_syncing(const Call&) { return false; }
Answer no_accounts(const Call&) { return ChainJson::array(); }
Answer client_version(const Call&) { return "assay/" + std::string(version()); }

Answer balance(const Call& call) {
    const auto account = account_at(call);
    if (!account) return std::unexpected(account.error());
    return wei_quantity(account->balance);
}

Answer transaction_count(const Call& call) {
    const auto account = account_at(call);
    if (!account) return std::unexpected(account.error());
    const bool pending = call.params.size() > 1 && call.params[1] == "pending";
    return quantity(pending ? call.host.application().next_nonce(*call.address(0)) : account->nonce);
}

/// No account has code: every address is a plain one.
Answer code(const Call& call) {
    const auto address = call.address(0);
    if (!address) return std::unexpected(address.error());
    return "0x";
}

bool is_plain_transfer(const nlohmann::json& transaction) {
    for (const char* name : {"data", "input"}) {
        if (transaction.contains(name) && transaction[name].is_string() && transaction[name] != "0x" &&
            transaction[name] != "")
            return false;
    }
    return transaction.contains("to") && transaction["to"].is_string();
}

Answer estimate_gas(const Call& call) {
    if (!call.params.is_array() || call.params.empty() || !call.params[0].is_object())
        return failure(kInvalidParams, "parameter 0 is no transaction");
    if (!is_plain_transfer(call.params[0]))
        return failure(kServerError, "only transfers of the native coin can be sent this way");
    return quantity(kTransferGas);
}

/// There is no code to call: as Ethereum answers for a plain address.
Answer call_nothing(const Call& call) {
    if (!call.params.is_array() || call.params.empty() || !call.params[0].is_object())
        return failure(kInvalidParams, "parameter 0 is no transaction");
    return "0x";
}

/// The price is a parameter of the chain: the same in every block, and nothing is gained by paying more.
Answer fee_history(const Call& call) {
    const bool is_text = call.params.is_array() && !call.params.empty() && call.params[0].is_string();
    const bool is_number = call.params.is_array() && !call.params.empty() && call.params[0].is_number_unsigned();
    std::uint64_t count = is_number ? call.params[0].get<std::uint64_t>() : 0;
    if (is_text) {
        const auto given = call.params[0].get<std::string>();
        const char* const end = given.data() + given.size();
        if (!given.starts_with("0x") || std::from_chars(given.data() + 2, end, count, 16).ptr != end) count = 0;
    }
    if (count == 0 || count > kFeeHistoryMax)
        return failure(kInvalidParams, "parameter 0 (block count) is outside 1 … " + std::to_string(kFeeHistoryMax));
    const std::uint64_t height = last_block(call);
    count = std::min(count, height + 1);
    const std::size_t percentiles = call.params.size() > 2 && call.params[2].is_array() ? call.params[2].size() : 0;
    if (percentiles > kFeePercentilesMax) // each is told for each block
        return failure(kInvalidParams,
                       "parameter 2 (percentiles) has more than " + std::to_string(kFeePercentilesMax) + " entries");
    const std::string price = wei_quantity(params_of(call).gas_price_min);
    return ChainJson{{"oldestBlock", quantity(height + 1 - count)},
                     {"baseFeePerGas", std::vector<std::string>(count + 1, price)},
                     {"gasUsedRatio", std::vector<double>(count, 0.0)},
                     {"reward", std::vector(count, std::vector<std::string>(percentiles, "0x0"))}};
}

/// Wallets look for a receipt at once, and then only when a new block has come, which may be never where blocks are made on
/// demand: so a transaction is answered when it can be found. A few callers only: they hold the server's threads.
void wait_until_found(ChainHost& host, const crypto::Digest& hash) {
    static std::atomic<unsigned> waiting = 0;
    const bool on_demand = host.consensus().status().mode == "embedded" && host.index() != nullptr;
    if (on_demand && waiting.fetch_add(1) < kWaitingMax) {
        auto height = std::make_shared<std::promise<std::uint64_t>>();
        auto committed = height->get_future();
        host.waiters().wait(hash, kCommitPatience,
                            [height](const std::optional<consensus::CommittedTransaction>& done) {
                                height->set_value(done ? done->block->info.height : 0);
                            });
        wait_for_index(*host.index(), committed.get(), kCommitPatience);
    }
    if (on_demand) waiting.fetch_sub(1);
}

Answer send_raw_transaction(const Call& call) {
    const auto raw = call.text(0, "transaction");
    if (!raw) return std::unexpected(raw.error());
    const auto wire = from_hex(*raw);
    if (!wire) return failure(kInvalidParams, wire.error().message);
    if (!chain::is_ethereum_transaction(*wire)) return failure(kInvalidParams, "not an Ethereum transaction");
    auto promise = std::make_shared<std::promise<consensus::Submission>>();
    auto future = promise->get_future();
    call.host.consensus().submit(
        {*wire}, [promise](std::vector<consensus::Submission> done) { promise->set_value(std::move(done.front())); });
    if (future.wait_for(kSubmitPatience) != std::future_status::ready)
        return failure(kServerError, "checking takes too long");
    const consensus::Submission submission = future.get();
    if (submission.result.code != chain::TxCode::ok) return failure(kServerError, submission.result.log);
    wait_until_found(call.host, submission.hash);
    return hex_data(crypto::keccak256(*wire));
}

ChainJson block_object(const consensus::IndexedBlock& block, const std::string& parent, ChainJson transactions,
                       const std::string& base_fee, std::uint64_t gas_limit) {
    return {{"number", quantity(block.height)},
            {"hash", hex_data(block.hash)},
            {"parentHash", parent},
            {"nonce", "0x0000000000000000"},
            {"sha3Uncles", kZeroHash},
            {"logsBloom", kEmptyBloom},
            {"transactionsRoot", kZeroHash},
            {"stateRoot", hex_data(block.app_hash)},
            {"receiptsRoot", kZeroHash},
            {"miner", crypto::to_string(block.proposer)},
            {"difficulty", "0x0"},
            {"totalDifficulty", "0x0"},
            {"extraData", "0x"},
            {"mixHash", kZeroHash},
            {"size", quantity(block.bytes)},
            {"gasLimit", quantity(gas_limit)},
            {"gasUsed", quantity(block.gas_used)},
            {"timestamp", quantity(static_cast<chain::Uint128>(block.time_ms / 1000))},
            {"baseFeePerGas", base_fee},
            {"transactions", std::move(transactions)},
            {"uncles", ChainJson::array()}};
}

crypto::Digest wallet_hash(const consensus::IndexedTransaction& transaction) {
    return chain::is_ethereum_transaction(transaction.wire) ? crypto::keccak256(transaction.wire) : transaction.hash;
}

/// The native coin that a transaction moves, when that is all it does.
struct PlainTransfer {
    crypto::Address to;
    chain::Amount amount;
};
std::optional<PlainTransfer> plain_transfer(const chain::TransactionBody& body) {
    if (body.messages.size() != 1 || body.messages[0]->type() != "bank/transfer") return std::nullopt;
    const codec::Value message = body.messages[0]->to_readable();
    const auto text = [&](std::string_view name) {
        const codec::Value* value = message.find(name);
        return value == nullptr || value->text() == nullptr ? std::string() : *value->text();
    };
    const auto to = crypto::parse_address(text("to"));
    const auto amount = chain::parse_amount(text("amount"));
    if (!to || !amount || text("token") != crypto::to_string(chain::kNativeToken)) return std::nullopt;
    return PlainTransfer{*to, *amount};
}

ChainJson transaction_object(const Call& call, const consensus::IndexedTransaction& transaction,
                             const consensus::IndexedBlock& block) {
    const auto decoded = chain::decode_transaction(transaction.wire, call.host.application().messages());
    ChainJson json{{"hash", hex_data(wallet_hash(transaction))},
                   {"blockHash", hex_data(block.hash)},
                   {"blockNumber", quantity(block.height)},
                   {"transactionIndex", quantity(transaction.index)},
                   {"type", "0x0"},
                   {"input", "0x"},
                   {"v", "0x0"},
                   {"r", "0x0"},
                   {"s", "0x0"},
                   {"chainId", quantity(params_of(call).evm_chain_id)}};
    if (!decoded) return json;
    const chain::TransactionBody& body = decoded->body;
    const auto transfer = plain_transfer(body);
    json["from"] = crypto::to_string(body.from);
    json["nonce"] = quantity(body.nonce);
    json["gas"] = quantity(body.gas);
    json["gasPrice"] = wei_quantity(chain::Amount(body.gas == 0 ? 0 : body.fee.units() / body.gas));
    json["to"] = transfer ? ChainJson(crypto::to_string(transfer->to)) : ChainJson(nullptr);
    json["value"] = transfer ? wei_quantity(transfer->amount) : "0x0";
    const auto scalar = [&](std::size_t at) {
        std::string digits = to_hex(ByteView(decoded->signature).subspan(at, 32));
        digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
        return "0x" + digits;
    };
    json["r"] = scalar(0);
    json["s"] = scalar(32);
    json["v"] = quantity(decoded->signature[64]);
    return json;
}

struct Found {
    consensus::IndexedTransaction transaction;
    consensus::IndexedBlock block;
};
std::expected<std::optional<Found>, EthereumError> find_transaction(const Call& call) {
    const auto given = call.text(0, "hash");
    if (!given) return std::unexpected(given.error());
    const auto hash = parse_hash(*given);
    if (!hash) return failure(kInvalidParams, hash.error().message);
    const auto* index = call.host.index();
    if (index == nullptr) return failure(kServerError, "this node keeps no index");
    const auto transaction = index->transaction(*hash);
    if (!transaction) return failure(transaction.error());
    if (!*transaction) return std::optional<Found>();
    const auto block = index->block((*transaction)->height);
    if (!block) return failure(block.error());
    if (!*block) return std::optional<Found>();
    return std::optional(Found{**transaction, **block});
}

Answer transaction_by_hash(const Call& call) {
    const auto found = find_transaction(call);
    if (!found) return std::unexpected(found.error());
    if (!*found) return nullptr;
    return transaction_object(call, (*found)->transaction, (*found)->block);
}

Answer transaction_receipt(const Call& call) {
    const auto found = find_transaction(call);
    if (!found) return std::unexpected(found.error());
    if (!*found) return nullptr;
    const ChainJson transaction = transaction_object(call, (*found)->transaction, (*found)->block);
    const auto& result = (*found)->transaction.result;
    return ChainJson{{"transactionHash", transaction["hash"]},
                     {"transactionIndex", transaction["transactionIndex"]},
                     {"blockHash", transaction["blockHash"]},
                     {"blockNumber", transaction["blockNumber"]},
                     {"from", transaction.value("from", ChainJson(nullptr))},
                     {"to", transaction.value("to", ChainJson(nullptr))},
                     {"cumulativeGasUsed", quantity(result.gas_used)},
                     {"gasUsed", quantity(result.gas_used)},
                     {"effectiveGasPrice", transaction.value("gasPrice", ChainJson("0x0"))},
                     {"contractAddress", nullptr},
                     {"logs", ChainJson::array()},
                     {"logsBloom", kEmptyBloom},
                     {"type", "0x0"},
                     {"status", result.code == chain::TxCode::ok ? "0x1" : "0x0"}};
}

Answer describe_block(const Call& call, const Result<std::optional<consensus::IndexedBlock>>& found) {
    if (!found) return failure(found.error());
    if (!*found) return nullptr;
    const bool whole = call.params.size() > 1 && call.params[1].is_boolean() && call.params[1].get<bool>();
    const auto transactions = call.host.index()->block_transactions((*found)->height);
    if (!transactions) return failure(transactions.error());
    ChainJson list = ChainJson::array();
    for (const auto& transaction : *transactions) {
        list.push_back(whole ? transaction_object(call, transaction, **found)
                             : ChainJson(hex_data(wallet_hash(transaction))));
    }
    const chain::ChainParams params = params_of(call);
    const auto parent = call.host.index()->block((*found)->height - 1);
    const std::string parent_hash = parent && *parent ? hex_data((*parent)->hash) : kZeroHash;
    return block_object(**found, parent_hash, std::move(list), wei_quantity(params.gas_price_min),
                        params.block_gas_max);
}

/// Wallets look at the latest block before they send anything, also where none has been made yet.
Answer block_before_the_first(const Call& call, std::uint64_t height) {
    const chain::ChainParams params = params_of(call);
    consensus::IndexedBlock block;
    block.height = height;
    block.app_hash = call.host.application().info().app_hash;
    return block_object(block, kZeroHash, ChainJson::array(), wei_quantity(params.gas_price_min), params.block_gas_max);
}

Answer block_by_number(const Call& call) {
    const auto* index = call.host.index();
    if (index == nullptr) return failure(kServerError, "this node keeps no index");
    const auto height = call.height(0);
    if (!height) return std::unexpected(height.error());
    const std::uint64_t wanted = height->value_or(index->height());
    const auto found = index->block(wanted);
    if (found && !*found && wanted == index->height()) return block_before_the_first(call, wanted);
    return describe_block(call, found);
}

Answer block_by_hash(const Call& call) {
    const auto given = call.text(0, "hash");
    if (!given) return std::unexpected(given.error());
    const auto hash = parse_hash(*given);
    if (!hash) return failure(kInvalidParams, hash.error().message);
    if (call.host.index() == nullptr) return failure(kServerError, "this node keeps no index");
    return describe_block(call, call.host.index()->block(*hash));
}

struct Method {
    std::string_view name;
    Answer (*run)(const Call&);
};
constexpr std::array<Method, 21> kMethods = {
    {{"eth_chainId", chain_id},
     {"net_version", network_version},
     {"net_listening", [](const Call&) -> Answer { return true; }},
     {"web3_clientVersion", client_version},
     {"eth_blockNumber", block_number},
     {"eth_getBalance", balance},
     {"eth_getTransactionCount", transaction_count},
     {"eth_getCode", code},
     {"eth_call", call_nothing},
     {"eth_estimateGas", estimate_gas},
     {"eth_gasPrice", gas_price},
     {"eth_maxPriorityFeePerGas", zero},
     {"eth_feeHistory", fee_history},
     {"eth_syncing", not_syncing},
     {"eth_accounts", no_accounts},
     {"eth_sendRawTransaction", send_raw_transaction},
     {"eth_getTransactionByHash", transaction_by_hash},
     {"eth_getTransactionReceipt", transaction_receipt},
     {"eth_getBlockByNumber", block_by_number},
     {"eth_getBlockByHash", block_by_hash},
     {"eth_getLogs", [](const Call&) -> Answer { return ChainJson::array(); }}}};

} // namespace

std::expected<std::string, EthereumError> EthereumCalls::call(std::string_view method, std::string_view params) {
    const auto known = std::ranges::find(kMethods, method, &Method::name);
    if (known == kMethods.end())
        return failure(kMethodNotFound, "the method " + std::string(method.substr(0, 80)) + " does not exist");
    const auto parsed = nlohmann::json::parse(params, nullptr, false);
    if (parsed.is_discarded()) return failure(kInvalidParams, "the parameters are not JSON");
    const auto answer = known->run(Call{host_, parsed});
    if (!answer) return std::unexpected(answer.error());
    return answer->dump(-1, ' ', false, ChainJson::error_handler_t::replace);
}

} // namespace assay::node
