// AVX-512 with VNNI (F, BW, DQ, VL, VNNI).
#include "kernels/simd/vec_avx512.h"
#include "kernels/simd/kernel_set.h"
#include "kernels/simd/sets.h"

namespace assay::kernels {
const KernelSet kAvx512Kernels = make_kernel_set();
}
