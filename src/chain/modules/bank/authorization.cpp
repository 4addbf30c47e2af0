#include "chain/modules/bank/authorization.h"

#include "base/assert.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/bank/ledger.h"
#include "chain/modules/events.h"
#include "crypto/keccak.h"

#include <algorithm>

namespace assay::chain::bank {
namespace {

constexpr std::string_view kDomainType =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
constexpr std::string_view kTransferType = "TransferWithAuthorization(address from,address to,uint256 value,uint256 "
                                           "validAfter,uint256 validBefore,bytes32 nonce)";
constexpr std::string_view kReceiveType = "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 "
                                          "validAfter,uint256 validBefore,bytes32 nonce)";
constexpr std::string_view kCancelType = "CancelAuthorization(address authorizer,bytes32 nonce)";

/// Half the order of secp256k1, the largest s that is low.
constexpr Digest kHalfOrder = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
                               0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};
constexpr std::size_t kSignatureBytes = 65;

/// Authorisations that end later than this are taken for endless: far beyond any clock, and far from overflow.
constexpr std::uint64_t kForgetMaxS = std::uint64_t{1} << 62;

/// hashStruct: the hash of the type's text, then one word for each member.
class StructHash {
public:
    explicit StructHash(std::string_view type) { hash_.update(crypto::keccak256(as_byte_view(type))); }
    StructHash& add(const Digest& word) {
        hash_.update(word);
        return *this;
    }
    StructHash& add(const Address& address) {
        Digest word{};
        std::ranges::copy(address.bytes, word.end() - kAddressBytes);
        return add(word);
    }
    StructHash& add(std::string_view text) { return add(crypto::keccak256(as_byte_view(text))); }
    Digest finish() { return hash_.finish(); }

private:
    crypto::Keccak256 hash_;
};

Digest signing_digest(const TokenDomain& domain, const Digest& struct_hash) {
    crypto::Keccak256 hash;
    hash.update(as_byte_view("\x19\x01"));
    hash.update(domain.separator());
    hash.update(struct_hash);
    return hash.finish();
}

std::unexpected<Error> refused(std::string what) { return fail(ErrorCode::invalid_argument, std::move(what)); }

/// Ethereum's block.timestamp: whole seconds.
std::uint64_t block_seconds(const BlockInfo& block) {
    ASSAY_ASSERT(block.time_ms >= 0);
    return static_cast<std::uint64_t>(block.time_ms) / 1000;
}

/// From when on a nonce may be forgotten that was used now: the authorisation has ended, and so have others with this nonce
/// that its signer made around the same time. 0 where that is never.
std::uint64_t forget_time(std::uint64_t now_s, std::uint64_t keep_s, const Digest& valid_before) {
    const bool is_endless = std::any_of(valid_before.begin(), valid_before.end() - 8, [](auto byte) { return byte; });
    const std::uint64_t end_s = read_u64(valid_before, valid_before.size() - 8);
    if (keep_s == 0 || is_endless || end_s > kForgetMaxS) return 0;
    return std::max(end_s, now_s + keep_s);
}

Result<TokenDomain> require_domain(const StateReader& state, const Address& token, std::uint64_t chain_id) {
    TRY_VOID(require_token(state, token));
    return *token_domain(state, token, chain_id);
}

Result<void> require_unused(const StateReader& state, const Address& token, const Address& authorizer,
                            const Digest& nonce) {
    const AuthorizationRecord known = authorization_record(state, token, authorizer, nonce);
    if (known.state == AuthorizationState::unused) return {};
    return refused("authorization is used or canceled");
}

void mark(Context& context, const Address& token, const Address& authorizer, const Digest& nonce,
          const AuthorizationRecord& record) {
    write_authorization(context.state(), token, authorizer, nonce, record);
    context.emit(
        {record.state == AuthorizationState::used ? "bank.authorization_used" : "bank.authorization_canceled",
         {{"token", event_text(token)}, {"authorizer", event_text(authorizer)}, {"nonce", event_text(nonce)}}});
}

Authorization signed_part(const auto& message) {
    return {message.from,        message.to,           uint256(message.value.units()),
            message.valid_after, message.valid_before, message.nonce};
}

void prepare_transfer(const StateReader& state, std::uint64_t chain_id, AuthorizationKind kind, const auto& message) {
    const auto domain = token_domain(state, message.token, chain_id);
    if (!domain) return; // perhaps it is issued before the message's turn comes
    (void)message.signer.recover(authorization_digest(kind, *domain, signed_part(message)), message.signature);
}

/// Both kinds; the messages have the same fields.
Result<void> settle(Context& context, const AuthorizationRules& rules, AuthorizationKind kind, const auto& message) {
    const TokenDomain domain = TRY(require_domain(context.state(), message.token, rules.chain_id));
    const std::uint64_t now_s = block_seconds(context.block());
    const Digest now = uint256(now_s);
    if (now <= message.valid_after) return refused("authorization is not yet valid");
    if (now >= message.valid_before) return refused("authorization is expired");
    TRY_VOID(require_unused(context.state(), message.token, message.from, message.nonce));
    TRY_VOID(check_authorization_signature(authorization_digest(kind, domain, signed_part(message)), message.signature,
                                           message.from, message.signer));
    mark(context, message.token, message.from, message.nonce,
         {AuthorizationState::used, forget_time(now_s, rules.keep_s, message.valid_before)});
    return move_funds(context, message.from, message.to, message.token, message.value);
}

} // namespace

