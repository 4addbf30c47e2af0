#pragma once
/// Files that must be on the disk before anything is said. Internal to the room. Thread-safe.
#include "base/result.h"

#include <filesystem>
#include <utility>

namespace assay::storage {

/// Owns a descriptor.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

private:
    int number_;
};

/// From errno: not_found, resource_exhausted (disk or quota full, too many open files) or io.
Error system_error(const std::filesystem::path& path, const char* what);
Error system_error(const std::filesystem::path& path, const char* what, int number);

/// Makes names in a folder durable: files created, renamed or removed there.
Result<void> sync_folder(const std::filesystem::path& folder);
Result<void> make_folders(const std::filesystem::path& folder);
Result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

} // namespace assay::storage
