#include "chain/core/ethereum_transaction.h"

#include "chain/modules/bank/messages.h"
#include "chain/modules/ports.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace assay::chain {
namespace {

MessageRegistry make_registry() {
    MessageRegistry registry;
    registry.add<bank::Transfer>(100,
                                 [](Context&, const Address&, const bank::Transfer&) -> Result<void> { return {}; });
    return registry;
}

/// Lines of tests/golden/chain/ethereum_transactions.tsv, which ethers made (tools/make_ethereum_transaction_golden.mjs):
/// raw, from, to, nonce, gas, fee in units, amount in units, chain.
struct Case {
    std::string raw, from, to;
    std::uint64_t nonce = 0, gas = 0;
    std::string fee, amount;
    std::uint64_t chain = 0;
};

std::vector<Case> cases() {
    std::ifstream file(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/chain/ethereum_transactions.tsv");
    std::vector<Case> all;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream fields(line);
        Case one;
        fields >> one.raw >> one.from >> one.to >> one.nonce >> one.gas >> one.fee >> one.amount >> one.chain;
        all.push_back(one);
    }
    return all;
}

TEST(EthereumTransaction, ReadsWhatEthersSigns) {
    const MessageRegistry registry = make_registry();
    const auto all = cases();
    ASSERT_GE(all.size(), 60u);
    for (const Case& one : all) {
        const Bytes wire = from_hex(one.raw).value();
        ASSERT_TRUE(is_ethereum_transaction(wire));
        const auto transaction = decode_transaction(wire, registry);
        ASSERT_TRUE(transaction) << transaction.error().message << " " << one.raw;
        EXPECT_EQ(crypto::to_string(transaction->body.from), one.from);
        EXPECT_EQ(transaction->body.nonce, one.nonce);
        EXPECT_EQ(transaction->body.gas, one.gas);
        EXPECT_EQ(to_string(transaction->body.fee), one.fee);
        EXPECT_EQ(transaction->body.chain, one.chain);
        EXPECT_EQ(transaction->hash, crypto::sha256(wire));
        ASSERT_EQ(transaction->body.messages.size(), 1u);
        const auto* transfer = message_as<bank::Transfer>(*transaction->body.messages[0]);
        ASSERT_NE(transfer, nullptr);
        EXPECT_EQ(crypto::to_string(transfer->to), one.to);
        EXPECT_EQ(transfer->token, kNativeToken);
        EXPECT_EQ(to_string(transfer->amount), one.amount);
        EXPECT_TRUE(check_signature(*transaction));
    }
}

TEST(EthereumTransaction, AChangedByteIsAnotherSenderOrAnError) {
    const MessageRegistry registry = make_registry();
    const Case one = cases().at(0);
    const Bytes wire = from_hex(one.raw).value();
    for (std::size_t i = 0; i < wire.size(); ++i) {
        for (const int mask : {0x01, 0x80}) {
            Bytes changed = wire;
            changed[i] = static_cast<std::uint8_t>(changed[i] ^ mask);
            const auto transaction = decode_transaction(changed, registry);
            EXPECT_TRUE(!transaction || crypto::to_string(transaction->body.from) != one.from) << "byte " << i;
        }
        EXPECT_FALSE(decode_transaction(ByteView(wire).first(i), registry)) << i;
    }
}

TEST(EthereumTransaction, SaysWhatItCannotCarry) {
    const MessageRegistry registry = make_registry();
    std::ifstream file(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/chain/ethereum_refused.tsv");
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        const auto tab = line.find('\t');
        const auto transaction = decode_transaction(from_hex(line.substr(0, tab)).value(), registry);
        ASSERT_FALSE(transaction) << line;
        EXPECT_NE(transaction.error().message.find(line.substr(tab + 1)), std::string::npos)
            << transaction.error().message;
        ++count;
    }
    EXPECT_GE(count, 6u);
}

} // namespace
} // namespace assay::chain
