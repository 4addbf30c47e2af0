#include "storage/content_store.h"

#include "crypto/content_id.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assay::storage {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

Result<Descriptor> open_to_read(const std::filesystem::path& path) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return std::unexpected(system_error(path, "cannot open"));
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) return std::unexpected(system_error(path, "cannot read size"));
    if (!S_ISREG(status.st_mode)) return fail(ErrorCode::io, path.string() + ": is not a regular file");
    return file;
}

/// Hands `sink` the file piece by piece until its end.
template <class Sink>
Result<void> read_pieces(const Descriptor& file, const std::filesystem::path& path, Sink sink) {
    Bytes buffer(kBufferBytes);
    for (;;) {
        const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(system_error(path, "cannot read"));
        if (count == 0) return {};
        TRY_VOID(sink(ByteView(buffer).first(static_cast<std::size_t>(count))));
    }
}

Result<void> check_kind(const codec::Cid& cid) {
    const bool known =
        cid.codec() == codec::kCodecRaw || cid.codec() == codec::kCodecDagCbor || cid.codec() == codec::kCodecDagPb;
    if (cid.version() == 1 && known && cid.hash().code == codec::kHashSha256) return {};
    return fail(ErrorCode::unsupported,
                cid.to_string() + ": blobs have CIDs of version 1 with SHA-256, codec raw, dag-cbor or dag-pb");
}

Error damaged(const std::filesystem::path& path) {
    return {ErrorCode::malformed, path.string() + ": damaged: the contents do not have the hash in its name"};
}

} // namespace

Result<std::unique_ptr<ContentStore>> ContentStore::open(const std::filesystem::path& folder) {
    return open(folder, Options{});
}

Result<std::unique_ptr<ContentStore>> ContentStore::open(const std::filesystem::path& folder, Options options) {
    TRY_VOID(make_folders(folder));
    const std::filesystem::path path = folder / "owner.lock";
    Descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock.is_open()) return std::unexpected(system_error(path, "cannot open"));
    if (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) return fail(ErrorCode::io, folder.string() + ": in use");
    std::error_code error;
    std::filesystem::remove_all(folder / "unfinished", error);
    if (error) return std::unexpected(system_error(folder / "unfinished", "cannot remove", error.value()));
    TRY_VOID(make_folders(folder / "unfinished"));
    TRY_VOID(make_folders(folder / "blobs"));
    return std::unique_ptr<ContentStore>(new ContentStore(folder, options, std::move(lock)));
}

Result<BlobWriter> ContentStore::begin_put() {
    std::filesystem::path path = folder_ / "unfinished" / std::to_string(++last_number_);
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.is_open()) return std::unexpected(system_error(path, "cannot create"));
    return BlobWriter(*this, std::move(path), std::move(file));
}

BlobWriter::~BlobWriter() {
    if (file_.is_open()) ::unlink(path_.c_str());
}

