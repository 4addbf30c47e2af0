#pragma once
/// A ChatEngine in memory for tests: one byte is one token, answers come from what the prompt asks for.
/// The last user message says what to do: "say TEXT" answers TEXT, "count N" answers "1 2 3 … N ", "forever" never stops by
/// itself; anything else is echoed. Thread-safe; one thread generates.
#include "api/ports.h"

#include <chrono>
#include <memory>

namespace assay::api {

struct ScriptEngineOptions {
    std::chrono::milliseconds token_delay{0};
    std::uint32_t queue_max = 4; ///< requests under way before resource_exhausted
    std::uint32_t context_length = 4096;
    bool tools = true;
};

class ScriptEngine : public ChatEngine {
public:
    virtual std::uint32_t running() const = 0;
    virtual std::uint64_t cancelled_total() const = 0;
};

std::shared_ptr<ScriptEngine> make_script_engine(ScriptEngineOptions options);

} // namespace assay::api
