/// A library for LD_PRELOAD that makes the disk fail: README.md beside it. Counts the writes and syncs of chosen files
/// and does to the chosen ones what a disk, a full file system or a power cut would do. Thread-safe.
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace {

enum class Operation { write, sync, rename };
enum class Action { none, fail, tear, kill, lose };

struct Rule {
    std::string operation; ///< "write", "sync", "rename" or "any"
    unsigned long number = 0;
    bool and_later = false;
    Action action = Action::none;
    int error = 0;
};

/// What a write since the last sync replaced, for a power cut that loses it.
struct Unsynced {
    int descriptor; ///< our own
    dev_t device;
    ino_t inode;
    off_t offset;
    std::vector<char> before;
    off_t size_before;
};

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

[[noreturn]] void refuse(const std::string& why) {
    const std::string line = "disk_faults: " + why + "\n";
    [[maybe_unused]] const ssize_t written =
        next<ssize_t(int, const void*, size_t)>("write")(2, line.data(), line.size());
    ::_exit(97);
}

Rule parse_rule(const std::string& text) {
    const std::size_t first = text.find(':');
    const std::size_t second = text.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos)
        refuse("'" + text + "' is not OPERATION:NUMBER:ACTION");
    Rule rule;
    rule.operation = text.substr(0, first);
    char* end = nullptr;
    rule.number = std::strtoul(text.c_str() + first + 1, &end, 10);
    rule.and_later = *end == '+';
    const std::string action = text.substr(second + 1);
    if (action == "EIO" || action == "ENOSPC") {
        rule.action = Action::fail;
        rule.error = action == "EIO" ? EIO : ENOSPC;
    } else if (action == "tear" || action == "kill" || action == "lose") {
        rule.action = action == "tear" ? Action::tear : action == "kill" ? Action::kill : Action::lose;
    } else {
        refuse("unknown action '" + action + "'");
    }
    if (rule.operation != "write" && rule.operation != "sync" && rule.operation != "rename" && rule.operation != "any")
        refuse("unknown operation '" + rule.operation + "'");
    return rule;
}

class Disk {
public:
    static Disk& instance() {
        static Disk disk;
        return disk;
    }

    bool is_watched(std::string_view path) const {
        return !rules_.empty() && path.find(file_) != std::string_view::npos;
    }
    bool is_watched(int descriptor) const {
        if (rules_.empty()) return false;
        char path[4096];
        const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
        const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
        return length > 0 && is_watched({path, static_cast<std::size_t>(length)});
    }

    /// Counts one operation. Returns the errno to fail with, or 0. Tearing is left to the caller, who then dies().
    int count(Operation operation, bool* tear) {
        const std::scoped_lock lock(mutex_);
        ++any_;
        const unsigned long number = ++counts_[static_cast<int>(operation)];
        static const char* const names[] = {"write", "sync", "rename"};
        const char* name = names[static_cast<int>(operation)];
        log(name, number);
        for (const Rule& rule : rules_) {
            const unsigned long counted = rule.operation == "any" ? any_ : number;
            if (rule.operation != "any" && rule.operation != name) continue;
            if (counted != rule.number && !(rule.and_later && counted > rule.number)) continue;
            if (rule.action == Action::fail) return rule.error;
            if (rule.action == Action::tear && tear != nullptr) {
                *tear = true;
                return 0;
            }
            if (rule.action == Action::lose) undo_unsynced();
            die();
        }
        return 0;
    }

    [[noreturn]] static void die() {
        ::kill(::getpid(), SIGKILL);
        for (;;) ::pause();
    }

    /// Keeps what `size` bytes at `offset` replace, when some rule may lose them.
    void remember(int descriptor, off_t offset, std::size_t size) {
        if (!may_lose_) return;
        const std::scoped_lock lock(mutex_);
        struct stat status{};
        if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return;
        const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
        const int own = ::open(link.c_str(), O_RDWR | O_CLOEXEC);
        if (own < 0) return;
        Unsynced write{own, status.st_dev, status.st_ino, offset, std::vector<char>(size), status.st_size};
        const ssize_t read = ::pread(own, write.before.data(), size, offset);
        write.before.resize(read > 0 ? static_cast<std::size_t>(read) : 0);
        unsynced_.push_back(std::move(write));
    }

    void forget(int descriptor) {
        if (!may_lose_) return;
        const std::scoped_lock lock(mutex_);
        struct stat status{};
        if (::fstat(descriptor, &status) != 0) return;
        std::erase_if(unsynced_, [&](const Unsynced& write) {
            const bool same = write.device == status.st_dev && write.inode == status.st_ino;
            if (same) ::close(write.descriptor);
            return same;
        });
    }

private:
    Disk() {
        const char* file = std::getenv("ASSAY_FAULT_FILE");
        const char* faults = std::getenv("ASSAY_FAULTS");
        const char* log = std::getenv("ASSAY_FAULT_LOG");
        const char* seed = std::getenv("ASSAY_FAULT_SEED");
        if (file == nullptr || faults == nullptr) return;
        file_ = file;
        log_ = log == nullptr ? "" : log;
        random_ = seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
        std::string_view rest = faults;
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            rules_.push_back(parse_rule(std::string(rest.substr(0, comma))));
            may_lose_ = may_lose_ || rules_.back().action == Action::lose;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }

