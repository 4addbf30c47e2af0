// The AVX2 kernels over the model of their instructions.
#define ASSAY_SIMD_MODEL 1
#include "kernels/simd/vec_avx2.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/kernels_x86_model.h"

namespace assay::kernels {
const KernelSet kAvx2ModelKernels = make_kernel_set("avx2-model");
} // namespace assay::kernels
