// The server as the engine sees it: order, Flush, batches, and connections that do not harm each other.
#include "base/assert.h"
#include "consensus/cometbft/listening_server.h"
#include "consensus/cometbft/server.h"
#include "consensus/cometbft/testing/abci_client.h"
#include "consensus/cometbft/testing/file_application.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

namespace assay::consensus {
namespace {

std::string socket_path(std::string_view name) {
    return "/tmp/assay-" + std::to_string(getpid()) + "-" + std::string(name) + ".sock";
}

struct Served {
    explicit Served(ServerOptions options = {.address = "tcp://127.0.0.1:0"}) {
        options.log = [this](std::string_view line) {
            const std::lock_guard lock(mutex);
            lines.emplace_back(line);
        };
        auto started = Server::start(application, {}, std::move(options));
        ASSAY_ASSERT(started.has_value());
        server = std::move(*started);
    }
    std::string last_line() {
        for (int i = 0; i < 500; ++i) {
            {
                const std::lock_guard lock(mutex);
                if (!lines.empty()) return lines.back();
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return "";
    }
    FileApplication application{""};
    std::mutex mutex;
    std::vector<std::string> lines;
    std::unique_ptr<Server> server;
};

TEST(Server, AnswersInOrderWithOneAnswerEach) {
    Served served;
    AbciClient client(served.server->address());
    abci::Request echo, query;
    echo.mutable_echo()->set_message("hello");
    query.mutable_query()->set_path("/nothing");
    for (const auto& request :
         {check_request("set a 1"), check_request("nonsense"), echo, check_request("fail"), query, flush_request()})
        client.write(request);
    client.send();
    EXPECT_EQ(client.read().check_tx().code(), 0U);
    const auto refused = client.read();
    EXPECT_EQ(refused.check_tx().code(), 1U);
    EXPECT_EQ(refused.check_tx().log(), "no such verb");
    EXPECT_EQ(client.read().echo().message(), "hello");
    EXPECT_TRUE(client.read().has_check_tx());
    const auto answer = client.read();
    EXPECT_NE(answer.query().code(), 0U);
    EXPECT_EQ(answer.query().log(), "not_found: no query '/nothing'");
    EXPECT_TRUE(client.read().has_flush());
}

TEST(Server, ChecksThatArriveTogetherAreABatch) {
    Served served;
    AbciClient client(served.server->address());
    for (int i = 0; i < 100; ++i) client.write(check_request("set k" + std::to_string(i) + " v"));
    client.write(check_request("set r v", abci::RECHECK));
    client.write(flush_request());
    client.send();
    for (int i = 0; i < 101; ++i) ASSERT_TRUE(client.read().has_check_tx()) << i;
    EXPECT_TRUE(client.read().has_flush());
    const auto batches = served.application.batches();
    ASSERT_FALSE(batches.empty());
    EXPECT_EQ(batches.back(), 1U) << "a recheck is no part of a batch of new ones";
    EXPECT_LT(batches.size(), 50U);
}

TEST(Server, UnknownFieldsAreSkippedAndUnknownRequestsNamed) {
    Served served;
    AbciClient client(served.server->address());
    Bytes frame;
    append_frame(frame, Bytes{0x0a, 0x05, 0x0a, 0x01, 'x', 0x50, 0x07}); // echo "x" with an unknown field 10
    append_frame(frame, Bytes{0xfa, 0x07, 0x00});                       // a request numbered 127
    client.send_raw(frame);
    EXPECT_EQ(client.read().echo().message(), "x");
    EXPECT_NE(client.read().exception().error().find("ABCI 2.0 does not have"), std::string::npos);
}

TEST(Server, BrokenConnectionsEndAlone) {
    Served served({.address = "unix://" + socket_path("broken"), .frame_bytes_max = 4096});
    AbciClient good(served.server->address());
    EXPECT_TRUE(good.ask(flush_request()).has_flush());
    const std::vector<std::pair<Bytes, std::string>> cases = {
        {{0xff, 0xff, 0xff, 0xff, 0x07}, "frame of 2147483647 bytes exceeds the limit of 4096"},
        {{0x03, 0xff, 0xff, 0xff}, "a frame of 3 bytes is no request"},
        {Bytes(10, 0xff), "frame length"},
    };
    for (const auto& [bytes, message] : cases) {
        AbciClient bad(served.server->address());
        bad.send_raw(bytes);
        EXPECT_TRUE(bad.at_end());
        EXPECT_NE(served.last_line().find(message), std::string::npos) << served.last_line();
        const std::lock_guard lock(served.mutex);
        served.lines.clear();
    }
    {
        AbciClient cut(served.server->address());
        cut.send_raw(Bytes{0x20, 0x01});
    }
    EXPECT_NE(served.last_line().find("closed 2 bytes into an unfinished frame"), std::string::npos);
    EXPECT_TRUE(good.ask(flush_request()).has_flush());
}

TEST(Server, QueriesAreAnsweredWhileABlockCommits) {
    Served served;
    AbciClient consensus(served.server->address()), query(served.server->address()), mempool(served.server->address());
    ASSERT_TRUE(consensus.ask(finalize_request(1, {"set a 1"})).has_finalize_block());
    abci::Request commit, snapshots;
    commit.mutable_commit();
    snapshots.mutable_list_snapshots();
    {
        const std::lock_guard gate(served.application.commit_gate());
        consensus.write(commit);
        consensus.send();
        EXPECT_EQ(mempool.ask(check_request("set b 2")).check_tx().code(), 0U);
        EXPECT_TRUE(query.ask(snapshots).has_list_snapshots());
    }
    EXPECT_TRUE(consensus.read().has_commit());
}

TEST(Server, AFailedCommitIsNeverAnswered) {
    std::atomic<bool> told{false};
    Served served({.address = "tcp://127.0.0.1:0",
                   .on_fatal = [&](const Error& error) { told = error.message == "no space left on device"; }});
    AbciClient client(served.server->address());
    ASSERT_TRUE(client.ask(finalize_request(1, {"set a 1"})).has_finalize_block());
    served.application.fail_next_commit();
    abci::Request commit;
    commit.mutable_commit();
    client.write(commit);
    client.send();
    EXPECT_TRUE(client.at_end());
    EXPECT_TRUE(told);
}

TEST(Server, ConnectionsAreBounded) {
    Served served({.address = "tcp://127.0.0.1:0", .connections_max = 2});
    AbciClient first(served.server->address()), second(served.server->address());
    EXPECT_TRUE(first.ask(flush_request()).has_flush());
    EXPECT_TRUE(second.ask(flush_request()).has_flush());
    AbciClient third(served.server->address());
    EXPECT_TRUE(third.at_end());
    EXPECT_EQ(served.last_line(), "abci: refused a connection: 2 are open");
}

TEST(Server, StopsWithOpenConnectionsAndRemovesItsSocket) {
    const std::string path = socket_path("stop");
    Served served({.address = "unix://" + path});
    AbciClient client(served.server->address());
    EXPECT_TRUE(client.ask(flush_request()).has_flush());
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    served.server->stop();
    EXPECT_TRUE(client.at_end());
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Server, ASocketInUseIsRefusedAndOneLeftBehindReplaced) {
    const std::string path = socket_path("left");
    { // what a killed process leaves
        const auto listener = listen_on("unix://" + path);
        ASSERT_TRUE(listener.has_value());
    }
    ASSERT_TRUE(std::filesystem::exists(path));
    FileApplication application("");
    const auto server = Server::start(application, {}, {.address = "unix://" + path});
    ASSERT_TRUE(server.has_value()) << server.error().message;
    const auto again = Server::start(application, {}, {.address = "unix://" + path});
    ASSERT_FALSE(again.has_value());
    EXPECT_NE(again.error().message.find("cannot listen on"), std::string::npos);
}

TEST(Server, AddressesAreRefusedByName) {
    FileApplication application("");
    for (const auto& [address, message] : std::vector<std::pair<std::string, std::string>>{
             {"localhost:1", "expected unix:///path or tcp://IP:PORT"},
             {"tcp://127.0.0.1", "no port"},
             {"tcp://127.0.0.1:99999", "'99999' is not a port"},
             {"tcp://localhost:1", "not an IPv4 address"},
             {"unix://", "1 to 107 bytes, this one 0"},
             {"unix:///" + std::string(120, 'x'), "1 to 107 bytes, this one 121"}}) {
        const auto server = Server::start(application, {}, {.address = address});
        ASSERT_FALSE(server.has_value()) << address;
        EXPECT_EQ(server.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(server.error().message.find(message), std::string::npos) << server.error().message;
    }
}

} // namespace
} // namespace assay::consensus
