#include "node/folders.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace assay::node {
namespace {

// The XDG base directory specification: relative values are ignored.
Result<std::filesystem::path> xdg_folder(const char* variable, const char* below_home) {
    if (const char* value = std::getenv(variable); value != nullptr && value[0] == '/') {
        return std::filesystem::path(value) / "assay";
    }
    const char* home = std::getenv("HOME");
    if (home == nullptr || home[0] != '/') {
        return fail(ErrorCode::not_found,
                    std::string("set HOME or ") + variable + ": there is no folder to keep files in");
    }
    return std::filesystem::path(home) / below_home / "assay";
}

} // namespace

Result<std::filesystem::path> default_data_folder() { return xdg_folder("XDG_DATA_HOME", ".local/share"); }
Result<std::filesystem::path> default_cache_folder() { return xdg_folder("XDG_CACHE_HOME", ".cache"); }

Result<void> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(ErrorCode::io, folder.string() + ": cannot create folder: " + error.message());
    return {};
}

Result<FileLock> FileLock::take(const std::filesystem::path& file, Wait wait) {
    const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return fail(ErrorCode::io, file.string() + ": " + std::strerror(errno));
    FileLock lock(descriptor);
    int result = 0;
    do {
        result = flock(descriptor, LOCK_EX | (wait == Wait::no ? LOCK_NB : 0));
    } while (result != 0 && errno == EINTR);
    if (result == 0) return lock;
    if (errno == EWOULDBLOCK)
        return fail(ErrorCode::resource_exhausted, file.string() + ": another process holds this lock");
    return fail(ErrorCode::io, file.string() + ": cannot lock: " + std::strerror(errno));
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

FileLock::~FileLock() {
    if (descriptor_ >= 0) close(descriptor_);
}

} // namespace assay::node
