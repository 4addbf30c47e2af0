#pragma once
/// Philox4x32-10, a counter-based generator: the n-th number of a seed without the ones before it.
/// Source: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11). Pure, thread-safe. Committed class.
#include <array>
#include <cstdint>

namespace assay::engine {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

constexpr PhiloxCounter philox4x32_10(PhiloxCounter counter, PhiloxKey key) {
    constexpr int kRounds = 10;
    for (int round = 0; round < kRounds; ++round) {
        const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
                   static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
        key[0] += 0x9E3779B9;
        key[1] += 0xBB67AE85;
    }
    return counter;
}

/// The 64 random bits of a request's generated token number `index` (docs/spec/arithmetic.md, "Sampling").
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t index) {
    const auto words = philox4x32_10({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), 0, 0},
                                     {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    return words[0] | std::uint64_t{words[1]} << 32;
}

} // namespace assay::engine
