#include "kernels/simd/vec_avx2.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
const KernelSet kAvx2Kernels = make_kernel_set();
}
