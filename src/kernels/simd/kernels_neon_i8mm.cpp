// ARMv8.2-A with the dot product instructions and those that multiply matrices of bytes.
#define ASSAY_NEON_DOT 1
#define ASSAY_ROW_PAIRS 1
#include "kernels/simd/vec_neon.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
const KernelSet kNeonI8mmKernels = make_kernel_set();
}
