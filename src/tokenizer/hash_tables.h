#pragma once
/// Open-addressed tables for the two look-ups that tokenizers live on. Filled once, then read-only and thread-safe.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace assay::tokenizer {

inline std::uint64_t mix_hash(std::uint64_t x) {
    x ^= x >> 32;
    x *= 0x9E3779B97F4A7C15ull;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9ull;
    return x ^ x >> 32;
}

inline std::uint64_t hash_bytes(std::string_view bytes) {
    std::uint64_t hash = bytes.size() * 0x9E3779B97F4A7C15ull;
    while (bytes.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data(), 8);
        hash = mix_hash(hash ^ word);
        bytes.remove_prefix(8);
    }
    if (bytes.empty()) return hash;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return mix_hash(hash ^ word);
}

/// Text to index. Borrows the texts, which the caller keeps in place.
class TextIndex {
public:
    static constexpr std::int32_t kAbsent = -1;

    void reserve(std::size_t count) { slots_.assign(std::bit_ceil(count * 2 + 2), Slot{}); }
    /// A text added twice keeps its first value. At most as many calls as were reserved.
    void add(std::string_view text, std::int32_t value) {
        const std::uint64_t hash = hash_bytes(text);
        std::size_t at = find_slot(text, hash);
        if (slots_[at].value == kAbsent) slots_[at] = {text, static_cast<std::uint32_t>(hash >> 32), value};
    }
    std::int32_t find(std::string_view text) const {
        return slots_.empty() ? kAbsent : slots_[find_slot(text, hash_bytes(text))].value;
    }

private:
    struct Slot {
        std::string_view text;
        std::uint32_t tag = 0;
        std::int32_t value = kAbsent;
    };
    std::size_t find_slot(std::string_view text, std::uint64_t hash) const {
        const std::size_t mask = slots_.size() - 1;
        const auto tag = static_cast<std::uint32_t>(hash >> 32);
        std::size_t at = hash & mask;
        while (slots_[at].value != kAbsent && (slots_[at].tag != tag || slots_[at].text != text)) at = (at + 1) & mask;
        return at;
    }
    std::vector<Slot> slots_;
};

/// A merge of two neighbouring tokens: when it applies (lower rank first) and what it gives.
struct Merge {
    std::uint32_t rank = 0;
    std::int32_t result = -1; ///< -1: the pair does not merge
};

/// Pair of token ids to their merge.
class MergeTable {
public:
    void reserve(std::size_t count) { slots_.assign(std::bit_ceil(count * 2 + 2), Slot{}); }
    /// A pair added twice keeps its last merge. At most as many calls as were reserved.
    void add(std::int32_t left, std::int32_t right, Merge merge) {
        Slot& slot = slots_[find_slot(key(left, right))];
        slot = {key(left, right), merge};
    }
    Merge find(std::int32_t left, std::int32_t right) const {
        return slots_.empty() ? Merge{} : slots_[find_slot(key(left, right))].merge;
    }

private:
    static constexpr std::uint64_t kEmpty = ~0ull;
    struct Slot {
        std::uint64_t key = kEmpty;
        Merge merge;
    };
    static std::uint64_t key(std::int32_t left, std::int32_t right) {
        return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
    }
    std::size_t find_slot(std::uint64_t wanted) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = mix_hash(wanted) & mask;
        while (slots_[at].key != kEmpty && slots_[at].key != wanted) at = (at + 1) & mask;
        return at;
    }
    std::vector<Slot> slots_;
};

} // namespace assay::tokenizer
