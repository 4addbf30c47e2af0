#include "crypto/field25519.h"

#include <cstring>

namespace assay::crypto {
namespace {

__extension__ typedef unsigned __int128 Wide; // NOLINT(modernize-use-using): no __extension__ before using

constexpr std::uint64_t kMask = (std::uint64_t{1} << 51) - 1;
Wide product(std::uint64_t a, std::uint64_t b) { return static_cast<Wide>(a) * b; }

/// Carries of a product: limbs end below 2^51 but the first, which may be a little above.
void carry(const std::array<Wide, 5>& wide, std::array<std::uint64_t, 5>& limbs) {
    Wide above = 0;
    for (std::size_t i = 0; i < 5; ++i) {
        const Wide sum = wide[i] + above;
        limbs[i] = static_cast<std::uint64_t>(sum) & kMask;
        above = sum >> 51;
    }
    limbs[0] += static_cast<std::uint64_t>(above) * 19;
    limbs[1] += limbs[0] >> 51;
    limbs[0] &= kMask;
}

std::uint64_t load(const std::uint8_t* bytes) {
    std::uint64_t number = 0;
    for (int i = 7; i >= 0; --i) number = (number << 8) | bytes[i];
    return number;
}

/// One pass of carries; two leave the number below 2^255 + 19.
void carry(std::array<std::uint64_t, 5>& limbs) {
    for (std::size_t i = 0; i < 4; ++i) {
        limbs[i + 1] += limbs[i] >> 51;
        limbs[i] &= kMask;
    }
    limbs[0] += 19 * (limbs[4] >> 51);
    limbs[4] &= kMask;
}

} // namespace

Field25519 Field25519::from_bytes(std::span<const std::uint8_t, 32> bytes) {
    Field25519 result;
    result.limbs_ = {load(bytes.data()) & kMask, (load(bytes.data() + 6) >> 3) & kMask,
                     (load(bytes.data() + 12) >> 6) & kMask, (load(bytes.data() + 19) >> 1) & kMask,
                     (load(bytes.data() + 24) >> 12) & kMask};
    return result;
}

std::array<std::uint8_t, 32> Field25519::to_bytes() const {
    Limbs limbs = limbs_;
    carry(limbs);
    carry(limbs);
    // Below 2^255 + 19 now; adding 19 overflows 2^255 exactly when the number is p or more.
    std::uint64_t above = (limbs[0] + 19) >> 51;
    for (std::size_t i = 1; i < 5; ++i) above = (limbs[i] + above) >> 51;
    limbs[0] += 19 * above;
    for (std::size_t i = 0; i < 4; ++i) {
        limbs[i + 1] += limbs[i] >> 51;
        limbs[i] &= kMask;
    }
    limbs[4] &= kMask;
    const std::uint64_t words[4] = {limbs[0] | limbs[1] << 51, limbs[1] >> 13 | limbs[2] << 38,
                                    limbs[2] >> 26 | limbs[3] << 25, limbs[3] >> 39 | limbs[4] << 12};
    std::array<std::uint8_t, 32> bytes;
    for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::uint8_t>(words[i / 8] >> (8 * (i % 8)));
    return bytes;
}

Field25519 operator*(const Field25519& x, const Field25519& y) {
    const auto& a = x.limbs_;
    const auto& b = y.limbs_;
    // 2^255 = 19: what passes the top comes back 19 times.
    const std::uint64_t b1 = 19 * b[1], b2 = 19 * b[2], b3 = 19 * b[3], b4 = 19 * b[4];
    const std::array<Wide, 5> wide = {
        product(a[0], b[0]) + product(a[1], b4) + product(a[2], b3) + product(a[3], b2) + product(a[4], b1),
        product(a[0], b[1]) + product(a[1], b[0]) + product(a[2], b4) + product(a[3], b3) + product(a[4], b2),
        product(a[0], b[2]) + product(a[1], b[1]) + product(a[2], b[0]) + product(a[3], b4) + product(a[4], b3),
        product(a[0], b[3]) + product(a[1], b[2]) + product(a[2], b[1]) + product(a[3], b[0]) + product(a[4], b4),
        product(a[0], b[4]) + product(a[1], b[3]) + product(a[2], b[2]) + product(a[3], b[1]) + product(a[4], b[0])};
    Field25519 result;
    carry(wide, result.limbs_);
    return result;
}

Field25519 Field25519::squared() const {
    const auto& a = limbs_;
    const std::uint64_t a0 = 2 * a[0], a1 = 2 * a[1], a3 = 19 * a[3], a4 = 19 * a[4];
    const std::array<Wide, 5> wide = {product(a[0], a[0]) + product(a1, a4) + product(2 * a[2], a3),
                                      product(a0, a[1]) + product(2 * a[2], a4) + product(a[3], a3),
                                      product(a0, a[2]) + product(a[1], a[1]) + product(2 * a[3], a4),
                                      product(a0, a[3]) + product(a1, a[2]) + product(a[4], a4),
                                      product(a0, a[4]) + product(a1, a[3]) + product(a[2], a[2])};
    Field25519 result;
    carry(wide, result.limbs_);
    return result;
}

Field25519 Field25519::squared(int times) const {
    Field25519 result = *this;
    for (int i = 0; i < times; ++i) result = result.squared();
    return result;
}

Field25519 Field25519::to_the_2_250_minus_1(Field25519& eleventh) const {
    const Field25519 second = squared();
    const Field25519 ninth = second.squared(2) * *this;
    eleventh = ninth * second;
    const Field25519 ones5 = eleventh.squared() * ninth; // 2^5 - 1, and so on: exponents of n one-bits
    const Field25519 ones10 = ones5.squared(5) * ones5;
    const Field25519 ones20 = ones10.squared(10) * ones10;
    const Field25519 ones40 = ones20.squared(20) * ones20;
    const Field25519 ones50 = ones40.squared(10) * ones10;
    const Field25519 ones100 = ones50.squared(50) * ones50;
    const Field25519 ones200 = ones100.squared(100) * ones100;
    return ones200.squared(50) * ones50;
}

Field25519 Field25519::inverted() const {
    Field25519 eleventh;
    const Field25519 ones250 = to_the_2_250_minus_1(eleventh);
    return ones250.squared(5) * eleventh; // 2^255 - 21 = p - 2
}

Field25519 Field25519::to_the_p_minus_5_over_8() const {
    Field25519 eleventh;
    return to_the_2_250_minus_1(eleventh).squared(2) * *this; // 2^252 - 3
}

bool Field25519::is_zero() const { return to_bytes() == std::array<std::uint8_t, 32>{}; }

} // namespace assay::crypto
