#pragma once
// Inputs for the kernel tests: stored elements (zero, or at least 2^-40 in magnitude) from tame to hostile, and matrices of
// every weight type with scales that are finite but otherwise anything.
#include "kernels/half.h"
#include "kernels/kernels.h"
#include "kernels/simd/kernels_x86_model.h"
#include "kernels/simd/sets.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace assay::kernels::test {

using tensor::DType;

inline constexpr DType kQuantizedTypes[] = {DType::q8_0, DType::q4_0, DType::q4_1, DType::q5_0,
                                            DType::q5_1, DType::q4_k, DType::q5_k, DType::q6_k};

enum class Mood { normal, wide, edge, broken };
inline constexpr Mood kMoods[] = {Mood::normal, Mood::wide, Mood::edge, Mood::broken};

class Values {
public:
    explicit Values(std::uint64_t seed) : engine_(seed) {}

    std::uint32_t bits() { return static_cast<std::uint32_t>(engine_()); }
    std::size_t below(std::size_t n) { return engine_() % n; }

    float one(Mood mood) {
        switch (mood) {
            case Mood::normal: return stored(normal_(engine_));
            case Mood::wide:
                return stored(std::bit_cast<float>((bits() & 0x807fffffu) | ((60u + bits() % 130u) << 23)));
            case Mood::edge: return edge();
            case Mood::broken: return below(40) == 0 ? kBroken[below(3)] : edge();
        }
        return 0;
    }

    std::vector<float> many(std::size_t n, Mood mood) {
        std::vector<float> values(n);
        for (float& value : values) value = one(mood);
        return values;
    }

    // A finite binary16: any, or one that keeps sums moderate.
    std::uint16_t half(Mood mood) {
        if (mood == Mood::normal) return static_cast<std::uint16_t>((bits() & 0x83ffu) | ((8u + bits() % 8u) << 10));
        const auto value = static_cast<std::uint16_t>(bits());
        return (value & 0x7c00u) == 0x7c00u ? static_cast<std::uint16_t>(value & 0x83ffu) : value;
    }

    std::vector<std::uint8_t> matrix(DType type, std::size_t elements, Mood mood) {
        std::vector<std::uint8_t> bytes(tensor::bytes_of(type, elements));
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine_());
        const std::size_t block = tensor::traits(type).block_bytes;
        if (type == DType::f32 || type == DType::f16 || type == DType::bf16) {
            for (std::size_t i = 0; i < elements; ++i) place_float(type, bytes.data() + i * block, mood);
            return bytes;
        }
        const bool second = type == DType::q4_1 || type == DType::q5_1 || type == DType::q4_k || type == DType::q5_k;
        for (std::size_t at = 0; at < bytes.size(); at += block) {
            const std::uint16_t scales[2] = {half(mood), half(mood)};
            std::memcpy(bytes.data() + at + (type == DType::q6_k ? 208 : 0), &scales[0], 2);
            if (second) std::memcpy(bytes.data() + at + 2, &scales[1], 2);
        }
        return bytes;
    }

private:
    static constexpr float kBroken[3] = {std::numeric_limits<float>::quiet_NaN(),
                                         std::numeric_limits<float>::infinity(),
                                         -std::numeric_limits<float>::infinity()};

    float edge() {
        constexpr float kEdges[] = {0.0f,          0x1p-40f, 0x1.000002p-40f, 0x1p-39f, 0x1p-20f, 1.0f,
                                    0x1.fffffep0f, 65504.0f, 65520.0f,        1e20f,    3e38f,    127.0f};
        const float value = below(3) == 0 ? normal_(engine_) : kEdges[below(std::size(kEdges))];
        return stored(below(2) == 0 ? value : -value);
    }

    void place_float(DType type, std::uint8_t* at, Mood mood) {
        const Mood finite = mood == Mood::broken ? Mood::edge : mood;
        if (type == DType::f16) {
            const std::uint16_t value = half(mood);
            std::memcpy(at, &value, 2);
            return;
        }
        const float value = one(finite);
        const std::uint32_t whole = std::bit_cast<std::uint32_t>(value);
        const auto upper = static_cast<std::uint16_t>(whole >> 16);
        if (type == DType::f32) std::memcpy(at, &whole, 4);
        if (type == DType::bf16) std::memcpy(at, &upper, 2);
    }

    std::mt19937_64 engine_;
    std::normal_distribution<float> normal_;
};

inline bool same(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

/// Index of the first element that differs, or -1.
inline std::ptrdiff_t difference(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size()) return 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) return static_cast<std::ptrdiff_t>(i);
    }
    return -1;
}

/// Every back end that this machine runs, with AVX-512 also the set without BF16; and on x86-64 every one over the model of
/// its instructions, which needs nothing of the machine.
inline std::vector<const KernelSet*> sets() {
    std::vector<const KernelSet*> all;
    for (const std::string_view name : available_isas()) {
        all.push_back(*select_kernels(name));
#if defined(__x86_64__)
        if (name == "avx512") all.push_back(&kAvx512Kernels); // also where BF16 is there
#endif
    }
#if defined(__x86_64__)
    all.insert(all.end(), {&kAvx2ModelKernels, &kAvx512ModelKernels, &kAvx512Bf16ModelKernels, &kAmxModelKernels});
#endif
    return all;
}

inline PackedWeights pack(DType type, const std::vector<std::uint8_t>& bytes, std::size_t outputs, std::size_t inputs) {
    const tensor::TensorView view{type, {outputs, inputs}, bytes};
    auto packed = prepare_pack(view, false);
    EXPECT_TRUE(packed.has_value());
    EXPECT_TRUE(pack_groups(view, false, 0, packed->groups(), *packed).has_value());
    return std::move(*packed);
}

} // namespace assay::kernels::test
