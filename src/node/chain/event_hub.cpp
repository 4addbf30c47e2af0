#include "node/chain/event_hub.h"

#include "node/chain/chain_json.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace assay::node {
namespace {

constexpr std::uint32_t kCatchUpEvents = 1000;
constexpr auto kPause = std::chrono::milliseconds(20); ///< until an index or a client has gone on
constexpr std::uint32_t kOfBlock = std::numeric_limits<std::uint32_t>::max();

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

/// Events of one block on their way to one subscriber.
struct EventHub::Part {
    explicit Part(Subscriber& to) : subscriber(to) {}

    /// False when the subscriber has no room for more: the event at `place` then is where to go on.
    bool add(Place place, std::string text) {
        if (bytes >= kPartBytes) {
            if (!subscriber.sink->has_room()) {
                subscriber.place = place;
                return false;
            }
            subscriber.sink->on_some_events(std::exchange(texts, {}));
            bytes = 0;
        }
        bytes += text.size();
        texts.push_back(std::move(text));
        return true;
    }
    void flush_some() {
        if (!texts.empty()) subscriber.sink->on_some_events(std::exchange(texts, {}));
    }
    void finish(std::uint64_t height) {
        subscriber.sink->on_events(height, std::exchange(texts, {}));
        subscriber.next_height = height + 1;
        subscriber.place = {};
        bytes = 0;
    }

    Subscriber& subscriber;
    std::vector<std::string> texts;
    std::size_t bytes = 0;
};

/// Told in order, so what it lacks must come from the index first.
bool EventHub::is_behind(const Subscriber& subscriber) const {
    return index_ != nullptr && subscriber.blocks.empty() && subscriber.next_height != 0 &&
           subscriber.next_height <= told_;
}

/// Takes a new block for a subscriber. Errors: resource_exhausted (too many wait, and there is no index to go on from).
Result<void> EventHub::offer(Subscriber& subscriber,
                             const std::shared_ptr<const consensus::CommittedBlock>& block) const {
    const std::uint64_t height = block->info.height;
    if (subscriber.next_height == 0) subscriber.next_height = height;
    const std::uint64_t next =
        subscriber.blocks.empty() ? subscriber.next_height : subscriber.blocks.back()->info.height + 1;
    if (height < next || (height > next && index_ != nullptr)) return {}; // told again, or it catches up first
    subscriber.blocks.push_back(block);
    if (subscriber.blocks.size() <= kWaitingBlocksMax) return {};
    if (index_ == nullptr) return fail(ErrorCode::resource_exhausted, "too many blocks waited to be read");
    subscriber.blocks.clear();
    return {};
}

/// Tells of some blocks that the index has, as far as it is and the subscriber reads. The value: whether anything was told.
/// Errors: the index's.
Result<bool> EventHub::catch_up(Subscriber& subscriber) const {
    const std::uint64_t last = index_->height();
    if (last < subscriber.next_height) {
        if (const std::string trouble = index_->trouble(); !trouble.empty())
            return fail(ErrorCode::io, "the index stopped: " + trouble);
        return false;
    }
    const auto page = TRY(index_->event_page(subscriber.query, subscriber.next_height, kCatchUpEvents));
    Part part(subscriber);
    for (std::size_t i = 0; i < page.events.size(); ++i) {
        const auto& event = page.events[i];
        const Place place{event.transaction.value_or(kOfBlock), event.index};
        const bool is_told = event.height == subscriber.next_height && place < subscriber.place;
        if (!is_told) {
            subscriber.next_height = event.height;
            if (!part.add(place,
                          event_text(event.height, event.time_ms, event.transaction, event.index, event.event))) {
                part.flush_some();
                return true;
            }
        }
        if (i + 1 == page.events.size() || page.events[i + 1].height != event.height) part.finish(event.height);
    }
    subscriber.next_height = std::max(subscriber.next_height, page.next_height);
    return true;
}

/// Tells a subscriber what waits for it, as far as it reads. The value: whether anything was told.
Result<bool> EventHub::serve(Subscriber& subscriber) const {
    if (!subscriber.sink->has_room()) return false;
    if (is_behind(subscriber)) return catch_up(subscriber);
    bool told = false;
    while (!subscriber.blocks.empty() && subscriber.sink->has_room()) {
        const auto block = subscriber.blocks.front();
        const std::uint64_t height = block->info.height;
        Part part(subscriber);
        const auto add = [&](const std::vector<chain::Event>& events, std::uint32_t transaction) {
            const auto number = transaction == kOfBlock ? std::nullopt : std::optional(transaction);
            for (std::uint32_t i = 0; i < events.size(); ++i) {
                const Place place{transaction, i};
                if (place < subscriber.place || !subscriber.query.matches(events[i])) continue;
                if (!part.add(place, event_text(height, block->info.time_ms, number, i, events[i]))) return false;
            }
            return true;
        };
        bool whole = true;
        const auto& transactions = block->result.transactions;
        for (std::uint32_t i = subscriber.place.transaction; whole && i < transactions.size(); ++i)
            whole = add(transactions[i].events, i);
        whole = whole && add(block->result.events, kOfBlock);
        told = true;
        if (!whole) {
            part.flush_some();
            break;
        }
        part.finish(height);
        subscriber.blocks.pop_front();
    }
    return told;
}

void EventHub::work() {
    std::unique_lock lock(mutex_);
    const auto some_wait = [this] {
        return std::ranges::any_of(subscribers_, [this](const auto& entry) { return is_waiting(*entry.second); });
    };
    while (!stopping_) {
        changed_.wait(lock, [&] { return stopping_ || overrun_ || !queue_.empty() || some_wait(); });
        if (stopping_) return;
        const auto subscribers = subscribers_;
        const auto block = queue_.empty() ? nullptr : queue_.front();
        if (block) queue_.pop_front();
        const bool overrun = std::exchange(overrun_, false);
        if (overrun) subscribers_.clear();
        lock.unlock();
        bool told = false;
        for (const auto& [id, subscriber] : subscribers) {
            if (overrun) {
                subscriber->sink->on_end("too many blocks waited to be told");
                continue;
            }
            const Result<void> taken = block ? offer(*subscriber, block) : Result<void>();
            const Result<bool> served = taken ? serve(*subscriber) : std::unexpected(taken.error());
            told = told || served.value_or(false);
            if (served) continue;
            unsubscribe(id);
            subscriber->sink->on_end(served.error().message);
        }
        lock.lock();
        if (block) told_ = std::max(told_, block->info.height);
        else if (!told) changed_.wait_for(lock, kPause, [this] { return stopping_ || !queue_.empty(); });
    }
}

} // namespace assay::node
