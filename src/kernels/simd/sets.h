#pragma once
/// The tables that this build contains; dispatch.cpp decides which of them the CPU can run.
#include "kernels/kernels.h"

namespace assay::kernels {
extern const KernelSet kScalarKernels;
#if defined(__x86_64__)
extern const KernelSet kAvx2Kernels;
extern const KernelSet kAvx512Kernels;
extern const KernelSet kAvx512Bf16Kernels;
extern const KernelSet kAmxKernels;
#elif defined(__aarch64__)
extern const KernelSet kNeonKernels;
extern const KernelSet kNeonDotKernels;
extern const KernelSet kNeonI8mmKernels;
#endif
} // namespace assay::kernels
