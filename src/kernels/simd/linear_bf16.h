// bfloat16 linear layers over sixteen lanes (docs/spec/arithmetic.md, "Products").
// Even/odd-32: per 32 inputs E and O are ascending chains over the even and the odd ones, then acc + (E + O). The products of two
// bfloat16 are exact in binary32, so that fma and multiply-add agree.
#pragma once
#include "kernels/half.h"
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

// Four inputs k .. k+3 against 16 outputs: E takes k and k+2, O takes k+1 and k+3. Activations come as two words:
// (x[k+2], x[k]) and (x[k+3], x[k+1]), the first of the chain in the upper half. Where the CPU multiplies pairs of bfloat16
// (VDPBF16PS: upper half first, each product added with its own rounding), V does both links of a chain at once.
constexpr std::size_t kQuad = 4;

// Where one pass stands: `depth` inputs from `begin` on, whole blocks.
struct Bf16Pass {
    const PackedWeights& weights;
    std::size_t padded_inputs;
    std::size_t begin;
    std::size_t depth;
    float* y;
    std::size_t y_stride;

    bool first() const { return begin == 0; }
    bool last() const { return begin + depth == padded_inputs; }
    const std::uint16_t* panel(std::size_t group) const {
        return reinterpret_cast<const std::uint16_t*>(weights.group(group)) + begin * kLanes;
    }
};

// The links of G groups' weights, from the packed bytes or as spread before.
template <int G>
struct PackedLinks {
    const std::uint16_t* w;
    std::size_t group_stride;
    V::LinkPair pair(std::size_t quad, int g) const {
        return V::bf16_links(w + static_cast<std::size_t>(g) * group_stride + quad * kQuad * kLanes);
    }
};
template <int G>
struct SpreadLinks {
    const V::LinkPair* links;
    const V::LinkPair& pair(std::size_t quad, int g) const { return links[quad * G + static_cast<std::size_t>(g)]; }
};

template <int R, int G, class Links>
inline void bf16_quad(const Links& links, std::size_t quad, const std::uint32_t* x, F (&even)[R][G], F (&odd)[R][G]) {
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) {
        const V::LinkPair& weights = links.pair(quad, g); // a copy would pass through memory
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            even[r][g] = V::chain_bf16(even[r][g], weights.even, x[2 * r]);
            odd[r][g] = V::chain_bf16(odd[r][g], weights.odd, x[2 * r + 1]);
        }
    }
}

// R rows by G groups. A chain that goes on in a later pass rests in y, unrounded by the store rule until it ends.
template <int R, int G, class Links>
inline void bf16_tile(const Bf16Pass& pass, const Links& links, std::size_t group, const std::uint32_t* x,
                      std::size_t row) {
    float* y = pass.y + row * pass.y_stride + group * kLanes;
    F acc[R][G];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g)
            acc[r][g] =
                pass.first()
                    ? V::zero()
                    : V::load(y + static_cast<std::size_t>(r) * pass.y_stride + static_cast<std::size_t>(g) * kLanes);
    }
    for (std::size_t quad = 0; quad < pass.depth / kQuad;) {
        F even[R][G];
        F odd[R][G];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) even[r][g] = odd[r][g] = V::zero();
        }
        for (const std::size_t end = quad + kBlock / kQuad; quad < end; ++quad, x += 2 * R)
            bf16_quad<R, G>(links, quad, x, even, odd);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) acc[r][g] = V::add(acc[r][g], V::add(even[r][g], odd[r][g]));
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) {
            V::store(y + static_cast<std::size_t>(r) * pass.y_stride + static_cast<std::size_t>(g) * kLanes,
                     pass.last() ? V::flush(acc[r][g]) : acc[r][g]);
        }
    }
}

template <int R, int G, class Links>
inline void bf16_rest(const Bf16Pass& pass, const Links& links, std::size_t group, const std::uint32_t* x,
                      std::size_t row, std::size_t rows) {
    if constexpr (R > 0) {
        if (rows == R) return bf16_tile<R, G>(pass, links, group, x, row);
        bf16_rest<R - 1, G>(pass, links, group, x, row, rows);
    }
}

// A strip of rows against G groups, whose weights stay in the first-level cache meanwhile.
template <int G, class Links>
void bf16_rows(const Bf16Pass& pass, const Links& links, std::size_t group, const std::uint32_t* x, std::size_t row,
               std::size_t rows) {
    constexpr std::size_t kRows = V::kBf16Rows;
    x += pass.begin * rows / 2;
    for (; rows >= kRows; rows -= kRows, row += kRows, x += kRows * pass.depth / 2)
        bf16_tile<V::kBf16Rows, G>(pass, links, group, x, row);
    bf16_rest<V::kBf16Rows - 1, G>(pass, links, group, x, row, rows);
}

constexpr std::size_t kBf16Depth =
    sizeof(V::LinkPair) > 128 ? 128 : 256; // inputs a pass: the spread links of a panel fit the first-level cache
constexpr std::size_t kBf16SpreadFrom = 16; // rows that make it worth to spread the links first

