#pragma once
/// The blocks of a chain on disk: an append-only log in segments, one checksummed record a height.
///
/// Written before a block is executed and synced before its state commits, it is the write-ahead log of embedded consensus
/// and the source from which the explorer's index is rebuilt. A record torn by a crash is the last one and is cut off
/// before the next is written; damage anywhere else is an error that names segment and height.
///
/// A record: "ABLK" ‖ payload bytes (u32) ‖ height (u64) ‖ SHA-256(height ‖ payload) ‖ payload; integers little-endian.
/// Owns its files; one process at a time (the node's data folder is locked). read() from any thread; the rest from one.
#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace assay::consensus {

inline constexpr std::size_t kBlockBytesMax = std::size_t{128} << 20;

class BlockLog {
public:
    struct Options {
        std::uint64_t segment_bytes = std::uint64_t{256} << 20; ///< a segment that has reached this is closed
    };
    /// Errors: io; malformed (a damaged record that is not the last, a gap in the heights).
    static Result<std::unique_ptr<BlockLog>> open(const std::filesystem::path& folder, Options options);
    static Result<std::unique_ptr<BlockLog>> open(const std::filesystem::path& folder) { return open(folder, {}); }
    ~BlockLog();

    /// 0 when the log is empty.
    std::uint64_t first_height() const;
    std::uint64_t last_height() const;
    /// Bytes of a record that a crash left unfinished; the next append() cuts them off.
    std::uint64_t torn_bytes() const { return torn_bytes_; }

    /// `height` must follow the last one (any height starts an empty log). Not durable before sync().
    /// Errors: io; resource_exhausted (over kBlockBytesMax). After an error the log takes no more records.
    Result<void> append(std::uint64_t height, ByteView payload);
    Result<void> sync();

    /// Errors: not_found; malformed (the record does not match its checksum).
    Result<Bytes> read(std::uint64_t height) const;

    /// Drops every record above `height`, durably.
    Result<void> truncate_after(std::uint64_t height);
    /// Drops whole segments whose records are all below `height`.
    Result<void> drop_before(std::uint64_t height);

    /// Reads every record and checks it. Errors: as read(), the first one.
    Result<void> verify() const;

private:
    struct Segment;
    explicit BlockLog(std::filesystem::path folder, Options options);
    Result<void> load();
    Result<void> load_segment(const std::filesystem::path& path, bool last);
    Result<void> start_segment(std::uint64_t height);
    Result<void> write_record(Segment& segment, std::uint64_t height, ByteView payload);

    std::filesystem::path folder_;
    Options options_;
    mutable std::mutex mutex_; ///< guards segments_ against readers
    std::map<std::uint64_t, std::shared_ptr<Segment>> segments_; ///< by first height
    std::uint64_t torn_bytes_ = 0;
    bool failed_ = false;
};

} // namespace assay::consensus
