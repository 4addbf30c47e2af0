// The table of one instruction set; included last by its translation unit.
#pragma once
#include "kernels/element_math.h"
#include "kernels/simd/attention.h"
#include "kernels/simd/elementwise.h"
#include "kernels/simd/linear_bf16.h"
#include "kernels/simd/linear_float.h"
#include "kernels/simd/linear_quantized.h"
#include "kernels/simd/sampling.h"

namespace assay::kernels {
namespace {

constexpr KernelSet make_kernel_set(const char* isa = V::kName) {
    return {
        .isa = isa,
        .quantize = quantize,
        .quantize_twice = quantize_twice,
        .linear_quantized = linear_quantized,
        .linear_f32 = linear_f32,
        .linear_bf16 = linear_bf16,
        .rms_norm = rms_norm,
        .layer_norm = layer_norm,
        .add = add,
        .silu_mul = silu_mul,
        .gelu = gelu,
        .rope = rope,
        .store_key = store_key,
        .store_value = store_value,
        .attention = attention,
        .row_maximum = row_maximum,
        .exponentials = exponentials,
    };
}

} // namespace
} // namespace assay::kernels
