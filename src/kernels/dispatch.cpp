#include "kernels/simd/sets.h"

#include <cstdlib>
#include <cstring>
#include <string>

#if defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace assay::kernels {
namespace {

struct Candidate {
    std::string_view name;
    const KernelSet* set;
    bool runs;
};

#if defined(__x86_64__)
// The kernel hands out the tile registers on request, once for the whole process.
bool may_use_tiles() {
    constexpr int kRequestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
    constexpr int kTileData = 18;
    static const bool granted = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8") &&
                                __builtin_cpu_supports("amx-bf16") &&
                                ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
    return granted;
}
#endif

#if defined(__x86_64__)
// VDPBF16PS is used as two fused links of a chain, as Intel and AMD build it today; the manuals leave room. So a CPU shows
// first that it rounds between the two: a sum that comes out otherwise with one rounding, or with the links exchanged.
bool chains_bf16_pairs() {
    constexpr std::size_t kInputs = 64;
    std::vector<std::uint8_t> bytes(kLanes * kInputs * 2);
    std::vector<float> x(kInputs);
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = static_cast<std::uint8_t>(state >> 24);
        bytes[i + 1] = static_cast<std::uint8_t>((state >> 16 & 0x80u) | 0x3eu); // magnitudes of 2^-3 to 2^-1
        x[i / 2 % kInputs] = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31f;
    }
    const tensor::TensorView matrix{tensor::DType::bf16, {kLanes, kInputs}, bytes};
    auto weights = prepare_pack(matrix, false);
    if (!weights || !pack_groups(matrix, false, 0, 1, *weights)) return false;
    float paired[kLanes];
    float plain[kLanes];
    kAvx512Bf16Kernels.linear_bf16(*weights, x.data(), kInputs, 1, 0, 1, paired, kLanes);
    kAvx512Kernels.linear_bf16(*weights, x.data(), kInputs, 1, 0, 1, plain, kLanes);
    return std::memcmp(paired, plain, sizeof plain) == 0;
}
#endif

std::vector<Candidate> candidates() {
    std::vector<Candidate> all;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512vnni");
    all.push_back({"amx", &kAmxKernels, avx512 && may_use_tiles()});
    static const bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16") && chains_bf16_pairs();
    all.push_back({"avx512", bf16 ? &kAvx512Bf16Kernels : &kAvx512Kernels, avx512});
    all.push_back({"avx2", &kAvx2Kernels, avx2});
#elif defined(__aarch64__)
    constexpr unsigned long kHwcapDotProduct = 1ul << 20;
    constexpr unsigned long kHwcap2ByteMatrices = 1ul << 13; // I8MM
    const bool dot_product = (getauxval(AT_HWCAP) & kHwcapDotProduct) != 0;
    const bool byte_matrices = dot_product && (getauxval(AT_HWCAP2) & kHwcap2ByteMatrices) != 0;
    const KernelSet* plain = dot_product ? &kNeonDotKernels : &kNeonKernels;
    all.push_back({"neon", byte_matrices ? &kNeonI8mmKernels : plain, true});
#endif
    all.push_back({"scalar", &kScalarKernels, true});
    return all;
}

} // namespace

std::vector<std::string_view> available_isas() {
    std::vector<std::string_view> names;
    for (const Candidate& candidate : candidates()) {
        if (candidate.runs) names.push_back(candidate.name);
    }
    return names;
}

Result<const KernelSet*> select_kernels(std::string_view name) {
    const char* forced = std::getenv("ASSAY_ISA");
    if (name.empty() && forced != nullptr) name = forced;
    std::string usable;
    for (const Candidate& candidate : candidates()) {
        if (candidate.runs && (name.empty() || name == candidate.name)) return candidate.set;
        if (candidate.runs) usable += (usable.empty() ? "" : ", ") + std::string(candidate.name);
    }
    return fail(ErrorCode::unsupported,
                "instruction set '" + std::string(name) + "' is unknown or this CPU lacks it; it has: " + usable);
}

} // namespace assay::kernels
