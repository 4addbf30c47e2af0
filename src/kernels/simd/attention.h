// Attention in two passes (docs/spec/arithmetic.md, "Attention").
#pragma once
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

// binary16 keys and values: finite always, so that a masked position can never turn a sum into NaN.
inline F to_cache_range(F x) {
    const F limit = V::set(65504.0f);
    const F magnitude = V::abs(x);
    const F clamped = V::select_nonnegative(x, V::select_less(magnitude, limit, x, limit),
                                            V::select_less(magnitude, limit, x, V::sub(V::zero(), limit)));
    return V::select_less(magnitude, V::set(__builtin_inff()), clamped, V::zero());
}

inline std::size_t padded(std::size_t head_size) { return (head_size + kLanes - 1) / kLanes * kLanes; }

void store_key(const float* k, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page) {
    std::uint16_t half[kLanes];
    std::uint16_t* column = page + position_in_page / kLanes * head_size * kLanes + position_in_page % kLanes;
    for (std::size_t i = 0; i < head_size; i += kLanes) {
        const std::size_t count = head_size - i < kLanes ? head_size - i : kLanes;
        V::store_f16(half, to_cache_range(load_some(k + i, count)));
        for (std::size_t j = 0; j < count; ++j) column[(i + j) * kLanes] = half[j];
    }
}

void store_value(const float* v, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page) {
    std::uint16_t* row = page + position_in_page * padded(head_size);
    for (std::size_t i = 0; i < head_size; i += kLanes) {
        const std::size_t count = head_size - i < kLanes ? head_size - i : kLanes;
        V::store_f16(row + i, to_cache_range(load_some(v + i, count)));
    }
}

constexpr std::size_t kPageGroups = kPagePositions / kLanes;

// Scores of R rows against `Pages` pages that follow one another: one fma chain an output, ascending over head elements.
template <int R, std::size_t Pages>
inline void page_scores(const float* const* queries, std::size_t head_size, const std::uint16_t* const* pages,
                        float* scores, std::size_t stride) {
    constexpr std::size_t kGroups = Pages * kPageGroups;
    const std::uint16_t* keys[kGroups];
    F acc[R][kGroups];
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kGroups; ++g) keys[g] = pages[g / kPageGroups] + g % kPageGroups * head_size * kLanes;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (std::size_t g = 0; g < kGroups; ++g) acc[r][g] = V::zero();
    }
    for (std::size_t i = 0; i < head_size; ++i) {
        F k[kGroups];
#pragma GCC unroll 4
        for (std::size_t g = 0; g < kGroups; ++g) k[g] = V::load_f16(keys[g] + i * kLanes);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const F q = V::set(queries[r][i]);
#pragma GCC unroll 4
            for (std::size_t g = 0; g < kGroups; ++g) acc[r][g] = V::fma(q, k[g], acc[r][g]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (std::size_t g = 0; g < kGroups; ++g)
            V::store(scores + static_cast<std::size_t>(r) * stride + g * kLanes, V::flush(acc[r][g]));
    }
}

// Turns scores of positions [start, length) into weights exp(s - max) and returns their sum; everything else in [begin, end)
// becomes zero. NaN when a score is not finite.
inline float softmax_weights(float* s, std::size_t begin, std::size_t end, std::size_t start, std::size_t length) {
    for (std::size_t i = begin; i < start; ++i) s[i] = -__FLT_MAX__;
    for (std::size_t i = length; i < end; ++i) s[i] = -__FLT_MAX__;
    F largest = V::set(-__FLT_MAX__);
    I bits = V::izero();
    for (std::size_t i = begin; i < end; i += kLanes) {
        const F x = V::load(s + i);
        largest = V::max(largest, x);
        bits = V::imax(bits, V::magnitude_bits(x));
    }
    if (V::imax_across(bits) >= 0x7f800000) return __builtin_nanf("");
    float lanes[kLanes];
    V::store(lanes, largest);
    float top = lanes[0];
    for (std::size_t l = 1; l < kLanes; ++l) top = lanes[l] > top ? lanes[l] : top;
    F sum = V::zero();
    const F maximum = V::set(top);
    for (std::size_t i = begin; i < end; i += kLanes) {
        const F weight = exp_nonpositive(V::sub(V::load(s + i), maximum));
        V::store(s + i, weight);
        sum = V::add(sum, weight);
    }
    return sum_across(sum);
}

