#pragma once
/// Transfers that somebody signed and somebody else submits. Source: EIP-3009, EIP-712; rules, their order and the texts of
/// their errors as circlefin/stablecoin-evm's FiatTokenV2. Thread-safe; committed class.
#include "chain/modules/bank/messages.h"
#include "chain/modules/bank/state.h"

namespace assay::chain::bank {

/// A token's EIP-712 domain.
struct TokenDomain {
    std::string name;
    std::string version;
    std::uint64_t chain_id = 0;
    Address contract; ///< the token

    Digest separator() const;
};

/// What the payer signs. Integers are uint256, big-endian.
struct Authorization {
    Address from;
    Address to;
    Digest value{};
    Digest valid_after{};
    Digest valid_before{};
    Digest nonce{};
};

enum class AuthorizationKind : std::uint8_t { transfer, receive };

Digest uint256(Uint128 value);
Digest authorization_digest(AuthorizationKind kind, const TokenDomain& domain, const Authorization& authorization);
Digest cancellation_digest(const TokenDomain& domain, const Address& authorizer, const Digest& nonce);

/// r ‖ s ‖ v with low s and v of 27 or 28, by `signer`. Errors: invalid_argument, in the words of ECRecover and FiatTokenV2.
/// `memo` may know the recovery's outcome already.
Result<void> check_authorization_signature(const Digest& digest, ByteView signature, const Address& signer,
                                           const SignerMemo& memo = {});

AuthorizationRecord authorization_record(const StateReader& state, const Address& token, const Address& authorizer,
                                         const Digest& nonce);
/// Writes it, and what finds it again when it is to be forgotten.
void write_authorization(StateWriter& state, const Address& token, const Address& authorizer, const Digest& nonce,
                         const AuthorizationRecord& record);
/// Forgets used nonces whose time has come, at most so many a block; the rest waits.
inline constexpr std::size_t kForgottenPerBlock = 1'000;
void forget_authorizations(Context& context);

/// What a message is judged by beside the state.
struct AuthorizationRules {
    std::uint64_t chain_id = 0;
    std::uint64_t keep_s = 0; ///< BankParams::authorization_keep_s
};

/// Nothing when there is no such token.
std::optional<TokenDomain> token_domain(const StateReader& state, const Address& token, std::uint64_t chain_id);

/// Recovers their signatures ahead: what the messages sign under the domain that `state` has for their token.
void prepare(const StateReader& state, std::uint64_t chain_id, const TransferWithAuthorization& message);
void prepare(const StateReader& state, std::uint64_t chain_id, const ReceiveWithAuthorization& message);
void prepare(const StateReader& state, std::uint64_t chain_id, const CancelAuthorization& message);

/// Errors: invalid_argument (not yet valid, expired, used or canceled, signature, unknown token, balance).
Result<void> transfer_with_authorization(Context& context, const AuthorizationRules& rules,
                                         const TransferWithAuthorization& message);
/// Errors: the same, and a signer who is not the payee.
Result<void> receive_with_authorization(Context& context, const AuthorizationRules& rules, const Address& signer,
                                        const ReceiveWithAuthorization& message);
Result<void> cancel_authorization(Context& context, const AuthorizationRules& rules,
                                  const CancelAuthorization& message);

} // namespace assay::chain::bank
