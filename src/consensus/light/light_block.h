#pragma once
/// What a light client sees of a CometBFT block: header, the signatures over it, and who may sign.
/// Plain values, thread-safe; committed class. Source: CometBFT 0.38, types/block.go, types/canonical.go.
#include "base/bytes.h"
#include "codec/json.h"
#include "crypto/sha256.h"

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assay::consensus {

struct BlockTime {
    std::int64_t seconds = 0; ///< since 1970
    std::int32_t nanos = 0;
    auto operator<=>(const BlockTime&) const = default;
};

struct BlockId {
    Bytes hash;
    std::uint32_t parts = 0;
    Bytes parts_hash;
    bool operator==(const BlockId&) const = default;
};

struct Header {
    std::uint64_t block_version = 0;
    std::uint64_t app_version = 0;
    std::string chain_id;
    std::int64_t height = 0;
    BlockTime time;
    BlockId last_block_id;
    Bytes last_commit_hash, data_hash, validators_hash, next_validators_hash, consensus_hash;
    Bytes app_hash; ///< of the state after the block before this one
    Bytes last_results_hash, evidence_hash, proposer_address;
};

enum class VoteFlag : std::uint8_t { absent = 1, commit = 2, nil = 3 };

struct CommitSignature {
    VoteFlag flag = VoteFlag::absent;
    Bytes validator; ///< address
    BlockTime time;
    Bytes signature;
};

struct Commit {
    std::int64_t height = 0;
    std::int32_t round = 0;
    BlockId block_id;
    std::vector<CommitSignature> signatures; ///< one for each validator, in the set's order
};

struct LightValidator {
    std::array<std::uint8_t, 32> public_key{};
    std::int64_t power = 0;
};

struct LightBlock {
    Header header;
    Commit commit;
    std::vector<LightValidator> validators;
};

crypto::Digest hash_of(const Header& header);
crypto::Digest hash_of(const std::vector<LightValidator>& validators);
/// The next header's last_commit_hash.
crypto::Digest hash_of(const Commit& commit);
/// A header's data_hash, from the SHA-256 of each transaction.
crypto::Digest hash_of_data(std::span<const crypto::Digest> transactions);
/// A header's consensus_hash, from the limits of a block; a gas of -1 is none.
crypto::Digest hash_of_limits(std::int64_t block_bytes_max, std::int64_t block_gas_max);
/// First 20 bytes of SHA-256 of the key.
Bytes address_of(const LightValidator& validator);
/// What validator number `index` has signed: a length-prefixed canonical vote.
Bytes vote_sign_bytes(const std::string& chain_id, const Commit& commit, std::size_t index);

inline constexpr std::size_t kLightValidatorsMax = 10'000; ///< the engine's own limit

/// From the engine's JSON: {"signed_header": {"header", "commit"}, "validators": […]}.
/// Errors: malformed, naming the member; resource_exhausted (more than kLightValidatorsMax).
Result<LightBlock> parse_light_block(const codec::Json& json);
/// What the engine writes for it: parse_light_block() reads the same block from it.
std::string to_json(const LightBlock& block);

} // namespace assay::consensus
