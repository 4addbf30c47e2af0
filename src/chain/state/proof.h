#pragma once
/// Proofs that a key has a value, or has none, in the state that an app hash names; made by StateView::prove, checked here
/// without any database. Two steps: key → module root, module root → app hash. Encoding: docs/spec/state.md.
/// Thread-safe; committed class. Total: any bytes give a verdict.
#include "base/bytes.h"
#include "base/result.h"
#include "chain/state/tree_hash.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace assay::chain {

struct StateProof {
    /// What stands where the key's path ends.
    enum class End : std::uint8_t {
        leaf = 0, ///< the key's own: it is there
        empty = 1, ///< nothing: it is absent
        other_leaf = 2, ///< a leaf that shares the path so far: it is absent
    };
    End end = End::empty;
    Digest other_key{}; ///< of other_leaf
    Digest other_value_hash{}; ///< of other_leaf
    std::vector<Digest> siblings; ///< from the module's root down; at most kKeyBits
    std::uint8_t module_count = 0; ///< leaves under the app hash
    std::uint8_t module_index = 0;
    std::vector<Digest> module_siblings; ///< from the leaf up

    bool operator==(const StateProof&) const = default;
};

Bytes encode_state_proof(const StateProof& proof);
/// Exactly one encoding for each proof. Errors: malformed, naming what is wrong.
Result<StateProof> decode_state_proof(ByteView bytes);

/// True when `proof` shows that under `app_hash` the key has `value`, or is absent where there is no `value`.
bool verify_state_proof(const Digest& app_hash, std::string_view module, ByteView raw_key,
                        std::optional<ByteView> value, ByteView proof);

} // namespace assay::chain
