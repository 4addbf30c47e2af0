#pragma once
/// The state tree written straight from its definition, as slow as it is short. For tests only.
#include "chain/state/state.h"
#include "crypto/sha256.h"

#include <array>
#include <map>
#include <string>
#include <utility>

namespace assay::chain {

struct NaiveTree {
    using Digest = crypto::Digest;
    using Leaves = std::map<Digest, Digest>; ///< key → H(value)

    static Digest hash_of(std::initializer_list<ByteView> parts) {
        Bytes message;
        for (const ByteView part : parts) message.insert(message.end(), part.begin(), part.end());
        return crypto::sha256(message);
    }
    static Digest key_of(std::string_view module, ByteView raw_key) {
        return hash_of({as_byte_view(module), Bytes{0}, raw_key});
    }
    static bool bit(const Digest& key, unsigned position) {
        return ((key[position / 8] << (position % 8)) & 0x80) != 0;
    }

    static Digest root_of(const Leaves& leaves, unsigned depth = 0) {
        if (leaves.empty()) return Digest{};
        if (leaves.size() == 1) return hash_of({Bytes{0}, leaves.begin()->first, leaves.begin()->second});
        Leaves left, right;
        for (const auto& [key, value] : leaves) (bit(key, depth) ? right : left).emplace(key, value);
        return hash_of({Bytes{1}, root_of(left, depth + 1), root_of(right, depth + 1)});
    }

    template <class Entries>
    static Digest module_root(std::string_view module, const Entries& entries) {
        Leaves leaves;
        for (const auto& [key, value] : entries) leaves.emplace(key_of(module, key), crypto::sha256(value));
        return root_of(leaves);
    }

    /// RFC 6962 over the leaves of five modules: ((0 1) (2 3)) 4.
    static Digest app_hash(const MemoryState& state) {
        std::array<Digest, kModuleCount> leaf;
        for (std::size_t i = 0; i < kModuleCount; ++i) {
            const std::string_view name = kModuleNames[i];
            leaf[i] = hash_of({Bytes{0}, Bytes{static_cast<std::uint8_t>(name.size())}, as_byte_view(name),
                               module_root(name, state.entries(static_cast<ModuleId>(i))), Bytes{0, 0, 0, 1}});
        }
        static_assert(kModuleCount == 5);
        const auto node = [](const Digest& a, const Digest& b) { return hash_of({Bytes{1}, a, b}); };
        return node(node(node(leaf[0], leaf[1]), node(leaf[2], leaf[3])), leaf[4]);
    }
};

} // namespace assay::chain
