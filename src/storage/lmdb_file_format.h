#pragma once
/// The file format of LMDB 0.9 as bounded reads. Internal to the room. Thread-safe: functions of their arguments.
#include "base/bytes.h"

#include <cstring>
#include <optional>

namespace assay::storage::lmdb_format {

inline constexpr std::uint32_t kMagic = 0xbeefc0de;
inline constexpr std::uint32_t kDataVersion = 1;
inline constexpr std::uint64_t kNoPage = ~std::uint64_t{0};

inline constexpr std::uint16_t kPageBranch = 0x01;
inline constexpr std::uint16_t kPageLeaf = 0x02;
inline constexpr std::uint16_t kPageOverflow = 0x04;
inline constexpr std::uint16_t kPageMeta = 0x08;

inline constexpr std::uint16_t kNodeOverflow = 0x01; ///< the data is the number of the first of a run of pages
inline constexpr std::uint16_t kNodeTable = 0x02;    ///< the data is a Tree

inline constexpr std::uint16_t kIntegerKey = 0x08; ///< flag of the list of free pages

inline constexpr std::size_t kPageHeaderBytes = 16;
inline constexpr std::size_t kNodeHeaderBytes = 8;
inline constexpr std::size_t kTreeBytes = 48;
inline constexpr std::size_t kMetaBytes = 136;
inline constexpr std::size_t kDepthMax = 32;

/// Reads an integer at `at`, which the caller has checked to be inside.
template <class Integer>
Integer read(ByteView bytes, std::size_t at) {
    Integer value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// Where one B+tree starts and what it holds.
struct Tree {
    std::uint32_t pad; ///< in the list of free pages of a meta page: the page size
    std::uint16_t flags;
    std::uint16_t depth;
    std::uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;

    /// From 48 bytes.
    static Tree read_from(ByteView bytes) {
        return {read<std::uint32_t>(bytes, 0),  read<std::uint16_t>(bytes, 4),  read<std::uint16_t>(bytes, 6),
                read<std::uint64_t>(bytes, 8),  read<std::uint64_t>(bytes, 16), read<std::uint64_t>(bytes, 24),
                read<std::uint64_t>(bytes, 32), read<std::uint64_t>(bytes, 40)};
    }
};

/// A snapshot: commit N is in meta page N mod 2.
struct Meta {
    std::uint64_t page_number; ///< from the page's header
    std::uint16_t page_flags;
    std::uint32_t magic, version;
    std::uint64_t address, map_bytes;
    Tree free, main;
    std::uint64_t last_page, commit;

    /// From a page header and 136 bytes.
    static Meta read_from(ByteView page) {
        const ByteView body = page.subspan(kPageHeaderBytes);
        return {read<std::uint64_t>(page, 0),
                read<std::uint16_t>(page, 10),
                read<std::uint32_t>(body, 0),
                read<std::uint32_t>(body, 4),
                read<std::uint64_t>(body, 8),
                read<std::uint64_t>(body, 16),
                Tree::read_from(body.subspan(24, kTreeBytes)),
                Tree::read_from(body.subspan(72, kTreeBytes)),
                read<std::uint64_t>(body, 120),
                read<std::uint64_t>(body, 128)};
    }
};

/// One entry of a page.
struct Node {
    std::uint16_t flags;
    std::uint64_t child;      ///< of a branch: the page below
    std::uint32_t data_bytes; ///< of a leaf, wherever the data is
    ByteView key;
    ByteView data; ///< of a leaf, what is in the page: the data itself, or 8 bytes that name an overflow page
    std::size_t begin, end; ///< in the page
};

/// Nothing where a node at `at` would not lie within `page`.
std::optional<Node> read_node(ByteView page, std::size_t at, bool is_leaf);

} // namespace assay::storage::lmdb_format
