// What each ABCI method becomes for the application, and back.
#include "consensus/cometbft/application_handler.h"

#include "base/assert.h"
#include "codec/dag_cbor.h"
#include "consensus/cometbft/testing/abci_client.h"
#include "consensus/cometbft/testing/file_application.h"

#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

struct Observer final : BlockObserver {
    void on_block(const std::shared_ptr<const CommittedBlock>& block) override { blocks.push_back(block); }
    std::vector<std::shared_ptr<const CommittedBlock>> blocks;
};

class Handled : public testing::Test {
protected:
    abci::Response ask(const abci::Request& request) {
        auto response = handler.answer(request);
        ASSAY_ASSERT(response.has_value());
        return std::move(*response);
    }
    void init(const std::string& app_state = "") {
        abci::Request request;
        auto& genesis = *request.mutable_init_chain();
        genesis.set_chain_id("test-1");
        genesis.set_initial_height(1);
        genesis.set_app_state_bytes(app_state);
        ASSERT_TRUE(ask(request).has_init_chain());
    }
    abci::Response commit() {
        abci::Request request;
        request.mutable_commit();
        return ask(request);
    }
    FileApplication application{""};
    Observer observer;
    ApplicationHandler handler{application, {&observer}, [](const Error&) {}};
};

TEST_F(Handled, InfoReportsOnlyWhatIsCommitted) {
    abci::Request info;
    info.mutable_info();
    init();
    EXPECT_EQ(ask(info).info().last_block_height(), 0);
    EXPECT_EQ(ask(info).info().last_block_app_hash(), "") << "no height, no hash: the engine then calls InitChain";
    const auto block = ask(finalize_request(1, {"set a 1"}));
    EXPECT_EQ(ask(info).info().last_block_height(), 0) << "finalized is not committed";
    commit();
    EXPECT_EQ(ask(info).info().last_block_height(), 1);
    EXPECT_EQ(ask(info).info().last_block_app_hash(), block.finalize_block().app_hash());
}

TEST_F(Handled, GenesisIsTakenOver) {
    abci::Request request;
    auto& genesis = *request.mutable_init_chain();
    genesis.set_chain_id("test-1");
    genesis.set_initial_height(1);
    genesis.set_app_state_bytes(R"({"greeting":"hello"})");
    auto& validator = *genesis.add_validators();
    validator.mutable_pub_key()->set_ed25519(std::string(32, '\x07'));
    validator.set_power(10);
    const auto response = ask(request);
    ASSERT_TRUE(response.has_init_chain()) << response.exception().error();
    ASSERT_EQ(response.init_chain().validators_size(), 1);
    EXPECT_EQ(response.init_chain().validators(0).power(), 10);
    EXPECT_EQ(response.init_chain().app_hash().size(), 32U);
    EXPECT_EQ(response.init_chain().consensus_params().version().app(), 1U) << "headers say the version that info says";
    EXPECT_EQ(application.info().chain_id, "test-1");
}

TEST_F(Handled, BadGenesisIsAnExceptionThatSaysWhy) {
    abci::Request request;
    auto& genesis = *request.mutable_init_chain();
    genesis.set_app_state_bytes("{");
    EXPECT_NE(ask(request).exception().error().find("genesis: app_state: "), std::string::npos);
    genesis.set_app_state_bytes(R"({"refuse":"x"})");
    EXPECT_EQ(ask(request).exception().error(), "genesis: 'refuse' is not allowed");
    genesis.set_app_state_bytes("");
    genesis.add_validators()->mutable_pub_key()->set_secp256k1(std::string(33, '\x02'));
    EXPECT_EQ(ask(request).exception().error(), "genesis: validator: public key: only Ed25519 keys are supported");
    genesis.clear_validators();
    genesis.set_initial_height(-1);
    EXPECT_EQ(ask(request).exception().error(), "genesis: initial height: -1 is negative");
}

