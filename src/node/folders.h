#pragma once
/// Where Assay keeps things, and the lock that keeps two nodes out of one data folder.
/// Thread-safe. Local class.
#include "base/result.h"

#include <filesystem>

namespace assay::node {

/// $XDG_DATA_HOME/assay, else ~/.local/share/assay. Errors: not_found (neither variable nor HOME is set).
Result<std::filesystem::path> default_data_folder();
/// $XDG_CACHE_HOME/assay, else ~/.cache/assay. Errors: as above.
Result<std::filesystem::path> default_cache_folder();

/// Creates the folder and those above it. Errors: io, naming the folder.
Result<void> make_folder(const std::filesystem::path& folder);

/// An exclusive lock on a file, held for the life of the object and dropped by the system when the process ends.
class FileLock {
public:
    enum class Wait { no, yes };
    /// Creates `file` when it is absent. Errors: io, resource_exhausted (another process holds it; only with Wait::no).
    static Result<FileLock> take(const std::filesystem::path& file, Wait wait);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

} // namespace assay::node
