#pragma once
/// What the state tree hashes: the definition, independent of how nodes are stored (docs/spec/state.md).
///
///   key  = H(module ‖ 0x00 ‖ raw key)      leaf  = H(0x00 ‖ key ‖ H(value))
///   node = H(0x01 ‖ left ‖ right)          empty = 32 zero bytes
///
/// A subtree that holds one leaf is that leaf. Bits of a key are taken from the highest of its first byte on: 0 is left.
/// Thread-safe; committed class.
#include "base/bytes.h"
#include "chain/state/state.h"
#include "crypto/sha256.h"

#include <array>
#include <cstdint>

namespace assay::chain {

using crypto::Digest;

inline constexpr std::uint8_t kTreeLeafPrefix = 0;
inline constexpr std::uint8_t kTreeNodePrefix = 1;
inline constexpr Digest kEmptyDigest{};
inline constexpr unsigned kKeyBits = 256;
inline constexpr unsigned kKeyNibbles = 64;
/// Version of a module's format, which its leaf under the app hash names.
inline constexpr std::uint32_t kModuleFormat = 1;

using ModuleRoots = std::array<Digest, kModuleCount>;

inline unsigned bit_of(const Digest& key, unsigned position) { return (key[position / 8] >> (7 - position % 8)) & 1U; }
inline unsigned nibble_of(const Digest& key, unsigned position) {
    return (key[position / 2] >> (position % 2 == 0 ? 4 : 0)) & 15U;
}
/// Whether the first `bits` bits of both are equal.
bool shares_bits(const Digest& a, const Digest& b, unsigned bits);

Digest tree_key(std::string_view module, ByteView raw_key);
Digest tree_leaf(const Digest& key, const Digest& value_hash);

/// The RFC 6962 leaf hash of one module: its data is length(name) as one byte ‖ name ‖ root ‖ format, 4 bytes big-endian.
Digest module_leaf(std::string_view module, const Digest& root, std::uint32_t format);
/// RFC 6962 root over the leaves of all modules, in the order of their names.
Digest app_hash_of(const ModuleRoots& roots);

} // namespace assay::chain
