#include "base/mapped_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assay {
namespace {

Error system_error(const std::filesystem::path& path, const char* what) {
    const int number = errno;
    return {number == ENOENT ? ErrorCode::not_found : ErrorCode::io,
            path.string() + ": " + what + ": " + std::strerror(number)};
}

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

} // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) return std::unexpected(system_error(path, "cannot open"));
    struct stat status{};
    if (::fstat(file.fd, &status) != 0) return std::unexpected(system_error(path, "cannot read size"));
    if (!S_ISREG(status.st_mode)) return fail(ErrorCode::io, path.string() + ": is not a regular file");
    if (status.st_size == 0) return fail(ErrorCode::malformed, path.string() + ": file is empty");
    const auto size = static_cast<std::size_t>(status.st_size);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (data == MAP_FAILED) return std::unexpected(system_error(path, "cannot map"));
    return MappedFile(static_cast<const std::uint8_t*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

void MappedFile::release_pages(ByteView range) const {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<std::uintptr_t>(range.data()) + page - 1) / page * page;
    const auto end = (reinterpret_cast<std::uintptr_t>(range.data()) + range.size()) / page * page;
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t size_max) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) return std::unexpected(system_error(path, "cannot open"));
    std::string contents;
    char buffer[65536];
    for (;;) {
        const ssize_t count = ::read(file.fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(system_error(path, "cannot read"));
        if (count == 0) return contents;
        if (contents.size() + static_cast<std::size_t>(count) > size_max) {
            return fail(ErrorCode::resource_exhausted,
                        path.string() + ": larger than the limit of " + std::to_string(size_max) + " bytes");
        }
        contents.append(buffer, static_cast<std::size_t>(count));
    }
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
    std::string temporary = path.string() + ".XXXXXX";
    const Descriptor file{::mkostemp(temporary.data(), O_CLOEXEC)};
    if (file.fd < 0) return std::unexpected(system_error(path, "cannot create"));
    std::string_view rest = contents;
    while (!rest.empty()) {
        const ssize_t count = ::write(file.fd, rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const Error error = system_error(path, "cannot write");
            ::unlink(temporary.c_str());
            return std::unexpected(error);
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(file.fd) != 0 || ::fchmod(file.fd, 0644) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
        const Error error = system_error(path, "cannot finish writing");
        ::unlink(temporary.c_str());
        return std::unexpected(error);
    }
    return {};
}

} // namespace assay
