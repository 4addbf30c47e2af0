#pragma once
/// What executing a block gave, as a record of a block log: kept beside the blocks, so that the explorer's index can be
/// built again without executing them. DAG-CBOR list
///   [app hash, [[code, log, gas wanted, gas used, [event, …]], …], [event, …], [[public key, power], …]]
/// with event = [type, name, value, name, value, …]. Thread-safe; local class: nothing here is agreed upon.
#include "chain/application.h"

namespace assay::consensus {

Bytes encode_result(const chain::BlockResult& result);
/// Errors: malformed, naming the part. `result.consensus` is not kept.
Result<chain::BlockResult> decode_result(ByteView bytes);

/// Events alone: a list of them.
Bytes encode_events(const std::vector<chain::Event>& events);
Result<std::vector<chain::Event>> decode_events(ByteView bytes);

} // namespace assay::consensus
