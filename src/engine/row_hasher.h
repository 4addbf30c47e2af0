#pragma once
/// Rows of logits that wait to be hashed (SHA-256 over their little-endian bytes). A row takes a tenth of a millisecond, and
/// decoding waits for memory: so the next forward pass does it aside. Rows are borrowed until then.
/// One thread owns the object; the jobs it hands out touch different hashes and may run at once. Committed class.
#include "crypto/sha256.h"
#include "engine/model.h"

#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace assay::engine {

class RowHasher {
public:
    /// Appends `row` to `hash`. Rows of one hash are appended in the order of the calls.
    void add(crypto::Sha256& hash, std::span<const float> row);
    /// For a forward pass; forget() when it has run them.
    AsideJobs jobs() const { return jobs_; }
    void forget();
    /// Hashes what still waits, now.
    void finish();
    bool empty() const { return jobs_.empty(); }

private:
    std::vector<crypto::Sha256*> hashes_; ///< one a job
    std::vector<std::function<void()>> jobs_;
};

} // namespace assay::engine
