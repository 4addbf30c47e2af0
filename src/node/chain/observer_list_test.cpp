#include "node/chain/observer_list.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace assay::node {
namespace {

struct Counter final : consensus::BlockObserver {
    void on_block(const std::shared_ptr<const consensus::CommittedBlock>&) override {
        ++blocks;
        if (then) then();
    }
    std::atomic<int> blocks = 0;
    std::function<void()> then;
};

const auto kBlock = std::make_shared<const consensus::CommittedBlock>();

TEST(ObserverList, TellsAsLongAsAnObservationLives) {
    const auto list = std::make_shared<ObserverList>();
    Counter stays, goes;
    list->add(stays);
    {
        const Observation observation(list, goes);
        list->on_block(kBlock);
    }
    list->on_block(kBlock);
    EXPECT_EQ(stays.blocks, 2);
    EXPECT_EQ(goes.blocks, 1);
}

TEST(ObserverList, AnObserverMayEndAnotherWhileItIsTold) {
    const auto list = std::make_shared<ObserverList>();
    Counter first, second;
    list->add(first);
    auto observation = std::make_unique<Observation>(list, second);
    first.then = [&] { observation.reset(); };
    list->on_block(kBlock);
    list->on_block(kBlock);
    EXPECT_EQ(first.blocks, 2);
    EXPECT_EQ(second.blocks, 0);
}

/// Whoever has left may be destroyed: nobody is told of anything by then.
TEST(ObserverList, LeavingWaitsForTheBlockThatIsBeingTold) {
    const auto list = std::make_shared<ObserverList>();
    std::atomic<bool> ended = false;
    std::jthread teller([&] {
        while (!ended) list->on_block(kBlock);
    });
    for (int i = 0; i < 200; ++i) {
        Counter counter;
        std::atomic<bool> inside = false;
        counter.then = [&] {
            inside = true;
            std::this_thread::yield();
            inside = false;
        };
        {
            const Observation observation(list, counter);
            while (counter.blocks == 0) std::this_thread::yield();
        }
        EXPECT_FALSE(inside);
        const int blocks = counter.blocks;
        std::this_thread::yield();
        EXPECT_EQ(counter.blocks, blocks);
    }
    ended = true;
}

} // namespace
} // namespace assay::node
