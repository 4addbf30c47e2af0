// Files of the engine's home, without the engine: what a real one makes of them is shown by tests/comet.
#include "consensus/cometbft/engine_home.h"

#include "base/mapped_file.h"
#include "consensus/cometbft/supervisor.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace assay::consensus {
namespace {

struct Home : testing::Test {
    Home() { std::filesystem::create_directories(path / "config"); }
    ~Home() override { std::filesystem::remove_all(path); }
    std::string read(const std::string& name) { return read_file(path / "config" / name, 1 << 20).value_or(""); }
    void write(const std::string& name, std::string_view text) {
        ASSERT_TRUE(write_file_atomically(path / "config" / name, text).has_value());
    }
    std::filesystem::path path = "/tmp/assay-home-" + std::to_string(getpid());
};

TEST_F(Home, SettingsAreChangedInTheirSection) {
    write("config.toml", "# laddr = \"no\"\nproxy_app = \"a\"\n[rpc]\nladdr = \"b\"\n[p2p]\nladdr = \"c\"\nlast = 1");
    const std::vector<EngineSetting> settings = {
        {"", "proxy_app", "\"x\""}, {"p2p", "laddr", "\"y\""}, {"p2p", "last", "2"}};
    ASSERT_TRUE(configure_engine(path, settings).has_value());
    EXPECT_EQ(read("config.toml"),
              "# laddr = \"no\"\nproxy_app = \"x\"\n[rpc]\nladdr = \"b\"\n[p2p]\nladdr = \"y\"\nlast = 2");
    const std::vector<EngineSetting> unknown = {{"rpc", "last", "3"}};
    const auto refused = configure_engine(path, unknown);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message.find("no 'last' in section 'rpc'"), std::string::npos);
}

TEST_F(Home, GenesisIsTheEnginesDocumentWithOurState) {
    chain::GenesisRequest genesis;
    genesis.chain_id = "test-1";
    genesis.time_ms = 1'700'000'000'007;
    genesis.app_state = codec::Value::Map{{"bank", codec::Value::Map{{"supply", 5}}}};
    genesis.validators.push_back({{1, 2, 3}, 10});
    ASSERT_TRUE(write_engine_genesis(path, genesis).has_value());
    const std::string text = read("genesis.json");
    for (const char* part :
         {R"("genesis_time":"2023-11-14T22:13:20.007Z")", R"("initial_height":"1")", R"("power":"10")",
          R"("app_state":{"bank":{"supply":5}})", R"("max_age_duration":"172800000000000")",
          R"("value":"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    genesis.validators[0].power = 0;
    EXPECT_FALSE(write_engine_genesis(path, genesis).has_value());
    genesis.chain_id = std::string(51, 'x');
    EXPECT_FALSE(write_engine_genesis(path, genesis).has_value());
}

TEST_F(Home, ValidatorKey) {
    EXPECT_EQ(validator_public_key(path).error().code, ErrorCode::not_found);
    write("priv_validator_key.json",
          R"({"pub_key":{"type":"tendermint/PubKeyEd25519","value":"BWC2yJiekPiDvMyprRWNezRi90haOwjt27uiW+JNGoI="}})");
    const auto key = validator_public_key(path);
    ASSERT_TRUE(key.has_value()) << key.error().message;
    // The address that CometBFT 0.38.25 wrote beside this key.
    EXPECT_EQ(to_hex(consensus_address(*key).bytes), "5e68fe1bf9d3477dfb2524ed73bb3dd3ca1492d4");
}

TEST_F(Home, AMissingEngineIsExplained) {
    SupervisorOptions options;
    options.binary = "/nowhere/cometbft";
    options.home = path;
    const auto supervisor = Supervisor::start(options);
    ASSERT_FALSE(supervisor.has_value());
    EXPECT_NE(supervisor.error().message.find("go install github.com/cometbft/cometbft/cmd/cometbft@v0.38.25"),
              std::string::npos);
    options.binary = "/bin/echo"; // says "version"
    EXPECT_EQ(Supervisor::start(options).error().code, ErrorCode::unsupported);
}

TEST_F(Home, AttachingWaitsForAnEngineAndSaysWhatToDo) {
    SupervisorOptions options;
    options.attach = true;
    options.rpc_url = "http://127.0.0.1:9"; // nobody listens there
    options.start_timeout = std::chrono::milliseconds(10);
    const auto supervisor = Supervisor::start(options);
    ASSERT_FALSE(supervisor.has_value());
    EXPECT_NE(supervisor.error().message.find("--proxy_app"), std::string::npos) << supervisor.error().message;
}

} // namespace
} // namespace assay::consensus
