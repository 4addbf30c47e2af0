#include "crypto/edwards25519.h"

#include "base/assert.h"

namespace assay::crypto {
namespace {

struct Constants {
    Field25519 d;        ///< -121665 / 121666
    Field25519 twice_d;
    Field25519 root;     ///< of -1: 2^((p - 1) / 4)

    Constants() {
        d = Field25519() - Field25519(121665) * Field25519(121666).inverted();
        twice_d = d + d;
        const Field25519 two(2);
        root = two.to_the_p_minus_5_over_8().squared() * two; // (p - 1) / 4 = 2 (p - 5) / 8 + 1
    }
};

const Constants& constants() {
    static const Constants values;
    return values;
}

/// Digits of a scalar, each zero or odd and below 2^(Width - 1) in magnitude, at least Width - 1 zeros between two.
template <int Width>
std::array<std::int16_t, 256> sparse_digits(const Scalar25519& scalar) {
    std::array<std::int16_t, 256> digits{};
    const auto bit = [&](int i) { return i < 256 ? (scalar[i / 8] >> (i % 8)) & 1 : 0; };
    int carry = 0;
    for (int i = 0; i < 256;) {
        if (bit(i) == carry) { // the digit here is even
            ++i;
            continue;
        }
        int window = carry;
        for (int j = 0; j < Width; ++j) window += bit(i + j) << j;
        carry = window >> (Width - 1) & 1;
        digits[i] = static_cast<std::int16_t>(window - (carry << Width));
        i += Width;
    }
    return digits;
}

} // namespace

struct Edwards25519::Addend {
    Field25519 y_plus_x, y_minus_x, twice_z, twice_dt;

    Addend() = default;
    explicit Addend(const Edwards25519& point)
        : y_plus_x(point.y_ + point.x_), y_minus_x(point.y_ - point.x_), twice_z(point.z_ + point.z_),
          twice_dt(point.t_ * constants().twice_d) {}
};

/// 1, 3, 5 … times a point.
template <std::size_t Count>
struct Edwards25519::OddMultiples {
    std::array<Addend, Count> entries;

    explicit OddMultiples(const Edwards25519& point) {
        const Addend twice(point.doubled());
        Edwards25519 multiple = point;
        for (Addend& entry : entries) {
            entry = Addend(multiple);
            multiple = multiple.plus(twice, true);
        }
    }
    Edwards25519 add_to(const Edwards25519& sum, int digit, bool with_t) const {
        return digit > 0 ? sum.plus(entries[digit / 2], with_t) : sum.minus(entries[-digit / 2], with_t);
    }
};

std::optional<Edwards25519> Edwards25519::from_bytes(std::span<const std::uint8_t, 32> bytes) {
    const Field25519 y = Field25519::from_bytes(bytes);
    const Field25519 u = y.squared() - Field25519(1);
    const Field25519 v = constants().d * y.squared() + Field25519(1);
    const Field25519 v3 = v.squared() * v;
    // The candidate for the root of u / v; if it is the root of -u / v, the root of -1 mends it.
    Field25519 x = u * v3 * (u * v3.squared() * v).to_the_p_minus_5_over_8();
    const Field25519 check = v * x.squared();
    if (check != u) {
        if (!(check + u).is_zero()) return std::nullopt;
        x = x * constants().root;
    }
    if (x.is_odd() != (bytes[31] >> 7 == 1)) x = Field25519() - x;
    Edwards25519 point;
    point.x_ = x;
    point.y_ = y;
    point.t_ = x * y;
    return point;
}

const Edwards25519& Edwards25519::base() {
    static const Edwards25519 point = [] {
        const auto bytes = (Field25519(4) * Field25519(5).inverted()).to_bytes(); // y = 4/5, x even
        const auto found = from_bytes(bytes);
        ASSAY_ASSERT(found.has_value());
        return *found;
    }();
    return point;
}

Edwards25519 Edwards25519::negated() const {
    Edwards25519 result = *this;
    result.x_ = Field25519() - x_;
    result.t_ = Field25519() - t_;
    return result;
}

Edwards25519 Edwards25519::completed(const Field25519& e, const Field25519& f, const Field25519& g, const Field25519& h,
                                     bool with_t) {
    Edwards25519 result;
    result.x_ = e * f;
    result.y_ = g * h;
    result.z_ = f * g;
    if (with_t) result.t_ = e * h; // a doubling does not read it
    return result;
}

// Source of the two laws: Hisil, Wong, Carter, Dawson, "Twisted Edwards curves revisited", §3.1 and §3.3.
Edwards25519 Edwards25519::doubled(bool with_t) const {
    const Field25519 a = x_.squared();
    const Field25519 b = y_.squared();
    const Field25519 z = z_.squared();
    const Field25519 h = a + b;
    const Field25519 e = h - (x_ + y_).squared();
    const Field25519 g = a - b;
    return completed(e, z + z + g, g, h, with_t);
}

Edwards25519 Edwards25519::plus(const Addend& other, bool with_t) const {
    const Field25519 a = (y_ - x_) * other.y_minus_x;
    const Field25519 b = (y_ + x_) * other.y_plus_x;
    const Field25519 c = t_ * other.twice_dt;
    const Field25519 d = z_ * other.twice_z;
    return completed(b - a, d - c, d + c, b + a, with_t);
}

Edwards25519 Edwards25519::minus(const Addend& other, bool with_t) const {
    const Field25519 a = (y_ - x_) * other.y_plus_x;
    const Field25519 b = (y_ + x_) * other.y_minus_x;
    const Field25519 c = t_ * other.twice_dt;
    const Field25519 d = z_ * other.twice_z;
    return completed(b - a, d + c, d - c, b + a, with_t);
}

Edwards25519 operator+(const Edwards25519& a, const Edwards25519& b) { return a.plus(Edwards25519::Addend(b), true); }

Edwards25519 Edwards25519::times_cofactor() const { return doubled(false).doubled(false).doubled(); }

Edwards25519 Edwards25519::sum_of_multiples(const Scalar25519& base_times, const Scalar25519& point_times,
                                            const Edwards25519& point) {
    static const OddMultiples<64> base_multiples(base());
    const OddMultiples<8> point_multiples(point);
    const auto base_digits = sparse_digits<8>(base_times);
    const auto point_digits = sparse_digits<5>(point_times);
    Edwards25519 sum;
    for (std::size_t i = base_digits.size(); i-- > 0;) {
        const int base_digit = base_digits[i];
        const int point_digit = point_digits[i];
        sum = sum.doubled(base_digit != 0 || point_digit != 0 || i == 0);
        if (point_digit != 0) sum = point_multiples.add_to(sum, point_digit, base_digit != 0 || i == 0);
        if (base_digit != 0) sum = base_multiples.add_to(sum, base_digit, i == 0);
    }
    return sum;
}

} // namespace assay::crypto
