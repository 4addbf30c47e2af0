// Kernel speed on one core: f32 against OpenBLAS, bf16 and int8 against oneDNN, and each instruction set's share of its own
// peak. Interleaved rounds, medians, JSON on stdout. Not part of the default build:
//   cmake --preset bench && cmake --build build/bench --target kernels_bench && build/bench/bench/kernels_bench
#include "kernels/half.h"
#include "kernels/kernels.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <cblas.h>
#include <dnnl.hpp>
#include <immintrin.h>
#include <unistd.h>

extern "C" void openblas_set_num_threads(int);

namespace {

using namespace assay;
using namespace assay::kernels;
using tensor::DType;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double seconds(const std::function<void()>& work) {
    const double begin = now();
    work();
    return now() - begin;
}

double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

struct Pair {
    double ours;
    double theirs;
};

// Interleaved rounds; each side runs once unmeasured first, so that neither is charged with the other's cache contents.
Pair compare(const std::function<void()>& ours, const std::function<void()>& theirs, double budget) {
    ours();
    const double once = seconds(ours);
    const auto rounds = static_cast<std::size_t>(std::clamp(budget / (4 * once), 3.0, 201.0));
    std::vector<double> a;
    std::vector<double> b;
    for (std::size_t i = 0; i < rounds; ++i) {
        if (once < 0.05) ours();
        a.push_back(seconds(ours));
        if (once < 0.05) theirs();
        b.push_back(seconds(theirs));
    }
    return {median(a), median(b)};
}

// Peaks: register-only loops of the widest multiply-add, in GMAC/s.
volatile float sink;

__attribute__((target("avx512f"))) double peak_f32_avx512() {
    constexpr std::size_t kRounds = 20'000'000;
    __m512 acc[12];
    for (auto& a : acc) a = _mm512_set1_ps(1.0f);
    const __m512 x = _mm512_set1_ps(0.999f);
    const double begin = now();
    for (std::size_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
        for (auto& a : acc) a = _mm512_fmadd_ps(a, x, x);
    }
    const double t = now() - begin;
    for (auto& a : acc) sink = _mm512_cvtss_f32(a);
    return 12.0 * 16 * kRounds / t / 1e9;
}

__attribute__((target("avx2,fma"))) double peak_f32_avx2() {
    constexpr std::size_t kRounds = 20'000'000;
    __m256 acc[12];
    for (auto& a : acc) a = _mm256_set1_ps(1.0f);
    const __m256 x = _mm256_set1_ps(0.999f);
    const double begin = now();
    for (std::size_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
        for (auto& a : acc) a = _mm256_fmadd_ps(a, x, x);
    }
    const double t = now() - begin;
    for (auto& a : acc) sink = _mm256_cvtss_f32(a);
    return 12.0 * 8 * kRounds / t / 1e9;
}

__attribute__((target("avx512f,avx512vnni"))) double peak_int8_avx512() {
    constexpr std::size_t kRounds = 20'000'000;
    __m512i acc[12];
    for (auto& a : acc) a = _mm512_set1_epi32(1);
    const __m512i x = _mm512_set1_epi8(1);
    const double begin = now();
    for (std::size_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
        for (auto& a : acc) a = _mm512_dpbusd_epi32(a, x, x);
    }
    const double t = now() - begin;
    for (auto& a : acc) sink = static_cast<float>(_mm_cvtsi128_si32(_mm512_castsi512_si128(a)));
    return 12.0 * 64 * kRounds / t / 1e9;
}

// maddubs, madd, add: what an AVX2 machine without VNNI needs for 32 products
__attribute__((target("avx2"))) double peak_int8_avx2() {
    constexpr std::size_t kRounds = 20'000'000;
    __m256i acc[8];
    for (auto& a : acc) a = _mm256_set1_epi32(1);
    const __m256i one = _mm256_set1_epi16(1);
    const double begin = now();
    for (std::size_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
        for (auto& a : acc) a = _mm256_add_epi32(a, _mm256_madd_epi16(_mm256_maddubs_epi16(a, one), one));
    }
    const double t = now() - begin;
    for (auto& a : acc) sink = static_cast<float>(_mm256_extract_epi32(a, 0));
    return 8.0 * 32 * kRounds / t / 1e9;
}

std::vector<float> numbers(std::size_t n) {
    std::vector<float> v(n);
    std::uint32_t state = 12345;
    for (float& x : v) {
        state = state * 1664525u + 1013904223u;
        x = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31f;
    }
    return v;
}

std::vector<std::uint8_t> matrix(DType type, std::size_t n) {
    std::vector<std::uint8_t> bytes(tensor::bytes_of(type, n * n));
    const auto values = numbers(n * n);
    if (type == DType::f32) {
        std::memcpy(bytes.data(), values.data(), bytes.size());
    } else if (type == DType::bf16) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint16_t bits = f32_to_bf16(values[i]);
            std::memcpy(bytes.data() + 2 * i, &bits, 2);
        }
    } else {
        const std::size_t block = tensor::traits(type).block_bytes;
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
        for (std::size_t at = 0; at < bytes.size(); at += block) {
            const std::uint16_t scales[2] = {0x2000, 0x2100};
            std::memcpy(bytes.data() + at, scales, type == DType::q8_0 ? 2 : 4);
        }
    }
    return bytes;
}

