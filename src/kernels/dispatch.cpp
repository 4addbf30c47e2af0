#include "kernels/simd/sets.h"

#include <cstdlib>
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
    static const bool granted = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8") && __builtin_cpu_supports("amx-bf16") &&
                                ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
    return granted;
}
#endif

std::vector<Candidate> candidates() {
    std::vector<Candidate> all;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
    all.push_back({"amx", &kAmxKernels, avx512 && may_use_tiles()});
    all.push_back({"avx512", &kAvx512Kernels, avx512});
    all.push_back({"avx2", &kAvx2Kernels, avx2});
#elif defined(__aarch64__)
    constexpr unsigned long kHwcapDotProduct = 1ul << 20;
    const bool dot_product = (getauxval(AT_HWCAP) & kHwcapDotProduct) != 0;
    all.push_back({"neon", dot_product ? &kNeonDotKernels : &kNeonKernels, true});
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
    return fail(ErrorCode::unsupported, "instruction set '" + std::string(name) + "' is unknown or this CPU lacks it; it has: " + usable);
}

} // namespace assay::kernels
