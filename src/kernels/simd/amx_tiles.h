// The tile instructions of AMX that the kernels use, twice: as the instructions themselves and, with ASSAY_AMX_MODEL, as a
// bit-exact model of them for CPUs without AMX. Tile numbers are template arguments since the instructions encode them.
// Source of the semantics: Intel SDM, TDPBSUD and TDPBF16PS. AMX reads and writes subnormals as zeros whatever the mode; the
// model does, too, so that the tests would see one arise (arithmetic.md says that none does).
#pragma once
#include <cstddef>
#include <cstdint>

namespace assay::kernels {
namespace {

struct TileShape {
    std::uint8_t rows;
    std::uint8_t row_bytes;
};

#if defined(ASSAY_AMX_MODEL)

struct Tiles {
    static void configure(const TileShape (&shapes)[8]) {
        for (int t = 0; t < 8; ++t) state_[t] = {shapes[t].rows, shapes[t].row_bytes, {}};
    }
    static void release() {}

    template <int T>
    static void zero() {
        __builtin_memset(state_[T].bytes, 0, sizeof state_[T].bytes);
    }
    template <int T>
    static void load(const void* from, std::size_t stride) {
        zero<T>();
        for (int r = 0; r < state_[T].rows; ++r) {
            __builtin_memcpy(state_[T].bytes[r],
                             static_cast<const std::uint8_t*>(from) + static_cast<std::size_t>(r) * stride,
                             static_cast<std::size_t>(state_[T].row_bytes));
        }
    }
    template <int T>
    static void store(void* to, std::size_t stride) {
        for (int r = 0; r < state_[T].rows; ++r) {
            __builtin_memcpy(static_cast<std::uint8_t*>(to) + static_cast<std::size_t>(r) * stride, state_[T].bytes[r],
                             static_cast<std::size_t>(state_[T].row_bytes));
        }
    }
    // C.i32 += sum over k of A.s8 * B.u8, four bytes of k at a time
    template <int C, int A, int B>
    static void dot_s8_u8() {
        for (int m = 0; m < state_[C].rows; ++m) {
            for (int k = 0; k < state_[A].row_bytes / 4; ++k) {
                for (int n = 0; n < state_[C].row_bytes / 4; ++n) {
                    auto sum = state_[C].template get<std::int32_t>(m, n);
                    for (int i = 0; i < 4; ++i) {
                        sum += static_cast<std::int8_t>(state_[A].bytes[m][4 * k + i]) *
                               static_cast<std::int32_t>(state_[B].bytes[k][4 * n + i]);
                    }
                    state_[C].put(m, n, sum);
                }
            }
        }
    }
    // C.f32 += E + O: fused chains over the even and the odd bfloat16 of each pair, rounded to nearest even
    template <int C, int A, int B>
    static void dot_bf16() {
        for (int m = 0; m < state_[C].rows; ++m) {
            float even[16] = {};
            float odd[16] = {};
            for (int k = 0; k < state_[A].row_bytes / 4; ++k) {
                const auto a = state_[A].template get<std::uint32_t>(m, k);
                for (int n = 0; n < state_[C].row_bytes / 4; ++n) {
                    const auto b = state_[B].template get<std::uint32_t>(k, n);
                    even[n] = normal(__builtin_fmaf(widen(a << 16), widen(b << 16), even[n]));
                    odd[n] = normal(__builtin_fmaf(widen(a & 0xffff0000u), widen(b & 0xffff0000u), odd[n]));
                }
            }
            for (int n = 0; n < state_[C].row_bytes / 4; ++n) {
                state_[C].put(m, n, normal(normal(state_[C].template get<float>(m, n)) + normal(even[n] + odd[n])));
            }
        }
    }

private:
    struct Tile {
        int rows;
        int row_bytes;
        std::uint8_t bytes[16][64];
        template <class X>
        X get(int r, int c) const {
            X x;
            __builtin_memcpy(&x, bytes[r] + 4 * c, 4);
            return x;
        }
        template <class X>
        void put(int r, int c, X x) {
            __builtin_memcpy(bytes[r] + 4 * c, &x, 4);
        }
    };
    static float normal(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0.0f, x) : x; }
    static float widen(std::uint32_t bits) { return normal(__builtin_bit_cast(float, bits)); }
    static thread_local Tile state_[8];
};
thread_local Tiles::Tile Tiles::state_[8];

#else

struct Tiles {
    static void configure(const TileShape (&shapes)[8]) {
        struct alignas(64) {
            std::uint8_t palette, start_row, reserved[14];
            std::uint16_t row_bytes[16];
            std::uint8_t rows[16];
        } config = {};
        config.palette = 1;
        for (int t = 0; t < 8; ++t) {
            config.rows[t] = shapes[t].rows;
            config.row_bytes[t] = shapes[t].row_bytes;
        }
        __asm__ volatile("ldtilecfg %0" : : "m"(config));
    }
    static void release() { __asm__ volatile("tilerelease"); }

    template <int T>
    static void zero() {
        __asm__ volatile("tilezero %%tmm%c0" : : "n"(T));
    }
    template <int T>
    static void load(const void* from, std::size_t stride) {
        __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "n"(T) : "memory");
    }
    template <int T>
    static void store(void* to, std::size_t stride) {
        __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "n"(T) : "memory");
    }
    template <int C, int A, int B>
    static void dot_s8_u8() {
        __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "n"(C), "n"(A), "n"(B));
    }
    template <int C, int A, int B>
    static void dot_bf16() {
        __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "n"(C), "n"(A), "n"(B));
    }
};

#endif

} // namespace
} // namespace assay::kernels
