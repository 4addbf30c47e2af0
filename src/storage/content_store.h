#pragma once
/// Blobs by CID as files of one folder: what the chain only names (receipts, traces, weights, dataset parts) lies here.
/// A blob is there whole or not at all, is durable when put returns, and is hashed again each time it is read.
///
///   FOLDER/blobs/<first byte of the digest, hex>/<CID>    FOLDER/unfinished/…    FOLDER/owner.lock
///
/// CIDs are of version 1 with SHA-256, codec raw, dag-cbor or dag-pb; the codec says how to read the bytes, and is not
/// checked. A large file put here gets the raw CID of all its bytes, which is not what `ipfs add` prints (crypto/unixfs.h).
/// One process a folder. Thread-safe: any thread, also the same blob. Committed class: the CIDs.
#include "codec/cid.h"
#include "crypto/sha256.h"
#include "storage/files.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <vector>

namespace assay::storage {

class ContentStore;

/// One blob on its way in. Without finish() nothing is kept. By one thread; must not outlive its store.
class BlobWriter {
public:
    BlobWriter(BlobWriter&&) noexcept = default;
    ~BlobWriter();

    /// Errors: resource_exhausted (over the limit of the store, disk full), io.
    Result<void> append(ByteView bytes);
    /// Makes the blob durable under its CID. Errors: as append; unsupported (codec). Call once.
    Result<codec::Cid> finish(std::uint64_t codec);

private:
    friend class ContentStore;
    BlobWriter(const ContentStore& store, std::filesystem::path path, Descriptor file)
        : store_(&store), path_(std::move(path)), file_(std::move(file)) {}

    const ContentStore* store_;
    std::filesystem::path path_;
    Descriptor file_;
    crypto::Sha256 hash_;
    std::uint64_t bytes_ = 0;
};

class ContentStore {
public:
    struct Options {
        std::uint64_t blob_bytes_max = std::uint64_t{1} << 40; ///< larger ones are refused on the way in
        std::uint64_t get_bytes_max = std::uint64_t{64} << 20; ///< larger ones are not read into memory
    };
    struct Blob {
        codec::Cid cid;
        std::uint64_t bytes;
    };

    /// Makes the folder where there is none and removes what a crash left unfinished.
    /// Errors: io (in use by another store, cannot create), resource_exhausted.
    static Result<std::unique_ptr<ContentStore>> open(const std::filesystem::path& folder, Options options);
    static Result<std::unique_ptr<ContentStore>> open(const std::filesystem::path& folder);
    ContentStore(const ContentStore&) = delete;

    /// Errors of putting: resource_exhausted (too large, disk full), io, unsupported (codec).
    Result<codec::Cid> put(std::uint64_t codec, ByteView bytes);
    /// Also malformed, where the bytes are not those that `cid` names.
    Result<void> put(const codec::Cid& cid, ByteView bytes);
    /// A whole file as one raw blob, through a buffer. Also not_found.
    Result<codec::Cid> put_file(const std::filesystem::path& path);
    Result<BlobWriter> begin_put();

    /// Errors of reading: not_found; malformed (damaged on disk: it no longer has its hash); unsupported (another kind of
    /// CID); resource_exhausted (larger than get_bytes_max); io.
    Result<Bytes> get(const codec::Cid& cid) const;
    /// Hashes the file without reading it into memory, whatever its size. Returns its size.
    Result<std::uint64_t> verify(const codec::Cid& cid) const;
    /// Where the blob is, for mapping it; nothing is checked but that it is there.
    Result<std::filesystem::path> path_of(const codec::Cid& cid) const;
    bool contains(const codec::Cid& cid) const { return path_of(cid).has_value(); }

    /// Says whether it was there. A file that is open or mapped elsewhere stays readable there.
    Result<bool> remove(const codec::Cid& cid);
    /// Every blob, ordered by CID; files with other names are passed over.
    Result<std::vector<Blob>> list() const;

private:
    friend class BlobWriter;
    ContentStore(std::filesystem::path folder, Options options, Descriptor lock)
        : folder_(std::move(folder)), options_(options), lock_(std::move(lock)) {}
    Result<std::filesystem::path> place_of(const codec::Cid& cid) const;
    Result<void> keep(const std::filesystem::path& from, const codec::Cid& cid, std::uint64_t bytes) const;

    std::filesystem::path folder_;
    Options options_;
    Descriptor lock_;
    std::atomic<std::uint64_t> last_number_ = 0; ///< of unfinished files
};

} // namespace assay::storage
