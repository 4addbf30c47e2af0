/// One key floods a chain of one node with valid transactions; those of others are in the next blocks all the same.
#include "chain/chain_application.h"
#include "chain/genesis.h"
#include "chain/modules/bank/messages.h"
#include "consensus/embedded/embedded_consensus.h"
#include "crypto/secp256k1.h"
#include "storage/memory_database.h"
#include "storage/test_folder.h"

#include <future>
#include <gtest/gtest.h>
#include <map>

namespace assay::consensus {
namespace {

constexpr std::uint64_t kFlood = 20'000;
constexpr std::size_t kOthers = 10;

crypto::SecretKey key_of(std::size_t number) {
    const std::string name = "flood " + std::to_string(number);
    return std::move(crypto::SecretKey::from_bytes(crypto::sha256(as_byte_view(name))).value());
}

Bytes transfer(const crypto::SecretKey& key, std::uint64_t nonce) {
    chain::TransactionBody body;
    body.chain = chain::ChainParams{}.evm_chain_id;
    body.from = key.address();
    body.nonce = nonce;
    body.expiry = 50'000;
    body.gas = 100'000;
    body.fee = chain::Amount(100'000);
    body.messages = {
        chain::make_message(chain::bank::Transfer{key_of(0).address(), chain::kNativeToken, chain::Amount(1)})};
    return encode_transaction(body, key.sign(signing_digest(body)));
}

/// In which block each transaction came.
class Heights final : public BlockObserver {
public:
    void on_block(const std::shared_ptr<const CommittedBlock>& block) override {
        for (std::size_t i = 0; i < block->transactions.size(); ++i) {
            EXPECT_EQ(block->result.transactions[i].code, chain::TxCode::ok);
            heights[crypto::sha256(block->transactions[i])] = block->info.height;
        }
    }
    std::map<crypto::Digest, std::uint64_t> heights;
};

std::vector<Submission> submit(EmbeddedConsensus& consensus, std::vector<Bytes> wires) {
    std::promise<std::vector<Submission>> checked;
    consensus.submit(std::move(wires), [&](auto submissions) { checked.set_value(std::move(submissions)); });
    return checked.get_future().get();
}

TEST(MempoolFlood, OfOneKeyDelaysNobodyElse) {
    std::vector<crypto::SecretKey> keys;
    chain::DevelopmentGenesis development;
    for (std::size_t i = 0; i <= kOthers; ++i) {
        keys.push_back(key_of(i));
        development.accounts.push_back(keys.back().address());
    }
    std::vector<Bytes> flood, others;
    for (std::uint64_t nonce = 0; nonce < kFlood; ++nonce) flood.push_back(transfer(keys[0], nonce));
    for (std::size_t i = 1; i <= kOthers; ++i) others.push_back(transfer(keys[i], 0));

    storage::MemoryDatabase database;
    const auto application = chain::ChainApplication::create(database, chain::make_modules(), {}).value();
    const auto document = make_development_genesis(development);
    ASSERT_TRUE(application->init_chain({.chain_id = document.chain_id,
                                         .time_ms = 0,
                                         .initial_height = 1,
                                         .app_state = document.modules,
                                         .validators = {}}));
    const storage::TestFolder folder(storage::TestFolder::in_memory());
    Heights observed;
    EmbeddedOptions options;
    options.blocks_folder = folder / "blocks";
    options.validator = std::make_shared<const crypto::Ed25519SecretKey>(
        std::move(crypto::Ed25519SecretKey::from_seed(Bytes(32, 1)).value()));
    options.block_bytes_max = 32 << 10;
    const auto consensus = EmbeddedConsensus::start(*application, {&observed}, options).value();
    for (const Submission& one : submit(*consensus, flood)) EXPECT_EQ(one.result.code, chain::TxCode::ok);
    for (const Submission& one : submit(*consensus, others)) EXPECT_EQ(one.result.code, chain::TxCode::ok);
    const std::uint64_t accepted_at = consensus->status().height;
    consensus->wait_until_idle();
    consensus->stop();

    ASSERT_EQ(observed.heights.size(), kFlood + kOthers);
    const std::uint64_t flood_over = observed.heights[crypto::sha256(flood.back())];
    for (const Bytes& other : others) {
        const std::uint64_t height = observed.heights[crypto::sha256(other)];
        EXPECT_LE(height, accepted_at + 2); // one block may have been under way
        EXPECT_LT(height + 10, flood_over) << "the flood was over already: nothing was shown";
    }
}

} // namespace
} // namespace assay::consensus