    /// As a disk that lost power: each unsynced sector is on it or not, by chance.
    void undo_unsynced() {
        static constexpr std::size_t kSector = 512;
        const auto write_back = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
        for (auto write = unsynced_.rbegin(); write != unsynced_.rend(); ++write) {
            for (std::size_t at = 0; at < write->before.size(); at += kSector) {
                random_ = random_ * 6364136223846793005U + 1442695040888963407U;
                if ((random_ >> 33) % 2 == 0) continue;
                const std::size_t size = std::min(kSector, write->before.size() - at);
                [[maybe_unused]] const ssize_t written = write_back(write->descriptor, write->before.data() + at, size,
                                                                    write->offset + static_cast<off_t>(at));
            }
            random_ = random_ * 6364136223846793005U + 1442695040888963407U;
            const bool grew = write->offset + static_cast<off_t>(write->before.size()) >= write->size_before;
            if (grew && (random_ >> 33) % 2 != 0) {
                [[maybe_unused]] const int cut = ::ftruncate(write->descriptor, write->size_before);
            }
        }
    }

    void log(const char* name, unsigned long number) const {
        if (log_.empty()) return;
        const int descriptor = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        const std::string line = std::string(name) + ' ' + std::to_string(number) + '\n';
        [[maybe_unused]] const ssize_t written =
            next<ssize_t(int, const void*, size_t)>("write")(descriptor, line.data(), line.size());
        ::close(descriptor);
    }

    std::string file_;
    std::string log_;
    std::vector<Rule> rules_;
    bool may_lose_ = false;
    std::mutex mutex_;
    unsigned long counts_[3] = {};
    unsigned long any_ = 0;
    std::uint64_t random_ = 1;
    std::vector<Unsynced> unsynced_;
};

bool is_synced_by_writing(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_DSYNC) != 0; }

std::size_t total_bytes(const iovec* parts, int count) {
    std::size_t total = 0;
    for (int i = 0; i < count; ++i) total += parts[i].iov_len;
    return total;
}

/// `perform(bytes)` writes the first so many bytes. A write to a descriptor that syncs counts as a write, then a sync.
template <class Perform>
ssize_t watched_write(int descriptor, off_t offset, std::size_t size, Perform perform) {
    Disk& disk = Disk::instance();
    if (!disk.is_watched(descriptor)) return perform(size);
    if (offset < 0) offset = ::lseek(descriptor, 0, SEEK_CUR);
    bool tear = false;
    int error = disk.count(Operation::write, &tear);
    if (error == 0 && tear) {
        perform(size / 2);
        Disk::die();
    }
    if (error == 0) disk.remember(descriptor, offset, size);
    const ssize_t written = error == 0 ? perform(size) : -1;
    if (error == 0 && is_synced_by_writing(descriptor)) {
        error = disk.count(Operation::sync, nullptr);
        if (error == 0) disk.forget(descriptor);
    }
    if (error == 0) return written;
    errno = error;
    return -1;
}

std::vector<iovec> first_bytes(const iovec* parts, int count, std::size_t bytes) {
    std::vector<iovec> cut;
    for (int i = 0; i < count && bytes > 0; ++i) {
        cut.push_back({parts[i].iov_base, std::min(parts[i].iov_len, bytes)});
        bytes -= cut.back().iov_len;
    }
    return cut;
}

int watched_sync(int descriptor, const char* name) {
    Disk& disk = Disk::instance();
    if (disk.is_watched(descriptor)) {
        if (const int error = disk.count(Operation::sync, nullptr)) {
            errno = error;
            return -1;
        }
    }
    const int result = next<int(int)>(name)(descriptor);
    if (result == 0) disk.forget(descriptor);
    return result;
}

} // namespace

extern "C" {

ssize_t write(int descriptor, const void* data, size_t size) {
    static auto* const original = next<ssize_t(int, const void*, size_t)>("write");
    return watched_write(descriptor, -1, size, [&](std::size_t bytes) { return original(descriptor, data, bytes); });
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
    static auto* const original = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    return watched_write(descriptor, offset, size,
                         [&](std::size_t bytes) { return original(descriptor, data, bytes, offset); });
}

ssize_t pwrite64(int descriptor, const void* data, size_t size, off64_t offset) {
    return pwrite(descriptor, data, size, offset);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
    static auto* const original = next<ssize_t(int, const iovec*, int)>("writev");
    return watched_write(descriptor, -1, total_bytes(parts, count), [&](std::size_t bytes) {
        const auto cut = first_bytes(parts, count, bytes);
        return original(descriptor, cut.data(), static_cast<int>(cut.size()));
    });
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
    static auto* const original = next<ssize_t(int, const iovec*, int, off_t)>("pwritev");
    return watched_write(descriptor, offset, total_bytes(parts, count), [&](std::size_t bytes) {
        const auto cut = first_bytes(parts, count, bytes);
        return original(descriptor, cut.data(), static_cast<int>(cut.size()), offset);
    });
}

ssize_t pwritev64(int descriptor, const iovec* parts, int count, off64_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

int fsync(int descriptor) { return watched_sync(descriptor, "fsync"); }

int fdatasync(int descriptor) { return watched_sync(descriptor, "fdatasync"); }

int rename(const char* from, const char* to) noexcept {
    if (Disk::instance().is_watched(std::string_view(to))) {
        if (const int error = Disk::instance().count(Operation::rename, nullptr)) {
            errno = error;
            return -1;
        }
    }
    return next<int(const char*, const char*)>("rename")(from, to);
}

} // extern "C"