TEST_F(Handled, ABlockBecomesABlock) {
    init();
    auto request = finalize_request(1, {"set a 1", "fail"});
    auto& block = *request.mutable_finalize_block();
    for (const auto flag : {abci::COMMIT, abci::NIL, abci::ABSENT}) {
        auto& vote = *block.mutable_last_commit()->add_votes();
        vote.mutable_validator()->set_address(std::string(20, '\x03'));
        vote.mutable_validator()->set_power(5);
        vote.set_block_id_flag(flag);
    }
    auto& misbehavior = *block.add_misbehavior();
    misbehavior.set_type(abci::DUPLICATE_VOTE);
    misbehavior.mutable_validator()->set_address(std::string(20, '\x04'));
    misbehavior.mutable_validator()->set_power(6);
    misbehavior.set_height(7);
    misbehavior.mutable_time()->set_seconds(8);
    misbehavior.set_total_voting_power(9);

    const auto response = ask(request);
    ASSERT_TRUE(response.has_finalize_block()) << response.exception().error();
    ASSERT_EQ(response.finalize_block().tx_results_size(), 2);
    EXPECT_EQ(response.finalize_block().tx_results(0).code(), 0U);
    EXPECT_EQ(response.finalize_block().tx_results(0).gas_used(), 3);
    EXPECT_EQ(response.finalize_block().tx_results(1).code(), 10U);
    EXPECT_EQ(response.finalize_block().tx_results(1).codespace(), "assay");

    const chain::BlockInfo info = application.blocks().at(0);
    EXPECT_EQ(info.chain_id, "test-1");
    EXPECT_EQ(info.height, 1U);
    EXPECT_EQ(info.time_ms, 1'700'000'001'123);
    EXPECT_EQ(info.proposer.bytes[0], 1);
    ASSERT_EQ(info.last_commit.size(), 3U);
    EXPECT_TRUE(info.last_commit[0].signed_block);
    EXPECT_TRUE(info.last_commit[1].signed_block) << "a vote for nil is no absence";
    EXPECT_FALSE(info.last_commit[2].signed_block);
    ASSERT_EQ(info.misbehavior.size(), 1U);
    EXPECT_EQ(info.misbehavior[0].kind, chain::MisbehaviorKind::duplicate_vote);
    EXPECT_EQ(info.misbehavior[0].height, 7U);
    EXPECT_EQ(info.misbehavior[0].time_ms, 8000);
    EXPECT_EQ(info.misbehavior[0].total_power, 9U);
}

TEST_F(Handled, ObserversHearOfABlockOnceItIsDurable) {
    init();
    ask(finalize_request(1, {"set a 1"}));
    EXPECT_TRUE(observer.blocks.empty());
    commit();
    ASSERT_EQ(observer.blocks.size(), 1U);
    EXPECT_EQ(observer.blocks[0]->info.height, 1U);
    EXPECT_EQ(observer.blocks[0]->hash[0], 5);
    EXPECT_EQ(observer.blocks[0]->transactions.size(), 1U);
    EXPECT_EQ(observer.blocks[0]->result.app_hash, application.info().app_hash);
}

TEST_F(Handled, MalformedBlocksAreNamed) {
    const std::vector<std::pair<std::string, std::function<void(abci::BlockRequest&)>>> cases = {
        {"block: height: -1 is negative", [](auto& block) { block.set_height(-1); }},
        {"block: time: out of range", [](auto& block) { block.mutable_time()->set_nanos(-1); }},
        {"block: proposer address: 3 bytes, not 20", [](auto& block) { block.set_proposer_address("abc"); }},
        {"block: block hash: 0 bytes, not 32", [](auto& block) { block.set_hash(""); }},
        {"block: misbehavior: type: 0 is unknown", [](auto& block) { block.add_misbehavior(); }},
        {"block: last commit: validator address: 0 bytes, not 20",
         [](auto& block) { block.mutable_last_commit()->add_votes(); }},
    };
    for (const auto& [message, change] : cases) {
        auto request = finalize_request(1, {});
        change(*request.mutable_finalize_block());
        EXPECT_EQ(ask(request).exception().error(), message);
    }
}

