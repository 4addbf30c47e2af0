#include "consensus/blocks/block_log.h"

#include "crypto/sha256.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assay::consensus {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {'A', 'B', 'L', 'K'};
constexpr std::size_t kHeaderBytes = 4 + 4 + 8 + crypto::kDigestBytes;
constexpr std::string_view kSuffix = ".blocks";

using Header = std::array<std::uint8_t, kHeaderBytes>;

std::unexpected<Error> system_failure(const std::filesystem::path& path, const char* what) {
    return fail(ErrorCode::io, path.string() + ": " + what + ": " + std::strerror(errno));
}

void put_little_endian(std::uint8_t* out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t get_little_endian(const std::uint8_t* in, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value |= std::uint64_t{in[i]} << (8 * i);
    return value;
}

crypto::Digest record_digest(const std::uint8_t* height_bytes, ByteView payload) {
    crypto::Sha256 hash;
    hash.update(ByteView(height_bytes, 8));
    hash.update(payload);
    return hash.finish();
}

Header make_header(std::uint64_t height, ByteView payload) {
    Header header{};
    std::copy(kMagic.begin(), kMagic.end(), header.begin());
    put_little_endian(&header[4], payload.size(), 4);
    put_little_endian(&header[8], height, 8);
    const crypto::Digest digest = record_digest(&header[8], payload);
    std::copy(digest.begin(), digest.end(), header.begin() + 16);
    return header;
}

bool read_fully(int file, std::uint8_t* out, std::size_t bytes, std::uint64_t offset) {
    while (bytes > 0) {
        const ssize_t got = ::pread(file, out, bytes, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        out += got;
        bytes -= static_cast<std::size_t>(got);
        offset += static_cast<std::uint64_t>(got);
    }
    return true;
}

bool write_fully(int file, const std::uint8_t* in, std::size_t bytes, std::uint64_t offset) {
    while (bytes > 0) {
        const ssize_t put = ::pwrite(file, in, bytes, static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        in += put;
        bytes -= static_cast<std::size_t>(put);
        offset += static_cast<std::uint64_t>(put);
    }
    return true;
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return system_failure(folder, "cannot open");
    const bool synced = ::fsync(file) == 0;
    ::close(file);
    if (!synced) return system_failure(folder, "cannot sync");
    return {};
}

Result<void> remove_file(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) return fail(ErrorCode::io, path.string() + ": cannot remove: " + error.message());
    return {};
}

std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint64_t height) {
    std::string digits = std::to_string(height);
    return folder / (std::string(20 - digits.size(), '0') + digits + std::string(kSuffix));
}

} // namespace

struct BlockLog::Segment {
    std::filesystem::path path;
    int file = -1;
    std::uint64_t first_height = 0;
    std::vector<std::uint64_t> offsets; ///< of each record's header
    std::uint64_t bytes = 0;

    ~Segment() {
        if (file >= 0) ::close(file);
    }
    std::uint64_t last_height() const { return first_height + offsets.size() - 1; }

    Result<Bytes> read(std::uint64_t height, std::uint64_t offset) const {
        const std::string where = path.string() + ": block " + std::to_string(height);
        Header header{};
        if (!read_fully(file, header.data(), header.size(), offset))
            return fail(ErrorCode::io, where + ": cannot read");
        const std::uint64_t size = get_little_endian(&header[4], 4);
        const bool plausible = std::equal(kMagic.begin(), kMagic.end(), header.begin()) && size <= kBlockBytesMax &&
                               get_little_endian(&header[8], 8) == height;
        if (!plausible) return fail(ErrorCode::malformed, where + ": damaged record header");
        Bytes payload(size);
        if (!read_fully(file, payload.data(), size, offset + kHeaderBytes))
            return fail(ErrorCode::malformed, where + ": record ends early");
        const crypto::Digest digest = record_digest(&header[8], payload);
        if (!std::equal(digest.begin(), digest.end(), header.begin() + 16))
            return fail(ErrorCode::malformed, where + ": record does not match its checksum");
        return payload;
    }
};

BlockLog::BlockLog(std::filesystem::path folder, Options options) : folder_(std::move(folder)), options_(options) {}
BlockLog::~BlockLog() = default;