PackedWeights pack(DType type, std::size_t n) {
    const auto bytes = matrix(type, n);
    const tensor::TensorView view{type, {n, n}, bytes};
    auto packed = prepare_pack(view, false);
    if (!packed || !pack_groups(view, false, 0, packed->groups(), *packed)) std::abort();
    return std::move(*packed);
}

// One of our layers over M rows, ready to run.
struct Layer {
    const KernelSet& set;
    PackedWeights weights;
    std::size_t rows;
    std::vector<float> x;
    std::vector<float> y;
    std::vector<ActivationBlock> tiles;

    Layer(const KernelSet& kernels, DType type, std::size_t n, std::size_t m)
        : set(kernels), weights(pack(type, n)), rows(m), x(numbers(m * n)), y(m * n), tiles((m + kTileRows - 1) / kTileRows * (n / kBlock)) {}
    void run() {
        const std::size_t n = weights.inputs;
        if (weights.kind == WeightKind::f32) return set.linear_f32(weights, x.data(), n, rows, 0, weights.groups(), y.data(), n);
        if (weights.kind == WeightKind::bf16) return set.linear_bf16(weights, x.data(), n, rows, 0, weights.groups(), y.data(), n);
        set.quantize(x.data(), n, rows, n, tiles.data());
        set.linear_quantized(weights, tiles.data(), rows, 0, weights.groups(), y.data(), n);
    }
};

// oneDNN's matmul with weights in the layout that it likes best.
class DnnlMatmul {
public:
    DnnlMatmul(std::size_t m, std::size_t n, dnnl::memory::data_type source, dnnl::memory::data_type weight)
        : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
        using dnnl::memory;
        const auto rows = static_cast<memory::dim>(m);
        const auto size = static_cast<memory::dim>(n);
        const memory::desc x({rows, size}, source, memory::format_tag::ab);
        const memory::desc w({size, size}, weight, memory::format_tag::any);
        const memory::desc y({rows, size}, memory::data_type::f32, memory::format_tag::ab);
        const dnnl::matmul::primitive_desc descriptor(dnnl::matmul::desc(x, w, y), engine_);
        name_ = descriptor.impl_info_str();
        primitive_ = dnnl::matmul(descriptor);
        arguments_ = {{DNNL_ARG_SRC, memory(descriptor.src_desc(), engine_)},
                      {DNNL_ARG_WEIGHTS, memory(descriptor.weights_desc(), engine_)},
                      {DNNL_ARG_DST, memory(descriptor.dst_desc(), engine_)}};
        for (auto& [index, memory] : arguments_) std::memset(memory.get_data_handle(), 0x3c, memory.get_desc().get_size());
    }
    void run() {
        primitive_.execute(stream_, arguments_);
        stream_.wait();
    }
    const std::string& name() const { return name_; }

private:
    dnnl::engine engine_;
    dnnl::stream stream_;
    dnnl::matmul primitive_;
    std::unordered_map<int, dnnl::memory> arguments_;
    std::string name_;
};

