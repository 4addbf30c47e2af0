#include "chain/modules/bank/keeper.h"

#include "chain/modules/bank/ledger.h"
#include "chain/modules/events.h"
#include "crypto/keccak.h"

#include <algorithm>

namespace assay::chain::bank {
namespace {

std::unexpected<Error> bad_token(std::string what) {
    return fail(ErrorCode::invalid_argument, "token " + std::move(what));
}

bool is_symbol_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
}

/// Names are shown to people who decide by them: no line breaks, no terminal codes.
bool has_control_character(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<Token> owned_token(const Context& context, const Address& signer, const Address& address) {
    auto token = read_token(context.state(), address);
    if (!token) return fail(ErrorCode::invalid_argument, "unknown token " + event_text(address));
    if (token->mint_authority == Address{}) return bad_token(event_text(address) + " has a fixed supply");
    if (token->mint_authority != signer)
        return bad_token(event_text(address) + ": " + event_text(signer) + " is not its mint authority " +
                         event_text(token->mint_authority));
    return *std::move(token);
}

} // namespace

Address token_address(const Address& creator, std::uint64_t number) {
    crypto::Keccak256 hash;
    hash.update(as_byte_view("assay/token/"));
    hash.update(creator.bytes);
    std::array<std::uint8_t, 8> suffix{};
    for (std::size_t i = 0; i < 8; ++i) suffix[7 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    hash.update(suffix);
    const Digest digest = hash.finish();
    Address address;
    std::copy(digest.end() - kAddressBytes, digest.end(), address.bytes.begin());
    return address;
}

Result<void> check_token(const Token& token) {
    if (token.name.empty() || token.name.size() > kNameBytesMax) return bad_token("name is not of 1 … 64 bytes");
    if (has_control_character(token.name)) return bad_token("name has a control character");
    if (token.symbol.empty() || token.symbol.size() > kSymbolBytesMax)
        return bad_token("symbol is not of 1 … 16 bytes");
    if (!std::ranges::all_of(token.symbol, is_symbol_character))
        return bad_token("symbol has a character other than A-Z a-z 0-9 . - _");
    if (token.decimals > kDecimalsMax) return bad_token("decimals are over 36");
    if (token.uri.size() > kUriBytesMax) return bad_token("uri is over 256 bytes");
    if (has_control_character(token.uri)) return bad_token("uri has a control character");
    if (token.version.empty() || token.version.size() > kVersionBytesMax)
        return bad_token("version is not of 1 … 16 bytes");
    return {};
}

Result<void> issue_token(Context& context, const Address& creator, const IssueToken& message) {
    const Token token{.name = message.name,
                      .symbol = message.symbol,
                      .decimals = message.decimals,
                      .version = "1",
                      .uri = message.uri,
                      .creator = creator,
                      .mint_authority = message.mint_authority,
                      .issued_height = context.block().height};
    TRY_VOID(check_token(token));
    if (message.supply.is_zero() && message.mint_authority == Address{})
        return bad_token("has no supply and nobody who could mint one");

    const StateKey counter = issued_key(creator);
    const std::uint64_t number = read_counter(context.state(), counter, 0);
    const Address address = token_address(creator, number);
    if (token_known(context.state(), address)) return bad_token("address " + event_text(address) + " is taken");
    write_counter(context.state(), counter, number + 1);
    write_token(context.state(), address, token);
    context.emit({"bank.issue_token",
                  {{"token", event_text(address)}, {"creator", event_text(creator)}, {"symbol", token.symbol}}});
    if (message.supply.is_zero()) return {};
    return mint_funds(context, creator, address, message.supply);
}

Result<void> mint_token(Context& context, const Address& signer, const Mint& message) {
    TRY(owned_token(context, signer, message.token));
    return mint_funds(context, message.to, message.token, message.amount);
}

Result<void> set_mint_authority(Context& context, const Address& signer, const Address& address,
                                const Address& authority) {
    Token token = TRY(owned_token(context, signer, address));
    token.mint_authority = authority;
    write_token(context.state(), address, token);
    context.emit({"bank.mint_authority", {{"token", event_text(address)}, {"authority", event_text(authority)}}});
    return {};
}

} // namespace assay::chain::bank
