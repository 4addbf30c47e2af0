#include "chain/core/ethereum_transaction.h"

#include "chain/modules/ports.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"

#include <algorithm>
#include <limits>

namespace assay::chain {
namespace {

using codec::RlpItem;

constexpr std::uint8_t kAccessListType = 0x01, kDynamicFeeType = 0x02, kListHead = 0xc0;
constexpr std::size_t kLegacyFields = 9, kAccessListFields = 11, kDynamicFeeFields = 12;
constexpr std::size_t kBytesMax = 4096; ///< a plain transfer has about 120

Result<const Bytes*> bytes_of(const RlpItem& item, std::string_view name) {
    if (item.bytes() == nullptr) return fail(ErrorCode::malformed, std::string(name) + " is a list");
    return item.bytes();
}

Result<Uint128> number_of(const RlpItem& item, std::string_view name) {
    const Bytes& bytes = *TRY(bytes_of(item, name));
    if (!bytes.empty() && bytes[0] == 0) return fail(ErrorCode::malformed, std::string(name) + " has leading zeros");
    if (bytes.size() > 16) return fail(ErrorCode::resource_exhausted, std::string(name) + " is 2^128 or more");
    Uint128 value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
}

Result<std::uint64_t> small_number_of(const RlpItem& item, std::string_view name) {
    const Uint128 value = TRY(number_of(item, name));
    if (value > std::numeric_limits<std::uint64_t>::max())
        return fail(ErrorCode::resource_exhausted, std::string(name) + " is 2^64 or more");
    return static_cast<std::uint64_t>(value);
}

/// What the three forms have in common, by position.
struct Fields {
    std::uint64_t chain = 0;
    const RlpItem* nonce = nullptr;
    const RlpItem* gas_price = nullptr; ///< the most a unit of gas may cost
    const RlpItem* gas_limit = nullptr;
    const RlpItem* to = nullptr;
    const RlpItem* value = nullptr;
    const RlpItem* data = nullptr;
    const RlpItem* access_list = nullptr;
    std::uint8_t parity = 0;
    const RlpItem* r = nullptr;
    const RlpItem* s = nullptr;
    Digest digest{};
};

Digest digest_of(std::optional<std::uint8_t> type, RlpItem::List signed_fields) {
    Bytes message;
    if (type) message.push_back(*type);
    const Bytes encoded = codec::encode_rlp(std::move(signed_fields));
    message.insert(message.end(), encoded.begin(), encoded.end());
    return crypto::keccak256(message);
}

Bytes minimal_bytes(std::uint64_t value) { return to_bytes(Amount(value)); }

Result<Fields> read_legacy(const RlpItem::List& items) {
    const std::uint64_t v = TRY(small_number_of(items[6], "v"));
    if (v == 27 || v == 28)
        return fail(ErrorCode::unsupported,
                    "signed for no chain in particular (v is " + std::to_string(v) + "); EIP-155 is needed");
    if (v < 35) return fail(ErrorCode::malformed, "v is " + std::to_string(v));
    Fields fields{.chain = (v - 35) / 2,
                  .nonce = &items[0],
                  .gas_price = &items[1],
                  .gas_limit = &items[2],
                  .to = &items[3],
                  .value = &items[4],
                  .data = &items[5],
                  .parity = static_cast<std::uint8_t>((v - 35) % 2),
                  .r = &items[7],
                  .s = &items[8]};
    RlpItem::List signed_fields(items.begin(), items.begin() + 6);
    signed_fields.emplace_back(minimal_bytes(fields.chain));
    signed_fields.emplace_back(Bytes{});
    signed_fields.emplace_back(Bytes{});
    fields.digest = digest_of(std::nullopt, std::move(signed_fields));
    return fields;
}

/// EIP-2930 and EIP-1559 differ in one fee field.
Result<Fields> read_typed(std::uint8_t type, const RlpItem::List& items) {
    const std::size_t shift = type == kDynamicFeeType ? 1 : 0;
    const std::uint64_t parity = TRY(small_number_of(items[8 + shift], "yParity"));
    if (parity > 1) return fail(ErrorCode::malformed, "yParity is " + std::to_string(parity));
    return Fields{.chain = TRY(small_number_of(items[0], "chainId")),
                  .nonce = &items[1],
                  .gas_price = &items[2 + shift],
                  .gas_limit = &items[3 + shift],
                  .to = &items[4 + shift],
                  .value = &items[5 + shift],
                  .data = &items[6 + shift],
                  .access_list = &items[7 + shift],
                  .parity = static_cast<std::uint8_t>(parity),
                  .r = &items[9 + shift],
                  .s = &items[10 + shift],
                  .digest = digest_of(type, RlpItem::List(items.begin(), items.end() - 3))};
}

Result<Fields> read_fields(ByteView wire, const RlpItem& item) {
    const auto expect = [&](std::size_t count) -> Result<const RlpItem::List*> {
        if (item.list() == nullptr) return fail(ErrorCode::malformed, "not a list of fields");
        if (item.list()->size() != count) {
            return fail(ErrorCode::malformed,
                        std::to_string(item.list()->size()) + " fields instead of " + std::to_string(count));
        }
        return item.list();
    };
    switch (wire[0]) {
        case kAccessListType: return read_typed(kAccessListType, *TRY(expect(kAccessListFields)));
        case kDynamicFeeType: return read_typed(kDynamicFeeType, *TRY(expect(kDynamicFeeFields)));
        default: return read_legacy(*TRY(expect(kLegacyFields)));
    }
}

/// 32 bytes, from an integer without leading zeros.
Result<void> put_scalar(const RlpItem& item, std::string_view name, std::span<std::uint8_t> out) {
    const Bytes& bytes = *TRY(bytes_of(item, name));
    if (bytes.size() > out.size()) return fail(ErrorCode::malformed, std::string(name) + " has over 32 bytes");
    if (!bytes.empty() && bytes[0] == 0) return fail(ErrorCode::malformed, std::string(name) + " has leading zeros");
    std::ranges::copy(bytes, out.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return {};
}

Result<Amount> units_of(Uint128 wei, std::string_view name) {
    if (wei % kWeiPerUnit != 0) {
        return fail(ErrorCode::invalid_argument, std::string(name) + " of " + to_string(Amount(wei)) +
                                                     " wei is no whole number of units of 10^9 wei");
    }
    return Amount(wei / kWeiPerUnit);
}

Result<Amount> fee_of(const Fields& fields, std::uint64_t gas) {
    const Uint128 price = TRY(number_of(*fields.gas_price, "gas price"));
    const auto wei = multiply_divide(Amount(price), gas, 1);
    if (!wei) return fail(ErrorCode::resource_exhausted, "gas limit × gas price is 2^128 or more");
    return Amount(wei->units() / kWeiPerUnit); // what is below a unit is not asked for
}

Result<codec::Value> transfer_of(const Fields& fields) {
    const Bytes& to = *TRY(bytes_of(*fields.to, "to"));
    if (to.empty()) return fail(ErrorCode::unsupported, "creates a contract; there are none here");
    if (to.size() != 20)
        return fail(ErrorCode::malformed, "to has " + std::to_string(to.size()) + " bytes instead of 20");
    if (!TRY(bytes_of(*fields.data, "data"))->empty())
        return fail(ErrorCode::unsupported,
                    "carries call data; only transfers of the native coin can be sent this way");
    if (fields.access_list != nullptr &&
        (fields.access_list->list() == nullptr || !fields.access_list->list()->empty()))
        return fail(ErrorCode::unsupported, "carries an access list; only an empty one can be sent this way");
    const Uint128 wei = TRY(number_of(*fields.value, "value"));
    const Amount amount = TRY(units_of(wei, "value"));
    return codec::Value::Map{{"@", "bank/transfer"},
                             {"to", to},
                             {"token", Bytes(kNativeToken.bytes.begin(), kNativeToken.bytes.end())},
                             {"amount", to_bytes(amount)}};
}

Result<Transaction> build(const Fields& fields, ByteView wire, const MessageRegistry& registry) {
    Transaction transaction;
    TransactionBody& body = transaction.body;
    body.chain = fields.chain;
    body.nonce = TRY(small_number_of(*fields.nonce, "nonce"));
    body.expiry = std::numeric_limits<std::uint64_t>::max(); // Ethereum's transactions do not expire
    body.gas = TRY(small_number_of(*fields.gas_limit, "gas limit"));
    body.fee = TRY(fee_of(fields, body.gas));
    const codec::Value transfer = TRY(transfer_of(fields));
    body.messages.push_back(TRY(registry.decode(transfer)));
    TRY_VOID(put_scalar(*fields.r, "r", std::span(transaction.signature).first(32)));
    TRY_VOID(put_scalar(*fields.s, "s", std::span(transaction.signature).subspan(32, 32)));
    transaction.signature[64] = static_cast<std::uint8_t>(27 + fields.parity);
    body.from = TRY(crypto::recover(fields.digest, transaction.signature));
    transaction.sender_recovered = true;
    transaction.hash = crypto::sha256(wire);
    transaction.size_bytes = wire.size();
    return transaction;
}

} // namespace

bool is_ethereum_transaction(ByteView wire) {
    return !wire.empty() && (wire[0] == kAccessListType || wire[0] == kDynamicFeeType || wire[0] >= kListHead);
}

Result<Transaction> decode_ethereum_transaction(ByteView wire, const MessageRegistry& registry) {
    const auto run = [&]() -> Result<Transaction> {
        if (wire.size() > kBytesMax) {
            return fail(ErrorCode::resource_exhausted,
                        std::to_string(wire.size()) + " bytes, above the limit of " + std::to_string(kBytesMax));
        }
        const RlpItem item =
            TRY(codec::decode_rlp(wire.subspan(wire[0] >= kListHead ? 0 : 1), {.size_max = kBytesMax}));
        const Fields fields = TRY(read_fields(wire, item));
        return build(fields, wire, registry);
    };
    auto transaction = run();
    if (!transaction) return fail_in("Ethereum transaction", std::move(transaction.error()));
    return transaction;
}

} // namespace assay::chain