Result<std::unique_ptr<BlockLog>> BlockLog::open(const std::filesystem::path& folder, Options options) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(ErrorCode::io, folder.string() + ": cannot create: " + error.message());
    std::unique_ptr<BlockLog> log(new BlockLog(folder, options));
    TRY_VOID(log->load());
    return log;
}

Result<void> BlockLog::load() {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() == kSuffix) paths.push_back(entry->path());
    }
    if (error) return fail(ErrorCode::io, folder_.string() + ": cannot list: " + error.message());
    std::sort(paths.begin(), paths.end()); // names are heights with leading zeros
    for (std::size_t i = 0; i < paths.size(); ++i) TRY_VOID(load_segment(paths[i], i + 1 == paths.size()));
    return {};
}

/// Records are read once by their headers; the last segment's last record is checked whole, since only it can be torn.
Result<void> BlockLog::load_segment(const std::filesystem::path& path, bool last) {
    auto segment = std::make_shared<Segment>();
    segment->path = path;
    segment->file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (segment->file < 0) return system_failure(path, "cannot open");
    struct stat status{};
    if (::fstat(segment->file, &status) != 0) return system_failure(path, "cannot read size");
    const auto file_bytes = static_cast<std::uint64_t>(status.st_size);

    std::uint64_t expected = segments_.empty() ? 0 : last_height() + 1; // 0: whatever comes first
    std::uint64_t offset = 0;
    while (offset + kHeaderBytes <= file_bytes) {
        Header header{};
        if (!read_fully(segment->file, header.data(), header.size(), offset))
            return system_failure(path, "cannot read");
        const std::uint64_t size = get_little_endian(&header[4], 4), height = get_little_endian(&header[8], 8);
        if (!std::equal(kMagic.begin(), kMagic.end(), header.begin()) || size > kBlockBytesMax) break;
        if (offset + kHeaderBytes + size > file_bytes) break;
        if (expected != 0 && height != expected) {
            return fail(ErrorCode::malformed, path.string() + ": block " + std::to_string(height) + " where block " +
                                                  std::to_string(expected) + " belongs");
        }
        if (segment->offsets.empty()) segment->first_height = height;
        segment->offsets.push_back(offset);
        offset += kHeaderBytes + size;
        expected = height + 1;
    }
    if (last && !segment->offsets.empty() && !segment->read(segment->last_height(), segment->offsets.back())) {
        offset = segment->offsets.back();
        segment->offsets.pop_back();
    }
    if (offset != file_bytes) {
        if (!last) {
            return fail(ErrorCode::malformed, path.string() + ": damaged record at byte " + std::to_string(offset) +
                                                  ", after block " + std::to_string(expected == 0 ? 0 : expected - 1));
        }
        torn_bytes_ = file_bytes - offset;
    }
    segment->bytes = offset;
    if (segment->offsets.empty()) return {}; // nothing in it; start_segment() makes it anew
    segments_.emplace(segment->first_height, std::move(segment));
    return {};
}

std::uint64_t BlockLog::first_height() const {
    const std::lock_guard lock(mutex_);
    return segments_.empty() ? 0 : segments_.begin()->first;
}

std::uint64_t BlockLog::last_height() const {
    const std::lock_guard lock(mutex_);
    return segments_.empty() ? 0 : segments_.rbegin()->second->last_height();
}

