#pragma once
// What the parts of kernels_bench share: timing, made-up matrices, one of our layers ready to run.
#include "kernels/half.h"
#include "kernels/kernels.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace assay::bench {

using namespace kernels;
using tensor::DType;

inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Processor time of this thread: what preemption takes does not count.
inline double thread_time() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Seconds of one call: the fastest and the median round. On a machine with other work the fastest means more.
struct Timing {
    double best;
    double median;
};

inline Timing summarize(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    return {samples.front(), samples[samples.size() / 2]};
}

/// Interleaved rounds for about `budget_s` each side. Short work is repeated within a round, so that the clock does not matter
/// and neither side pays for what the other left in the caches.
template <class Ours, class Theirs>
std::pair<Timing, Timing> compare(Ours ours, Theirs theirs, double budget_s) {
    constexpr double kRound_s = 200e-6;
    const auto time = [](auto& work, std::size_t calls) {
        const double begin = thread_time();
        for (std::size_t i = 0; i < calls; ++i) work();
        return (thread_time() - begin) / static_cast<double>(calls);
    };
    ours();
    theirs();
    const double once = std::min(time(ours, 1), time(ours, 1));
    const std::size_t calls = once >= kRound_s ? 1 : static_cast<std::size_t>(kRound_s / (once + 1e-8)) + 1;
    std::vector<double> a;
    std::vector<double> b;
    for (const double end = now() + 2 * budget_s; a.size() < 3 || now() < end;) {
        if (calls > 1) ours();
        a.push_back(time(ours, calls));
        if (calls > 1) theirs();
        b.push_back(time(theirs, calls));
    }
    return {summarize(a), summarize(b)};
}

template <class Work>
Timing measure(Work work, double budget_s) {
    return compare(work, [] {}, budget_s / 2).first;
}

inline std::vector<float> numbers(std::size_t n) {
    std::vector<float> v(n);
    std::uint32_t state = 12345;
    for (float& x : v) {
        state = state * 1664525u + 1013904223u;
        x = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31f;
    }
    return v;
}

inline std::vector<std::uint8_t> matrix(DType type, std::size_t elements) {
    std::vector<std::uint8_t> bytes(tensor::bytes_of(type, elements));
    if (tensor::is_quantized(type)) {
        const std::size_t block = tensor::traits(type).block_bytes;
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
        for (std::size_t at = 0; at < bytes.size(); at += block) {
            const std::uint16_t scales[2] = {0x2000, 0x2100};
            std::memcpy(bytes.data() + at + (type == DType::q6_k ? 208 : 0), scales, type == DType::q8_0 || type == DType::q6_k ? 2 : 4);
        }
        return bytes;
    }
    const auto values = numbers(elements);
    for (std::size_t i = 0; i < elements; ++i) {
        const std::uint16_t half = f32_to_bf16(values[i]);
        if (type == DType::f32) std::memcpy(bytes.data() + 4 * i, &values[i], 4);
        if (type == DType::bf16) std::memcpy(bytes.data() + 2 * i, &half, 2);
    }
    return bytes;
}

inline PackedWeights packed_matrix(DType type, std::size_t outputs, std::size_t inputs) {
    const auto bytes = matrix(type, outputs * inputs);
    const tensor::TensorView view{type, {outputs, inputs}, bytes};
    auto packed = prepare_pack(view, false);
    if (!packed || !pack_groups(view, false, 0, packed->groups(), *packed)) std::abort();
    return std::move(*packed);
}

inline std::string name_of(DType type) { return std::string(tensor::traits(type).name); }

/// Groups [begin, end) of a layer over `rows` rows that lie quantised in `tiles` or plain in `x`.
inline void run_layer(const KernelSet& set, const PackedWeights& w, const float* x, const ActivationBlock* tiles, std::size_t rows, std::size_t begin,
                      std::size_t end, float* y) {
    const std::size_t width = w.groups() * kLanes;
    if (w.kind == WeightKind::f32) return set.linear_f32(w, x, w.inputs, rows, begin, end, y, width);
    if (w.kind == WeightKind::bf16) return set.linear_bf16(w, x, w.inputs, rows, begin, end, y, width);
    set.linear_quantized(w, tiles, rows, begin, end, y, width);
}

/// One layer with everything it needs. run() quantises its activations first, as an engine must.
struct Layer {
    const KernelSet& set;
    PackedWeights weights;
    std::size_t rows;
    std::vector<float> x;
    std::vector<float> y;
    std::vector<ActivationBlock> tiles;

    Layer(const KernelSet& kernels, DType type, std::size_t outputs, std::size_t inputs, std::size_t m)
        : set(kernels), weights(packed_matrix(type, outputs, inputs)), rows(m), x(numbers(m * inputs)), y(m * weights.groups() * kLanes),
          tiles((m + kTileRows - 1) / kTileRows * (inputs / kBlock)) {}
    double gmac() const { return static_cast<double>(rows) * static_cast<double>(weights.outputs) * static_cast<double>(weights.inputs) / 1e9; }
    void quantize() { set.quantize(x.data(), weights.inputs, rows, weights.inputs, tiles.data()); }
    void multiply() { run_layer(set, weights, x.data(), tiles.data(), rows, 0, weights.groups(), y.data()); }
    void run() {
        if (weights.kind != WeightKind::f32 && weights.kind != WeightKind::bf16) quantize();
        multiply();
    }
};

/// One line of the result.
class Line {
public:
    Line& add(const char* key, const std::string& value) { return raw(key, "\"" + value + "\""); }
    Line& add(const char* key, std::size_t value) { return raw(key, std::to_string(value)); }
    Line& add(const char* key, double value) {
        char text[32];
        std::snprintf(text, sizeof text, "%.4g", value);
        return raw(key, text);
    }
    const std::string& text() const { return text_; }

private:
    Line& raw(const char* key, const std::string& value) {
        text_ += (text_.empty() ? "\"" : ", \"") + std::string(key) + "\": " + value;
        return *this;
    }
    std::string text_;
};

class Report {
public:
    Report(const std::string& head) { std::printf("{%s, \"results\": [", head.c_str()); }
    ~Report() { std::printf("\n]}\n"); }
    void line(const Line& line) {
        std::printf("%s\n  {%s}", first_ ? "" : ",", line.text().c_str());
        std::fflush(stdout);
        first_ = false;
    }

private:
    bool first_ = true;
};

/// Multiply-adds a second, in 10^9, that register-only loops of an instruction set reach; 0 where it has no such instruction.
struct Peaks {
    double f32;
    double bf16;
    double int8;
};
Peaks peaks_of(const std::string& isa);

void against_openblas(Report& report, const KernelSet& set, double budget_s);
void against_dnnl(Report& report, const KernelSet& set, double budget_s);
std::string openblas_core();
void one_openblas_thread();

} // namespace assay::bench
