#include "chain/chain_params.h"
#include "chain/modules/bank/bank_module.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/params/params_module.h"
#include "chain/modules/testing/module_fixture.h"

#include <gtest/gtest.h>

namespace assay::chain {
namespace {

using codec::Value;
using testing::address_of;

const Address kAlice = address_of(1);
const Address kBob = address_of(2);
const Address kCarol = address_of(3);

class Bank : public ::testing::Test, protected testing::Bench {
protected:
    Bank() {
        bank.register_messages(registry);
        fund(kAlice, 1'000);
    }
    ~Bank() override { EXPECT_EQ(violation(bank), ""); }

    void fund(const Address& account, std::uint64_t units) {
        run([&](Context& context) { ASSERT_TRUE(bank.mint(context, account, kNativeToken, Amount(units))); });
    }
    Uint128 balance(const Address& account, const Address& token = kNativeToken) const {
        return bank.balance(state, account, token).units();
    }
    bank::IssueToken gold() const { return {"Gold Coin", "GOLD", 6, Amount(500), kAlice, "ipfs://gold"}; }
    Address issue(const bank::IssueToken& message) {
        EXPECT_EQ(refusal(kAlice, message), "accepted");
        return bank::token_address(kAlice, issued++);
    }
    bool mentions(const std::string& text, std::string_view part) const { return text.find(part) != std::string::npos; }

    ParamsModule params;
    BankModule bank{params};
    std::uint64_t issued = 0;
};

TEST_F(Bank, TransfersAndSaysWhatIsMissing) {
    EXPECT_EQ(refusal(kAlice, bank::Transfer{kBob, kNativeToken, Amount(400)}), "accepted");
    EXPECT_EQ(balance(kAlice), 600U);
    EXPECT_EQ(balance(kBob), 400U);
    const std::string short_of = refusal(kAlice, bank::Transfer{kBob, kNativeToken, Amount(601)});
    EXPECT_TRUE(mentions(short_of, "transfer amount 601 exceeds balance 600")) << short_of;
    EXPECT_TRUE(mentions(refusal(kAlice, bank::Transfer{kBob, kCarol, Amount(1)}), "unknown token"));
    EXPECT_TRUE(mentions(refusal(kAlice, bank::Transfer{kBob, kCarol, Amount(0)}), "unknown token"));
    EXPECT_EQ(refusal(kAlice, bank::Transfer{{}, kNativeToken, Amount(1)}), "transfer to the zero address");
    ASSERT_EQ(events.back().type, "bank.transfer");
    EXPECT_EQ(events.back().attributes[3], (std::pair<std::string, std::string>{"amount", "400"}));
}

TEST_F(Bank, TransferToOneselfChangesNothing) {
    EXPECT_EQ(refusal(kAlice, bank::Transfer{kAlice, kNativeToken, Amount(1'000)}), "accepted");
    EXPECT_EQ(balance(kAlice), 1'000U);
    EXPECT_NE(refusal(kAlice, bank::Transfer{kAlice, kNativeToken, Amount(1'001)}), "accepted");
}

TEST_F(Bank, KeepsNoEmptyAccounts) {
    EXPECT_EQ(refusal(kAlice, bank::Transfer{kBob, kNativeToken, Amount(1'000)}), "accepted");
    EXPECT_EQ(state.entries(ModuleId::bank).size(), 2U); // Bob and the supply
}

TEST_F(Bank, FeesCountTheNonceAndReachTheirAccount) {
    EXPECT_TRUE(bank.take_fee(state, kAlice, Amount(7)));
    EXPECT_TRUE(bank.take_fee(state, kAlice, Amount(3)));
    EXPECT_EQ(bank.account(state, kAlice), (AccountsPort::Account{2, Amount(990)}));
    const auto refused = bank.take_fee(state, kAlice, Amount(991));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(mentions(refused.error().message, "fee 991 exceeds balance 990"));
    EXPECT_EQ(bank.account(state, kAlice).nonce, 2U);
    EXPECT_TRUE(mentions(violation(bank), "hold 990, supply is 1000"));
    bank.add_fees(state, Amount(10));
    EXPECT_EQ(bank.collected_fees(state), Amount(10));
    EXPECT_EQ(balance(module_account("fees")), 10U);
}

TEST_F(Bank, IssuesMintsAndBurnsTokens) {
    const Address gold_token = issue(gold());
    EXPECT_EQ(balance(kAlice, gold_token), 500U);
    EXPECT_EQ(refusal(kAlice, bank::Mint{gold_token, kBob, Amount(20)}), "accepted");
    EXPECT_TRUE(mentions(refusal(kBob, bank::Mint{gold_token, kBob, Amount(20)}), "is not its mint authority"));
    EXPECT_EQ(refusal(kBob, bank::Burn{gold_token, Amount(5)}), "accepted");
    EXPECT_EQ(balance(kBob, gold_token), 15U);
    EXPECT_EQ(bank.supply(state, gold_token), Amount(515));
    EXPECT_NE(refusal(kBob, bank::Burn{gold_token, Amount(16)}), "accepted");
    EXPECT_TRUE(mentions(refusal(kAlice, bank::Mint{gold_token, kBob, Amount::max()}), "does not fit 128 bits"));
    EXPECT_TRUE(mentions(refusal(kAlice, bank::Mint{kNativeToken, kBob, Amount(1)}), "has a fixed supply"));
}

TEST_F(Bank, AuthorityMovesAndEnds) {
    const Address token = issue(gold());
    EXPECT_EQ(refusal(kAlice, bank::TransferAuthority{token, {}}), "authority goes to the zero address");
    EXPECT_EQ(refusal(kAlice, bank::TransferAuthority{token, kBob}), "accepted");
    EXPECT_NE(refusal(kAlice, bank::Mint{token, kAlice, Amount(1)}), "accepted");
    EXPECT_NE(refusal(kAlice, bank::RenounceAuthority{token}), "accepted");
    EXPECT_EQ(refusal(kBob, bank::Mint{token, kAlice, Amount(1)}), "accepted");
    EXPECT_EQ(refusal(kBob, bank::RenounceAuthority{token}), "accepted");
    EXPECT_TRUE(mentions(refusal(kBob, bank::Mint{token, kAlice, Amount(1)}), "has a fixed supply"));
    EXPECT_EQ(bank.supply(state, token), Amount(501));
}

TEST_F(Bank, RefusesBadMetadataByName) {
    const auto refused = [&](auto change) {
        bank::IssueToken message = gold();
        change(message);
        return refusal(kAlice, message);
    };
    EXPECT_EQ(refused([](auto& m) { m.name = ""; }), "token name is not of 1 … 64 bytes");
    EXPECT_EQ(refused([](auto& m) { m.name = std::string(65, 'x'); }), "token name is not of 1 … 64 bytes");
    EXPECT_EQ(refused([](auto& m) { m.name = "a\nb"; }), "token name has a control character");
    EXPECT_EQ(refused([](auto& m) { m.symbol = "A B"; }), "token symbol has a character other than A-Z a-z 0-9 . - _");
    EXPECT_EQ(refused([](auto& m) { m.decimals = 37; }), "token decimals are over 36");
    EXPECT_EQ(refused([](auto& m) { m.uri = std::string(257, 'x'); }), "token uri is over 256 bytes");
    EXPECT_EQ(refused([](auto& m) { m.mint_authority = {}, m.supply = {}; }),
              "token has no supply and nobody who could mint one");
    EXPECT_EQ(refused([](auto& m) { m.mint_authority = {}; }), "accepted");
}

TEST_F(Bank, TokensOfOneCreatorHaveTheirOwnAddresses) {
    const Address first = issue(gold());
    const Address second = issue(gold());
    EXPECT_NE(first, second);
    EXPECT_NE(bank::token_address(kBob, 0), first);
    const Value tokens = query(bank, "tokens");
    EXPECT_EQ(tokens.find("tokens")->list()->size(), 2U);
    const Value rest =
        query(bank, "tokens", {{"limit", "1"}, {"after", *tokens.find("tokens")->list()->front().find("address")}});
    ASSERT_EQ(rest.find("tokens")->list()->size(), 1U);
    EXPECT_EQ(rest.find("tokens")->list()->front(), tokens.find("tokens")->list()->back());
}

class Escrows : public Bank {
protected:
    bank::OpenEscrow terms() const {
        return {kBob, kCarol, kNativeToken, Amount(100), block.time_ms + 60'000, "a book"};
    }
    void open() { ASSERT_EQ(refusal(kAlice, terms()), "accepted"); }
};

TEST_F(Escrows, PayerReleasesInParts) {
    open();
    EXPECT_EQ(balance(kAlice), 900U);
    EXPECT_EQ(refusal(kBob, bank::ReleaseEscrow{1, Amount(1)}),
              "escrow 1: 0xac00000000000000000000000000000000000002 may not release it");
    EXPECT_EQ(refusal(kAlice, bank::ReleaseEscrow{1, Amount(30)}), "accepted");
    EXPECT_EQ(refusal(kAlice, bank::ReleaseEscrow{1, Amount(71)}), "escrow 1: amount 71 is not within 1 … 70");
    EXPECT_EQ(refusal(kCarol, bank::ReleaseEscrow{1, Amount(70)}), "accepted");
    EXPECT_EQ(balance(kBob), 100U);
    EXPECT_EQ(refusal(kAlice, bank::ReleaseEscrow{1, Amount(1)}), "escrow 1 does not exist or is settled");
}

TEST_F(Escrows, RefundsByPayeeArbiterOrTime) {
    for (int i = 0; i < 3; ++i) open();
    EXPECT_TRUE(mentions(refusal(kAlice, bank::RefundEscrow{1}), "may not refund it"));
    EXPECT_EQ(refusal(kBob, bank::RefundEscrow{1}), "accepted");
    EXPECT_EQ(refusal(kCarol, bank::RefundEscrow{2}), "accepted");
    block.time_ms += 59'999;
    EXPECT_TRUE(mentions(refusal(kAlice, bank::RefundEscrow{3}), "may not refund it"));
    block.time_ms += 1;
    EXPECT_EQ(refusal(address_of(9), bank::RefundEscrow{3}), "accepted");
    EXPECT_EQ(balance(kAlice), 1'000U);
}

TEST_F(Escrows, ModulesAreObeyedAlone) {
    const Address market = module_account("market");
    run([&](Context& context) {
        const Escrow terms{.payer = kAlice,
                           .payee = kBob,
                           .arbiter = market,
                           .token = kNativeToken,
                           .amount = Amount(10),
                           .deadline_ms = 0,
                           .arbiter_only = true,
                           .purpose = ""};
        EXPECT_EQ(*bank.open_escrow(context, terms), 1U);
    });
    EXPECT_NE(refusal(kAlice, bank::ReleaseEscrow{1, Amount(1)}), "accepted");
    EXPECT_NE(refusal(kBob, bank::RefundEscrow{1}), "accepted");
    EXPECT_NE(refusal(kAlice, bank::RefundEscrow{1}), "accepted");
    run([&](Context& context) { EXPECT_TRUE(bank.release_escrow(context, 1, market, Amount(10))); });
    EXPECT_EQ(balance(kBob), 10U);
}

TEST_F(Escrows, RefusesBadTerms) {
    const auto refused = [&](auto change) {
        bank::OpenEscrow message = terms();
        change(message);
        return refusal(kAlice, message);
    };
    EXPECT_EQ(refused([](auto& m) { m.amount = {}; }), "escrow: amount is zero");
    EXPECT_EQ(refused([](auto& m) { m.payee = {}; }), "escrow: payee is the zero address");
    EXPECT_EQ(refused([](auto& m) { m.payee = kAlice; }), "escrow: payer and payee are one account");
    EXPECT_EQ(refused([](auto& m) { m.purpose = std::string(65, 'x'); }), "escrow: purpose is over 64 bytes");
    EXPECT_TRUE(mentions(refused([&](auto& m) { m.deadline_ms = block.time_ms; }), "is not after block time"));
    EXPECT_TRUE(mentions(refused([](auto& m) { m.amount = Amount(1'001); }), "exceeds balance"));
}

TEST_F(Escrows, ReadAsPeopleReadThem) {
    open();
    const Value escrow = query(bank, "escrow", {{"id", 1}});
    EXPECT_EQ(*escrow.find("amount"), Value("100"));
    EXPECT_EQ(*escrow.find("payee"), Value(crypto::to_string(kBob)));
    EXPECT_EQ(query(bank, "escrows").find("escrows")->list()->front(), escrow);
    EXPECT_EQ(query(bank, "escrow", {{"id", "2"}}), Value("error: no escrow 2"));
}

TEST_F(Bank, QueriesNameWhatIsWrong) {
    EXPECT_EQ(query(bank, "balance"), Value("error: argument 'address' is missing"));
    EXPECT_EQ(query(bank, "nothing"), Value("error: bank has no query 'nothing'"));
    const Value answer = query(bank, "balance", {{"address", crypto::to_string(kAlice)}});
    EXPECT_EQ(*answer.find("balance"), Value("1000"));
    EXPECT_EQ(query(bank, "account", {{"address", Bytes(kAlice.bytes.begin(), kAlice.bytes.end())}})
                  .find("nonce")
                  ->integer()
                  ->argument,
              0U);
    const Value domain = query(bank, "domain");
    EXPECT_EQ(*domain.find("name"), Value("Assay"));
    EXPECT_EQ(*domain.find("chainId"), Value(ChainParams{}.evm_chain_id));
}

TEST_F(Bank, ExportsWhatItCanImport) {
    const Address token = issue(gold());
    ASSERT_TRUE(send(kAlice, bank::Transfer{kBob, token, Amount(3)}));
    ASSERT_TRUE(bank.take_fee(state, kAlice, Amount(7)));
    bank.add_fees(state, Amount(7));
    ASSERT_TRUE(send(kAlice, bank::OpenEscrow{kBob, kCarol, token, Amount(9), block.time_ms + 1, "x"}));
    const std::array<std::uint8_t, 1> used{1};
    state.put(ModuleId::bank, bank::authorization_key(token, kAlice, Digest{7}), used);
    EXPECT_EQ(round_trip(bank), "");
}

TEST_F(Bank, GenesisRefusesByPlace) {
    const auto refused = [&](Value genesis) {
        const auto done = attempt([&](Context& context) { return bank.init_genesis(context, genesis); });
        return done ? "accepted" : done.error().message;
    };
    const auto account = [](const char* balance) {
        return Value(Value::Map{{"address", crypto::to_string(kBob)}, {"balance", balance}});
    };
    EXPECT_EQ(refused(Value::Map{{"accounts", Value::List{account("1"), account("2")}}}),
              "accounts[1]: " + crypto::to_string(kBob) + " comes twice");
    EXPECT_TRUE(mentions(refused(Value::Map{{"accounts", Value::List{account("-1")}}}), "accounts[0]: balance"));
    EXPECT_EQ(refused(Value::Map{{"acounts", Value::List{}}}), "genesis entry 'acounts' is unknown");
    EXPECT_TRUE(
        mentions(refused(Value::Map{{"accounts", Value::List{account("340282366920938463463374607431768211455")}}}),
                 "does not fit 128 bits"));
    EXPECT_EQ(refused(Value::Map{{"accounts", Value::List{account("5")}}}), "accepted");
    EXPECT_EQ(bank.supply(state, kNativeToken), Amount(1'005));
}

TEST_F(Bank, InvariantsSeeDamage) {
    const MemoryState good = state;
    const auto damaged = [&](auto change) {
        change();
        const std::string seen = violation(bank);
        state = good;
        return seen;
    };
    EXPECT_TRUE(mentions(
        damaged([&] { state.put(ModuleId::bank, bank::account_key(kBob), bank::encode_account({0, Amount(1)})); }),
        "hold 1001, supply is 1000"));
    EXPECT_TRUE(mentions(damaged([&] { state.put(ModuleId::bank, bank::account_key(kBob), bank::encode_account({})); }),
                         "empty account kept"));
    EXPECT_TRUE(mentions(
        damaged([&] { state.put(ModuleId::bank, bank::balance_key(kCarol, kBob), bank::encode_amount(Amount(1))); }),
        "unknown token"));
    EXPECT_TRUE(
        mentions(damaged([&] { state.put(ModuleId::bank, StateKey(0x70), Bytes{1}); }), "belongs to no collection"));
    EXPECT_TRUE(
        mentions(damaged([&] { state.put(ModuleId::bank, bank::authorization_key(kCarol, kBob, {}), Bytes{3}); }),
                 "neither used nor cancelled"));
}

} // namespace
} // namespace assay::chain
