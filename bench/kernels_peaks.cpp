// Register-only loops of each instruction set's widest multiply-add: what its kernels could reach at most.
#include "kernels_support.h"

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace assay::bench {
namespace {

constexpr std::size_t kRounds = 20'000;

#if defined(__x86_64__)
// Twelve independent accumulators hide the latency of any of these.
#define ASSAY_TWELVE(op, r)                                                                                            \
    op "%%" r "12, %%" r "13, %%" r "0\n" op "%%" r "12, %%" r "13, %%" r "1\n" op "%%" r "12, %%" r "13, %%" r        \
       "2\n" op "%%" r "12, %%" r "13, %%" r "3\n" op "%%" r "12, %%" r "13, %%" r "4\n" op "%%" r "12, %%" r          \
       "13, %%" r "5\n" op "%%" r "12, %%" r "13, %%" r "6\n" op "%%" r "12, %%" r "13, %%" r "7\n" op "%%" r          \
       "12, %%" r "13, %%" r "8\n" op "%%" r "12, %%" r "13, %%" r "9\n" op "%%" r "12, %%" r "13, %%" r "10\n" op     \
       "%%" r "12, %%" r "13, %%" r "11\n"
#define ASSAY_CLOBBERED                                                                                                \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm14", "xmm15"
#define ASSAY_LOOP(body)                                                                                               \
    [] {                                                                                                               \
        for (std::size_t i = 0; i < kRounds; ++i) __asm__ volatile(body : : : ASSAY_CLOBBERED);                        \
    }

template <class Loop>
double speed(Loop loop, double mac_a_round) {
    return mac_a_round * kRounds / measure(loop, 0.3).best / 1e9;
}

Peaks avx2_peaks() {
    const auto fma = ASSAY_LOOP(ASSAY_TWELVE("vfmadd231ps ", "ymm"));
    // 32 products: unsigned bytes by signed ones, pairs of sums, an addition
    const auto bytes = ASSAY_LOOP(
        "vpmaddubsw %%ymm12, %%ymm13, %%ymm14\n vpmaddwd %%ymm12, %%ymm14, %%ymm14\n vpaddd %%ymm14, %%ymm0, %%ymm0\n"
        "vpmaddubsw %%ymm12, %%ymm13, %%ymm15\n vpmaddwd %%ymm12, %%ymm15, %%ymm15\n vpaddd %%ymm15, %%ymm1, %%ymm1\n");
    return {speed(fma, 12 * 8), 0, speed(bytes, 2 * 32)};
}

Peaks avx512_peaks() {
    const auto fma = ASSAY_LOOP(ASSAY_TWELVE("vfmadd231ps ", "zmm"));
    const auto bytes = ASSAY_LOOP(ASSAY_TWELVE("vpdpbusd ", "zmm"));
    const auto pairs = ASSAY_LOOP(ASSAY_TWELVE("vdpbf16ps ", "zmm"));
    return {speed(fma, 12 * 16), __builtin_cpu_supports("avx512bf16") ? speed(pairs, 12 * 32) : 0,
            speed(bytes, 12 * 64)};
}

Peaks amx_peaks() {
    struct alignas(64) {
        std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
        std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
        std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
    __asm__ volatile("ldtilecfg %0\n tilezero %%tmm6\n tilezero %%tmm7\n" : : "m"(config));
    const auto bytes = ASSAY_LOOP("tdpbsud %%tmm7, %%tmm6, %%tmm0\n tdpbsud %%tmm7, %%tmm6, %%tmm1\n tdpbsud %%tmm7, "
                                  "%%tmm6, %%tmm2\n tdpbsud %%tmm7, %%tmm6, %%tmm3\n");
    const auto pairs = ASSAY_LOOP("tdpbf16ps %%tmm7, %%tmm6, %%tmm0\n tdpbf16ps %%tmm7, %%tmm6, %%tmm1\n tdpbf16ps "
                                  "%%tmm7, %%tmm6, %%tmm2\n tdpbf16ps %%tmm7, %%tmm6, %%tmm3\n");
    const Peaks peaks{avx512_peaks().f32, speed(pairs, 4 * 16 * 16 * 32), speed(bytes, 4 * 16 * 16 * 64)};
    __asm__ volatile("tilerelease");
    return peaks;
}
#endif

} // namespace

Peaks peaks_of(const std::string& isa) {
#if defined(__x86_64__)
    if (isa == "avx2") return avx2_peaks();
    if (isa == "avx512") return avx512_peaks();
    if (isa == "amx") return amx_peaks();
#endif
    return {0, 0, 0};
}

} // namespace assay::bench