Result<void> BlockLog::start_segment(std::uint64_t height) {
    auto segment = std::make_shared<Segment>();
    segment->path = segment_path(folder_, height);
    segment->first_height = height;
    segment->file = ::open(segment->path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (segment->file < 0) return system_failure(segment->path, "cannot create");
    TRY_VOID(sync_folder(folder_));
    const std::lock_guard lock(mutex_);
    segments_.emplace(height, std::move(segment));
    return {};
}

Result<void> BlockLog::write_record(Segment& segment, std::uint64_t height, ByteView payload) {
    if (torn_bytes_ != 0) { // only now: a log that turns out to be shorter than the state must stay as it was found
        if (::ftruncate(segment.file, static_cast<off_t>(segment.bytes)) != 0)
            return system_failure(segment.path, "cannot truncate");
        torn_bytes_ = 0;
    }
    const Header header = make_header(height, payload);
    if (!write_fully(segment.file, header.data(), header.size(), segment.bytes) ||
        !write_fully(segment.file, payload.data(), payload.size(), segment.bytes + kHeaderBytes)) {
        return system_failure(segment.path, "cannot write");
    }
    const std::lock_guard lock(mutex_);
    segment.offsets.push_back(segment.bytes);
    segment.bytes += kHeaderBytes + payload.size();
    return {};
}

Result<void> BlockLog::append(std::uint64_t height, ByteView payload) {
    if (failed_) return fail(ErrorCode::io, folder_.string() + ": a write failed before; open the log again");
    if (payload.size() > kBlockBytesMax) {
        return fail(ErrorCode::resource_exhausted, "block " + std::to_string(height) + " has " +
                                                       std::to_string(payload.size()) + " bytes, over the limit of " +
                                                       std::to_string(kBlockBytesMax));
    }
    const std::uint64_t last = last_height();
    if (last != 0 && height != last + 1) {
        return fail(ErrorCode::invalid_argument,
                    "block " + std::to_string(height) + " cannot follow block " + std::to_string(last));
    }
    const auto current = [this] { return segments_.rbegin()->second; };
    Result<void> done{};
    if (segments_.empty() || current()->bytes >= options_.segment_bytes) {
        if (!segments_.empty()) done = sync();
        if (done) done = start_segment(height);
    }
    if (done) done = write_record(*current(), height, payload);
    failed_ = !done;
    return done;
}

Result<void> BlockLog::sync() {
    if (segments_.empty()) return {};
    const Segment& segment = *segments_.rbegin()->second;
    if (::fdatasync(segment.file) != 0) {
        failed_ =
            true; // after a failed sync the kernel may have dropped the pages: nothing later may claim to be durable
        return system_failure(segment.path, "cannot sync");
    }
    return {};
}

Result<Bytes> BlockLog::read(std::uint64_t height) const {
    std::shared_ptr<const Segment> segment;
    std::uint64_t offset = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto next = segments_.upper_bound(height);
        if (next != segments_.begin() && std::prev(next)->second->last_height() >= height) {
            segment = std::prev(next)->second;
            offset = segment->offsets[height - segment->first_height];
        }
    }
    if (!segment) return fail(ErrorCode::not_found, "no block " + std::to_string(height) + " in " + folder_.string());
    return segment->read(height, offset);
}

Result<void> BlockLog::truncate_after(std::uint64_t height) {
    while (last_height() > height) {
        const std::shared_ptr<Segment> segment = segments_.rbegin()->second;
        if (segment->first_height > height) {
            TRY_VOID(remove_file(segment->path));
            const std::lock_guard lock(mutex_);
            segments_.erase(segment->first_height);
            continue;
        }
        const std::size_t kept = height - segment->first_height + 1;
        const std::uint64_t bytes = segment->offsets[kept];
        if (::ftruncate(segment->file, static_cast<off_t>(bytes)) != 0)
            return system_failure(segment->path, "cannot truncate");
        if (::fdatasync(segment->file) != 0) return system_failure(segment->path, "cannot sync");
        torn_bytes_ = 0;
        const std::lock_guard lock(mutex_);
        segment->offsets.resize(kept);
        segment->bytes = bytes;
    }
    return sync_folder(folder_);
}

Result<void> BlockLog::drop_before(std::uint64_t height) {
    while (segments_.size() > 1 && segments_.begin()->second->last_height() < height) {
        const std::shared_ptr<Segment> segment = segments_.begin()->second;
        TRY_VOID(remove_file(segment->path));
        const std::lock_guard lock(mutex_);
        segments_.erase(segment->first_height);
    }
    return {};
}

Result<void> BlockLog::verify() const {
    const std::uint64_t first = first_height(), last = last_height();
    for (std::uint64_t height = first; height != 0 && height <= last; ++height) {
        const auto record = read(height);
        if (!record) return std::unexpected(record.error());
    }
    return {};
}

} // namespace assay::consensus
