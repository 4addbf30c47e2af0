#pragma once
/// Transactions past the part of checking that needs no state: decoded, of this chain, with a good signature. What has been
/// opened is kept by its hash, so a transaction's signature is recovered once: when it comes, not in its block.
/// Thread-safe. Verdicts are of the committed class; what is kept is local.
#include "chain/application.h"
#include "chain/core/workers.h"

#include <deque>
#include <mutex>
#include <span>
#include <unordered_map>

namespace assay::chain {

/// Why a transaction is refused.
struct Refusal {
    TxCode code = TxCode::ok;
    std::string log;
};

struct Opened {
    std::shared_ptr<const Transaction> transaction; ///< nullptr when refused
    Refusal refusal;
};

/// Opened transactions by hash, the oldest dropped first.
class OpenedCache {
public:
    OpenedCache(std::size_t entries_max, std::size_t bytes_max) : entries_max_(entries_max), bytes_max_(bytes_max) {}

    std::shared_ptr<const Transaction> find(const Digest& hash) const;
    void keep(std::shared_ptr<const Transaction> transaction);
    void drop(std::span<const Digest> hashes);
    std::size_t size() const;

private:
    /// Hashes are uniform already; senders choose them, and can at worst make a look-up slow that costs them a hash search.
    struct DigestHash {
        std::size_t operator()(const Digest& digest) const;
    };
    void drop_oldest();

    const std::size_t entries_max_;
    const std::size_t bytes_max_;
    mutable std::mutex mutex_;
    std::unordered_map<Digest, std::shared_ptr<const Transaction>, DigestHash> entries_;
    std::deque<Digest> order_; ///< as kept; may name entries that are gone
    std::size_t bytes_ = 0;
};

/// The steps of opening, apart, because checking puts cheap refusals between them.
/// Errors of both as a refusal: malformed, too_large, unknown_message, wrong_chain; bad_signature.
Opened decode_for(ByteView wire, std::uint64_t chain, const MessageRegistry& messages);
std::optional<Refusal> refuse_signature(const Transaction& transaction);

/// Recovers the signatures that its messages carry (AnyMessage::prepare), as far as its gas limit pays for them.
void prepare_messages(const Transaction& transaction, const StateReader& state);
bool has_preparation(const Transaction& transaction);

/// All steps, for the transactions of a block: from the cache, or side by side. In order. `state` is what messages are
/// prepared by; results do not depend on it.
std::vector<Opened> open_all(std::span<const Bytes> wires, std::uint64_t chain, const MessageRegistry& messages,
                             const StateReader& state, OpenedCache& cache, Workers& workers);

} // namespace assay::chain
