#pragma once
/// Several transactions in one body: a CBOR sequence (RFC 8742), Ethereum's in between as they are. Pure; local class.
#include "base/bytes.h"
#include "base/result.h"

#include <vector>

namespace assay::node {

inline constexpr std::size_t kSequenceTransactionsMax = 100'000;

/// The transactions, in order; whether they decode is for others to say. Errors: malformed (with the byte; none at all),
/// resource_exhausted (more than kSequenceTransactionsMax).
Result<std::vector<Bytes>> split_sequence(ByteView sequence);

} // namespace assay::node
