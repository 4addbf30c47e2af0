#include "kernels/reference/reference.h"

#include "kernels/reference/operators.h"

namespace assay::kernels {

const KernelSet& reference_kernels() {
    static constexpr KernelSet kSet = {
        .isa = "reference",
        .quantize = reference::quantize,
        .quantize_twice = reference::quantize_twice,
        .linear_quantized = reference::linear_quantized,
        .linear_f32 = reference::linear_f32,
        .linear_bf16 = reference::linear_bf16,
        .rms_norm = reference::rms_norm,
        .layer_norm = reference::layer_norm,
        .add = reference::add,
        .silu_mul = reference::silu_mul,
        .gelu = reference::gelu,
        .rope = reference::rope,
        .store_key = reference::store_key,
        .store_value = reference::store_value,
        .attention = reference::attention,
        .row_maximum = reference::row_maximum,
        .exponentials = reference::exponentials,
    };
    return kSet;
}

} // namespace assay::kernels
