#include "chain/modules/bank/state.h"

#include "base/assert.h"

#include <algorithm>

namespace assay::chain::bank {
namespace {

void write_big_endian(Uint128 value, std::span<std::uint8_t> out) {
    for (std::size_t i = out.size(); i > 0; --i) {
        out[i - 1] = static_cast<std::uint8_t>(value);
        value >>= 8;
    }
}

Uint128 read_big_endian(ByteView bytes) {
    Uint128 value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
}

} // namespace

AmountRecord encode_amount(Amount amount) {
    AmountRecord record{};
    write_big_endian(amount.units(), record);
    return record;
}

Amount decode_amount(ByteView bytes) {
    ASSAY_ASSERT(bytes.size() == kAmountBytes);
    return Amount(read_big_endian(bytes));
}

AccountRecord encode_account(const AccountsPort::Account& account) {
    AccountRecord record{};
    write_big_endian(account.nonce, std::span(record).first(8));
    write_big_endian(account.balance.units(), std::span(record).subspan(8));
    return record;
}

AccountsPort::Account decode_account(ByteView bytes) {
    ASSAY_ASSERT(bytes.size() == kAccountBytes);
    return {static_cast<std::uint64_t>(read_big_endian(bytes.first(8))), Amount(read_big_endian(bytes.subspan(8)))};
}

StateKey token_key(const Address& token) { return StateKey(kTokens).add(token.bytes); }
StateKey supply_key(const Address& token) { return StateKey(kSupplies).add(token.bytes); }
StateKey issued_key(const Address& creator) { return StateKey(kIssued).add(creator.bytes); }
StateKey escrow_key(std::uint64_t id) { return StateKey(kEscrows).add_u64(id); }
std::array<std::uint8_t, 1 + kAddressBytes> account_key(const Address& account) {
    std::array<std::uint8_t, 1 + kAddressBytes> key{kAccounts};
    std::ranges::copy(account.bytes, key.begin() + 1);
    return key;
}
StateKey balance_key(const Address& token, const Address& account) {
    return StateKey(kBalances).add(token.bytes).add(account.bytes);
}
StateKey authorization_key(const Address& token, const Address& authorizer, const Digest& nonce) {
    return StateKey(kAuthorizations).add(token.bytes).add(authorizer.bytes).add(nonce);
}

StateKey forgotten_key(std::uint64_t forget_s, ByteView authorization_key) {
    return StateKey(kForgotten).add_u64(forget_s).add(authorization_key.subspan(1));
}

Bytes encode_authorization(const AuthorizationRecord& record) {
    Bytes bytes{static_cast<std::uint8_t>(record.state)};
    if (record.forget_s == 0) return bytes;
    bytes.resize(9);
    write_big_endian(record.forget_s, std::span(bytes).subspan(1));
    return bytes;
}

std::optional<AuthorizationRecord> decode_authorization(ByteView bytes) {
    const bool has_time = bytes.size() == 9;
    if (bytes.size() != 1 && !has_time) return std::nullopt;
    AuthorizationRecord record{static_cast<AuthorizationState>(bytes[0]), has_time ? read_u64(bytes, 1) : 0};
    const bool is_used = record.state == AuthorizationState::used;
    if (!is_used && record.state != AuthorizationState::cancelled) return std::nullopt;
    if (has_time && (!is_used || record.forget_s == 0)) return std::nullopt;
    return record;
}

Address read_address(ByteView key, std::size_t offset) {
    ASSAY_ASSERT(key.size() >= offset + kAddressBytes);
    Address address;
    std::ranges::copy(key.subspan(offset, kAddressBytes), address.bytes.begin());
    return address;
}

std::uint64_t read_counter(const StateReader& state, ByteView key, std::uint64_t otherwise) {
    const auto bytes = state.get(ModuleId::bank, key);
    if (!bytes) return otherwise;
    ASSAY_ASSERT(bytes->size() == 8);
    return static_cast<std::uint64_t>(read_big_endian(*bytes));
}

void write_counter(StateWriter& state, ByteView key, std::uint64_t value) {
    std::array<std::uint8_t, 8> bytes{};
    write_big_endian(value, bytes);
    state.put(ModuleId::bank, key, bytes);
}

} // namespace assay::chain::bank
