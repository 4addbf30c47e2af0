#pragma once
/// The group of Ed25519: points of -x² + y² = 1 + d x² y² over the field. Internal to the room.
/// The addition law is complete: it holds for points of small order too. Variable time: for public data only.
#include "crypto/field25519.h"

#include <optional>

namespace assay::crypto {

/// Integer below 2^256, little-endian.
using Scalar25519 = std::array<std::uint8_t, 32>;

class Edwards25519 {
public:
    Edwards25519() : y_(1), z_(1) {} ///< the neutral element

    /// As ZIP-215 reads points: y may be p or more, x = 0 may carry a sign. nullopt where no point has that y.
    static std::optional<Edwards25519> from_bytes(std::span<const std::uint8_t, 32> bytes);
    static const Edwards25519& base();

    Edwards25519 negated() const;
    friend Edwards25519 operator+(const Edwards25519& a, const Edwards25519& b);
    Edwards25519 times_cofactor() const; ///< 8 times the point
    bool is_neutral() const { return x_.is_zero() && y_ == z_; }

    /// base_times · B + point_times · point. Both scalars must be below 2^253.
    static Edwards25519 sum_of_multiples(const Scalar25519& base_times, const Scalar25519& point_times,
                                         const Edwards25519& point);

private:
    struct Addend; ///< a point prepared for being added often
    template <std::size_t Count>
    struct OddMultiples;

    static Edwards25519 completed(const Field25519& e, const Field25519& f, const Field25519& g, const Field25519& h,
                                  bool with_t);
    Edwards25519 doubled(bool with_t = true) const;
    Edwards25519 plus(const Addend& other, bool with_t) const;
    Edwards25519 minus(const Addend& other, bool with_t) const;

    Field25519 x_, y_, z_, t_; ///< x = x_/z_, y = y_/z_, x y = t_/z_
};

} // namespace assay::crypto
