#pragma once
/// A folder of its own for one test, removed at the end. For tests only.
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace assay::storage {

class TestFolder {
public:
    TestFolder() : TestFolder(std::filesystem::temp_directory_path()) {}
    explicit TestFolder(const std::filesystem::path& parent) {
        std::string name = (parent / "assay-storage-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
        path_ = name;
    }
    ~TestFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

    /// Where syncing takes no time, if there is such a place: for tests that do not cut real power.
    static std::filesystem::path in_memory() {
        return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
    }

private:
    std::filesystem::path path_;
};

} // namespace assay::storage
