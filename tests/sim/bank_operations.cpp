#include "chain/modules/bank/authorization.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/bank/ledger.h"
#include "world.h"

namespace assay::sim {
namespace {

using namespace chain;

Address any_token(World& world) {
    if (world.random.percent(40)) return kNativeToken;
    const auto [key, value] = world.pick(ModuleId::bank, bank::kTokens);
    return key.empty() ? kNativeToken : bank::read_address(key, 1);
}

/// A token that somebody may mint, and who.
std::optional<std::pair<Address, bank::Token>> mintable_token(World& world) {
    for (int tries = 0; tries < 16; ++tries) {
        const auto [key, value] = world.pick(ModuleId::bank, bank::kTokens);
        if (key.empty()) return std::nullopt;
        auto token = decode_record<bank::Token>(value);
        if (token.mint_authority != Address{}) return std::pair(bank::read_address(key, 1), std::move(token));
    }
    return std::nullopt;
}

/// A holder of the token, as far as a few guesses find one.
std::size_t holder_of(World& world, const Address& token) {
    for (int tries = 0; tries < 40; ++tries) {
        const std::size_t account = world.anyone();
        if (!bank::read_balance(world.state, world.addresses[account], token).is_zero()) return account;
    }
    return world.anyone();
}

Amount some_of(World& world, std::size_t holder, const Address& token) {
    const Amount balance = bank::read_balance(world.state, world.addresses[holder], token);
    if (world.random.percent(8)) return Amount(2 * balance.units() + 1);
    return world.part_of(token == kNativeToken ? Amount(balance.units() / 1000) : balance);
}

std::optional<Operation> transfer(World& world) {
    const Address token = any_token(world);
    const std::size_t from = holder_of(world, token);
    return operation(from, bank::Transfer{world.any_address(), token, some_of(world, from, token)});
}

std::optional<Operation> burn(World& world) {
    const Address token = any_token(world);
    const std::size_t from = holder_of(world, token);
    return operation(from, bank::Burn{token, some_of(world, from, token)});
}

std::optional<Operation> issue_token(World& world) {
    bank::IssueToken message;
    message.name = "Token " + std::to_string(++world.serial);
    message.symbol = world.random.percent(12) ? "not a symbol" : "T" + std::to_string(world.serial);
    message.decimals = static_cast<std::uint8_t>(world.random.below(19));
    message.supply = world.amount(1'000'000'000'000);
    if (world.random.percent(80)) message.mint_authority = world.any_address();
    return operation(world.anyone(), std::move(message));
}

std::optional<Operation> mint(World& world) {
    const auto token = mintable_token(world);
    if (!token) return std::nullopt;
    return operation(world.signer_for(token->second.mint_authority),
                     bank::Mint{token->first, world.any_address(), world.amount(1'000'000'000)});
}

std::optional<Operation> transfer_authority(World& world) {
    const auto token = mintable_token(world);
    if (!token) return std::nullopt;
    return operation(world.signer_for(token->second.mint_authority),
                     bank::TransferAuthority{token->first, world.any_address()});
}

std::optional<Operation> renounce_authority(World& world) {
    const auto token = mintable_token(world);
    if (!token) return std::nullopt;
    return operation(world.signer_for(token->second.mint_authority), bank::RenounceAuthority{token->first});
}

/// Nonces come from a small set, so that some come again.
Digest small_nonce(World& world) {
    Digest nonce{};
    nonce[31] = static_cast<std::uint8_t>(world.random.below(256));
    nonce[30] = static_cast<std::uint8_t>(world.random.below(4));
    return nonce;
}

template <class Message>
std::optional<Operation> with_authorization(World& world, bank::AuthorizationKind kind) {
    Message message;
    message.token = any_token(world);
    const std::size_t from = holder_of(world, message.token);
    const std::size_t to = world.anyone();
    message.from = world.addresses[from];
    message.to = world.addresses[to];
    message.value = some_of(world, from, message.token);
    const auto now_s = static_cast<std::uint64_t>(world.time_ms) / 1000;
    message.valid_after = bank::uint256(world.random.percent(4) ? now_s + 1'000'000 : now_s - 10);
    message.valid_before = bank::uint256(world.random.percent(4) ? now_s - 5 : now_s + 10'000'000);
    message.nonce = small_nonce(world);
    const auto domain = bank::token_domain(world.state, message.token, world.evm_chain_id);
    if (!domain) return std::nullopt;
    const Digest digest = bank::authorization_digest(kind, *domain,
                                                     {message.from, message.to, bank::uint256(message.value.units()),
                                                      message.valid_after, message.valid_before, message.nonce});
    const auto signature = world.keys[world.signer_for(message.from)].sign(digest);
    message.signature.assign(signature.begin(), signature.end());
    if (world.random.percent(3)) message.signature[world.random.below(65)] ^= 1;
    const bool payee_must_send = kind == bank::AuthorizationKind::receive;
    return operation(payee_must_send ? world.signer_for(message.to) : world.anyone(), std::move(message));
}

std::optional<Operation> transfer_with_authorization(World& world) {
    return with_authorization<bank::TransferWithAuthorization>(world, bank::AuthorizationKind::transfer);
}
std::optional<Operation> receive_with_authorization(World& world) {
    return with_authorization<bank::ReceiveWithAuthorization>(world, bank::AuthorizationKind::receive);
}

std::optional<Operation> cancel_authorization(World& world) {
    bank::CancelAuthorization message;
    message.token = any_token(world);
    const std::size_t from = world.anyone();
    message.authorizer = world.addresses[from];
    message.nonce = small_nonce(world);
    const auto domain = bank::token_domain(world.state, message.token, world.evm_chain_id);
    if (!domain) return std::nullopt;
    const auto signature = world.keys[world.signer_for(message.authorizer)].sign(
        bank::cancellation_digest(*domain, message.authorizer, message.nonce));
    message.signature.assign(signature.begin(), signature.end());
    return operation(world.anyone(), std::move(message));
}

std::optional<Operation> open_escrow(World& world) {
    bank::OpenEscrow message;
    message.token = any_token(world);
    const std::size_t payer = holder_of(world, message.token);
    message.payee = world.any_address();
    if (world.random.percent(60)) message.arbiter = world.any_address();
    message.amount = some_of(world, payer, message.token);
    message.deadline_ms = world.time_ms + static_cast<std::int64_t>(world.random.below(600'000)) - 10'000;
    message.purpose = "simulated";
    return operation(payer, std::move(message));
}

/// One of the users', not the market's; and its number.
std::optional<std::pair<std::uint64_t, Escrow>> any_escrow(World& world) {
    for (int tries = 0; tries < 24; ++tries) {
        const auto [key, value] = world.pick_recent(ModuleId::bank, bank::kEscrows, 200);
        if (key.empty()) return std::nullopt;
        auto escrow = decode_record<Escrow>(value);
        if (!escrow.arbiter_only || world.random.percent(4)) return std::pair(read_u64(key, 1), std::move(escrow));
    }
    return std::nullopt;
}

std::optional<Operation> release_escrow(World& world) {
    const auto found = any_escrow(world);
    if (!found) return std::nullopt;
    const auto& [id, escrow] = *found;
    const bool arbitrated = escrow.arbiter != Address{} && world.random.percent(50);
    return operation(world.signer_for(arbitrated ? escrow.arbiter : escrow.payer),
                     bank::ReleaseEscrow{id, world.part_of(escrow.amount)});
}

std::optional<Operation> refund_escrow(World& world) {
    const auto found = any_escrow(world);
    if (!found) return std::nullopt;
    return operation(world.signer_for(found->second.payee), bank::RefundEscrow{found->first});
}

} // namespace

void add_bank_operations(std::vector<OperationKind>& kinds) {
    kinds.insert(kinds.end(), {{"bank/transfer", transfer},
                               {"bank/burn", burn},
                               {"bank/issue_token", issue_token},
                               {"bank/mint", mint},
                               {"bank/transfer_authority", transfer_authority},
                               {"bank/renounce_authority", renounce_authority},
                               {"bank/transfer_with_authorization", transfer_with_authorization},
                               {"bank/receive_with_authorization", receive_with_authorization},
                               {"bank/cancel_authorization", cancel_authorization},
                               {"bank/escrow_open", open_escrow},
                               {"bank/escrow_release", release_escrow},
                               {"bank/escrow_refund", refund_escrow}});
}

} // namespace assay::sim
