#pragma once
/// The CID that `ipfs add` gives a file, without IPFS: UnixFS over dag-pb, balanced layout.
/// Source: ipfs/boxo unixfs importer and merkledag; IPIP-499 profiles. Committed class. An object belongs to one thread.
#include "base/bytes.h"
#include "base/result.h"
#include "codec/cid.h"
#include "crypto/sha256.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace assay::crypto {

struct UnixFsProfile {
    int cid_version = 1;
    bool raw_leaves = true;
    std::size_t chunk_bytes = 262144;
    std::size_t links_max = 174; ///< children of one node
};
/// `ipfs add` (profile unixfs-v0-2015).
inline constexpr UnixFsProfile kIpfsAddV0{0, false, 262144, 174};
/// `ipfs add --cid-version=1`.
inline constexpr UnixFsProfile kIpfsAddV1{1, true, 262144, 174};
/// Profile unixfs-v1-2025.
inline constexpr UnixFsProfile kUnixFsV1Of2025{1, true, 1048576, 1024};

/// One block below a node.
struct UnixFsLink {
    codec::Cid cid;
    std::uint64_t file_bytes = 0; ///< of the file, under this block
    std::uint64_t dag_bytes = 0; ///< of this block and all below it (Tsize)
};

/// Builds the tree above leaves that are hashed elsewhere; leaves come in file order. Memory O(links · depth).
class UnixFsTree {
public:
    explicit UnixFsTree(const UnixFsProfile& profile) : profile_(profile) {}
    void add(UnixFsLink leaf);
    /// The root; an empty file when no leaf was added.
    UnixFsLink finish();

private:
    void add_at(std::size_t level, UnixFsLink link);
    UnixFsLink collapse(std::size_t level);
    const UnixFsProfile profile_;
    std::vector<std::vector<UnixFsLink>> levels_;
};

/// Leaf blocks of consecutive chunks of `data` (all full but perhaps the last), two hashed at a time.
std::vector<UnixFsLink> unixfs_leaves(ByteView data, const UnixFsProfile& profile);

/// A file that arrives in pieces. Holds at most two chunks.
class UnixFsBuilder {
public:
    explicit UnixFsBuilder(const UnixFsProfile& profile = kIpfsAddV1) : profile_(profile), tree_(profile) {}
    void update(ByteView bytes);
    /// Ends the file; the builder must not be used again.
    codec::Cid finish();

private:
    void add_leaves(ByteView bytes);
    const UnixFsProfile profile_;
    UnixFsTree tree_;
    Bytes buffer_;
};

codec::Cid unixfs_cid(ByteView file, const UnixFsProfile& profile = kIpfsAddV1);

/// Reports bytes hashed of bytes in all; false stops the work. May be empty.
using HashProgress = std::function<bool(std::uint64_t done, std::uint64_t all)>;
/// Errors: not_found, io, cancelled.
Result<codec::Cid> unixfs_cid_of_file(const std::filesystem::path& path, const UnixFsProfile& profile,
                                      const HashProgress& progress);

struct UnixFsEntry {
    std::string name;
    UnixFsLink link;
};
/// Directory node over `entries`, in any order.
/// Errors: invalid_argument (empty name, '/' in a name, a name twice), unsupported (block over 256 KiB, which IPFS shards).
Result<codec::Cid> unixfs_directory_cid(std::vector<UnixFsEntry> entries, const UnixFsProfile& profile);

} // namespace assay::crypto
