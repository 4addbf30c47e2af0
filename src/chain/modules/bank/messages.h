#pragma once
/// What a transaction can ask of bank. Amounts are in the token's smallest units.
#include "chain/message.h"
#include "chain/signer_memo.h"

namespace assay::chain::bank {

struct Transfer {
    static constexpr std::string_view kType = "bank/transfer";
    static constexpr std::string_view kStruct = "BankTransfer";
    Address to;
    Address token;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("to", self.to);
        visit("token", self.token);
        visit("amount", self.amount);
    }
};

/// The whole supply goes to the signer.
struct IssueToken {
    static constexpr std::string_view kType = "bank/issue_token";
    static constexpr std::string_view kStruct = "BankIssueToken";
    std::string name;   ///< 1 … 64 bytes; also the token's EIP-712 domain name
    std::string symbol; ///< 1 … 16 of A-Z a-z 0-9 . - _
    std::uint8_t decimals = 0; ///< up to 36
    Amount supply;
    Address mint_authority; ///< all zero: the supply is fixed
    std::string uri;        ///< up to 256 bytes, more about the token
    static void fields(auto&& self, auto&& visit) {
        visit("name", self.name);
        visit("symbol", self.symbol);
        visit("decimals", self.decimals);
        visit("supply", self.supply);
        visit("mint_authority", self.mint_authority);
        visit("uri", self.uri);
    }
};

/// By the token's mint authority.
struct Mint {
    static constexpr std::string_view kType = "bank/mint";
    static constexpr std::string_view kStruct = "BankMint";
    Address token;
    Address to;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("token", self.token);
        visit("to", self.to);
        visit("amount", self.amount);
    }
};

/// Out of the signer's own balance.
struct Burn {
    static constexpr std::string_view kType = "bank/burn";
    static constexpr std::string_view kStruct = "BankBurn";
    Address token;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("token", self.token);
        visit("amount", self.amount);
    }
};

/// By the token's mint authority.
struct TransferAuthority {
    static constexpr std::string_view kType = "bank/transfer_authority";
    static constexpr std::string_view kStruct = "BankTransferAuthority";
    Address token;
    Address authority;
    static void fields(auto&& self, auto&& visit) {
        visit("token", self.token);
        visit("authority", self.authority);
    }
};

/// By the token's mint authority: from now on the supply can only fall.
struct RenounceAuthority {
    static constexpr std::string_view kType = "bank/renounce_authority";
    static constexpr std::string_view kStruct = "BankRenounceAuthority";
    Address token;
    static void fields(auto&& self, auto&& visit) { visit("token", self.token); }
};

/// EIP-3009's transferWithAuthorization, by anybody. Times are EIP-3009's uint256 seconds, big-endian; value is a uint256
/// that fits 128 bits, since no supply exceeds that.
struct TransferWithAuthorization {
    static constexpr std::string_view kType = "bank/transfer_with_authorization";
    static constexpr std::string_view kStruct = "BankTransferWithAuthorization";
    Address token;
    Address from;
    Address to;
    Amount value;
    Digest valid_after{};
    Digest valid_before{};
    Digest nonce{};
    Bytes signature; ///< r ‖ s ‖ v of `from`
    SignerMemo signer{}; ///< no field
    static void fields(auto&& self, auto&& visit) {
        visit("token", self.token);
        visit("from", self.from);
        visit("to", self.to);
        visit("value", self.value);
        visit("valid_after", self.valid_after);
        visit("valid_before", self.valid_before);
        visit("nonce", self.nonce);
        visit("signature", self.signature);
    }
};

/// EIP-3009's receiveWithAuthorization: by `to` alone.
struct ReceiveWithAuthorization {
    static constexpr std::string_view kType = "bank/receive_with_authorization";
    static constexpr std::string_view kStruct = "BankReceiveWithAuthorization";
    Address token;
    Address from;
    Address to;
    Amount value;
    Digest valid_after{};
    Digest valid_before{};
    Digest nonce{};
    Bytes signature;
    SignerMemo signer{}; ///< no field
    static void fields(auto&& self, auto&& visit) { TransferWithAuthorization::fields(self, visit); }
};

/// EIP-3009's cancelAuthorization, by anybody who holds the authorizer's signature.
struct CancelAuthorization {
    static constexpr std::string_view kType = "bank/cancel_authorization";
    static constexpr std::string_view kStruct = "BankCancelAuthorization";
    Address token;
    Address authorizer;
    Digest nonce{};
    Bytes signature;
    SignerMemo signer{}; ///< no field
    static void fields(auto&& self, auto&& visit) {
        visit("token", self.token);
        visit("authorizer", self.authorizer);
        visit("nonce", self.nonce);
        visit("signature", self.signature);
    }
};

/// The signer pays. Its rules are EscrowPort's (ports.h).
struct OpenEscrow {
    static constexpr std::string_view kType = "bank/escrow_open";
    static constexpr std::string_view kStruct = "BankOpenEscrow";
    Address payee;
    Address arbiter; ///< all zero: none
    Address token;
    Amount amount;
    std::int64_t deadline_ms = 0;
    std::string purpose;
    static void fields(auto&& self, auto&& visit) {
        visit("payee", self.payee);
        visit("arbiter", self.arbiter);
        visit("token", self.token);
        visit("amount", self.amount);
        visit("deadline_ms", self.deadline_ms);
        visit("purpose", self.purpose);
    }
};

struct ReleaseEscrow {
    static constexpr std::string_view kType = "bank/escrow_release";
    static constexpr std::string_view kStruct = "BankReleaseEscrow";
    std::uint64_t id = 0;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("id", self.id);
        visit("amount", self.amount);
    }
};

struct RefundEscrow {
    static constexpr std::string_view kType = "bank/escrow_refund";
    static constexpr std::string_view kStruct = "BankRefundEscrow";
    std::uint64_t id = 0;
    static void fields(auto&& self, auto&& visit) { visit("id", self.id); }
};

} // namespace assay::chain::bank
