#pragma once
// The intrinsics of x86 for vec_avx2.h, vec_avx512.h and the AMX kernels: the compiler's, or with ASSAY_SIMD_MODEL a model of
// the instructions in plain C++, so that the same kernels run, in tests, on any x86-64 CPU.
#if defined(ASSAY_SIMD_MODEL)
#include "kernels/simd/intrinsics_model.h"
#else
#include <immintrin.h>
#endif
