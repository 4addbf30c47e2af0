// Every back end's linear layers equal the reference bit for bit, whatever the shape, the values and the batch.
#include "kernels/reference/reference.h"
#include "kernels/test_values.h"

namespace assay::kernels::test {
namespace {

struct Case {
    std::size_t outputs;
    std::size_t inputs;
    std::size_t rows;
};

std::vector<ActivationBlock> tiles_of(const KernelSet& set, const std::vector<float>& x, std::size_t rows,
                                      std::size_t inputs) {
    std::vector<ActivationBlock> tiles((rows + kTileRows - 1) / kTileRows * (inputs / kBlock));
    std::memset(tiles.data(), 0, tiles.size() * sizeof(ActivationBlock));
    set.quantize(x.data(), inputs, rows, inputs, tiles.data());
    return tiles;
}

std::vector<float> run_quantized(const KernelSet& set, const PackedWeights& weights,
                                 const std::vector<ActivationBlock>& tiles, std::size_t rows) {
    const std::size_t width = weights.groups() * kLanes;
    std::vector<float> y(rows * width, 1.0f);
    set.linear_quantized(weights, tiles.data(), rows, 0, weights.groups(), y.data(), width);
    return y;
}

void check_quantized(DType type, Case c, Mood mood, Values& values) {
    SCOPED_TRACE(std::string(tensor::traits(type).name) + " " + std::to_string(c.outputs) + "x" +
                 std::to_string(c.inputs) + " rows " + std::to_string(c.rows) + " mood " +
                 std::to_string(static_cast<int>(mood)));
    const auto bytes = values.matrix(type, c.outputs * c.inputs, mood);
    const PackedWeights weights = pack(type, bytes, c.outputs, c.inputs);
    const auto x = values.many(c.rows * c.inputs, mood);
    const auto tiles = tiles_of(reference_kernels(), x, c.rows, c.inputs);
    const auto expected = run_quantized(reference_kernels(), weights, tiles, c.rows);

    std::vector<float> published(c.rows * c.outputs);
    reference::linear_from_blocks({type, {c.outputs, c.inputs}, bytes}, x.data(), c.inputs, c.rows, published.data(),
                                  c.outputs);
    for (std::size_t row = 0; row < c.rows; ++row) {
        for (std::size_t o = 0; o < c.outputs; ++o) {
            ASSERT_TRUE(same(published[row * c.outputs + o], expected[row * weights.groups() * kLanes + o]))
                << "packing, row " << row << " output " << o;
        }
    }
    for (const KernelSet* set : sets()) {
        ASSERT_EQ(difference(expected, run_quantized(*set, weights, tiles, c.rows)), -1) << set->isa;
    }
}

TEST(LinearQuantized, EqualsTheReferenceForEveryTypeAndRowCount) {
    Values values(1);
    for (const DType type : kQuantizedTypes) {
        for (std::size_t rows = 1; rows <= 17; ++rows) {
            check_quantized(type, {1 + values.below(70), 256, rows}, kMoods[rows % 4], values);
        }
        for (const std::size_t rows : {24, 31, 32, 33, 50})
            check_quantized(type, {33, 256, rows}, Mood::normal, values);
    }
}

TEST(QuantizeTwice, EqualsTheReferenceAndLeavesLittle) {
    Values values(12);
    constexpr std::size_t kInputs = 96;
    for (const Mood mood : kMoods) {
        for (const std::size_t rows : {1, 3, 8, 13}) {
            const auto x = values.many(rows * kInputs, mood);
            const auto run = [&](const KernelSet& set, std::size_t split) {
                std::vector<ActivationBlock> tiles((2 * rows + kTileRows - 1) / kTileRows * (kInputs / kBlock));
                std::memset(tiles.data(), 0, tiles.size() * sizeof(ActivationBlock));
                set.quantize_twice(x.data(), kInputs, 0, split, rows, kInputs, tiles.data());
                set.quantize_twice(x.data(), kInputs, split, rows, rows, kInputs, tiles.data());
                return tiles;
            };
            const auto expected = run(reference_kernels(), 0);
            for (const KernelSet* set : sets()) {
                const auto got = run(*set, rows / 2);
                for (std::size_t t = 0; t < got.size(); ++t) {
                    ASSERT_EQ(std::memcmp(got[t].q, expected[t].q, sizeof got[t].q), 0) << set->isa << " block " << t;
                    for (std::size_t r = 0; r < kTileRows; ++r) {
                        ASSERT_TRUE(same(got[t].d[r], expected[t].d[r])) << set->isa << " block " << t << " row " << r;
                        ASSERT_TRUE(same(got[t].s[r], expected[t].s[r])) << set->isa << " block " << t << " row " << r;
                    }
                }
            }
            if (mood != Mood::normal) continue;
            for (std::size_t row = 0; row < rows; ++row) {
                for (std::size_t i = 0; i < kInputs; ++i) {
                    const auto term = [&](std::size_t r) {
                        const ActivationBlock& tile = expected[r / kTileRows * (kInputs / kBlock) + i / kBlock];
                        return double{tile.d[r % kTileRows]} * tile.q[i % kBlock / 4][r % kTileRows][i % 4];
                    };
                    const double scale =
                        double{expected[row / kTileRows * (kInputs / kBlock) + i / kBlock].d[row % kTileRows]};
                    EXPECT_NEAR(term(row) + term(rows + row), x[row * kInputs + i], scale / 200);
                }
            }
        }
    }
}

TEST(LinearQuantized, EqualsTheReferenceForEveryInputLength) {
    Values values(2);
    for (const DType type : kQuantizedTypes) {
        const std::size_t unit = tensor::traits(type).block_elements;
        for (const std::size_t inputs : {32, 64, 96, 160, 256, 576, 768, 2048}) {
            if (inputs % unit != 0) continue;
            for (const Mood mood : kMoods)
                check_quantized(type, {1 + values.below(40), inputs, 1 + values.below(18)}, mood, values);
        }
    }
}

TEST(LinearQuantized, QuantisesLikeTheReference) {
    Values values(3);
    for (const Mood mood : kMoods) {
        for (std::size_t rows = 1; rows <= 17; ++rows) {
            const auto x = values.many(rows * 320, mood);
            const auto expected = tiles_of(reference_kernels(), x, rows, 320);
            for (const KernelSet* set : sets()) {
                const auto got = tiles_of(*set, x, rows, 320);
                for (std::size_t t = 0; t < got.size(); ++t) {
                    ASSERT_EQ(std::memcmp(got[t].q, expected[t].q, sizeof got[t].q), 0) << set->isa << " block " << t;
                    ASSERT_EQ(std::memcmp(got[t].half_sum, expected[t].half_sum, sizeof got[t].half_sum), 0)
                        << set->isa << " block " << t;
                    for (std::size_t r = 0; r < kTileRows; ++r) {
                        ASSERT_TRUE(same(got[t].d[r], expected[t].d[r])) << set->isa << " block " << t << " row " << r;
                        ASSERT_TRUE(same(got[t].s[r], expected[t].s[r])) << set->isa << " block " << t << " row " << r;
                    }
                }
            }
        }
    }
}

TEST(LinearQuantized, RowsDoNotKnowOfEachOther) {
    Values values(4);
    const std::size_t inputs = 512;
    const std::size_t rows = 40;
    for (const DType type : kQuantizedTypes) {
        const PackedWeights weights = pack(type, values.matrix(type, 48 * inputs, Mood::normal), 48, inputs);
        const auto x = values.many(rows * inputs, Mood::broken);
        for (const KernelSet* set : sets()) {
            const auto together = run_quantized(*set, weights, tiles_of(*set, x, rows, inputs), rows);
            for (std::size_t row = 0; row < rows; ++row) {
                const std::vector<float> one(x.begin() + static_cast<std::ptrdiff_t>(row * inputs),
                                             x.begin() + static_cast<std::ptrdiff_t>((row + 1) * inputs));
                const auto alone = run_quantized(*set, weights, tiles_of(*set, one, 1, inputs), 1);
                for (std::size_t o = 0; o < 48; ++o)
                    ASSERT_TRUE(same(alone[o], together[row * 48 + o])) << set->isa << " row " << row;
            }
        }
    }
}

using FloatLinear = void (*KernelSet::*)(const PackedWeights&, const float*, std::size_t, std::size_t, std::size_t,
                                         std::size_t, float*, std::size_t);

void check_float(FloatLinear function, DType type, Case c, Mood mood, Values& values) {
    SCOPED_TRACE(std::string(tensor::traits(type).name) + " " + std::to_string(c.outputs) + "x" +
                 std::to_string(c.inputs) + " rows " + std::to_string(c.rows) + " mood " +
                 std::to_string(static_cast<int>(mood)));
    const auto bytes = values.matrix(type, c.outputs * c.inputs, mood);
    const PackedWeights weights = pack(type, bytes, c.outputs, c.inputs);
    const std::size_t stride = c.inputs + values.below(9);
    const std::size_t width = weights.groups() * kLanes + 16;
    const auto x = values.many(c.rows * stride, mood);
    std::vector<float> expected(c.rows * width, 1.0f);
    (reference_kernels().*function)(weights, x.data(), stride, c.rows, 0, weights.groups(), expected.data(), width);
    for (const KernelSet* set : sets()) {
        std::vector<float> got(c.rows * width, 1.0f);
        const std::size_t split = values.below(weights.groups() + 1); // threads share the groups
        (set->*function)(weights, x.data(), stride, c.rows, 0, split, got.data(), width);
        (set->*function)(weights, x.data(), stride, c.rows, split, weights.groups(), got.data(), width);
        ASSERT_EQ(difference(expected, got), -1) << set->isa;
    }
}

TEST(LinearFloat, F32AndF16WeightsEqualTheReference) {
    Values values(5);
    for (const Mood mood : kMoods) {
        for (std::size_t rows = 1; rows <= 17; ++rows) {
            check_float(&KernelSet::linear_f32, rows % 2 == 0 ? DType::f32 : DType::f16,
                        {1 + values.below(150), 1 + values.below(300), rows}, mood, values);
        }
        check_float(&KernelSet::linear_f32, DType::f32, {70, 2048, 37}, mood, values);
        check_float(&KernelSet::linear_f32, DType::f32, {200, 700, 130}, mood, values);
    }
}

TEST(LinearFloat, Bf16WeightsEqualTheReference) {
    Values values(6);
    for (const Mood mood : kMoods) {
        for (std::size_t rows = 1; rows <= 17; ++rows) {
            check_float(&KernelSet::linear_bf16, DType::bf16, {1 + values.below(150), 1 + values.below(300), rows},
                        mood, values);
        }
        check_float(&KernelSet::linear_bf16, DType::bf16, {70, 2048, 37}, mood, values);
        check_float(&KernelSet::linear_bf16, DType::bf16, {200, 700, 130}, mood, values);
    }
}

TEST(Pack, RefusesScalesAndWeightsThatAreNotFinite) {
    Values values(7);
    for (const DType type : kQuantizedTypes) {
        auto bytes = values.matrix(type, 4 * 256, Mood::normal);
        const std::uint16_t infinite = 0x7c00;
        const std::size_t block = tensor::traits(type).block_bytes;
        std::memcpy(bytes.data() + bytes.size() - block + (type == DType::q6_k ? 208 : 0), &infinite, 2);
        if (type == DType::q6_k) bytes[bytes.size() - block + 192] = 1;
        if (type == DType::q4_k || type == DType::q5_k) bytes[bytes.size() - block + 4] = 1;
        const tensor::TensorView view{type, {4, 256}, bytes};
        auto packed = prepare_pack(view, false);
        ASSERT_TRUE(packed.has_value());
        const auto result = pack_groups(view, false, 0, 1, *packed);
        ASSERT_FALSE(result.has_value()) << tensor::traits(type).name;
        EXPECT_EQ(result.error().code, ErrorCode::malformed);
        EXPECT_NE(result.error().message.find("row 3"), std::string::npos) << result.error().message;
    }
    const float weights[4] = {1.0f, 2.0f, std::numeric_limits<float>::infinity(), 0.0f};
    const tensor::TensorView view{DType::f32, {2, 2}, {reinterpret_cast<const std::uint8_t*>(weights), sizeof weights}};
    auto packed = prepare_pack(view, false);
    ASSERT_TRUE(packed.has_value());
    EXPECT_FALSE(pack_groups(view, false, 0, 1, *packed).has_value());
}

TEST(Pack, TransposedEqualsTransposing) {
    Values values(8);
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
        const std::size_t outputs = 37;
        const std::size_t inputs = 45;
        const std::size_t size = tensor::traits(type).block_bytes;
        const auto bytes = values.matrix(type, outputs * inputs, Mood::wide);
        std::vector<std::uint8_t> flipped(bytes.size());
        for (std::size_t o = 0; o < outputs; ++o) {
            for (std::size_t k = 0; k < inputs; ++k)
                std::memcpy(&flipped[(k * outputs + o) * size], &bytes[(o * inputs + k) * size], size);
        }
        const PackedWeights straight = pack(type, bytes, outputs, inputs);
        const tensor::TensorView view{type, {inputs, outputs}, flipped};
        auto packed = prepare_pack(view, true);
        ASSERT_TRUE(packed.has_value());
        ASSERT_TRUE(pack_groups(view, true, 0, packed->groups(), *packed).has_value());
        ASSERT_EQ(packed->bytes.size(), straight.bytes.size());
        EXPECT_EQ(std::memcmp(packed->bytes.data(), straight.bytes.data(), straight.bytes.size()), 0);
    }
}

TEST(Dequantise, IsWeightTimesScalePlusMinimum) {
    Values values(9);
    for (const DType type : kQuantizedTypes) {
        const std::size_t inputs = 512;
        const auto bytes = values.matrix(type, 3 * inputs, Mood::normal);
        std::vector<float> row(inputs);
        dequantize_row({type, {3, inputs}, bytes}, 1, row.data());
        // A one-hot activation of 127 quantises to q = 127, d = 1: the product is 127 times the weight, and the minimum likewise.
        for (const std::size_t k : {std::size_t{0}, std::size_t{17}, std::size_t{255}, std::size_t{511}}) {
            std::vector<float> x(inputs, 0.0f);
            x[k] = 127.0f;
            float y[3];
            reference::linear_from_blocks({type, {3, inputs}, bytes}, x.data(), inputs, 1, y, 3);
            EXPECT_NEAR(y[1], 127.0f * row[k], 1e-5f * (std::fabs(y[1]) + 1.0f))
                << tensor::traits(type).name << " input " << k;
        }
    }
}

} // namespace
} // namespace assay::kernels::test