template <int G>
void bf16_panel(Bf16Pass pass, std::size_t group, const std::uint32_t* x, std::size_t row, std::size_t rows) {
    alignas(64) V::LinkPair spread[kBf16Depth / kQuad * G];
    for (; pass.begin < pass.padded_inputs; pass.begin += kBf16Depth) {
        pass.depth = pass.padded_inputs - pass.begin < kBf16Depth ? pass.padded_inputs - pass.begin : kBf16Depth;
        const PackedLinks<G> packed{pass.panel(group), pass.weights.group_bytes / sizeof(std::uint16_t)};
        if (rows < kBf16SpreadFrom) {
            bf16_rows<G>(pass, packed, group, x, row, rows);
            continue;
        }
        // What the next panel will spread comes near while this one multiplies.
        const bool last = pass.last();
        const std::uint16_t* next = last ? reinterpret_cast<const std::uint16_t*>(pass.weights.group(group + G))
                                         : packed.w + kBf16Depth * kLanes;
        for (std::size_t quad = 0; quad < pass.depth / kQuad; ++quad) {
            for (int g = 0; g < G; ++g) {
                const std::uint16_t* line =
                    next + static_cast<std::size_t>(g) * packed.group_stride + quad * kQuad * kLanes;
                __builtin_prefetch(line, 0, 2);
                __builtin_prefetch(line + 2 * kLanes, 0, 2);
                spread[quad * G + static_cast<std::size_t>(g)] = packed.pair(quad, g);
            }
        }
        bf16_rows<G>(pass, SpreadLinks<G>{spread}, group, x, row, rows);
    }
}

// [pass][tile of kBf16Rows rows][four inputs][row][two words], zero beyond the inputs.
void gather_bf16_rows(const float* x, std::size_t x_stride, std::size_t rows, std::size_t inputs,
                      std::size_t padded_inputs, std::uint32_t* out) {
    for (std::size_t begin = 0; begin < padded_inputs; begin += kBf16Depth) {
        const std::size_t depth = padded_inputs - begin < kBf16Depth ? padded_inputs - begin : kBf16Depth;
        for (std::size_t row = 0; row < rows; ++row) {
            const std::size_t tile = row / V::kBf16Rows * V::kBf16Rows;
            const std::size_t count = rows - tile < V::kBf16Rows ? rows - tile : V::kBf16Rows;
            std::uint32_t* to = out + begin * rows / 2 + tile * depth / 2 + 2 * (row - tile);
            for (std::size_t k = begin; k < begin + depth; k += kLanes, to += kLanes / 2 * count) {
                V::store_bf16_words(to, 2 * count, load_some(x + row * x_stride + k, k < inputs ? inputs - k : 0));
            }
        }
    }
}

void bf16_one_row(const Bf16Pass& pass, const std::uint32_t* x, std::size_t row, std::size_t group_begin,
                  std::size_t group_end) {
    constexpr std::size_t kGroups = V::kFloatDecodeGroups;
    const std::size_t stride = pass.weights.group_bytes / sizeof(std::uint16_t);
    std::size_t g = group_begin;
    for (; g + kGroups <= group_end; g += kGroups)
        bf16_tile<1, V::kFloatDecodeGroups>(pass, PackedLinks<V::kFloatDecodeGroups>{pass.panel(g), stride}, g, x, row);
    for (; g < group_end; ++g) bf16_tile<1, 1>(pass, PackedLinks<1>{pass.panel(g), stride}, g, x, row);
}

constexpr std::size_t kBf16StripWords = 160 << 10; // rounded activations that stay in the second-level cache

void linear_bf16(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                 std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    constexpr std::size_t kRows = V::kBf16Rows;
    constexpr std::size_t kLeast = 48 / kRows * kRows;
    const std::size_t padded_inputs = (weights.inputs + kBlock - 1) / kBlock * kBlock;
    const std::size_t row_words = padded_inputs / 2;
    const std::size_t fitting = kBf16StripWords / (row_words + 1) / kRows * kRows;
    const std::size_t tall = fitting < kLeast ? kLeast : fitting;
    const std::size_t strip = rows < tall ? rows : tall;
    auto* rounded = static_cast<std::uint32_t*>(__builtin_malloc((strip * row_words + 1) * sizeof(std::uint32_t)));
    if (rounded == nullptr) __builtin_trap();
    const Bf16Pass whole{weights, padded_inputs, 0, padded_inputs, y, y_stride};
    for (std::size_t row = 0; row < rows; row += strip) {
        const std::size_t count = rows - row < strip ? rows - row : strip;
        gather_bf16_rows(x + row * x_stride, x_stride, count, weights.inputs, padded_inputs, rounded);
        if (count == 1) {
            bf16_one_row(whole, rounded, row, group_begin, group_end);
            continue;
        }
        std::size_t g = group_begin;
        constexpr std::size_t kGroups = V::kBf16Groups;
        for (; g + kGroups <= group_end; g += kGroups) bf16_panel<V::kBf16Groups>(whole, g, rounded, row, count);
        for (; g < group_end; ++g) bf16_panel<1>(whole, g, rounded, row, count);
    }
    __builtin_free(rounded);
}

} // namespace
} // namespace assay::kernels
