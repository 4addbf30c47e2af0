// AVX-512 with VNNI and BF16.
#define ASSAY_AVX512_BF16 1
#include "kernels/simd/vec_avx512.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
const KernelSet kAvx512Bf16Kernels = make_kernel_set();
}
