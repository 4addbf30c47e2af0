#pragma once
/// The genesis document: what a chain starts from. As text it is DAG-JSON, in which amounts, addresses and digests are
/// readable text:
///
///     {"chain_id": "assay-local", "initial_height": 1, "time_ms": 1700000000000, "modules": {"bank": {…}, …}}
///
/// Each module documents its own part (src/chain/modules/*/README.md). Plain values; committed class.
#include "chain/modules/modules.h"
#include "chain/state/state_store.h"

#include <cstdint>
#include <string>
#include <vector>

namespace assay::chain {

struct GenesisDocument {
    std::string chain_id;
    std::int64_t time_ms = 0;
    std::uint64_t initial_height = 1;
    codec::Value modules; ///< a map, or null
};

/// 1 … 50 of a-z A-Z 0-9 . _ -, as CometBFT takes them. Errors: invalid_argument.
Result<void> check_chain_id(std::string_view chain_id);

codec::Value to_value(const GenesisDocument& document);
/// Errors: malformed (an entry, by name), invalid_argument (chain_id, initial_height).
Result<GenesisDocument> genesis_from_value(const codec::Value& value);

/// Each module's init_genesis in order. Errors: malformed, invalid_argument, naming module and entry.
Result<void> apply_genesis(const ModuleSet& modules, const BlockInfo& block, const codec::Value& app_state,
                           StateWriter& state);
/// The "modules" entry that gives this state back.
codec::Value export_genesis(const ModuleSet& modules, const StateReader& state, const Module::WalkAll& all_keys);

/// The document from which a chain of the same name goes on at the height after `version`, with that state.
/// Errors: not_found (the version is not kept), malformed (damage), resource_exhausted.
Result<GenesisDocument> export_document(const StateStore& store, const ModuleSet& modules, std::uint64_t version);

/// Every module's invariants. Errors: internal, naming the module and the invariant; of a store as export_document.
Result<void> check_invariants(const ModuleSet& modules, const StateReader& state, const Module::WalkAll& all_keys);
Result<void> check_invariants(const StateStore& store, const ModuleSet& modules, std::uint64_t version);

/// Everything that can be wrong with a document, found by making its state in memory and checking every invariant.
Result<void> validate_genesis(const ModuleSet& modules, const GenesisDocument& document);

/// A chain for one machine: each account gets `balance`, and each validator bonds `stake` out of its operator's.
struct DevelopmentGenesis {
    struct Validator {
        Address account;
        std::array<std::uint8_t, 32> public_key{}; ///< Ed25519
        std::string name;
    };
    std::string chain_id = "assay-local";
    std::int64_t time_ms = 0;
    std::vector<Address> accounts;
    std::vector<Validator> validators; ///< their accounts are funded too
    Amount balance{1'000'000'000'000'000}; ///< 1,000,000 ASSAY
    Amount stake{100'000'000'000'000};
};
GenesisDocument make_development_genesis(const DevelopmentGenesis& choice);

} // namespace assay::chain
