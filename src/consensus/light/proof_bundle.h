#pragma once
/// A query's answer with everything needed to check it off line: headers from a trusted one to the one that names the
/// state, and a proof under that state's hash. What `assay light verify` reads.
///
/// JSON: {"format":"assay-light-1","blocks":[{"signed_header":…,"validators":[…]},…],"module":"bank","key":"HEX",
/// "value":"HEX" or null,"height":"H","proof":"HEX"}; blocks ascend, the first is the trusted one, the last is H + 1,
/// whose app_hash is the state's after block H.
/// Thread-safe. Parsing and verifying: committed class.
#include "consensus/light/light_source.h"
#include "consensus/light/verifier.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::consensus {

inline constexpr std::size_t kBundleBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kBundleBlocksMax = 1'000;

struct ProofBundle {
    std::vector<LightBlock> blocks;
    std::string module;
    Bytes key;
    std::optional<Bytes> value; ///< nothing: proven absent
    std::uint64_t height = 0;   ///< of the state
    Bytes proof;
};

/// Errors: malformed (naming the member), resource_exhausted (size, number of blocks).
Result<ProofBundle> parse_proof_bundle(std::string_view json);

struct VerifiedAnswer {
    std::string chain_id;
    std::uint64_t height = 0; ///< of the state
    BlockTime time;           ///< of the header that names it
    crypto::Digest app_hash{};
    std::uint64_t headers = 0; ///< that were checked
};

/// Errors: invalid_argument, one line naming what does not hold.
Result<VerifiedAnswer> verify_proof_bundle(const ProofBundle& bundle, const TrustRoot& root,
                                           const TrustOptions& options, BlockTime now);

/// Asks the first endpoint for a key's value (at `height`, or the newest that can be proven), proof and headers, bisecting
/// where too few trusted validators signed, and every other endpoint for its hash of the last header. The bundle as JSON; it
/// is verified on the way. Errors: those of verifying and of the sources; invalid_argument when endpoints disagree, naming
/// the two.
Result<std::string> fetch_proof_bundle(std::span<const LightSource* const> endpoints, const TrustRoot& root,
                                       const TrustOptions& options, BlockTime now, std::string_view module,
                                       ByteView key, std::optional<std::uint64_t> height = {});

} // namespace assay::consensus