Digest TokenDomain::separator() const {
    return StructHash(kDomainType).add(name).add(version).add(uint256(chain_id)).add(contract).finish();
}

Digest uint256(Uint128 value) {
    Digest word{};
    std::ranges::copy(encode_amount(Amount(value)), word.end() - kAmountBytes);
    return word;
}

Digest authorization_digest(AuthorizationKind kind, const TokenDomain& domain, const Authorization& authorization) {
    StructHash hash(kind == AuthorizationKind::transfer ? kTransferType : kReceiveType);
    hash.add(authorization.from).add(authorization.to).add(authorization.value);
    hash.add(authorization.valid_after).add(authorization.valid_before).add(authorization.nonce);
    return signing_digest(domain, hash.finish());
}

Digest cancellation_digest(const TokenDomain& domain, const Address& authorizer, const Digest& nonce) {
    return signing_digest(domain, StructHash(kCancelType).add(authorizer).add(nonce).finish());
}

Result<void> check_authorization_signature(const Digest& digest, ByteView signature, const Address& signer,
                                           const SignerMemo& memo) {
    if (signature.size() != kSignatureBytes) return refused("invalid signature length");
    if (!std::ranges::lexicographical_compare(signature.subspan(32, 32), kHalfOrder) &&
        !std::ranges::equal(signature.subspan(32, 32), kHalfOrder))
        return refused("invalid signature 's' value");
    if (signature[64] != 27 && signature[64] != 28) return refused("invalid signature 'v' value");
    const auto recovered = memo.recover(digest, signature);
    if (!recovered || *recovered != signer) return refused("invalid signature");
    return {};
}

AuthorizationRecord authorization_record(const StateReader& state, const Address& token, const Address& authorizer,
                                         const Digest& nonce) {
    const auto bytes = state.get(ModuleId::bank, authorization_key(token, authorizer, nonce));
    if (!bytes) return {};
    const auto record = decode_authorization(*bytes);
    ASSAY_ASSERT(record.has_value());
    return *record;
}

void write_authorization(StateWriter& state, const Address& token, const Address& authorizer, const Digest& nonce,
                         const AuthorizationRecord& record) {
    const StateKey key = authorization_key(token, authorizer, nonce);
    state.put(ModuleId::bank, key, encode_authorization(record));
    const std::uint8_t present = 1;
    if (record.forget_s != 0) state.put(ModuleId::bank, forgotten_key(record.forget_s, key), {&present, 1});
}

void forget_authorizations(Context& context) {
    StateWriter& state = context.state();
    const StateKey end = StateKey(kForgotten).add_u64(block_seconds(context.block()) + 1);
    std::vector<Bytes> due;
    state.scan(ModuleId::bank, StateKey(kForgotten), end, [&](ByteView key, ByteView) {
        due.emplace_back(key.begin(), key.end());
        return due.size() < kForgottenPerBlock;
    });
    for (const Bytes& key : due) {
        state.erase(ModuleId::bank, key);
        state.erase(ModuleId::bank, StateKey(kAuthorizations).add(ByteView(key).subspan(9)));
    }
}

std::optional<TokenDomain> token_domain(const StateReader& state, const Address& token, std::uint64_t chain_id) {
    auto record = read_token(state, token);
    if (!record) return std::nullopt;
    return TokenDomain{std::move(record->name), std::move(record->version), chain_id, token};
}

void prepare(const StateReader& state, std::uint64_t chain_id, const TransferWithAuthorization& message) {
    prepare_transfer(state, chain_id, AuthorizationKind::transfer, message);
}

void prepare(const StateReader& state, std::uint64_t chain_id, const ReceiveWithAuthorization& message) {
    prepare_transfer(state, chain_id, AuthorizationKind::receive, message);
}

void prepare(const StateReader& state, std::uint64_t chain_id, const CancelAuthorization& message) {
    const auto domain = token_domain(state, message.token, chain_id);
    if (!domain) return;
    (void)message.signer.recover(cancellation_digest(*domain, message.authorizer, message.nonce), message.signature);
}

Result<void> transfer_with_authorization(Context& context, const AuthorizationRules& rules,
                                         const TransferWithAuthorization& message) {
    return settle(context, rules, AuthorizationKind::transfer, message);
}

Result<void> receive_with_authorization(Context& context, const AuthorizationRules& rules, const Address& signer,
                                        const ReceiveWithAuthorization& message) {
    if (message.to != signer) return refused("caller must be the payee");
    return settle(context, rules, AuthorizationKind::receive, message);
}

Result<void> cancel_authorization(Context& context, const AuthorizationRules& rules,
                                  const CancelAuthorization& message) {
    const TokenDomain domain = TRY(require_domain(context.state(), message.token, rules.chain_id));
    TRY_VOID(require_unused(context.state(), message.token, message.authorizer, message.nonce));
    TRY_VOID(check_authorization_signature(cancellation_digest(domain, message.authorizer, message.nonce),
                                           message.signature, message.authorizer, message.signer));
    // For ever: what it takes back is not known, and may be valid for as long.
    mark(context, message.token, message.authorizer, message.nonce, {AuthorizationState::cancelled, 0});
    return {};
}

} // namespace assay::chain::bank
