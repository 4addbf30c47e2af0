#include "crypto/keccak.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace assay::crypto {
namespace {

constexpr std::size_t kRounds = 24;
constexpr std::size_t kLanes = 25;
using State = std::array<std::uint64_t, kLanes>;

/// Bit 2^j - 1 of round r's constant is bit j + 7r of the stream of the register x^8 + x^6 + x^5 + x^4 + 1.
constexpr std::array<std::uint64_t, kRounds> round_constants() {
    std::array<std::uint64_t, kRounds> constants{};
    std::uint32_t lfsr = 1;
    for (std::uint64_t& constant : constants) {
        for (unsigned j = 0; j <= 6; ++j) {
            if ((lfsr & 1) != 0) constant |= std::uint64_t{1} << ((1U << j) - 1);
            lfsr = (lfsr << 1) ^ ((lfsr >> 7) * 0x171);
        }
    }
    return constants;
}
constexpr auto kRoundConstants = round_constants();

/// Step pi: where lane (x, y) goes, and step rho: by how much it turns on the way.
struct Move {
    unsigned to, turn;
};
constexpr std::array<Move, kLanes> moves() {
    std::array<Move, kLanes> result{};
    unsigned x = 1, y = 0;
    result[0] = {0, 0};
    for (unsigned t = 0; t < 24; ++t) {
        const unsigned next = (2 * x + 3 * y) % 5;
        result[x + 5 * y] = {y + 5 * next, (t + 1) * (t + 2) / 2 % 64};
        x = y;
        y = next;
    }
    return result;
}
constexpr auto kMoves = moves();

/// One round from `a` to `b`. Everything but the lanes is known to the compiler, so it becomes straight-line code.
[[gnu::always_inline]] inline void round(const State& a, State& b, std::uint64_t constant) {
    std::uint64_t column[5], turned[5];
#pragma GCC unroll 5
    for (unsigned x = 0; x < 5; ++x) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
    for (unsigned x = 0; x < 5; ++x) turned[x] = column[(x + 4) % 5] ^ std::rotl(column[(x + 1) % 5], 1);
    State moved;
#pragma GCC unroll 25
    for (unsigned i = 0; i < kLanes; ++i) {
        moved[kMoves[i].to] = std::rotl(a[i] ^ turned[i % 5], static_cast<int>(kMoves[i].turn));
    }
#pragma GCC unroll 5
    for (unsigned y = 0; y < kLanes; y += 5) {
#pragma GCC unroll 5
        for (unsigned x = 0; x < 5; ++x) b[y + x] = moved[y + x] ^ (~moved[y + (x + 1) % 5] & moved[y + (x + 2) % 5]);
    }
    b[0] ^= constant;
}

void permute(State& state) {
    State a = state, b;
    for (std::size_t i = 0; i < kRounds; i += 2) {
        round(a, b, kRoundConstants[i]);
        round(b, a, kRoundConstants[i + 1]);
    }
    state = a;
}

void absorb(State& state, const std::uint8_t* block, std::size_t lanes) {
    for (std::size_t i = 0; i < lanes; ++i) {
        std::uint64_t lane;
        std::memcpy(&lane, block + 8 * i, 8);
        static_assert(std::endian::native == std::endian::little);
        state[i] ^= lane;
    }
    permute(state);
}

} // namespace

void Keccak256::update(ByteView part) {
    while (!part.empty()) {
        if (buffered_ == 0 && part.size() >= kRateBytes) {
            absorb(state_, part.data(), kRateBytes / 8);
            part = part.subspan(kRateBytes);
            continue;
        }
        const std::size_t taken = std::min(part.size(), kRateBytes - buffered_);
        std::memcpy(buffer_.data() + buffered_, part.data(), taken);
        part = part.subspan(taken);
        buffered_ += taken;
        if (buffered_ < kRateBytes) return;
        absorb(state_, buffer_.data(), kRateBytes / 8);
        buffered_ = 0;
    }
}

Digest Keccak256::finish() {
    std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(buffered_), buffer_.end(), std::uint8_t{0});
    buffer_[buffered_] = 0x01;
    buffer_.back() |= 0x80;
    absorb(state_, buffer_.data(), kRateBytes / 8);
    Digest digest;
    std::memcpy(digest.data(), state_.data(), digest.size());
    *this = {};
    return digest;
}

Digest keccak256(ByteView message) {
    Keccak256 hash;
    hash.update(message);
    return hash.finish();
}

} // namespace assay::crypto
