#include "node/chain/event_hub.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <unistd.h>

namespace assay::node {
namespace {

using consensus::CommittedBlock;
using namespace std::chrono_literals;

/// Block `height` with `events` events of `bytes` bytes in one transaction, and one of its own.
std::shared_ptr<const CommittedBlock> block(std::uint64_t height, std::size_t events = 1, std::size_t bytes = 10) {
    auto made = std::make_shared<CommittedBlock>();
    made->info.height = height;
    made->hash[0] = static_cast<std::uint8_t>(height);
    made->hash[1] = static_cast<std::uint8_t>(height >> 8);
    made->transactions.push_back({0x82, static_cast<std::uint8_t>(height), static_cast<std::uint8_t>(height >> 8)});
    auto& result = made->result.transactions.emplace_back();
    for (std::size_t i = 0; i < events; ++i)
        result.events.push_back({"bank.transfer", {{"number", std::to_string(i)}, {"memo", std::string(bytes, 'm')}}});
    made->result.events.push_back({"staking.rewards", {{"height", std::to_string(height)}}});
    return made;
}

/// Keeps what it is told. Takes events only while `room` says so.
class Listener final : public api::ChainEventSink {
public:
    void on_events(std::uint64_t height, const std::vector<std::string>& json) override {
        on_some_events(json);
        const std::lock_guard lock(mutex_);
        heights_.push_back(height);
        changed_.notify_all();
    }
    void on_some_events(const std::vector<std::string>& json) override {
        const std::lock_guard lock(mutex_);
        std::size_t bytes = 0;
        for (const std::string& text : json) bytes += text.size();
        events_ += json.size();
        call_bytes_max_ = std::max(call_bytes_max_, bytes);
        ++calls_;
        changed_.notify_all();
    }
    void on_end(std::string_view reason) override {
        const std::lock_guard lock(mutex_);
        end_ = reason;
        changed_.notify_all();
    }
    bool has_room() const override { return room; }

    /// The heights told of, once there are so many or it has ended.
    std::vector<std::uint64_t> heights(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return heights_.size() >= count || !end_.empty(); });
        return heights_;
    }
    std::size_t events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }
    std::size_t calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    std::size_t call_bytes_max() const {
        const std::lock_guard lock(mutex_);
        return call_bytes_max_;
    }
    std::string end() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return !end_.empty(); });
        return end_;
    }
    std::atomic<bool> room = true;

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::uint64_t> heights_;
    std::size_t events_ = 0, calls_ = 0, call_bytes_max_ = 0;
    std::string end_;
};

std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> heights;
    for (std::uint64_t height = first; height <= last; ++height) heights.push_back(height);
    return heights;
}

class EventHubTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ =
            std::filesystem::temp_directory_path() / ("assay_hub_" + std::to_string(::getpid()) + "_" +
                                                      testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::unique_ptr<consensus::ExplorerIndex> open_index() {
        auto index = consensus::ExplorerIndex::open(folder_ / "index.sqlite", {});
        EXPECT_TRUE(index) << index.error().message;
        return std::move(*index);
    }
    std::filesystem::path folder_;
};

TEST_F(EventHubTest, TellsOfBlocksAsTheyCome) {
    EventHub hub(nullptr, 0);
    const auto all = std::make_shared<Listener>(), some = std::make_shared<Listener>();
    ASSERT_TRUE(hub.subscribe({}, all));
    const auto id = hub.subscribe({.types = {"staking.*"}, .account = "", .from_height = {}}, some);
    ASSERT_TRUE(id);
    for (std::uint64_t height = 1; height <= 5; ++height) hub.on_block(block(height, 3));
    EXPECT_EQ(all->heights(5), range(1, 5));
    EXPECT_EQ(some->heights(5), range(1, 5));
    EXPECT_EQ(all->events(), 20u);
    EXPECT_EQ(some->events(), 5u);
    hub.unsubscribe(*id);
    hub.end();
    EXPECT_EQ(all->end(), "the node stops");
}

