#pragma once
/// Making proofs from a stored tree. Internal to the room.
#include "chain/state/node_reader.h"
#include "chain/state/proof.h"
#include "chain/state/state_tables.h"

namespace assay::chain {

/// The encoded proof for `key` in the version of `record`. Errors: malformed (damage, named).
Result<Bytes> make_state_proof(const NodeReader& reader, const storage::ReadTransaction& transaction,
                               const StateTables& tables, const VersionRecord& record, ModuleId module, ByteView key);

} // namespace assay::chain
