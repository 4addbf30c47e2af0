#pragma once
/// A block's worth of transactions: operations of every kind, honest and not. For tests only.
#include "chain/application.h"
#include "chain/chain_params.h"
#include "chain/modules/modules.h"
#include "world.h"

#include <map>
#include <set>
#include <string>

namespace assay::sim {

struct Traffic {
    Bytes wire;
    /// What checking must say; ok for those that may enter a block.
    chain::TxCode expected = chain::TxCode::ok;
    std::vector<std::string_view> types; ///< of its messages; empty for one that must not get that far
    Address sender = {};
    std::string what; ///< for people
};

struct Coverage {
    std::map<std::string_view, std::uint64_t> done, refused;
    std::map<std::string, std::uint64_t> reasons; ///< a refusal's text without its numbers → how often
    std::set<chain::TxCode> codes; ///< seen when checking
};

class TrafficMaker {
public:
    explicit TrafficMaker(const chain::ModuleSet& modules);
    std::vector<std::string> types() const;
    std::vector<Traffic> make(World& world, const Coverage& coverage, std::size_t operations);

private:
    Traffic honest(World& world, const Coverage& coverage);
    Traffic hostile(World& world);
    const OperationKind& choose(World& world, const Coverage& coverage) const;
    std::optional<Operation> operation_of(World& world, const Coverage& coverage, std::string_view* type) const;
    chain::TransactionBody body(World& world, std::size_t signer);
    bool can_pay(const World& world, std::size_t signer) const;
    std::uint64_t next_nonce(const World& world, std::size_t signer) const;

    const chain::ModuleSet& modules_;
    std::vector<OperationKind> kinds_;
    chain::ChainParams params_;
    std::map<std::size_t, std::uint64_t> sent_; ///< by key, in this block
    std::vector<Bytes> old_; ///< of blocks before, to be replayed
};

} // namespace assay::sim
