#include "node/chain/event_hub.h"

#include "node/chain/chain_json.h"

#include <algorithm>
#include <chrono>

namespace assay::node {
namespace {

constexpr std::uint32_t kCatchUpEvents = 1000;
constexpr auto kIndexPause = std::chrono::milliseconds(20);

} // namespace

EventHub::EventHub(const consensus::ExplorerIndex* index, std::uint64_t height)
    : index_(index), told_(height), thread_([this] { work(); }) {}

EventHub::~EventHub() {
    end();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void EventHub::end() {
    std::map<std::uint64_t, std::shared_ptr<Subscriber>> subscribers;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        subscribers.swap(subscribers_);
    }
    for (const auto& [id, subscriber] : subscribers) subscriber->sink->on_end("the node stops");
}

Result<consensus::EventQuery> EventHub::query_of(const api::EventFilter& filter) {
    consensus::EventQuery query{.types = filter.types};
    if (!filter.account.empty()) query.account = TRY(crypto::parse_address(filter.account));
    return query;
}

Result<std::uint64_t> EventHub::subscribe(const api::EventFilter& filter, std::shared_ptr<api::ChainEventSink> sink) {
    auto subscriber = std::make_shared<Subscriber>();
    subscriber->query = TRY(query_of(filter));
    subscriber->sink = std::move(sink);
    if (filter.from_height && index_ == nullptr)
        return fail(ErrorCode::unsupported, "this node keeps no index: events can only be followed from now on");
    subscriber->next_height = filter.from_height.value_or(0);
    std::uint64_t id = 0;
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return fail(ErrorCode::cancelled, "the node stops");
        if (subscribers_.size() >= kSubscribersMax)
            return fail(ErrorCode::resource_exhausted, std::to_string(kSubscribersMax) + " subscribers are the most");
        id = next_id_++;
        subscribers_.emplace(id, subscriber);
    }
    changed_.notify_all();
    return id;
}

void EventHub::unsubscribe(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    subscribers_.erase(id);
}

void EventHub::on_block(const std::shared_ptr<const consensus::CommittedBlock>& block) {
    {
        const std::lock_guard lock(mutex_);
        if (subscribers_.empty() && queue_.empty()) {
            told_ = std::max(told_, block->info.height);
            return;
        }
        queue_.push_back(block);
        if (queue_.size() > kQueuedBlocksMax) {
            queue_.clear();
            overrun_ = true;
            told_ = block->info.height;
        }
    }
    changed_.notify_all();
}

std::string EventHub::event_text(std::uint64_t height, std::int64_t time_ms, std::optional<std::uint32_t> transaction,
                                 std::uint32_t index, const chain::Event& event) {
    ChainJson json{{"height", height}, {"time_ms", time_ms}};
    if (transaction) json["transaction"] = *transaction;
    json["index"] = index;
    json.update(event_json(event));
    return json.dump(-1, ' ', false, ChainJson::error_handler_t::replace);
}

/// Told in order, so what it lacks must come from the index first.
bool EventHub::is_behind(const Subscriber& subscriber) const {
    return subscriber.next_height != 0 && subscriber.next_height <= told_;
}

/// Tells of some blocks that the index has, as far as it is. Errors: the index's.
Result<void> EventHub::catch_up(Subscriber& subscriber) {
    const std::uint64_t last = index_->height();
    if (last < subscriber.next_height) {
        if (const std::string trouble = index_->trouble(); !trouble.empty())
            return fail(ErrorCode::io, "the index stopped: " + trouble);
        return {};
    }
    const auto found = TRY(index_->events(subscriber.query, subscriber.next_height, kCatchUpEvents));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto& event = found[i];
        texts.push_back(event_text(event.height, event.time_ms, event.transaction, event.index, event.event));
        if (i + 1 < found.size() && found[i + 1].height == event.height) continue;
        subscriber.sink->on_events(event.height, texts);
        subscriber.next_height = event.height + 1;
        texts.clear();
    }
    if (found.size() < kCatchUpEvents) subscriber.next_height = std::max(subscriber.next_height, last + 1);
    return {};
}

void EventHub::tell(Subscriber& subscriber, const consensus::CommittedBlock& block) {
    const std::uint64_t height = block.info.height;
    if (height < subscriber.next_height || is_behind(subscriber)) return;
    std::vector<std::string> texts;
    const auto add = [&](const std::vector<chain::Event>& events, std::optional<std::uint32_t> transaction) {
        for (std::uint32_t i = 0; i < events.size(); ++i) {
            if (subscriber.query.matches(events[i]))
                texts.push_back(event_text(height, block.info.time_ms, transaction, i, events[i]));
        }
    };
    for (std::uint32_t i = 0; i < block.result.transactions.size(); ++i) add(block.result.transactions[i].events, i);
    add(block.result.events, std::nullopt);
    subscriber.sink->on_events(height, texts);
    subscriber.next_height = height + 1;
}

void EventHub::work() {
    std::unique_lock lock(mutex_);
    const auto some_behind = [this] {
        return index_ != nullptr &&
               std::ranges::any_of(subscribers_, [this](const auto& entry) { return is_behind(*entry.second); });
    };
    while (!stopping_) {
        changed_.wait(lock, [&] { return stopping_ || overrun_ || !queue_.empty() || some_behind(); });
        if (stopping_) return;
        const auto subscribers = subscribers_;
        const auto block = queue_.empty() ? nullptr : queue_.front();
        if (block) queue_.pop_front();
        const bool overrun = std::exchange(overrun_, false);
        if (overrun) subscribers_.clear();
        const bool only_behind = !block && !overrun;
        const bool is_index_late = only_behind && std::ranges::none_of(subscribers, [this](const auto& entry) {
                                       return is_behind(*entry.second) && entry.second->next_height <= index_->height();
                                   });
        if (is_index_late) changed_.wait_for(lock, kIndexPause, [this] { return stopping_ || !queue_.empty(); });
        lock.unlock();
        for (const auto& [id, subscriber] : subscribers) {
            if (overrun) subscriber->sink->on_end("too many blocks waited to be told");
            else if (block) tell(*subscriber, *block);
            else if (is_behind(*subscriber)) {
                const auto caught_up = catch_up(*subscriber);
                if (caught_up) continue;
                unsubscribe(id);
                subscriber->sink->on_end(caught_up.error().message);
            }
        }
        lock.lock();
        if (block) told_ = std::max(told_, block->info.height);
    }
}

} // namespace assay::node
