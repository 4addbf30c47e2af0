#pragma once
/// A chain in memory with the modules params and bank and one that misbehaves, for tests of the application.
#include "chain/chain_application.h"
#include "chain/chain_params.h"
#include "chain/gas.h"
#include "chain/genesis.h"
#include "chain/modules/bank/bank_module.h"
#include "chain/modules/bank/messages.h"
#include "chain/modules/params/params_module.h"
#include "crypto/secp256k1.h"
#include "storage/memory_database.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace assay::chain::testing {

/// Does what a test asks for.
struct Act {
    static constexpr std::string_view kType = "test/act";
    static constexpr std::string_view kStruct = "TestAct";
    std::string write = {}; ///< a key to write first
    std::uint64_t burn = 0; ///< gas to use up
    std::string fail = {}; ///< an error to end with
    static void fields(auto&& self, auto&& visit) {
        visit("write", self.write);
        visit("burn", self.burn);
        visit("fail", self.fail);
    }
};

inline constexpr std::uint8_t kActs = 0x01;

/// In the place of the registry module. Its upgrade plan is the key "upgrade", if somebody wrote that.
class ActModule final : public Module, public UpgradePort {
public:
    std::uint64_t upgrade_height = 0;

    ModuleId id() const override { return ModuleId::registry; }
    void register_messages(MessageRegistry& registry) const override {
        registry.add<Act>(1000, [](Context& context, const Address&, const Act& act) -> Result<void> {
            if (!act.write.empty())
                context.state().put(ModuleId::registry, StateKey(kActs).add(as_byte_view(act.write)), Bytes{1});
            context.gas().charge(act.burn);
            context.emit({"test.acted", {{"write", act.write}}});
            if (!act.fail.empty()) return assay::fail(ErrorCode::invalid_argument, act.fail);
            return {};
        });
    }
    Result<void> init_genesis(Context&, const codec::Value&) const override { return {}; }
    codec::Value export_genesis(const StateReader&, const WalkAll&) const override { return {}; }
    void end_block(Context&, std::vector<ValidatorUpdate>& updates) const override { updates.push_back({{}, 5}); }
    Result<codec::Value> query(const BlockInfo& block, const StateReader&, std::string_view path,
                               const codec::Value&) const override {
        if (path != "height") return assay::fail(ErrorCode::not_found, "no such query");
        return codec::Value(block.height);
    }
    Result<void> check_invariants(const StateReader&, const WalkAll&) const override { return {}; }
    std::optional<UpgradePlan> upgrade_plan(const StateReader&) const override {
        if (upgrade_height == 0) return std::nullopt;
        return UpgradePlan{"two", upgrade_height, 2};
    }
};

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class TestChain {
public:
    explicit TestChain(std::size_t keys = 4, codec::Value params = codec::Value(codec::Value::Map{}),
                       ApplicationOptions options = {})
        : options_(options) {
        for (std::size_t i = 0; i < keys; ++i) {
            Bytes secret(32, static_cast<std::uint8_t>(1 + i % 200));
            secret[0] = static_cast<std::uint8_t>(i / 200);
            secrets.push_back(must(crypto::SecretKey::from_bytes(secret)));
        }
        open();
        GenesisRequest genesis;
        genesis.chain_id = "test";
        genesis.app_state = codec::Value(codec::Value::Map{{"bank", accounts()}, {"params", std::move(params)}});
        must(application->init_chain(genesis));
    }

    void open() {
        store.reset();
        application.reset();
        const auto params_module = std::make_shared<ParamsModule>();
        bank = std::make_shared<BankModule>(*params_module);
        acts = std::make_shared<ActModule>();
        ModuleSet set;
        set.modules = {params_module, bank, acts};
        set.end_order = {params_module.get(), bank.get(), acts.get()};
        set.accounts = bank.get();
        set.params = params_module.get();
        set.upgrades = acts.get();
        application = must(ChainApplication::create(database, set, options_));
        store = application->store();
    }

    Address address(std::size_t key) const { return secrets[key].address(); }

    /// A transfer of 1 unit by `key`, before `change`.
    TransactionBody body(std::size_t key, std::uint64_t nonce) const {
        TransactionBody body;
        body.chain = ChainParams{}.evm_chain_id;
        body.from = address(key);
        body.nonce = nonce;
        body.expiry = 1000;
        body.gas = 200'000;
        body.fee = Amount(200'000);
        body.messages = {transfer_to(address((key + 1) % secrets.size()), 1)};
        return body;
    }
    static std::shared_ptr<const AnyMessage> transfer_to(const Address& to, std::uint64_t amount) {
        return make_message(bank::Transfer{.to = to, .token = kNativeToken, .amount = Amount(amount)});
    }
    Bytes sign(std::size_t key, const TransactionBody& content) const {
        return encode_transaction(content, secrets[key].sign(signing_digest(content)));
    }
    Bytes transfer(std::size_t key, std::uint64_t nonce) const { return sign(key, body(key, nonce)); }
    Bytes act(std::size_t key, std::uint64_t nonce, std::vector<Act> what) const {
        TransactionBody content = body(key, nonce);
        content.messages.clear();
        for (Act& one : what) content.messages.push_back(make_message(std::move(one)));
        return sign(key, content);
    }

    BlockInfo next_block() const {
        BlockInfo block;
        block.chain_id = "test";
        block.height = application->info().height + 1;
        block.time_ms = 1000 * static_cast<std::int64_t>(block.height);
        return block;
    }
    BlockResult block(const std::vector<Bytes>& transactions) {
        BlockResult result = must(application->finalize_block(next_block(), transactions));
        must(application->commit());
        return result;
    }
    TxCode check(const Bytes& wire) { return application->check_transaction(wire, false).result.code; }

    AccountsPort::Account account(std::size_t key) const { return bank->account(*must(store->latest()), address(key)); }
    bool has_written(std::string_view key) const {
        return must(store->latest())->get(ModuleId::registry, StateKey(kActs).add(as_byte_view(key))).has_value();
    }

    static constexpr std::uint64_t kBalance = 1'000'000'000;
    std::vector<crypto::SecretKey> secrets;
    storage::MemoryDatabase database;
    std::shared_ptr<StateStore> store;
    std::shared_ptr<const BankModule> bank;
    std::shared_ptr<ActModule> acts;
    std::unique_ptr<ChainApplication> application;

private:
    codec::Value accounts() const {
        codec::Value::List list;
        for (const auto& secret : secrets) {
            codec::Value::Map account;
            account.emplace("address", to_string(secret.address()));
            account.emplace("balance", std::to_string(kBalance));
            list.emplace_back(std::move(account));
        }
        return codec::Value(codec::Value::Map{{"accounts", std::move(list)}});
    }

    ApplicationOptions options_;
};

} // namespace assay::chain::testing