// One to four vectors of head elements for R rows: chains over ascending positions, divided by the row's sum at the end.
template <int R, int Vectors>
inline void weighted_values(const AttentionTask& task, std::size_t row, std::size_t element, std::size_t begin,
                            std::size_t end, const float* sums) {
    const std::size_t stride = padded(task.head_size);
    F acc[R][Vectors];
    for (int r = 0; r < R; ++r) {
        for (int v = 0; v < Vectors; ++v) acc[r][v] = V::zero();
    }
    const float* weights = task.scores + row * task.score_stride;
    for (std::size_t page = begin / kPagePositions; page * kPagePositions < end; ++page) {
        const std::size_t first = page * kPagePositions;
        const std::size_t count = end - first < kPagePositions ? end - first : kPagePositions;
        const std::uint16_t* values = task.value_pages[page] + element;
        for (std::size_t p = 0; p < count; ++p, values += stride) {
            F x[Vectors];
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) x[v] = V::load_f16(values + static_cast<std::size_t>(v) * kLanes);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const F w = V::set(weights[static_cast<std::size_t>(r) * task.score_stride + first + p]);
#pragma GCC unroll 4
                for (int v = 0; v < Vectors; ++v) acc[r][v] = V::fma(w, x[v], acc[r][v]);
            }
        }
    }
    for (int r = 0; r < R; ++r) {
        for (int v = 0; v < Vectors; ++v) {
            const std::size_t at = element + static_cast<std::size_t>(v) * kLanes;
            const F y = V::flush(V::div(acc[r][v], V::set(sums[r])));
            store_some(task.outputs[row + static_cast<std::size_t>(r)] + at, y, task.head_size - at);
        }
    }
}

template <int R>
void attend_rows(const AttentionTask& task, std::size_t row) {
    std::size_t start = task.starts[row];
    std::size_t length = task.lengths[row];
    for (int r = 1; r < R; ++r) {
        const std::size_t other = row + static_cast<std::size_t>(r);
        if (task.starts[other] < start) start = task.starts[other];
        if (task.lengths[other] > length) length = task.lengths[other];
    }
    const std::size_t begin = start / kPagePositions * kPagePositions;
    const std::size_t end = (length + kPagePositions - 1) / kPagePositions * kPagePositions;
    float* scores = task.scores + row * task.score_stride;
    const float* const* queries = task.queries + row;
    const std::uint16_t* const* pages = task.key_pages;
    std::size_t p = begin;
    for (; p + V::kScorePages * kPagePositions <= end; p += V::kScorePages * kPagePositions) {
        page_scores<R, V::kScorePages>(queries, task.head_size, pages + p / kPagePositions, scores + p,
                                       task.score_stride);
    }
    for (; p < end; p += kPagePositions)
        page_scores<R, 1>(queries, task.head_size, pages + p / kPagePositions, scores + p, task.score_stride);
    float sums[R];
    for (int r = 0; r < R; ++r) {
        const std::size_t at = row + static_cast<std::size_t>(r);
        sums[r] = softmax_weights(scores + static_cast<std::size_t>(r) * task.score_stride, begin, end, task.starts[at],
                                  task.lengths[at]);
    }
    std::size_t element = 0;
    const std::size_t width = padded(task.head_size);
    for (; element + 4 * kLanes <= width; element += 4 * kLanes)
        weighted_values<R, 4>(task, row, element, begin, length, sums);
    for (; element < width; element += kLanes) weighted_values<R, 1>(task, row, element, begin, length, sums);
}

void attention(const AttentionTask& task) {
    std::size_t row = 0;
    for (; row + V::kAttentionRows <= task.rows; row += V::kAttentionRows) attend_rows<V::kAttentionRows>(task, row);
    for (; row + 3 <= task.rows; row += 3) attend_rows<3>(task, row);
    for (; row < task.rows; ++row) attend_rows<1>(task, row);
}

} // namespace
} // namespace assay::kernels
