// The AVX-512 kernels over the model of their instructions.
#define ASSAY_SIMD_MODEL 1
#include "kernels/simd/vec_avx512.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/kernels_x86_model.h"

namespace assay::kernels {
const KernelSet kAvx512ModelKernels = make_kernel_set("avx512-model");
} // namespace assay::kernels
