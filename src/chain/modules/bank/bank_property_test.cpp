#include "chain/modules/bank/bank_module.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/params/params_module.h"
#include "chain/modules/testing/module_fixture.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace assay::chain {
namespace {

using testing::address_of;

Amount any_amount() {
    const auto high = *rc::gen::arbitrary<std::uint64_t>();
    const auto low = *rc::gen::arbitrary<std::uint64_t>();
    const Uint128 wide = Uint128{high} << 64 | low;
    return Amount(wide >> *rc::gen::inRange(0, 128));
}
Address any_account() { return address_of(*rc::gen::inRange<std::uint64_t>(1, 6)); }

/// One message of random content by a random account; most are refused, some are not.
void step(testing::Bench& bench, const std::vector<Address>& tokens) {
    const Address signer = any_account();
    const Address other = any_account();
    const Address token = *rc::gen::elementOf(tokens);
    const auto id = *rc::gen::inRange<std::uint64_t>(1, 12);
    switch (*rc::gen::inRange(0, 9)) {
        case 0: (void)bench.send(signer, bank::Mint{token, other, any_amount()}); break;
        case 1: (void)bench.send(signer, bank::Burn{token, any_amount()}); break;
        case 2: (void)bench.send(signer, bank::TransferAuthority{token, other}); break;
        case 3: {
            const bank::OpenEscrow terms{other, any_account(), token, any_amount(), bench.block.time_ms + 5'000, "p"};
            (void)bench.send(signer, terms);
            break;
        }
        case 4: (void)bench.send(signer, bank::ReleaseEscrow{id, any_amount()}); break;
        case 5: (void)bench.send(signer, bank::RefundEscrow{id}); break;
        default: (void)bench.send(signer, bank::Transfer{other, token, any_amount()}); break;
    }
    bench.block.time_ms += *rc::gen::inRange(0, 1'000);
}

TEST(BankProperty, AnyMessagesConserveMoneyAndExport) {
    EXPECT_TRUE(rc::check([] {
        testing::Bench bench;
        const ParamsModule params;
        const BankModule bank(params);
        bank.register_messages(bench.registry);
        bench.run([&](Context& context) {
            RC_ASSERT(bank.mint(context, address_of(1), kNativeToken, any_amount()).has_value());
        });
        RC_ASSERT(
            bench.send(address_of(1), bank::IssueToken{"A", "A", 0, any_amount(), address_of(1), ""}).has_value());
        RC_ASSERT(
            bench.send(address_of(2), bank::IssueToken{"B", "B", 0, any_amount(), address_of(2), ""}).has_value());
        const std::vector<Address> tokens = {kNativeToken, bank::token_address(address_of(1), 0),
                                             bank::token_address(address_of(2), 0), address_of(5)};
        for (int i = 0; i < 40; ++i) {
            step(bench, tokens);
            RC_ASSERT(bench.violation(bank) == "");
        }
        RC_ASSERT(bench.round_trip(bank) == "");
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
