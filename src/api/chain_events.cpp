// GET /chain/events: committed events as server-sent events. The id of each is its height, so a browser that reconnects
// with Last-Event-ID misses nothing that the index still has.
#include "api/chain_routes.h"

#include <charconv>
#include <cstdint>
#include <mutex>

namespace assay::api {
namespace {

/// Unsent bytes up to which more is taken: well below what drops a client that does not read.
constexpr std::size_t kRoomBytes = std::size_t{256} << 10;

HttpResponse stream_head() {
    return {.content_type = "text/event-stream",
            .headers = {{"Access-Control-Allow-Origin", "*"}, {"Cache-Control", "no-cache"}}};
}

class EventStream final : public ChainEventSink, public std::enable_shared_from_this<EventStream> {
public:
    explicit EventStream(ChainCall call) : call_(std::move(call)) {}

    void start(EventFilter filter) {
        auto id = call_.node->subscribe(std::move(filter), shared_from_this());
        if (!id) return call_.refuse(id.error());
        call_.responder->on_gone([node = call_.node, id = *id] { node->unsubscribe(id); });
        const std::lock_guard lock(mutex_);
        call_.responder->start_stream(stream_head());
        call_.responder->write(std::move(early_));
        started_ = true;
        if (ended_) call_.responder->finish();
    }
    void on_some_events(const std::vector<std::string>& json) override {
        const std::lock_guard lock(mutex_);
        tell(text_of(json)); // without an id: who resumes now gets the block's events once more, and misses none
    }
    bool has_room() const override {
        const std::lock_guard lock(mutex_);
        return started_ && call_.responder->unsent_bytes() < kRoomBytes;
    }
    void on_events(std::uint64_t height, const std::vector<std::string>& json) override {
        std::string text = text_of(json);
        text += "id: " + std::to_string(height) + "\n\n"; // told even when nothing matched: a client resumes from here
        const std::lock_guard lock(mutex_);
        tell(std::move(text));
    }
    void on_end(std::string_view reason) override {
        const std::lock_guard lock(mutex_);
        tell("event: end\ndata: " + std::string(reason) + "\n\n");
        ended_ = true;
        if (started_) call_.responder->finish();
    }

private:
    static std::string text_of(const std::vector<std::string>& json) {
        std::string text;
        for (const std::string& event : json) text += "data: " + event + "\n\n";
        return text;
    }
    void tell(std::string text) {
        if (started_) call_.responder->write(std::move(text));
        else early_ += text;
    }

    ChainCall call_;
    mutable std::mutex mutex_; ///< guards what follows: the first events may come before the head is sent
    std::string early_ = ": committed events\n\n"; ///< a comment, so that the head reaches the client at once
    bool started_ = false;
    bool ended_ = false;
};

} // namespace

Result<std::vector<std::string>> event_types(const ChainCall& call) {
    constexpr std::size_t kTypesMax = 32;
    auto types = call.parameters("type");
    if (types.size() > kTypesMax)
        return fail(ErrorCode::invalid_argument,
                    "'type' comes more than " + std::to_string(kTypesMax) + " times; ask for \"MODULE.*\"");
    return types;
}

void stream_events(const ChainCall& call) {
    auto types = event_types(call);
    if (!types) return call.refuse(types.error());
    EventFilter filter{.types = std::move(*types), .account = call.parameter("account"), .from_height = {}};
    std::string from = call.parameter("from");
    bool resumes = false;
    if (const auto last = call.request->header("Last-Event-ID"); !last.empty()) {
        from = last;
        resumes = true;
    }
    if (!from.empty()) {
        std::uint64_t height = 0;
        const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), height);
        if (error != std::errc() || end != from.data() + from.size())
            return call.refuse(400, "invalid_argument", "'from' is not a height");
        filter.from_height = resumes && height < UINT64_MAX ? height + 1 : height;
    }
    if (call.request->method == "HEAD") { // the head of a stream that would not end by itself
        call.responder->start_stream(stream_head());
        return call.responder->finish();
    }
    std::make_shared<EventStream>(call)->start(std::move(filter));
}

} // namespace assay::api
