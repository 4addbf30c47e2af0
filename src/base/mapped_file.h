#pragma once
/// A file mapped read-only into memory. The mapping lives as long as the object; moving keeps addresses.
/// Thread-safe after creation. Local class: contents are the file's.
#include "base/bytes.h"
#include "base/result.h"

#include <filesystem>

namespace assay {

class MappedFile {
public:
    /// Errors: not_found, io (unreadable, a directory), malformed (empty file).
    static Result<MappedFile> open(const std::filesystem::path& path);

    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    ByteView bytes() const { return {data_, size_}; }

    /// Tells the kernel that the pages wholly inside `range` are not needed now; they can be read again at any time.
    /// Keeps resident memory at one copy of the weights once these are repacked.
    void release_pages(ByteView range) const;

private:
    MappedFile(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    const std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Reads a whole file of at most `size_max` bytes. Errors: not_found, io, resource_exhausted.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t size_max);

/// Writes through a temporary file in the same folder and renames it: readers see the old or the new file, never half.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view contents);

} // namespace assay
