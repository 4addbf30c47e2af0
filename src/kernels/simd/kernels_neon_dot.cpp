// ARMv8.2-A with the dot product instructions.
#define ASSAY_NEON_DOT 1
#include "kernels/simd/vec_neon.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
const KernelSet kNeonDotKernels = make_kernel_set();
}
