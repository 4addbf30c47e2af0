#pragma once
/// Hashes rows of logits beside the work of the engine's thread: SHA-256 over their little-endian bytes.
/// Rows are borrowed until wait(). One thread owns the object. Committed class.
#include "crypto/sha256.h"

#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace assay::engine {

class RowHasher {
public:
    RowHasher() = default;
    ~RowHasher();
    RowHasher(const RowHasher&) = delete;
    RowHasher& operator=(const RowHasher&) = delete;

    /// Appends `row` to `hash`. Rows of one hash are appended in the order of the calls.
    void add(crypto::Sha256& hash, std::span<const float> row);
    /// Returns when every row that was added has been hashed.
    void wait();
    bool idle();

private:
    struct Job {
        crypto::Sha256* hash;
        std::span<const float> row;
    };
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Job> jobs_;
    bool busy_ = false;
    std::jthread thread_; ///< started with the first row
};

} // namespace assay::engine
