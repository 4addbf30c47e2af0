#include "kernels/simd/vec_scalar.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
const KernelSet kScalarKernels = make_kernel_set();
}
