#pragma once
/// Committed events to whoever listens: first what the index has from a height on, then every block as it commits.
/// A BlockObserver; thread-safe. One thread serves all subscribers, each as fast as it reads: a block with many events is told
/// in parts, a slow subscriber falls behind and goes on from the index (without one it is ended), and none delays the chain
/// or the others.
#include "api/chain_ports.h"
#include "consensus/consensus.h"
#include "consensus/index/explorer_index.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace assay::node {

class EventHub final : public consensus::BlockObserver {
public:
    static constexpr std::size_t kSubscribersMax = 256;
    static constexpr std::size_t kQueuedBlocksMax = 4096;
    static constexpr std::size_t kWaitingBlocksMax = 256; ///< for one subscriber
    static constexpr std::size_t kPartBytes = std::size_t{64} << 10; ///< of events told at once, the last one apart

    /// Borrows the index (may be null), which must outlive it. `height`: the chain's, now.
    EventHub(const consensus::ExplorerIndex* index, std::uint64_t height);
    ~EventHub() override; ///< as end()

    /// Ends every subscription; new ones are refused. Idempotent.
    void end();

    /// Errors: resource_exhausted, invalid_argument (account), unsupported (from_height without an index), cancelled (ended).
    Result<std::uint64_t> subscribe(const api::EventFilter& filter, std::shared_ptr<api::ChainEventSink> sink);
    void unsubscribe(std::uint64_t id);

    void on_block(const std::shared_ptr<const consensus::CommittedBlock>& block) override;

    /// The form in which an event is told.
    static std::string event_text(std::uint64_t height, std::int64_t time_ms, std::optional<std::uint32_t> transaction,
                                  std::uint32_t index, const chain::Event& event);
    static Result<consensus::EventQuery> query_of(const api::EventFilter& filter);

private:
    /// Of an event in its block: those of transactions first, then the block's own.
    struct Place {
        std::uint32_t transaction = 0; ///< the largest number: the block's own
        std::uint32_t index = 0;
        auto operator<=>(const Place&) const = default;
    };
    struct Subscriber { ///< all but the sink is the thread's alone
        consensus::EventQuery query;
        std::shared_ptr<api::ChainEventSink> sink;
        std::uint64_t next_height = 0; ///< the first that it has not been told of to the end; 0: whatever comes
        Place place; ///< in that block: what comes before has been told
        std::deque<std::shared_ptr<const consensus::CommittedBlock>> blocks; ///< committed ones from next_height on
    };
    struct Part;
    void work();
    bool is_behind(const Subscriber& subscriber) const;
    bool is_waiting(const Subscriber& subscriber) const { return !subscriber.blocks.empty() || is_behind(subscriber); }
    Result<void> offer(Subscriber& subscriber, const std::shared_ptr<const consensus::CommittedBlock>& block) const;
    Result<bool> serve(Subscriber& subscriber) const;
    Result<bool> catch_up(Subscriber& subscriber) const;

    const consensus::ExplorerIndex* index_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<const consensus::CommittedBlock>> queue_;
    std::map<std::uint64_t, std::shared_ptr<Subscriber>> subscribers_;
    std::uint64_t next_id_ = 1;
    std::uint64_t told_ = 0; ///< the last block that every subscriber had, or can find in the index
    bool overrun_ = false;
    bool ended_ = false;
    bool stopping_ = false;
    std::jthread thread_;
};

} // namespace assay::node
