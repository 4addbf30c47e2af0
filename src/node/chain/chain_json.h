#pragma once
/// The chain's things as JSON for people and programs: hexadecimal for bytes, decimal text for amounts.
/// Pure functions; thread-safe; local class.
#include "chain/chain_application.h"
#include "codec/json.h"
#include "consensus/index/commit_waiters.h"
#include "consensus/index/explorer_index.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace assay::node {

using ChainJson = nlohmann::ordered_json;

/// Plain JSON: bytes become "0x…", links their text. (DAG-JSON would say {"/":…}.)
ChainJson to_plain_json(const codec::Value& value);
/// The other way, for arguments: integers stay exact, texts stay texts. Errors: malformed.
Result<codec::Value> value_of_plain_json(std::string_view json);

ChainJson event_json(const chain::Event& event);
ChainJson block_json(const consensus::IndexedBlock& block);
/// With its content, where it decodes.
ChainJson transaction_json(const consensus::IndexedTransaction& transaction, const chain::MessageRegistry& messages);
ChainJson transaction_json(const consensus::CommittedTransaction& transaction, const chain::MessageRegistry& messages);
/// Without signature: {"chain","from","nonce","expiry","fee","gas","memo","msgs"}.
ChainJson body_json(const chain::TransactionBody& body);

/// "0x…" or bare, 64 digits. Errors: invalid_argument.
Result<crypto::Digest> parse_hash(std::string_view text);

} // namespace assay::node