Result<void> BlobWriter::append(ByteView bytes) {
    if (bytes.size() > store_->options_.blob_bytes_max - bytes_)
        return fail(ErrorCode::resource_exhausted,
                    "a blob of more than " + std::to_string(store_->options_.blob_bytes_max) + " bytes");
    hash_.update(bytes);
    bytes_ += bytes.size();
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_.number(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return std::unexpected(system_error(path_, "cannot write"));
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<codec::Cid> BlobWriter::finish(std::uint64_t codec) {
    const codec::Cid cid = crypto::content_id(codec, hash_.finish());
    TRY_VOID(check_kind(cid));
    if (::fsync(file_.number()) != 0) return std::unexpected(system_error(path_, "cannot sync"));
    TRY_VOID(store_->keep(path_, cid, bytes_));
    file_ = Descriptor();
    return cid;
}

/// Renames, unless the blob is there already and sound.
Result<void> ContentStore::keep(const std::filesystem::path& from, const codec::Cid& cid, std::uint64_t bytes) const {
    const std::filesystem::path place = TRY(place_of(cid));
    if (const auto there = verify(cid); there && *there == bytes) {
        ::unlink(from.c_str());
        return sync_folder(place.parent_path()); // another thread may have renamed it only now
    }
    TRY_VOID(make_folders(place.parent_path()));
    return rename_durably(from, place);
}

Result<codec::Cid> ContentStore::put(std::uint64_t codec, ByteView bytes) {
    BlobWriter writer = TRY(begin_put());
    TRY_VOID(writer.append(bytes));
    return writer.finish(codec);
}

Result<void> ContentStore::put(const codec::Cid& cid, ByteView bytes) {
    TRY_VOID(check_kind(cid));
    if (crypto::content_id(cid.codec(), bytes) != cid)
        return fail(ErrorCode::malformed, "the bytes are not those that " + cid.to_string() + " names");
    TRY(put(cid.codec(), bytes));
    return {};
}

Result<codec::Cid> ContentStore::put_file(const std::filesystem::path& path) {
    const Descriptor file = TRY(open_to_read(path));
    BlobWriter writer = TRY(begin_put());
    TRY_VOID(read_pieces(file, path, [&](ByteView piece) { return writer.append(piece); }));
    return writer.finish(codec::kCodecRaw);
}

Result<std::filesystem::path> ContentStore::place_of(const codec::Cid& cid) const {
    TRY_VOID(check_kind(cid));
    return folder_ / "blobs" / to_hex(ByteView(cid.hash().digest).first(1)) / cid.to_string();
}

Result<std::filesystem::path> ContentStore::path_of(const codec::Cid& cid) const {
    std::filesystem::path place = TRY(place_of(cid));
    std::error_code error;
    if (!std::filesystem::exists(place, error)) return fail(ErrorCode::not_found, "no blob " + cid.to_string());
    return place;
}

Result<Bytes> ContentStore::get(const codec::Cid& cid) const {
    const std::filesystem::path place = TRY(path_of(cid));
    const Descriptor file = TRY(open_to_read(place));
    Bytes bytes;
    TRY_VOID(read_pieces(file, place, [&](ByteView piece) -> Result<void> {
        if (piece.size() > options_.get_bytes_max - bytes.size())
            return fail(ErrorCode::resource_exhausted,
                        cid.to_string() + ": larger than " + std::to_string(options_.get_bytes_max) + " bytes");
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    }));
    if (crypto::content_id(cid.codec(), bytes) != cid) return std::unexpected(damaged(place));
    return bytes;
}

Result<std::uint64_t> ContentStore::verify(const codec::Cid& cid) const {
    const std::filesystem::path place = TRY(path_of(cid));
    const Descriptor file = TRY(open_to_read(place));
    crypto::Sha256 hash;
    std::uint64_t bytes = 0;
    TRY_VOID(read_pieces(file, place, [&](ByteView piece) -> Result<void> {
        hash.update(piece);
        bytes += piece.size();
        return {};
    }));
    if (crypto::content_id(cid.codec(), hash.finish()) != cid) return std::unexpected(damaged(place));
    return bytes;
}

Result<bool> ContentStore::remove(const codec::Cid& cid) {
    const std::filesystem::path place = TRY(place_of(cid));
    if (::unlink(place.c_str()) != 0) {
        if (errno == ENOENT) return false;
        return std::unexpected(system_error(place, "cannot remove"));
    }
    TRY_VOID(sync_folder(place.parent_path()));
    return true;
}

Result<std::vector<ContentStore::Blob>> ContentStore::list() const {
    std::vector<Blob> blobs;
    std::error_code error;
    const std::filesystem::recursive_directory_iterator end;
    std::filesystem::recursive_directory_iterator entry(folder_ / "blobs", error);
    for (; !error && entry != end; entry.increment(error)) {
        std::error_code gone; // removed meanwhile
        const auto cid = codec::Cid::parse(entry->path().filename().string());
        if (!cid || !entry->is_regular_file(gone) || gone) continue;
        const std::uint64_t bytes = entry->file_size(gone);
        if (!gone && place_of(*cid) == entry->path()) blobs.push_back({*cid, bytes});
    }
    if (error) return std::unexpected(system_error(folder_ / "blobs", "cannot list", error.value()));
    std::ranges::sort(blobs, {}, &Blob::cid);
    return blobs;
}

} // namespace assay::storage
