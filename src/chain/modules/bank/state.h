#pragma once
/// Where bank keeps what. Internal to the module.
///
/// | key | value |
/// |---|---|
/// | 01 ‖ token | Token record, DAG-CBOR |
/// | 02 ‖ token | supply, 16 bytes; absent when zero |
/// | 03 ‖ creator | tokens it has issued, 8 bytes |
/// | 04 | number of the next escrow, 8 bytes |
/// | 05 ‖ number | Escrow record, DAG-CBOR |
/// | 06 ‖ time in seconds (8 bytes) ‖ token ‖ authorizer ‖ nonce | 1; used nonces that are forgotten then |
/// | 80 ‖ account | nonce 8 bytes ‖ native balance 16 bytes; absent when both are zero |
/// | 81 ‖ token ‖ account | balance, 16 bytes; absent when zero |
/// | 82 ‖ token ‖ authorizer ‖ nonce (32 bytes) | 1 used, 2 cancelled; after 1 the time in seconds at which it is forgotten (8 bytes), if it is |
///
/// Integers are big-endian and of fixed length, so that reading and writing an account allocates nothing but its key.
#include "chain/modules/ports.h"

#include <span>

namespace assay::chain::bank {

inline constexpr std::uint8_t kTokens = 0x01;
inline constexpr std::uint8_t kSupplies = 0x02;
inline constexpr std::uint8_t kIssued = 0x03;
inline constexpr std::uint8_t kNextEscrow = 0x04;
inline constexpr std::uint8_t kEscrows = 0x05;
inline constexpr std::uint8_t kForgotten = 0x06;
inline constexpr std::uint8_t kAccounts = 0x80;
inline constexpr std::uint8_t kBalances = 0x81;
inline constexpr std::uint8_t kAuthorizations = 0x82;

inline constexpr std::size_t kAddressBytes = 20;
inline constexpr std::size_t kAmountBytes = 16;
inline constexpr std::size_t kAccountBytes = 8 + kAmountBytes;

inline constexpr std::size_t kNameBytesMax = 64;
inline constexpr std::size_t kSymbolBytesMax = 16;
inline constexpr std::size_t kUriBytesMax = 256;
inline constexpr std::size_t kVersionBytesMax = 16;
inline constexpr std::uint8_t kDecimalsMax = 36;
inline constexpr std::size_t kPurposeBytesMax = 64;

struct Token {
    static constexpr std::string_view kStruct = "Token";
    std::string name;
    std::string symbol;
    std::uint8_t decimals = 0;
    std::string version; ///< of its EIP-712 domain: "1" unless genesis says otherwise
    std::string uri;
    Address creator;
    Address mint_authority; ///< all zero: nobody may mint any more
    std::uint64_t issued_height = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("name", self.name);
        visit("symbol", self.symbol);
        visit("decimals", self.decimals);
        visit("version", self.version);
        visit("uri", self.uri);
        visit("creator", self.creator);
        visit("mint_authority", self.mint_authority);
        visit("issued_height", self.issued_height);
    }
    bool operator==(const Token&) const = default;
};

enum class AuthorizationState : std::uint8_t { unused = 0, used = 1, cancelled = 2 };

/// What is known of a nonce.
struct AuthorizationRecord {
    AuthorizationState state = AuthorizationState::unused;
    std::uint64_t forget_s = 0; ///< of a used one: forgotten from this block time on; 0 = never
    bool operator==(const AuthorizationRecord&) const = default;
};

using AmountRecord = std::array<std::uint8_t, kAmountBytes>;
using AccountRecord = std::array<std::uint8_t, kAccountBytes>;

AmountRecord encode_amount(Amount amount);
/// `bytes` has kAmountBytes.
Amount decode_amount(ByteView bytes);
AccountRecord encode_account(const AccountsPort::Account& account);
/// `bytes` has kAccountBytes.
AccountsPort::Account decode_account(ByteView bytes);

StateKey token_key(const Address& token);
StateKey supply_key(const Address& token);
StateKey issued_key(const Address& creator);
StateKey escrow_key(std::uint64_t id);
/// On the stack: transfers make two.
std::array<std::uint8_t, 1 + kAddressBytes> account_key(const Address& account);
StateKey balance_key(const Address& token, const Address& account);
StateKey authorization_key(const Address& token, const Address& authorizer, const Digest& nonce);

/// The entry by which a nonce with this key is found when its time has come.
StateKey forgotten_key(std::uint64_t forget_s, ByteView authorization_key);
Bytes encode_authorization(const AuthorizationRecord& record);
/// Nothing for bytes that encode_authorization does not make.
std::optional<AuthorizationRecord> decode_authorization(ByteView bytes);

/// The bytes at `offset` of a key as an address; the key must be long enough.
Address read_address(ByteView key, std::size_t offset);

std::uint64_t read_counter(const StateReader& state, ByteView key, std::uint64_t otherwise);
void write_counter(StateWriter& state, ByteView key, std::uint64_t value);

} // namespace assay::chain::bank
