#pragma once
/// The block functions themselves, by instruction set. Internal to the room: sha256_dispatch.cpp alone may call those
/// that need more than the build's baseline.
#include <cstddef>
#include <cstdint>

namespace assay::crypto {

void sha256_compress_portable(std::uint32_t* state, const std::uint8_t* blocks, std::size_t count);
void sha256_compress_pair_portable(std::uint32_t* state_a, std::uint32_t* state_b, const std::uint8_t* blocks_a,
                                   const std::uint8_t* blocks_b, std::size_t count);

#if defined(__x86_64__)
void sha256_compress_sha_ni(std::uint32_t* state, const std::uint8_t* blocks, std::size_t count);
void sha256_compress_pair_sha_ni(std::uint32_t* state_a, std::uint32_t* state_b, const std::uint8_t* blocks_a,
                                 const std::uint8_t* blocks_b, std::size_t count);
#elif defined(__aarch64__)
void sha256_compress_armv8(std::uint32_t* state, const std::uint8_t* blocks, std::size_t count);
void sha256_compress_pair_armv8(std::uint32_t* state_a, std::uint32_t* state_b, const std::uint8_t* blocks_a,
                                const std::uint8_t* blocks_b, std::size_t count);
#endif

} // namespace assay::crypto
