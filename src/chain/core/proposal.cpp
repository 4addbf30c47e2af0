#include "chain/core/proposal.h"

#include <algorithm>
#include <map>
#include <queue>

namespace assay::chain {
namespace {

constexpr std::uint64_t kSenderShare = 8; ///< a sender's part of a contested block is one in so many

/// Units of fee for each 2^32 units of gas; of fees above 2^95 the largest.
Uint128 price_of(const TransactionBody& body) {
    constexpr Uint128 kFeeMax = (Uint128{1} << 95) - 1;
    return (std::min(body.fee.units(), kFeeMax) << 32) / std::max<std::uint64_t>(body.gas, 1);
}

constexpr std::uint64_t kFrameBytes = 6; ///< that engines count for each transaction beside its own bytes

struct Room {
    std::uint64_t bytes = 0;
    std::uint64_t gas = 0;

    bool holds(const Transaction& transaction) const {
        return transaction.size_bytes + kFrameBytes <= bytes && transaction.body.gas <= gas;
    }
    void take(const Transaction& transaction) {
        bytes -= transaction.size_bytes + kFrameBytes;
        gas -= transaction.body.gas;
    }
};

/// One sender's transactions that can follow each other, and how many of them are in the block.
struct Run {
    std::vector<std::size_t> candidates;
    std::size_t taken = 0;
    Room share;
};

class Choice {
public:
    Choice(const ProposalRules& rules, std::span<const Opened> candidates, std::size_t bytes_max)
        : rules_(rules), candidates_(candidates),
          room_{std::min<std::uint64_t>(bytes_max, rules.params.block_bytes_max), rules.params.block_gas_max} {}

    std::vector<std::size_t> make() {
        find_runs();
        fill(true);
        fill(false); // what is left, to whoever pays most
        return std::move(chosen_);
    }

private:
    const Transaction& at(std::size_t index) const { return *candidates_[index].transaction; }

    void find_runs() {
        std::map<Address, std::vector<std::size_t>> by_sender;
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
            if (candidates_[i].transaction == nullptr) continue;
            if (!refuse_terms(at(i), rules_.params, rules_.height)) by_sender[at(i).body.from].push_back(i);
        }
        Senders senders;
        for (auto& [address, indices] : by_sender) {
            Run run = run_of(indices, sender_of(senders, address, rules_.accounts, rules_.state));
            if (!run.candidates.empty()) runs_.push_back(std::move(run));
        }
    }

    Run run_of(std::vector<std::size_t>& indices, Sender& sender) const {
        std::ranges::stable_sort(indices, [&](std::size_t a, std::size_t b) {
            const TransactionBody &one = at(a).body, &other = at(b).body;
            return one.nonce != other.nonce ? one.nonce < other.nonce : price_of(one) > price_of(other);
        });
        Run run;
        run.share = {room_.bytes / kSenderShare, room_.gas / kSenderShare};
        for (const std::size_t index : indices) {
            if (refuse_next(at(index), sender)) continue;
            accept_next(at(index), sender);
            run.candidates.push_back(index);
        }
        return run;
    }

    /// Takes the best paying of all runs' next ones, over and over. `fair`: within each run's share.
    void fill(bool fair) {
        const auto worse = [&](const Run* a, const Run* b) {
            const Uint128 one = price_of(next_of(*a).body), other = price_of(next_of(*b).body);
            return one != other ? one < other : a->candidates[a->taken] > b->candidates[b->taken];
        };
        std::priority_queue<Run*, std::vector<Run*>, decltype(worse)> queue(worse);
        for (Run& run : runs_) {
            if (run.taken < run.candidates.size()) queue.push(&run);
        }
        while (!queue.empty()) {
            Run* run = queue.top();
            queue.pop();
            const Transaction& transaction = next_of(*run);
            if (!room_.holds(transaction) || (fair && !run->share.holds(transaction))) continue; // nor its later ones
            room_.take(transaction);
            if (fair) run->share.take(transaction);
            chosen_.push_back(run->candidates[run->taken++]);
            if (run->taken < run->candidates.size()) queue.push(run);
        }
    }

    const Transaction& next_of(const Run& run) const { return at(run.candidates[run.taken]); }

    const ProposalRules& rules_;
    std::span<const Opened> candidates_;
    Room room_;
    std::vector<Run> runs_;
    std::vector<std::size_t> chosen_;
};

} // namespace

std::vector<std::size_t> choose(const ProposalRules& rules, std::span<const Opened> candidates, std::size_t bytes_max) {
    return Choice(rules, candidates, bytes_max).make();
}

std::optional<std::string> refuse_proposal(const ProposalRules& rules, std::span<const Opened> transactions,
                                           std::span<const Bytes> wires) {
    std::uint64_t bytes = 0, gas = 0;
    for (const Bytes& wire : wires) bytes += wire.size();
    if (bytes > rules.params.block_bytes_max) {
        return std::to_string(bytes) + " bytes of transactions, above the limit of " +
               std::to_string(rules.params.block_bytes_max);
    }
    Senders senders;
    for (std::size_t i = 0; i < transactions.size(); ++i) {
        const auto because = [&](const std::string& why) {
            return "transaction " + std::to_string(i + 1) + ": " + why;
        };
        if (transactions[i].transaction == nullptr) return because(transactions[i].refusal.log);
        const Transaction& transaction = *transactions[i].transaction;
        if (auto refused = refuse_terms(transaction, rules.params, rules.height)) return because(refused->log);
        if (transaction.body.gas > rules.params.block_gas_max - gas) return because("the block's gas is used up");
        gas += transaction.body.gas;
        Sender& sender = sender_of(senders, transaction.body.from, rules.accounts, rules.state);
        if (auto refused = refuse_next(transaction, sender)) return because(refused->log);
        accept_next(transaction, sender);
    }
    return std::nullopt;
}

} // namespace assay::chain
