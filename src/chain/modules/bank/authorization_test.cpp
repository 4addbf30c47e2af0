#include "chain/modules/bank/authorization.h"

#include "chain/chain_params.h"
#include "chain/modules/bank/bank_module.h"
#include "chain/modules/bank/bank_params.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/params/params_module.h"
#include "chain/modules/testing/module_fixture.h"
#include "codec/golden_file.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace assay::chain::bank {
namespace {

using testing::address_of;

Digest digest_of(std::string_view hex) {
    const Bytes bytes = *from_hex(hex);
    Digest digest{};
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

// Signed by the Python package eth-account; the first two are payments by x402-fetch 1.2.0 and @x402/fetch 2.27.0.
TEST(AuthorizationDigest, EqualsEthAccount) {
    const auto rows = codec::golden_rows("chain/authorizations.tsv");
    ASSERT_GE(rows.size(), 38U);
    for (const auto& row : rows) {
        const TokenDomain domain{row[1], row[2], std::stoull(row[3]), *crypto::parse_address(row[4])};
        const Address signer = *crypto::parse_address(row[5]);
        EXPECT_EQ(to_hex(domain.separator()), row[11]);
        Digest digest;
        if (row[0] == "CancelAuthorization") {
            digest = cancellation_digest(domain, signer, digest_of(row[10]));
        } else {
            const Authorization authorization{signer,
                                              *crypto::parse_address(row[6]),
                                              digest_of(row[7]),
                                              digest_of(row[8]),
                                              digest_of(row[9]),
                                              digest_of(row[10])};
            const bool receive = row[0] == "ReceiveWithAuthorization";
            digest = authorization_digest(receive ? AuthorizationKind::receive : AuthorizationKind::transfer, domain,
                                          authorization);
        }
        EXPECT_EQ(to_hex(digest), row[12]) << row[0];
        EXPECT_TRUE(check_authorization_signature(digest, *from_hex(row[13]), signer));
        EXPECT_FALSE(check_authorization_signature(digest, *from_hex(row[13]), address_of(1)));
    }
}

class AuthorizationTest : public ::testing::Test, protected testing::Bench {
protected:
    static constexpr std::int64_t kNow = 1'900'000'000;

    AuthorizationTest() {
        params.add<BankParams>();
        bank.register_messages(registry);
        run([&](Context& context) { ASSERT_TRUE(bank.mint(context, payer, kNativeToken, Amount(1'000))); });
    }
    ~AuthorizationTest() override { EXPECT_EQ(violation(bank), ""); }

    TokenDomain domain(const Address& token = kNativeToken) const {
        return *token_domain(state, token, ChainParams{}.evm_chain_id);
    }
    void sign(AuthorizationKind kind, auto& message) const {
        const Authorization authorization{message.from,        message.to,           uint256(message.value.units()),
                                          message.valid_after, message.valid_before, message.nonce};
        const auto signature = key.sign(authorization_digest(kind, domain(message.token), authorization));
        message.signature.assign(signature.begin(), signature.end());
    }
    TransferWithAuthorization transfer(std::uint64_t value, std::int64_t after = 0, std::int64_t before = kNow + 60,
                                       std::uint8_t nonce = 1) const {
        TransferWithAuthorization message{.token = kNativeToken,
                                          .from = payer,
                                          .to = payee,
                                          .value = Amount(value),
                                          .valid_after = uint256(static_cast<std::uint64_t>(after)),
                                          .valid_before = uint256(static_cast<std::uint64_t>(before)),
                                          .nonce = Digest{nonce},
                                          .signature = {}};
        sign(AuthorizationKind::transfer, message);
        return message;
    }
    CancelAuthorization cancel(std::uint8_t nonce) const {
        const auto signature = key.sign(cancellation_digest(domain(), payer, Digest{nonce}));
        return {kNativeToken, payer, Digest{nonce}, Bytes(signature.begin(), signature.end())};
    }
    std::string submit(const auto& message) { return refusal(relayer, message); }
    std::uint64_t paid() const { return static_cast<std::uint64_t>(bank.balance(state, payee, kNativeToken).units()); }

    ParamsModule params;
    BankModule bank{params};
    crypto::SecretKey key = *crypto::SecretKey::from_bytes(Bytes(32, 0x42));
    Address payer = key.address();
    Address payee = address_of(7);
    Address relayer = address_of(8);
};

TEST_F(AuthorizationTest, PaysOnce) {
    const auto message = transfer(250);
    EXPECT_EQ(submit(message), "accepted");
    EXPECT_EQ(paid(), 250U);
    EXPECT_EQ(submit(message), "authorization is used or canceled");
    EXPECT_EQ(submit(transfer(1)), "authorization is used or canceled"); // the nonce, not the signature, is spent
    EXPECT_EQ(submit(transfer(1, 0, kNow + 60, 2)), "accepted");
    EXPECT_EQ(paid(), 251U);
    EXPECT_EQ(authorization_record(state, kNativeToken, payer, Digest{1}).state, AuthorizationState::used);
}

TEST_F(AuthorizationTest, WindowIsOpenAtBothEnds) {
    EXPECT_EQ(submit(transfer(1, kNow, kNow + 60)), "authorization is not yet valid");
    EXPECT_EQ(submit(transfer(1, 0, kNow)), "authorization is expired");
    EXPECT_EQ(submit(transfer(1, kNow - 1, kNow + 1)), "accepted");
    block.time_ms += 999; // still the same second
    EXPECT_EQ(submit(transfer(1, kNow, kNow + 60, 2)), "authorization is not yet valid");
    EXPECT_EQ(submit(transfer(1, kNow - 1, kNow + 1, 2)), "accepted");
    block.time_ms += 1;
    EXPECT_EQ(submit(transfer(1, kNow - 1, kNow + 1, 3)), "authorization is expired");
    auto forever = transfer(1, 0, 1, 3);
    forever.valid_before.fill(0xff);
    sign(AuthorizationKind::transfer, forever);
    EXPECT_EQ(submit(forever), "accepted");
}

TEST_F(AuthorizationTest, EveryFieldIsSigned) {
    const auto refused = [&](auto change) {
        auto message = transfer(10);
        change(message);
        return submit(message);
    };
    EXPECT_EQ(refused([](auto& m) { m.value = Amount(11); }), "invalid signature");
    EXPECT_EQ(refused([](auto& m) { m.to = address_of(9); }), "invalid signature");
    EXPECT_EQ(refused([](auto& m) { m.from = address_of(9); }), "invalid signature");
    EXPECT_EQ(refused([](auto& m) { m.nonce[31] ^= 1; }), "invalid signature");
    EXPECT_EQ(refused([](auto& m) { m.valid_after[31] ^= 1; }), "invalid signature");
    EXPECT_EQ(refused([](auto& m) { m.valid_before[0] ^= 1; }), "invalid signature");
    EXPECT_EQ(paid(), 0U);
}

TEST_F(AuthorizationTest, SignaturesHaveOneForm) {
    const auto refused = [&](auto change) {
        auto message = transfer(10);
        change(message.signature);
        return submit(message);
    };
    EXPECT_EQ(refused([](Bytes& s) { s.pop_back(); }), "invalid signature length");
    EXPECT_EQ(refused([](Bytes& s) { s.push_back(0); }), "invalid signature length");
    EXPECT_EQ(refused([](Bytes& s) { s[64] = static_cast<std::uint8_t>(s[64] - 27); }), "invalid signature 'v' value");
    EXPECT_EQ(refused([](Bytes& s) { s[64] = static_cast<std::uint8_t>(55 - s[64]); }), "invalid signature");
    EXPECT_EQ(refused([](Bytes& s) { std::fill(s.begin() + 32, s.begin() + 64, std::uint8_t{0xff}); }),
              "invalid signature 's' value");
    EXPECT_EQ(refused([](Bytes& s) { std::fill(s.begin(), s.begin() + 64, std::uint8_t{0}); }), "invalid signature");
}

TEST_F(AuthorizationTest, OnlyThePayeeReceives) {
    ReceiveWithAuthorization message{kNativeToken, payer, payee, Amount(5), {}, uint256(kNow + 9), Digest{4}, {}};
    sign(AuthorizationKind::receive, message);
    EXPECT_EQ(submit(message), "caller must be the payee");
    EXPECT_EQ(refusal(payee, message), "accepted");
    EXPECT_EQ(paid(), 5U);
    sign(AuthorizationKind::transfer, message); // the other type's signature does not do
    message.nonce = Digest{5};
    EXPECT_EQ(refusal(payee, message), "invalid signature");
}

TEST_F(AuthorizationTest, CancellingSpendsTheNonce) {
    EXPECT_EQ(submit(cancel(6)), "accepted");
    EXPECT_EQ(submit(cancel(6)), "authorization is used or canceled");
    EXPECT_EQ(submit(transfer(1, 0, kNow + 60, 6)), "authorization is used or canceled");
    auto forged = cancel(7);
    forged.authorizer = address_of(1);
    EXPECT_EQ(submit(forged), "invalid signature");
    EXPECT_EQ(submit(transfer(1, 0, kNow + 60, 7)), "accepted");
    EXPECT_EQ(submit(cancel(7)), "authorization is used or canceled");
    EXPECT_EQ(query(bank, "authorization", {{"authorizer", crypto::to_string(payer)}, {"nonce", Bytes(32)}}),
              codec::Value(codec::Value::Map{{"state", "unused"}}));
}

/// EIP-3009 never forgets. This chain does once the authorisation has ended, but not before the time that governance names.
/// What was found ahead answers for exactly what was looked at; all else is recovered in its turn, with the same outcome.
TEST_F(AuthorizationTest, PreparingChangesNothingButTheWork) {
    const auto outcomes = [&](bool ahead) {
        std::vector<std::string> seen;
        const auto run_one = [&](const auto& message) {
            const auto decoded = registry.decode(to_value(message));
            ASSERT_TRUE(decoded.has_value());
            EXPECT_TRUE((*decoded)->has_preparation());
            GasMeter gas(1'000'000);
            if (ahead) (*decoded)->prepare(state, gas);
            const auto done = attempt([&](Context& context) { return (*decoded)->execute(context, payee); });
            seen.push_back(done ? "accepted" : done.error().message);
        };
        auto forged = transfer(3, 0, kNow + 60, 12);
        forged.value = Amount(4);
        auto high = transfer(3, 0, kNow + 60, 13);
        std::fill(high.signature.begin() + 32, high.signature.begin() + 64, std::uint8_t{0xff});
        auto unknown = transfer(3, 0, kNow + 60, 14);
        unknown.token = address_of(77);
        ReceiveWithAuthorization received{kNativeToken, payer, payee, Amount(5), {}, uint256(kNow + 9), Digest{15}, {}};
        sign(AuthorizationKind::receive, received);
        run_one(transfer(3, 0, kNow + 60, 11));
        run_one(forged), run_one(high), run_one(unknown), run_one(received), run_one(cancel(16)), run_one(cancel(16));
        return seen;
    };
    const MemoryState before = state;
    const auto cold = outcomes(false);
    const MemoryState after = state;
    state = before;
    EXPECT_EQ(outcomes(true), cold);
    EXPECT_EQ(state.entries(ModuleId::bank), after.entries(ModuleId::bank));
    EXPECT_EQ(cold.front(), "accepted");
}

TEST_F(AuthorizationTest, AMemoAnswersForOneDigestAndSignatureAlone) {
    const auto message = transfer(1);
    const Digest digest =
        authorization_digest(AuthorizationKind::transfer, domain(),
                             {payer, payee, uint256(1), message.valid_after, message.valid_before, message.nonce});
    GasMeter little(10), enough(1'000'000);
    const auto decoded = *registry.decode(to_value(message));
    const SignerMemo& memo = message_as<TransferWithAuthorization>(*decoded)->signer;
    decoded->prepare(state, little);
    EXPECT_FALSE(memo.knows(digest, message.signature)); // its gas does not pay for it
    decoded->prepare(state, enough);
    EXPECT_TRUE(memo.knows(digest, message.signature));
    EXPECT_EQ(*memo.recover(digest, message.signature), payer);
    Bytes other = message.signature;
    other[3] ^= 1;
    EXPECT_FALSE(memo.knows(digest, other));
    EXPECT_FALSE(memo.knows(Digest{1}, message.signature));
    EXPECT_NE(memo.recover(Digest{1}, message.signature).value_or(Address{}), payer);
    EXPECT_EQ(*memo.recover(digest, message.signature), payer);
    EXPECT_FALSE(SignerMemo(memo).knows(digest, message.signature));
}

TEST_F(AuthorizationTest, UsedNoncesAreForgottenInTheEnd) {
    const auto state_of = [&](std::uint8_t nonce) {
        return authorization_record(state, kNativeToken, payer, Digest{nonce}).state;
    };
    const auto pass_to = [&](std::int64_t second) {
        block.time_ms = second * 1'000 + 999;
        next_block({&bank}, 0);
    };
    const auto keep = static_cast<std::int64_t>(BankParams{}.authorization_keep_s);
    const auto brief = transfer(1, 0, kNow + 60, 1);
    const auto lasting = transfer(1, 0, kNow + 2 * keep, 2);
    auto endless = transfer(1, 0, 1, 3);
    endless.valid_before.fill(0xff);
    sign(AuthorizationKind::transfer, endless);
    EXPECT_EQ(submit(brief), "accepted");
    EXPECT_EQ(submit(lasting), "accepted");
    EXPECT_EQ(submit(endless), "accepted");
    EXPECT_EQ(submit(cancel(4)), "accepted");
    EXPECT_EQ(
        query(bank, "authorization",
              {{"authorizer", crypto::to_string(payer)}, {"nonce", Bytes(endless.nonce.begin(), endless.nonce.end())}}),
        codec::Value(codec::Value::Map{{"state", "used"}}));
    EXPECT_EQ(round_trip(bank), "");

    pass_to(kNow + keep - 1); // the first has long ended, but a second signature over its nonce still cannot pay again
    EXPECT_EQ(state_of(1), AuthorizationState::used);
    EXPECT_EQ(submit(transfer(1, 0, kNow + keep + 60, 1)), "authorization is used or canceled");
    pass_to(kNow + keep);
    EXPECT_EQ(state_of(1), AuthorizationState::unused);
    EXPECT_EQ(submit(brief), "authorization is expired");
    pass_to(kNow + 2 * keep - 1); // still valid, so still spent
    EXPECT_EQ(state_of(2), AuthorizationState::used);
    EXPECT_EQ(submit(lasting), "authorization is used or canceled");
    pass_to(kNow + 2 * keep);
    EXPECT_EQ(state_of(2), AuthorizationState::unused);
    EXPECT_EQ(submit(lasting), "authorization is expired");

    pass_to(kNow + 1'000 * keep);
    EXPECT_EQ(submit(endless), "authorization is used or canceled");
    EXPECT_EQ(submit(transfer(1, 0, kNow + 2'000 * keep, 4)), "authorization is used or canceled");
    EXPECT_EQ(state_of(4), AuthorizationState::cancelled);
    EXPECT_EQ(round_trip(bank), "");
}

TEST_F(AuthorizationTest, ForgettingIsSpreadOverBlocks) {
    for (std::size_t i = 0; i < kForgottenPerBlock + 5; ++i) {
        Digest nonce{};
        nonce[0] = static_cast<std::uint8_t>(i >> 8);
        nonce[1] = static_cast<std::uint8_t>(i);
        write_authorization(state, kNativeToken, payer, nonce, {AuthorizationState::used, kNow + 1});
    }
    const auto left = [&] {
        std::size_t count = 0;
        scan_prefix(state, ModuleId::bank, StateKey(kForgotten), [&](ByteView, ByteView) { return ++count != 0; });
        return count;
    };
    next_block({&bank});
    EXPECT_EQ(left(), kForgottenPerBlock + 5); // its second has not come
    next_block({&bank});
    EXPECT_EQ(left(), 5U);
    next_block({&bank});
    EXPECT_EQ(left(), 0U);
}

TEST_F(AuthorizationTest, GovernanceMayKeepNoncesForEver) {
    EXPECT_TRUE(BankParams{.authorization_keep_s = 0}.validate());
    EXPECT_EQ(BankParams{.authorization_keep_s = 59}.validate().error().message,
              "authorization_keep_s: neither 0 nor within 60 … 4294967296");
    run([&](Context& context) {
        const codec::Value forever(codec::Value::Map{{"bank", codec::Value::Map{{"authorization_keep_s", 0}}}});
        ASSERT_TRUE(params.init_genesis(context, forever));
    });
    EXPECT_EQ(submit(transfer(1)), "accepted");
    EXPECT_EQ(authorization_record(state, kNativeToken, payer, Digest{1}),
              (AuthorizationRecord{AuthorizationState::used, 0}));
}

TEST_F(AuthorizationTest, PovertyLeavesTheNonce) {
    const std::string refused = submit(transfer(1'001));
    EXPECT_NE(refused.find("transfer amount 1001 exceeds balance 1000"), std::string::npos) << refused;
    EXPECT_EQ(submit(transfer(1'000)), "accepted");
}

TEST_F(AuthorizationTest, TokensAndChainsAreApart) {
    ASSERT_TRUE(send(payer, IssueToken{"Gold", "GOLD", 2, Amount(50), {}, ""}));
    auto message = transfer(5);
    message.token = token_address(payer, 0);
    EXPECT_EQ(submit(message), "invalid signature");
    sign(AuthorizationKind::transfer, message);
    EXPECT_EQ(submit(message), "accepted");
    message.token = address_of(1);
    EXPECT_EQ(submit(message), "unknown token " + std::string("0xac00000000000000000000000000000000000001"));

    run([&](Context& context) {
        const codec::Value other(codec::Value::Map{{"chain", codec::Value::Map{{"evm_chain_id", 1}}}});
        ASSERT_TRUE(params.init_genesis(context, other));
    });
    EXPECT_EQ(submit(transfer(5, 0, kNow + 60, 9)), "invalid signature");
}

// A stock x402 client pays on this chain when genesis places its token where the client expects it.
TEST_F(AuthorizationTest, SettlesARealPayment) {
    const auto row = codec::golden_rows("chain/authorizations.tsv").at(1);
    using codec::Value;
    const Value genesis(Value::Map{
        {"tokens", Value::List{Value::Map{
                       {"address", row[4]}, {"name", "USDC"}, {"symbol", "USDC"}, {"decimals", 6}, {"version", "2"}}}},
        {"balances", Value::List{Value::Map{{"token", row[4]}, {"account", row[5]}, {"amount", "10000"}}}}});
    run([&](Context& context) {
        ASSERT_TRUE(params.init_genesis(context, Value(Value::Map{{"chain", Value::Map{{"evm_chain_id", 84532}}}})));
        ASSERT_TRUE(bank.init_genesis(context, genesis));
    });
    block.time_ms = 1'893'460'000'000;
    const TransferWithAuthorization message{.token = *crypto::parse_address(row[4]),
                                            .from = *crypto::parse_address(row[5]),
                                            .to = *crypto::parse_address(row[6]),
                                            .value = Amount(10'000),
                                            .valid_after = digest_of(row[8]),
                                            .valid_before = digest_of(row[9]),
                                            .nonce = digest_of(row[10]),
                                            .signature = *from_hex(row[13])};
    EXPECT_EQ(submit(message), "accepted");
    EXPECT_EQ(bank.balance(state, message.to, message.token), Amount(10'000));
}

} // namespace
} // namespace assay::chain::bank
