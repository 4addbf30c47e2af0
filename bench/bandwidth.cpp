/// How fast this machine's cores can read memory together: the ceiling of decoding, which reads every weight per token.
/// Usage: bandwidth [THREADS] [MEBIBYTES]; prints JSON. Build: g++ -std=c++20 -O3 -march=native -pthread bandwidth.cpp.
/// Each thread reads its own contiguous part in whole vectors; passes start together, the slowest thread counts.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <sys/mman.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

constexpr int kPasses = 15;
constexpr std::size_t kStride = 512; // bytes read an iteration, by eight independent chains

#if defined(__AVX512F__)
constexpr const char* kLoads = "avx512";
std::uint64_t read_all(const unsigned char* bytes, std::size_t count) {
    __m512i sums[8] = {};
    for (std::size_t at = 0; at + kStride <= count; at += kStride) {
        for (std::size_t lane = 0; lane < 8; ++lane) {
            sums[lane] = _mm512_xor_si512(sums[lane], _mm512_load_si512(bytes + at + 64 * lane));
        }
    }
    for (int lane = 1; lane < 8; ++lane) sums[0] = _mm512_xor_si512(sums[0], sums[lane]);
    alignas(64) std::uint64_t words[8];
    _mm512_store_si512(words, sums[0]);
    return words[0] ^ words[1] ^ words[2] ^ words[3] ^ words[4] ^ words[5] ^ words[6] ^ words[7];
}
#elif defined(__AVX2__)
constexpr const char* kLoads = "avx2";
std::uint64_t read_all(const unsigned char* bytes, std::size_t count) {
    __m256i sums[16] = {};
    for (std::size_t at = 0; at + kStride <= count; at += kStride) {
        for (std::size_t lane = 0; lane < 16; ++lane) {
            const auto* from = reinterpret_cast<const __m256i*>(bytes + at + 32 * lane);
            sums[lane] = _mm256_xor_si256(sums[lane], _mm256_load_si256(from));
        }
    }
    for (int lane = 1; lane < 16; ++lane) sums[0] = _mm256_xor_si256(sums[0], sums[lane]);
    return static_cast<std::uint64_t>(_mm256_extract_epi64(sums[0], 0));
}
#else
constexpr const char* kLoads = "portable";
std::uint64_t read_all(const unsigned char* bytes, std::size_t count) {
    std::uint64_t sums[8] = {};
    const auto* words = reinterpret_cast<const std::uint64_t*>(bytes);
    for (std::size_t at = 0; at + 8 <= count / 8; at += 8) {
        for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] ^= words[at + lane];
    }
    return sums[0] ^ sums[1] ^ sums[2] ^ sums[3] ^ sums[4] ^ sums[5] ^ sums[6] ^ sums[7];
}
#endif

struct FreeDeleter {
    void operator()(unsigned char* bytes) const { std::free(bytes); }
};

} // namespace

int main(int argc, char** argv) {
    using Clock = std::chrono::steady_clock;
    const long cores = std::max(1L, static_cast<long>(std::thread::hardware_concurrency()));
    const auto threads = static_cast<std::size_t>(argc > 1 ? std::max(1L, std::atol(argv[1])) : cores);
    const std::size_t mebibytes = argc > 2 ? std::max(1L, std::atol(argv[2])) : 1024;
    const std::size_t large_page = 2U << 20;
    const std::size_t share = (mebibytes << 20) / threads / large_page * large_page; // parts stay aligned
    void* memory = std::aligned_alloc(large_page, share * threads);
    std::unique_ptr<unsigned char, FreeDeleter> buffer(static_cast<unsigned char*>(memory));
    if (!buffer || share == 0) return 1;
    madvise(buffer.get(), share * threads, MADV_HUGEPAGE); // page walks are not what is measured; advice may be refused

    std::vector<double> seconds;
    std::vector<std::uint64_t> sinks(threads * 16);
    Clock::time_point started;
    std::barrier begin(static_cast<std::ptrdiff_t>(threads), [&]() noexcept { started = Clock::now(); });
    std::barrier end(static_cast<std::ptrdiff_t>(threads), [&]() noexcept {
        seconds.push_back(std::chrono::duration<double>(Clock::now() - started).count());
    });
    {
        std::vector<std::jthread> crew;
        for (std::size_t t = 0; t < threads; ++t) {
            crew.emplace_back([&, t] {
                unsigned char* part = buffer.get() + t * share;
                // First touch here, so that the memory lies near the core that reads it.
                for (std::size_t at = 0; at < share; ++at) part[at] = static_cast<unsigned char>(at * 31 + t);
                for (int pass = 0; pass < kPasses; ++pass) {
                    begin.arrive_and_wait();
                    sinks[t * 16] ^= read_all(part, share);
                    end.arrive_and_wait();
                }
            });
        }
    }
    std::sort(seconds.begin(), seconds.end());
    const double bytes = static_cast<double>(share * threads);
    std::uint64_t sink = 0;
    for (const std::uint64_t value : sinks) sink ^= value;
    std::printf("{\"best_bytes_s\": %.0f, \"median_bytes_s\": %.0f, ", bytes / seconds.front(),
                bytes / seconds[seconds.size() / 2]);
    std::printf("\"threads\": %zu, \"bytes\": %.0f, \"loads\": \"%s\", \"check\": %u}\n", threads, bytes, kLoads,
                static_cast<unsigned>(sink & 1));
    return 0;
}
