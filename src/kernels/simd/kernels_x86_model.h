#pragma once
// The tables of the model's kernels (intrinsics_model.h); only tests have them.
#include "kernels/kernels.h"

namespace assay::kernels {
extern const KernelSet kAvx2ModelKernels;
extern const KernelSet kAvx512ModelKernels;
extern const KernelSet kAvx512Bf16ModelKernels;
extern const KernelSet kAmxModelKernels;
} // namespace assay::kernels
