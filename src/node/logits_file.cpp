#include "node/logits_file.h"

#include <bit>
#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace assay::node {

static_assert(std::endian::native == std::endian::little, "rows are written as they lie in memory");

std::string npy_header(std::uint64_t rows, std::uint64_t columns) {
    constexpr std::size_t kAlign = 64;
    std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                             std::to_string(columns) + "), }";
    std::string header("\x93NUMPY\x01\x00", 8);
    const std::size_t used = header.size() + 2 + dictionary.size() + 1;
    dictionary.append((kAlign - used % kAlign) % kAlign, ' ');
    dictionary += '\n';
    header += static_cast<char>(dictionary.size() & 0xff);
    header += static_cast<char>(dictionary.size() >> 8);
    return header + dictionary;
}

Result<LogitsFile> LogitsFile::create(const std::filesystem::path& path, std::uint64_t rows, std::uint64_t columns) {
    LogitsFile file;
    file.path_ = path;
    file.partial_ = path.string() + ".partial-" + std::to_string(getpid());
    file.rows_left_ = rows;
    file.file_.reset(std::fopen(file.partial_.c_str(), "wb"));
    if (!file.file_) return fail(ErrorCode::io, path.string() + ": cannot write: " + std::strerror(errno));
    const std::string header = npy_header(rows, columns);
    if (std::fwrite(header.data(), 1, header.size(), file.file_.get()) != header.size()) {
        return fail(ErrorCode::io, path.string() + ": cannot write: " + std::strerror(errno));
    }
    return file;
}

LogitsFile::~LogitsFile() {
    if (!file_) return;
    file_.reset();
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
}

Result<void> LogitsFile::append(std::span<const float> row) {
    if (rows_left_ == 0) return fail(ErrorCode::internal, path_.string() + ": more rows than announced");
    --rows_left_;
    if (std::fwrite(row.data(), sizeof(float), row.size(), file_.get()) == row.size()) return {};
    return fail(ErrorCode::io, path_.string() + ": cannot write: " + std::strerror(errno));
}

Result<void> LogitsFile::finish() {
    if (rows_left_ != 0)
        return fail(ErrorCode::internal, path_.string() + ": " + std::to_string(rows_left_) + " rows are missing");
    if (std::fclose(file_.release()) != 0)
        return fail(ErrorCode::io, path_.string() + ": cannot write: " + std::strerror(errno));
    std::error_code error;
    std::filesystem::rename(partial_, path_, error);
    if (error) return fail(ErrorCode::io, path_.string() + ": " + error.message());
    return {};
}

} // namespace assay::node