TEST_F(Handled, ProposalsAreChosenAndJudged) {
    init();
    abci::Request prepare;
    auto& wanted = *prepare.mutable_prepare_proposal();
    wanted.set_max_tx_bytes(30);
    wanted.set_height(1);
    wanted.set_proposer_address(std::string(20, '\x01'));
    for (const char* transaction : {"set a 1", "set bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 1", "set c 1"})
        wanted.add_txs(transaction);
    const auto proposal = ask(prepare).prepare_proposal();
    ASSERT_EQ(proposal.txs_size(), 2) << "the one that does not fit stays out";
    EXPECT_EQ(proposal.txs(1), "set c 1");

    abci::Request process;
    *process.mutable_process_proposal() = finalize_request(1, {"set a 1"}).finalize_block();
    EXPECT_EQ(ask(process).process_proposal().status(), abci::ACCEPT);
    process.mutable_process_proposal()->add_txs("nonsense");
    EXPECT_EQ(ask(process).process_proposal().status(), abci::REJECT);
    process.mutable_process_proposal()->clear_txs();
    process.mutable_process_proposal()->set_proposer_address("short");
    EXPECT_EQ(ask(process).process_proposal().status(), abci::REJECT);
}

TEST_F(Handled, ValidatorUpdatesThatWouldStopTheEngine) {
    init();
    const std::string key(64, 'a');
    const auto good = ask(finalize_request(1, {"validator " + key + " 7"}));
    ASSERT_EQ(good.finalize_block().validator_updates_size(), 1);
    EXPECT_EQ(good.finalize_block().validator_updates(0).power(), 7);
    const auto twice = ask(finalize_request(1, {"validator " + key + " 7", "validator " + key + " 8"}));
    EXPECT_NE(twice.exception().error().find("is updated twice in one block"), std::string::npos);
    const auto heavy = ask(finalize_request(1, {"validator " + key + " 1152921504606846976"}));
    EXPECT_NE(heavy.exception().error().find("power sums up to more than 2^60"), std::string::npos);
}

TEST_F(Handled, QueriesCarryValuesProofsAndErrors) {
    init(R"({"greeting":"hello"})");
    abci::Request request;
    auto& query = *request.mutable_query();
    query.set_path("/get");
    query.set_prove(true);
    const Bytes data = codec::encode_dag_cbor(codec::Value::Map{{"key", "greeting"}}).value();
    query.set_data(std::string(as_string_view(data)));
    const auto found = ask(request).query();
    EXPECT_EQ(found.code(), 0U) << found.log();
    EXPECT_EQ(*codec::decode_dag_cbor(as_byte_view(found.value()))->text(), "hello");
    ASSERT_EQ(found.proof_ops().ops_size(), 1);
    EXPECT_EQ(found.proof_ops().ops(0).data(), "\x01\x02\x03");

    query.set_data("\xff");
    EXPECT_NE(ask(request).query().log().find("malformed: query data: "), std::string::npos);
    query.set_data("");
    query.set_height(-5);
    EXPECT_EQ(ask(request).query().log(), "malformed: query height: -5 is negative");
    query.set_height(0);
    EXPECT_EQ(ask(request).query().code(), 1 + static_cast<std::uint32_t>(ErrorCode::invalid_argument));
}

