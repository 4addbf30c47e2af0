#include "chain/state/tree_hash.h"

#include "crypto/merkle.h"

#include <cstring>
#include <vector>

namespace assay::chain {

bool shares_bits(const Digest& a, const Digest& b, unsigned bits) {
    const unsigned whole = bits / 8;
    if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

Digest tree_key(std::string_view module, ByteView raw_key) {
    constexpr std::uint8_t kSeparator = 0;
    crypto::Sha256 hash;
    hash.update(as_byte_view(module));
    hash.update(ByteView(&kSeparator, 1));
    hash.update(raw_key);
    return hash.finish();
}

Digest tree_leaf(const Digest& key, const Digest& value_hash) {
    Digest leaf;
    const crypto::MerkleJoin join{&key, &value_hash, &leaf};
    crypto::merkle_join(kTreeLeafPrefix, {&join, 1});
    return leaf;
}

Digest module_leaf(std::string_view module, const Digest& root, std::uint32_t format) {
    Bytes data;
    data.push_back(static_cast<std::uint8_t>(module.size()));
    data.insert(data.end(), module.begin(), module.end());
    data.insert(data.end(), root.begin(), root.end());
    for (int shift = 24; shift >= 0; shift -= 8) data.push_back(static_cast<std::uint8_t>(format >> shift));
    return crypto::merkle_leaf(data);
}

Digest app_hash_of(const ModuleRoots& roots) {
    std::array<Digest, kModuleCount> leaves;
    for (std::size_t i = 0; i < kModuleCount; ++i) leaves[i] = module_leaf(kModuleNames[i], roots[i], kModuleFormat);
    return crypto::merkle_root(leaves);
}

} // namespace assay::chain
