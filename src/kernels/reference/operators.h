#pragma once
// The reference's operators, one translation unit a family; reference.cpp makes the table of them.
#include "kernels/reference/reference.h"

namespace assay::kernels::reference {

void quantize(const float* x, std::size_t x_stride, std::size_t count, std::size_t n, ActivationBlock* tiles);
void quantize_twice(const float* x, std::size_t x_stride, std::size_t row_begin, std::size_t row_end, std::size_t count,
                    std::size_t n, ActivationBlock* tiles);
void linear_quantized(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows,
                      std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride);
void linear_f32(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride);
void linear_bf16(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                 std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride);

void rms_norm(const float* x, const float* weight, std::size_t n, float epsilon, float* y);
void layer_norm(const float* x, const float* weight, const float* bias, std::size_t n, float epsilon, float* y);
void add(const float* a, const float* b, std::size_t n, float* y);
void silu_mul(const float* gate, const float* up, std::size_t n, float* y);
void gelu(const float* x, std::size_t n, bool tanh_form, float* y);
void rope(float* x, std::size_t size, std::size_t head_size, const float* cosines, const float* sines, bool interleaved,
          float scale);

void store_key(const float* k, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page);
void store_value(const float* v, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page);
void attention(const AttentionTask& task);

bool row_maximum(const float* x, std::size_t n, float* maximum);
void exponentials(const float* x, std::size_t n, float maximum, float scale, float* y);

} // namespace assay::kernels::reference