TEST_F(Handled, SnapshotsTravelAndPoisonIsSentBack) {
    init(R"({"greeting":"hello"})");
    ask(finalize_request(1, {"set a 1"}));
    commit();
    abci::Request list, load;
    list.mutable_list_snapshots();
    const auto snapshot = ask(list).list_snapshots().snapshots(0);
    load.mutable_load_snapshot_chunk()->set_height(snapshot.height());
    load.mutable_load_snapshot_chunk()->set_format(snapshot.format());
    const std::string chunk = ask(load).load_snapshot_chunk().chunk();
    EXPECT_FALSE(chunk.empty());
    load.mutable_load_snapshot_chunk()->set_height(99);
    EXPECT_EQ(ask(load).load_snapshot_chunk().chunk(), "") << "one that is gone is empty, not an exception";

    FileApplication fresh("");
    ApplicationHandler other(fresh, {}, [](const Error&) {});
    abci::Request offer, apply;
    *offer.mutable_offer_snapshot()->mutable_snapshot() = snapshot;
    offer.mutable_offer_snapshot()->set_app_hash(as_string_view(application.info().app_hash).data(), 32);
    EXPECT_EQ(other.answer(offer)->offer_snapshot().result(), abci::OFFER_ACCEPT);
    auto bad = offer;
    bad.mutable_offer_snapshot()->mutable_snapshot()->set_format(2);
    EXPECT_EQ(other.answer(bad)->offer_snapshot().result(), abci::OFFER_REJECT_FORMAT);
    bad = offer;
    bad.mutable_offer_snapshot()->set_app_hash("short");
    EXPECT_EQ(other.answer(bad)->offer_snapshot().result(), abci::OFFER_REJECT);

    apply.mutable_apply_snapshot_chunk()->set_chunk(chunk + "poison");
    apply.mutable_apply_snapshot_chunk()->set_sender("peer-7");
    const auto refused = other.answer(apply)->apply_snapshot_chunk();
    EXPECT_EQ(refused.result(), abci::CHUNK_RETRY);
    ASSERT_EQ(refused.reject_senders_size(), 1);
    EXPECT_EQ(refused.reject_senders(0), "peer-7");
    EXPECT_EQ(refused.refetch_chunks_size(), 1);
    apply.mutable_apply_snapshot_chunk()->set_chunk(chunk);
    EXPECT_EQ(other.answer(apply)->apply_snapshot_chunk().result(), abci::CHUNK_ACCEPT);
    EXPECT_EQ(fresh.info().app_hash, application.info().app_hash);
    EXPECT_EQ(fresh.info().height, 1U);
}

TEST_F(Handled, TextThatIsNotUtf8EndsNothing) {
    abci::Request query, again;
    query.mutable_query()->set_path("/\xff\xfe");
    ASSERT_TRUE(again.ParseFromString(query.SerializeAsString()));
    abci::Response response;
    ASSERT_TRUE(response.ParseFromString(ask(again).SerializeAsString()));
    EXPECT_NE(response.query().code(), 0U);
}

TEST_F(Handled, VoteExtensionsAreReserved) {
    abci::Request extend, verify;
    extend.mutable_extend_vote();
    EXPECT_TRUE(ask(extend).has_extend_vote());
    EXPECT_EQ(ask(extend).extend_vote().vote_extension(), "");
    verify.mutable_verify_vote_extension();
    EXPECT_EQ(ask(verify).verify_vote_extension().status(), abci::ACCEPT);
    verify.mutable_verify_vote_extension()->set_vote_extension("x");
    EXPECT_EQ(ask(verify).verify_vote_extension().status(), abci::REJECT);
}

TEST_F(Handled, AnEngineWithoutMempoolInsertsAndReaps) {
    init();
    abci::Request insert, reap, prepare;
    insert.mutable_insert_tx()->set_tx("set a 1");
    EXPECT_EQ(ask(insert).insert_tx().code(), 0U);
    insert.mutable_insert_tx()->set_tx("nonsense");
    EXPECT_EQ(ask(insert).insert_tx().code(), 1U);
    reap.mutable_reap_txs();
    ASSERT_EQ(ask(reap).reap_txs().txs_size(), 1);
    EXPECT_EQ(ask(reap).reap_txs().txs_size(), 0) << "each is gossiped once";
    auto& wanted = *prepare.mutable_prepare_proposal();
    wanted.set_max_tx_bytes(1000);
    wanted.set_height(1);
    wanted.set_proposer_address(std::string(20, '\x01'));
    EXPECT_EQ(ask(prepare).prepare_proposal().txs_size(), 1);
    ask(finalize_request(1, {"set a 1"}));
    commit();
    EXPECT_EQ(ask(prepare).prepare_proposal().txs_size(), 0);
}

} // namespace
} // namespace assay::consensus
