// Base ARMv8-A.
#include "kernels/simd/vec_neon.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
const KernelSet kNeonKernels = make_kernel_set();
}
