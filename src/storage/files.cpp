#include "storage/files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace assay::storage {

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

Error system_error(const std::filesystem::path& path, const char* what) { return system_error(path, what, errno); }

Error system_error(const std::filesystem::path& path, const char* what, int number) {
    ErrorCode code = ErrorCode::io;
    if (number == ENOENT) code = ErrorCode::not_found;
    if (number == ENOSPC || number == EDQUOT || number == EMFILE || number == ENFILE || number == ENOMEM)
        code = ErrorCode::resource_exhausted;
    return {code, path.string() + ": " + what + ": " + std::strerror(number)};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.is_open()) return std::unexpected(system_error(folder, "cannot open folder"));
    if (::fsync(opened.number()) != 0) return std::unexpected(system_error(folder, "cannot sync folder"));
    return {};
}

Result<void> make_folders(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return {};
    const std::filesystem::path parent = std::filesystem::absolute(folder, error).lexically_normal().parent_path();
    std::filesystem::create_directories(folder, error);
    if (error) return std::unexpected(system_error(folder, "cannot create folder", error.value()));
    return sync_folder(parent);
}

Result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return std::unexpected(system_error(to, "cannot rename to"));
    return sync_folder(to.parent_path());
}

} // namespace assay::storage
