// AVX-512 with the tile unit (AMX-TILE, AMX-INT8, AMX-BF16) for 16 rows and more.
#include "kernels/simd/vec_avx512.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/linear_amx.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
namespace {

constexpr KernelSet make_amx_set(const char* isa) {
    KernelSet set = make_kernel_set(isa);
    set.linear_quantized = amx_linear_quantized;
    set.linear_bf16 = amx_linear_bf16;
    return set;
}

} // namespace

#if defined(ASSAY_AMX_MODEL)
const KernelSet kAmxModelKernels = make_amx_set("amx-model");
#else
const KernelSet kAmxKernels = make_amx_set("amx");
#endif

} // namespace assay::kernels
