// The AVX-512 kernels with BF16 over the model of their instructions.
#define ASSAY_SIMD_MODEL 1
#define ASSAY_AVX512_BF16 1
#include "kernels/simd/vec_avx512.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/kernels_x86_model.h"

namespace assay::kernels {
const KernelSet kAvx512Bf16ModelKernels = make_kernel_set("avx512-bf16-model");
} // namespace assay::kernels
