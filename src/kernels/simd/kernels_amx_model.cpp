// The AMX kernels over the software model of the tile unit, for tests on CPUs without one.
#define ASSAY_AMX_MODEL 1
#include "kernels/simd/kernels_amx.cpp"
