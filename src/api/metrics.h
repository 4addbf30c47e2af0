#pragma once
/// Counters and histograms of the HTTP surface, in Prometheus' text format. Thread-safe.
#include "api/ports.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace assay::api {

class Histogram {
public:
    static constexpr std::array<double, 15> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                       0.5,   1,      2.5,   5,    10,    30,   60};
    void observe(double seconds);
    /// Lines `name_bucket{labels,le="…"} n`, `name_sum`, `name_count`.
    void render(std::string& out, std::string_view name, std::string_view labels) const;

private:
    std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
    std::atomic<double> sum_{0};
};

class Metrics {
public:
    void request_answered(std::string_view route, int status, double seconds);

    Histogram time_to_first_token;
    Histogram token_interval;
    std::atomic<std::uint64_t> clients_gone{0};
    std::atomic<std::uint64_t> streams{0};

    std::string render(const EngineStatistics& engine, bool draining) const;

private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, int>, std::uint64_t> requests_;
    std::map<std::string, Histogram, std::less<>> durations_;
};

} // namespace assay::api
