#pragma once
/// Numbers of RFC 8949 that the encoder and the decoder share. Internal to the room.
#include <cstdint>

namespace assay::codec {

enum Major : unsigned {
    kUnsigned = 0,
    kNegative = 1,
    kBytes = 2,
    kText = 3,
    kList = 4,
    kMap = 5,
    kTag = 6,
    kSimple = 7
};

inline constexpr unsigned kInfoOneByte = 24;    ///< below: the argument itself; 24…27: 1, 2, 4, 8 bytes follow
inline constexpr unsigned kInfoEightBytes = 27;
inline constexpr unsigned kInfoIndefinite = 31;
inline constexpr std::uint8_t kSimpleFalse = 0xf4;
inline constexpr std::uint8_t kSimpleTrue = 0xf5;
inline constexpr std::uint8_t kSimpleNull = 0xf6;
inline constexpr std::uint8_t kBinary64 = 0xfb;
inline constexpr std::uint64_t kTagLink = 42;

} // namespace assay::codec
