#include "node/chain/transaction_form.h"

#include "chain/gas.h"
#include "node/chain/chain_json.h"

#include <array>

namespace assay::node {
namespace {

using codec::Value;

constexpr std::uint64_t kStateGas = 40'000; ///< a message that reads and writes a few records
constexpr std::uint64_t kByteGas = 64; ///< a byte of a message, in the transaction and in what it leaves in the state
constexpr std::array<std::string_view, 8> kEntries = {"from", "msgs", "nonce", "expiry", "fee", "gas", "memo", "chain"};

std::unexpected<Error> bad(std::string_view entry, std::string_view what) {
    return fail(ErrorCode::malformed, "transaction: \"" + std::string(entry) + "\" " + std::string(what));
}

Result<Value> read_form(std::string_view json) {
    Value form = TRY(value_of_plain_json(json));
    if (form.map() == nullptr) return fail(ErrorCode::malformed, "transaction: not a JSON object");
    for (const auto& [name, entry] : *form.map()) {
        if (std::ranges::find(kEntries, name) == kEntries.end())
            return bad(name.substr(0, 64), "is no entry of a transaction");
    }
    return form;
}

Result<std::optional<std::uint64_t>> number(const Value& form, std::string_view name) {
    const Value* entry = form.find(name);
    if (entry == nullptr || entry->is_null()) return std::optional<std::uint64_t>();
    if (entry->text() != nullptr) {
        const auto amount = chain::parse_amount(*entry->text());
        if (amount && amount->units() <= ~std::uint64_t{0}) return static_cast<std::uint64_t>(amount->units());
    }
    const auto value = entry->integer() != nullptr ? entry->integer()->to_uint64() : std::nullopt;
    if (!value) return bad(name, "is not an unsigned 64-bit integer");
    return value;
}

Result<std::optional<chain::Amount>> amount(const Value& form, std::string_view name) {
    const Value* entry = form.find(name);
    if (entry == nullptr || entry->is_null()) return std::optional<chain::Amount>();
    if (entry->integer() != nullptr && entry->integer()->to_uint64())
        return chain::Amount(*entry->integer()->to_uint64());
    if (entry->text() == nullptr) return bad(name, "is not an amount in decimal digits");
    auto parsed = chain::parse_amount(*entry->text());
    if (!parsed) return bad(name, parsed.error().message);
    return *parsed;
}

Result<crypto::Address> sender(const Value& form) {
    const Value* from = form.find("from");
    if (from == nullptr || from->text() == nullptr) return bad("from", "is not an address");
    auto address = crypto::parse_address(*from->text());
    if (!address) return bad("from", address.error().message);
    return *address;
}

Result<void> read_messages(const Value& form, const chain::MessageRegistry& registry, chain::TransactionBody& body) {
    const Value* entries = form.find("msgs");
    if (entries == nullptr || entries->list() == nullptr || entries->list()->empty())
        return bad("msgs", "is not a list of at least one message");
    for (const Value& entry : *entries->list()) {
        auto message = registry.decode(entry);
        if (!message) {
            return fail_in("transaction: message " + std::to_string(body.messages.size() + 1),
                           std::move(message.error()));
        }
        body.messages.push_back(std::move(*message));
    }
    return {};
}

} // namespace

std::uint64_t usual_gas(const std::vector<std::shared_ptr<const chain::AnyMessage>>& messages,
                        const chain::MessageRegistry& registry) {
    std::uint64_t gas = chain::intrinsic_gas(256);
    for (const auto& message : messages) {
        Bytes encoded;
        message->encode(encoded);
        gas += registry.gas_of(message->type()) + kStateGas + kByteGas * encoded.size();
    }
    return gas;
}

Result<chain::TransactionBody> body_from_form(std::string_view json, const chain::MessageRegistry& registry,
                                              const TransactionDefaults& defaults) {
    const Value form = TRY(read_form(json));
    chain::TransactionBody body;
    body.from = TRY(sender(form));
    TRY_VOID(read_messages(form, registry, body));
    body.chain = TRY(number(form, "chain")).value_or(defaults.chain);
    body.nonce = TRY(number(form, "nonce")).value_or(defaults.nonce);
    body.expiry = TRY(number(form, "expiry")).value_or(defaults.expiry);
    body.gas = TRY(number(form, "gas")).value_or(usual_gas(body.messages, registry));
    const auto fee = TRY(amount(form, "fee"));
    const auto least = chain::multiply_divide(defaults.gas_price, body.gas, 1);
    if (!fee && !least) return bad("gas", "costs more than there can be");
    body.fee = fee ? *fee : *least;
    if (const Value* memo = form.find("memo"); memo != nullptr && !memo->is_null()) {
        if (memo->text() == nullptr) return bad("memo", "is not text");
        body.memo = *memo->text();
    }
    return body;
}

Result<crypto::Address> sender_of_form(std::string_view json) { return sender(TRY(read_form(json))); }

Result<chain::TransactionBody> body_from_complete_form(std::string_view json, const chain::MessageRegistry& registry) {
    const Value form = TRY(read_form(json));
    for (const std::string_view name : kEntries) {
        if (form.find(name) == nullptr) return bad(name, "is missing");
    }
    return body_from_form(json, registry, {});
}

} // namespace assay::node
