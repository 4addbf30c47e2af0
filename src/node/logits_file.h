#pragma once
/// Logits as a NumPy file, written row by row, so that a long text needs no memory for them.
/// Source: NumPy enhancement proposal 1 (format version 1.0). Not thread-safe. Committed class: the bytes depend on the logits alone.
#include "base/result.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace assay::node {

/// The header of a little-endian float32 array {rows, columns} in C order; its length is a multiple of 64.
std::string npy_header(std::uint64_t rows, std::uint64_t columns);

/// Writes beside `path` and gives the file its name in finish(): readers never see half an array.
class LogitsFile {
public:
    /// Errors: io.
    static Result<LogitsFile> create(const std::filesystem::path& path, std::uint64_t rows, std::uint64_t columns);
    LogitsFile(LogitsFile&& other) noexcept = default;
    ~LogitsFile();

    /// Errors: io (a full disk).
    Result<void> append(std::span<const float> row);
    /// Errors: io; internal when rows are missing.
    Result<void> finish();

private:
    struct CloseFile {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    LogitsFile() = default;
    std::filesystem::path path_, partial_;
    std::unique_ptr<std::FILE, CloseFile> file_;
    std::uint64_t rows_left_ = 0;
};

} // namespace assay::node
