// Attention and its cache (docs/spec/arithmetic.md, "Attention").
#include "kernels/half.h"
#include "kernels/reference/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace assay::kernels::reference {
namespace {

std::size_t padded(std::size_t head_size) { return (head_size + kLanes - 1) / kLanes * kLanes; }

std::uint16_t& key_at(std::uint16_t* page, std::size_t head_size, std::size_t position, std::size_t element) {
    return page[(position / kLanes * head_size + element) * kLanes + position % kLanes];
}

float key_of(const AttentionTask& task, std::size_t position, std::size_t element) {
    const std::uint16_t* page = task.key_pages[position / kPagePositions];
    return f16_to_f32(key_at(const_cast<std::uint16_t*>(page), task.head_size, position % kPagePositions, element));
}

float value_of(const AttentionTask& task, std::size_t position, std::size_t element) {
    return f16_to_f32(
        task.value_pages[position / kPagePositions][position % kPagePositions * padded(task.head_size) + element]);
}

void attend(const AttentionTask& task, std::size_t row) {
    const std::size_t start = task.starts[row];
    const std::size_t length = task.lengths[row];
    float* output = task.outputs[row];
    std::vector<float> weights(length, 0.0f);
    float top = std::numeric_limits<float>::lowest();
    for (std::size_t p = start; p < length; ++p) {
        float score = 0;
        for (std::size_t i = 0; i < task.head_size; ++i)
            score = std::fma(task.queries[row][i], key_of(task, p, i), score);
        weights[p] = stored(score);
        if (!std::isfinite(score)) {
            std::fill(output, output + task.head_size, std::numeric_limits<float>::quiet_NaN());
            return;
        }
        top = std::max(top, weights[p]);
    }
    float lanes[kLanes] = {};
    for (std::size_t p = start; p < length; ++p) {
        weights[p] = exp_nonpositive(weights[p] - top);
        lanes[p % kLanes] = lanes[p % kLanes] + weights[p];
    }
    const float sum = combine_lanes(lanes);
    for (std::size_t i = 0; i < task.head_size; ++i) {
        float acc = 0;
        for (std::size_t p = start; p < length; ++p) acc = std::fma(weights[p], value_of(task, p, i), acc);
        output[i] = stored(acc / sum);
    }
}

} // namespace

float to_cache_range(float x) {
    if (!std::isfinite(x)) return 0.0f;
    return std::clamp(x, -65504.0f, 65504.0f);
}

void store_key(const float* k, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page) {
    for (std::size_t i = 0; i < head_size; ++i)
        key_at(page, head_size, position_in_page, i) = f32_to_f16(to_cache_range(k[i]));
}

void store_value(const float* v, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page) {
    std::uint16_t* row = page + position_in_page * padded(head_size);
    for (std::size_t i = 0; i < padded(head_size); ++i)
        row[i] = i < head_size ? f32_to_f16(to_cache_range(v[i])) : std::uint16_t{0};
}

void attention(const AttentionTask& task) {
    for (std::size_t row = 0; row < task.rows; ++row) attend(task, row);
}

} // namespace assay::kernels::reference
