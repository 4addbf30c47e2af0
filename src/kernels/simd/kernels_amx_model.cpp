// The AMX kernels over the models of the tile unit and of AVX-512.
#define ASSAY_AMX_MODEL 1
#define ASSAY_SIMD_MODEL 1
#include "kernels/simd/kernels_x86_model.h"

#include "kernels/simd/kernels_amx.cpp"
