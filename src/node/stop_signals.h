#pragma once
/// SIGTERM and SIGINT as events that one thread waits for, instead of interruptions.
/// Create before other threads start: they inherit the blocked mask. Local class.
#include <chrono>

namespace assay::node {

class StopSignals {
public:
    StopSignals(); ///< blocks both signals, and ignores SIGPIPE: a client that left is no reason to end
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// True when one arrived before `timeout` passed.
    bool wait(std::chrono::milliseconds timeout);
};

} // namespace assay::node
