#pragma once
/// Snapshots of some heights, kept as files for nodes that join: made beside commits by a thread of their own, the oldest
/// dropped. A folder for each height, which appears under its name only when it is complete.
/// Thread-safe. Local class; what the files hold is of the committed class.
#include "chain/application.h"
#include "chain/state/state_snapshot.h"

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

namespace assay::chain {

class SnapshotLibrary {
public:
    struct Options {
        std::filesystem::path folder; ///< empty: no snapshots
        std::uint64_t interval_blocks = 0; ///< a snapshot of each height that it divides; 0: none
        std::size_t keep = 2;
    };

    /// Finds what the folder holds; skips what is incomplete or damaged.
    explicit SnapshotLibrary(Options options);
    ~SnapshotLibrary(); ///< gives up what it is making

    /// Starts a snapshot of the height just committed, if it is due and none is being made.
    void on_commit(std::shared_ptr<const StateStore> store, std::uint64_t height);
    /// Waits for the one being made, if any. For tests and orderly ends.
    void wait();

    std::vector<SnapshotDescription> list() const; ///< the newest first
    /// Errors: not_found (no such snapshot or chunk), io.
    Result<Bytes> chunk(std::uint64_t height, std::uint32_t format, std::uint32_t index) const;
    bool is_on() const { return !options_.folder.empty() && options_.interval_blocks != 0; }
    std::uint64_t oldest_height() const; ///< 0 when there is none

private:
    Result<void> make(const StateStore& store, std::uint64_t height);
    void drop_oldest();
    std::filesystem::path folder_of(std::uint64_t height) const;

    const Options options_;
    mutable std::mutex mutex_; ///< guards found_
    std::map<std::uint64_t, SnapshotDescription> found_;
    std::atomic<bool> is_making_ = false;
    std::atomic<bool> gives_up_ = false;
    std::jthread maker_;
};

} // namespace assay::chain
