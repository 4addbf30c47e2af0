// GET /chain/events: committed events as server-sent events. The id of each is its height, so a browser that reconnects
// with Last-Event-ID misses nothing that the index still has.
#include "api/chain_routes.h"

#include <charconv>
#include <mutex>

namespace assay::api {
namespace {

class EventStream final : public ChainEventSink, public std::enable_shared_from_this<EventStream> {
public:
    explicit EventStream(ChainCall call) : call_(std::move(call)) {}

    void start(EventFilter filter) {
        auto id = call_.node->subscribe(std::move(filter), shared_from_this());
        if (!id) return call_.refuse(id.error());
        call_.responder->on_gone([node = call_.node, id = *id] { node->unsubscribe(id); });
        const std::lock_guard lock(mutex_);
        call_.responder->start_stream(
            {.content_type = "text/event-stream",
             .headers = {{"Access-Control-Allow-Origin", "*"}, {"Cache-Control", "no-cache"}}});
        call_.responder->write(std::move(early_));
        started_ = true;
        if (ended_) call_.responder->finish();
    }
    void on_events(std::uint64_t height, const std::vector<std::string>& json) override {
        std::string text;
        for (const std::string& event : json) text += "data: " + event + "\n\n";
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
    void tell(std::string text) {
        if (started_) call_.responder->write(std::move(text));
        else early_ += text;
    }

    ChainCall call_;
    std::mutex mutex_; ///< guards what follows: the first events may come before the head is sent
    std::string early_ = ": committed events\n\n"; ///< a comment, so that the head reaches the client at once
    bool started_ = false;
    bool ended_ = false;
};

} // namespace

void stream_events(const ChainCall& call) {
    EventFilter filter{.types = call.parameters("type"), .account = call.parameter("account"), .from_height = {}};
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
        filter.from_height = resumes ? height + 1 : height;
    }
    std::make_shared<EventStream>(call)->start(std::move(filter));
}

} // namespace assay::api
