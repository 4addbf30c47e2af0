#pragma once
/// The shape of every module: messages, genesis, blocks, queries, invariants. Modules hold no state of their own outside
/// the chain's state, so one object serves any number of blocks and readers. Thread-safe: every method is const.
#include "chain/message.h"

#include <string_view>
#include <vector>

namespace assay::chain {

class Module {
public:
    virtual ~Module() = default;
    virtual ModuleId id() const = 0;
    virtual void register_messages(MessageRegistry& registry) const = 0;

    /// `genesis` is this module's part of the genesis document, null when absent. Errors: malformed, naming the entry.
    virtual Result<void> init_genesis(Context& context, const codec::Value& genesis) const = 0;
    /// Visits every entry of a module, point collections too, in no particular order.
    using WalkAll = std::function<void(ModuleId, const StateVisitor&)>;
    /// What init_genesis would need to rebuild this state: deterministic, sorted.
    virtual codec::Value export_genesis(const StateReader& state, const WalkAll& all_keys) const = 0;

    virtual void begin_block(Context&) const {}
    /// Appends changes of the validator set.
    virtual void end_block(Context&, std::vector<ValidatorUpdate>&) const {}

    /// `path` without the module's name: {"balance"}; `arguments` a map. Errors: not_found (unknown path or thing), invalid_argument.
    virtual Result<codec::Value> query(const BlockInfo& block, const StateReader& state, std::string_view path,
                                       const codec::Value& arguments) const = 0;

    /// Everything that must hold of the whole state. Slow; run by tests after each block and by `assay chain verify`.
    /// Errors: internal, naming the invariant and both sides of it.
    virtual Result<void> check_invariants(const StateReader& state, const WalkAll& all_keys) const = 0;
};

} // namespace assay::chain