class Report {
public:
    Report() {
        std::ifstream info("/proc/cpuinfo");
        std::string line;
        while (std::getline(info, line) && line.rfind("model name", 0) != 0) {}
        const std::size_t colon = line.find(": ");
        std::printf("{\"cpu\": \"%s\", \"compiler\": \"%s\", \"threads\": 1, \"results\": [", colon == std::string::npos ? "" : line.c_str() + colon + 2,
                    __VERSION__);
    }
    ~Report() { std::printf("\n]}\n"); }
    void line(const std::string& fields) {
        std::printf("%s\n  {%s}", first_ ? "" : ",", fields.c_str());
        std::fflush(stdout);
        first_ = false;
    }
    void versus(const char* what, const std::string& peer, const char* isa, std::size_t n, std::size_t m, Pair t) {
        char text[320];
        const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(n) / 1e9;
        std::snprintf(text, sizeof text,
                      "\"kernel\": \"%s\", \"isa\": \"%s\", \"n\": %zu, \"rows\": %zu, \"gmac_s\": %.2f, \"peer\": \"%s\", \"peer_gmac_s\": %.2f, \"time_ratio\": %.3f",
                      what, isa, n, m, work / t.ours, peer.c_str(), work / t.theirs, t.ours / t.theirs);
        line(text);
    }

private:
    bool first_ = true;
};

void against_openblas(Report& report, const KernelSet& set, double budget) {
    for (const std::size_t n : {512, 1024, 2048, 4096}) {
        const auto w = numbers(n * n);
        for (const std::size_t m : {std::size_t{1}, n}) {
            Layer layer(set, DType::f32, n, m);
            std::vector<float> y(m * n);
            const int rows = static_cast<int>(m);
            const int size = static_cast<int>(n);
            const Pair t = compare([&] { layer.run(); },
                                   [&] {
                                       if (m == 1) {
                                           cblas_sgemv(CblasRowMajor, CblasNoTrans, size, size, 1, w.data(), size, layer.x.data(), 1, 0, y.data(), 1);
                                       } else {
                                           cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, size, size, 1, layer.x.data(), size, w.data(), size, 0, y.data(), size);
                                       }
                                   },
                                   budget);
            report.versus("f32", "OpenBLAS", set.isa, n, m, t);
        }
    }
}

void against_dnnl(Report& report, const KernelSet& set, double budget) {
    using Kind = dnnl::memory::data_type;
    for (const std::size_t n : {512, 1024, 2048}) {
        for (const std::size_t m : {std::size_t{1}, n}) {
            Layer bf16(set, DType::bf16, n, m);
            DnnlMatmul bf16_peer(m, n, Kind::bf16, Kind::bf16);
            report.versus("bf16", "oneDNN " + bf16_peer.name(), set.isa, n, m, compare([&] { bf16.run(); }, [&] { bf16_peer.run(); }, budget));
            DnnlMatmul int8_peer(m, n, Kind::u8, Kind::s8);
            for (const DType type : {DType::q8_0, DType::q4_1}) {
                Layer layer(set, type, n, m);
                report.versus(std::string(tensor::traits(type).name).c_str(), "oneDNN u8s8 " + int8_peer.name(), set.isa, n, m,
                              compare([&] { layer.run(); }, [&] { int8_peer.run(); }, budget));
            }
        }
    }
}

void shares_of_peak(Report& report, double budget) {
    for (const std::string_view isa : available_isas()) {
        if (isa != "avx512" && isa != "avx2") continue;
        const bool wide = isa == "avx512";
        const double f32 = wide ? peak_f32_avx512() : peak_f32_avx2();
        const double int8 = wide ? peak_int8_avx512() : peak_int8_avx2();
        for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_1}) {
            Layer layer(**select_kernels(isa), type, 1024, 512);
            const double t = compare([&] { layer.run(); }, [] {}, budget).ours;
            const double peak = tensor::is_quantized(type) ? int8 : f32;
            const double speed = 512.0 * 1024 * 1024 / 1e9 / t;
            char text[256];
            std::snprintf(text, sizeof text, "\"kernel\": \"%s\", \"isa\": \"%s\", \"n\": 1024, \"rows\": 512, \"gmac_s\": %.1f, \"peak_gmac_s\": %.1f, \"share\": %.3f",
                          std::string(tensor::traits(type).name).c_str(), std::string(isa).c_str(), speed, peak, speed / peak);
            report.line(text);
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    if (std::getenv("OMP_NUM_THREADS") == nullptr) { // OpenMP reads it once, at start
        ::setenv("OMP_NUM_THREADS", "1", 1);
        ::execv("/proc/self/exe", argv);
    }
    openblas_set_num_threads(1);
    const double budget = argc > 1 ? std::atof(argv[1]) : 2.0; // seconds a comparison
    const auto set = select_kernels("");
    if (!set) {
        std::fprintf(stderr, "%s\n", set.error().message.c_str());
        return 1;
    }
    Report report;
    shares_of_peak(report, budget);
    against_openblas(report, **set, budget);
    against_dnnl(report, **set, budget);
    return 0;
}
