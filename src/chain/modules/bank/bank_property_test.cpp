#include "chain/chain_params.h"
#include "chain/modules/bank/authorization.h"
#include "chain/modules/bank/bank_module.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/params/params_module.h"
#include "chain/modules/testing/module_fixture.h"
#include "crypto/secp256k1.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace assay::chain {
namespace {

Amount any_amount() {
    const auto high = *rc::gen::arbitrary<std::uint64_t>();
    const auto low = *rc::gen::arbitrary<std::uint64_t>();
    const Uint128 wide = Uint128{high} << 64 | low;
    return Amount(wide >> *rc::gen::inRange(0, 128));
}

/// Four accounts with keys that send each other random messages.
struct Market : testing::Bench {
    Market() {
        bank.register_messages(registry);
        for (std::uint8_t i = 1; i <= 4; ++i) keys.push_back(*crypto::SecretKey::from_bytes(Bytes(32, i)));
        tokens = {kNativeToken, bank::token_address(account(0), 0), bank::token_address(account(1), 0)};
        run([&](Context& context) {
            RC_ASSERT(bank.mint(context, account(0), kNativeToken, any_amount()).has_value());
        });
        for (std::size_t i : {0U, 1U}) {
            const bank::IssueToken issue{"A", "A", 0, Amount(any_amount().units() / 2 + 1), account(i), ""};
            RC_ASSERT(send(account(i), issue).has_value());
        }
    }
    Address account(std::size_t index) const { return keys[index].address(); }
    const crypto::SecretKey& any_key() const { return keys[*rc::gen::inRange<std::size_t>(0, keys.size())]; }

    /// Mostly what `holder` has, rarely a little more, sometimes anything.
    Amount some_of(Amount held) const {
        const auto permille = *rc::gen::inRange<std::uint64_t>(0, 1'100);
        if (permille > 1'050) return any_amount();
        return multiply_divide(held, permille, 1'000).value_or(Amount::max());
    }

    void pay_by_authorization(const crypto::SecretKey& payer, const Address& to, const Address& token, Amount value) {
        const auto seconds = static_cast<std::uint64_t>(block.time_ms / 1'000);
        bank::TransferWithAuthorization message{.token = token,
                                                .from = payer.address(),
                                                .to = to,
                                                .value = value,
                                                .valid_after = bank::uint256(seconds - *rc::gen::inRange(0U, 3U)),
                                                .valid_before = bank::uint256(seconds + *rc::gen::inRange(0U, 3U)),
                                                .nonce = Digest{*rc::gen::inRange<std::uint8_t>(0, 20)},
                                                .signature = {}};
        const auto domain = *bank::token_domain(state, token, ChainParams{}.evm_chain_id);
        const bank::Authorization signed_part{message.from,        message.to,           bank::uint256(value.units()),
                                              message.valid_after, message.valid_before, message.nonce};
        const auto signature =
            payer.sign(bank::authorization_digest(bank::AuthorizationKind::transfer, domain, signed_part));
        message.signature.assign(signature.begin(), signature.end());
        const bool spent = !spent_nonces.insert({token, message.from, message.nonce}).second;
        const bool accepted = send(account(3), message).has_value();
        RC_ASSERT(!(spent && accepted)); // a nonce pays once
        if (!accepted && !spent) spent_nonces.erase({token, message.from, message.nonce});
    }

    void step() {
        const crypto::SecretKey& key = any_key();
        const Address signer = key.address();
        const Address other = any_key().address();
        const Address token = *rc::gen::elementOf(tokens);
        const Amount amount = some_of(bank.balance(state, signer, token));
        const auto id =
            *rc::gen::inRange<std::uint64_t>(1, bank::read_counter(state, StateKey(bank::kNextEscrow), 1) + 1);
        const Amount escrowed = bank.escrow(state, id).value_or(Escrow{}).amount;
        switch (*rc::gen::inRange(0, 10)) {
            case 0: (void)send(signer, bank::Mint{token, other, any_amount()}); break;
            case 1: (void)send(signer, bank::Burn{token, some_of(amount)}); break;
            case 2: (void)send(signer, bank::TransferAuthority{token, other}); break;
            case 3:
                (void)send(signer,
                           bank::OpenEscrow{other, account(2), token, some_of(amount), block.time_ms + 5'000, "p"});
                break;
            case 4: (void)send(signer, bank::ReleaseEscrow{id, some_of(escrowed)}); break;
            case 5: (void)send(signer, bank::RefundEscrow{id}); break;
            case 6:
            case 7: pay_by_authorization(key, other, token, amount); break;
            default: (void)send(signer, bank::Transfer{other, token, amount}); break;
        }
        block.time_ms += *rc::gen::inRange(0, 1'000);
    }

    ParamsModule params;
    BankModule bank{params};
    std::vector<crypto::SecretKey> keys;
    std::vector<Address> tokens;
    std::set<std::tuple<Address, Address, Digest>> spent_nonces;
};

TEST(BankProperty, AnyMessagesConserveMoneyAndExport) {
    EXPECT_TRUE(rc::check([] {
        Market market;
        for (int i = 0; i < 40; ++i) {
            market.step();
            RC_ASSERT(market.violation(market.bank) == "");
        }
        RC_ASSERT(market.round_trip(market.bank) == "");
        RC_CLASSIFY(market.events.size() > 20, "more than twenty events");
    }));
}

TEST(BankProperty, AccountRecordsRoundTrip) {
    EXPECT_TRUE(rc::check([] {
        const AccountsPort::Account account{*rc::gen::arbitrary<std::uint64_t>(), any_amount()};
        RC_ASSERT(bank::decode_account(bank::encode_account(account)) == account);
        RC_ASSERT(bank::decode_amount(bank::encode_amount(account.balance)) == account.balance);
    }));
}

} // namespace
} // namespace assay::chain
