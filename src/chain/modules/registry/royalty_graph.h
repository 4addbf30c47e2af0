#pragma once
/// The arithmetic of royalties, without state: who gets which share of an asset's revenue, and how one payment splits.
/// Shares are units of 10^-8. Everything is floored; what flooring leaves stays with the nearer party, so sums are exact.
/// Thread-safe; committed class. README.md has the formulas and an example.
#include "chain/modules/registry/state.h"

#include <optional>
#include <vector>

namespace assay::chain::registry {

struct AncestorShare {
    Digest ancestor{};
    std::uint32_t lap = 0;
    std::uint32_t lrp = 0;
    bool operator==(const AncestorShare&) const = default;
};
/// Ascending by ancestor, each once. Ancestors without a share are there too: they count, and they prove descent.
using Shares = std::vector<AncestorShare>;

inline constexpr std::size_t kShareBytes = 40; ///< id ‖ lap ‖ lrp, big-endian
Bytes pack_shares(const Shares& shares);
/// Errors: malformed (length, order).
Result<Shares> unpack_shares(ByteView packed);
/// By binary search in the packed form.
std::optional<AncestorShare> find_share(ByteView packed, const Digest& ancestor);

/// A tie to a parent together with that parent's own shares (packed).
struct EdgeWithShares {
    Edge edge;
    Bytes shares;
};

/// LAP: a parent's absolute share, and every share its ancestors have, counted once for each path.
/// LRP: of a parent's share w, each of its ancestors gets floor(w × its LRP share / 10^8); the parent keeps the rest.
/// A tie to the version before passes that version's shares on unchanged.
/// Errors: resource_exhausted (more than kAncestorsMax), invalid_argument (both stacks together above 100 %).
Result<Shares> combine_shares(const std::vector<EdgeWithShares>& edges);

struct Stacks {
    std::uint32_t lap = 0;
    std::uint32_t lrp = 0;
};
Stacks stacks_of(const Shares& shares);

struct Split {
    Amount fee;
    Amount lap;
    Amount lrp;
    Amount vault;
};
/// fee = floor(amount × fee_share / 10^8), a policy floor((amount − fee) × its stack / 10^8), the vault all the rest.
Split split_payment(Amount amount, std::uint32_t fee_share, Stacks stacks);

/// What an ancestor with `share` of `stack` may have taken of all that was set aside: floor(set_aside × share / stack).
Amount part_of(Amount set_aside, std::uint32_t share, std::uint32_t stack);

} // namespace assay::chain::registry