/// Three megabytes: more than an HTTP stream may have under way.
TEST_F(EventHubTest, TellsALargeBlockInParts) {
    EventHub hub(nullptr, 0);
    const auto listener = std::make_shared<Listener>();
    ASSERT_TRUE(hub.subscribe({}, listener));
    hub.on_block(block(1, 3'000, 1'000));
    EXPECT_EQ(listener->heights(1), range(1, 1));
    EXPECT_EQ(listener->events(), 3'001u);
    EXPECT_LE(listener->call_bytes_max(), EventHub::kPartBytes + 2'000);
    EXPECT_GT(listener->calls(), 40u);
}

/// While one does not read, others are told, and it goes on where it stopped, in the middle of a block.
TEST_F(EventHubTest, WaitsForOneThatReadsSlowly) {
    EventHub hub(nullptr, 0);
    const auto slow = std::make_shared<Listener>(), quick = std::make_shared<Listener>();
    ASSERT_TRUE(hub.subscribe({}, slow));
    ASSERT_TRUE(hub.subscribe({}, quick));
    slow->room = false;
    for (std::uint64_t height = 1; height <= 3; ++height) hub.on_block(block(height, 500, 1'000));
    EXPECT_EQ(quick->heights(3), range(1, 3));
    EXPECT_EQ(slow->calls(), 0u);
    for (int i = 0; i < 5; ++i) {
        slow->room = true;
        std::this_thread::sleep_for(1ms);
        slow->room = false;
        std::this_thread::sleep_for(1ms);
    }
    slow->room = true;
    EXPECT_EQ(slow->heights(3), range(1, 3));
    EXPECT_EQ(slow->events(), 1'503u);
}

TEST_F(EventHubTest, EndsOneThatDoesNotReadWhereThereIsNoIndex) {
    EventHub hub(nullptr, 0);
    const auto listener = std::make_shared<Listener>();
    ASSERT_TRUE(hub.subscribe({}, listener));
    listener->room = false;
    for (std::uint64_t height = 1; height <= EventHub::kWaitingBlocksMax + 1; ++height) hub.on_block(block(height));
    EXPECT_EQ(listener->end(), "too many blocks waited to be read");
}

TEST_F(EventHubTest, GoesOnFromTheIndexWhenTooManyBlocksWait) {
    const auto index = open_index();
    EventHub hub(index.get(), 0);
    const auto listener = std::make_shared<Listener>();
    ASSERT_TRUE(hub.subscribe({}, listener));
    const auto tell = [&](std::uint64_t height) {
        const auto made = block(height, 2);
        index->on_block(made);
        hub.on_block(made);
    };
    tell(1);
    EXPECT_EQ(listener->heights(1), range(1, 1));
    listener->room = false;
    const std::uint64_t last = EventHub::kWaitingBlocksMax + 50;
    for (std::uint64_t height = 2; height <= last; ++height) tell(height);
    index->flush();
    listener->room = true;
    EXPECT_EQ(listener->heights(last), range(1, last));
    EXPECT_EQ(listener->events(), 3 * last);
}

/// Blocks without a match must not hide those that come after them.
TEST_F(EventHubTest, CatchesUpPastManyBlocksWithoutAMatch) {
    const auto index = open_index();
    constexpr std::uint64_t kLast = 2'500;
    for (std::uint64_t height = 1; height <= kLast; ++height) {
        const auto made = std::make_shared<CommittedBlock>(*block(height, height == kLast ? 1 : 0));
        if (height != kLast) made->result.events.clear();
        index->on_block(made);
    }
    index->flush();
    EventHub hub(index.get(), kLast);
    const auto listener = std::make_shared<Listener>();
    ASSERT_TRUE(hub.subscribe({.types = {}, .account = "", .from_height = 1}, listener));
    EXPECT_EQ(listener->heights(1), range(kLast, kLast));
    EXPECT_EQ(listener->events(), 2u);
}

TEST_F(EventHubTest, CatchesUpInPartsAndThenFollows) {
    const auto index = open_index();
    index->on_block(block(1, 3));
    index->on_block(block(2, 4'000, 200));
    index->flush();
    EventHub hub(index.get(), 2);
    const auto listener = std::make_shared<Listener>();
    ASSERT_TRUE(hub.subscribe({.types = {}, .account = "", .from_height = 1}, listener));
    EXPECT_EQ(listener->heights(2), range(1, 2));
    EXPECT_EQ(listener->events(), 4'005u);
    EXPECT_LE(listener->call_bytes_max(), EventHub::kPartBytes + 1'000);
    hub.on_block(block(3));
    EXPECT_EQ(listener->heights(3), range(1, 3));
}

} // namespace
} // namespace assay::node
