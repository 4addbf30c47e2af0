#pragma once
/// Arithmetic modulo p = 2^255 - 19, for Ed25519. Internal to the room. Variable time: for public data only.
/// Five limbs of 51 bits; sums and differences are not carried. A product's limbs are below 2^52. What is subtracted
/// must be below 4 p limb by limb (a product, the sum of two, a negated product), what is multiplied below 2^54.
#include <array>
#include <cstdint>
#include <span>

namespace assay::crypto {

class Field25519 {
public:
    Field25519() = default; ///< zero
    explicit Field25519(std::uint32_t small) : limbs_{small, 0, 0, 0, 0} {}

    /// Little-endian; bit 255 is ignored, and numbers from p up are taken modulo p.
    static Field25519 from_bytes(std::span<const std::uint8_t, 32> bytes);
    /// The one number below p.
    std::array<std::uint8_t, 32> to_bytes() const;

    friend Field25519 operator+(const Field25519& a, const Field25519& b) {
        Field25519 sum;
        for (std::size_t i = 0; i < 5; ++i) sum.limbs_[i] = a.limbs_[i] + b.limbs_[i];
        return sum;
    }
    friend Field25519 operator-(const Field25519& a, const Field25519& b) {
        Field25519 difference;
        for (std::size_t i = 0; i < 5; ++i) difference.limbs_[i] = a.limbs_[i] + kFourP[i] - b.limbs_[i];
        return difference;
    }
    friend Field25519 operator*(const Field25519& x, const Field25519& y);
    Field25519 squared() const;
    Field25519 squared(int times) const;

    Field25519 inverted() const; ///< of zero: zero
    Field25519 to_the_p_minus_5_over_8() const;

    bool is_zero() const;
    bool is_odd() const { return (to_bytes()[0] & 1) != 0; }
    bool operator==(const Field25519& other) const { return to_bytes() == other.to_bytes(); }

private:
    using Limbs = std::array<std::uint64_t, 5>;
    static constexpr std::uint64_t kMask = (std::uint64_t{1} << 51) - 1;
    static constexpr Limbs kFourP = {4 * (kMask - 18), 4 * kMask, 4 * kMask, 4 * kMask, 4 * kMask};
    /// this^(2^250 - 1), and this^11 on the way: both exponents above begin like this.
    Field25519 to_the_2_250_minus_1(Field25519& eleventh) const;

    Limbs limbs_{};
};

} // namespace assay::crypto
