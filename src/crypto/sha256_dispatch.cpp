#include "crypto/sha256_compress.h"
#include "crypto/sha256_implementation.h"

#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace assay::crypto {
namespace {

#if defined(__x86_64__)
bool has_sha_ni() {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
    constexpr unsigned kShaBit = 1U << 29; // leaf 7, EBX; SSSE3 and SSE4.1 are in the build's baseline
    return (ebx & kShaBit) != 0;
}
#endif

std::vector<Sha256Implementation> detect() {
    std::vector<Sha256Implementation> found;
#if defined(__x86_64__)
    if (has_sha_ni()) found.push_back({"sha-ni", sha256_compress_sha_ni, sha256_compress_pair_sha_ni});
#elif defined(__aarch64__)
    if ((getauxval(AT_HWCAP) & HWCAP_SHA2) != 0)
        found.push_back({"armv8", sha256_compress_armv8, sha256_compress_pair_armv8});
#endif
    found.push_back({"portable", sha256_compress_portable, sha256_compress_pair_portable});
    return found;
}

} // namespace

std::span<const Sha256Implementation> sha256_implementations() {
    static const std::vector<Sha256Implementation> implementations = detect();
    return implementations;
}

} // namespace assay::crypto
