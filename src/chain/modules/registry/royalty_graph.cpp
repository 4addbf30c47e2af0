#include "chain/modules/registry/royalty_graph.h"

#include "base/assert.h"

#include <algorithm>
#include <map>

namespace assay::chain::registry {
namespace {

struct Sum {
    std::uint64_t lap = 0;
    std::uint64_t lrp = 0;
};
using Sums = std::map<Digest, Sum>;

std::uint32_t read_u32(ByteView bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

void append_u32(Bytes& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

AncestorShare share_at(ByteView packed, std::size_t index) {
    const ByteView entry = packed.subspan(index * kShareBytes, kShareBytes);
    AncestorShare share;
    std::ranges::copy(entry.first(crypto::kDigestBytes), share.ancestor.begin());
    share.lap = read_u32(entry.subspan(32, 4));
    share.lrp = read_u32(entry.subspan(36, 4));
    return share;
}

void add_edge(Sums& sums, const Edge& edge, const Shares& above) {
    Sum& parent = sums[edge.parent];
    if (edge.policy == kPolicyAbsolute) parent.lap += edge.share;
    const bool relative = edge.policy == kPolicyRelative;
    std::uint64_t kept = relative ? edge.share : 0;
    for (const AncestorShare& share : above) {
        Sum& sum = sums[share.ancestor];
        sum.lap += share.lap;
        const std::uint64_t passed = edge.version ? share.lrp
                                     : relative   ? std::uint64_t{edge.share} * share.lrp / kWhole
                                                  : 0;
        sum.lrp += passed;
        if (relative) kept -= passed;
    }
    parent.lrp += kept;
}

} // namespace

Bytes pack_shares(const Shares& shares) {
    Bytes out;
    out.reserve(shares.size() * kShareBytes);
    for (const AncestorShare& share : shares) {
        out.insert(out.end(), share.ancestor.begin(), share.ancestor.end());
        append_u32(out, share.lap);
        append_u32(out, share.lrp);
    }
    return out;
}

Result<Shares> unpack_shares(ByteView packed) {
    if (packed.size() % kShareBytes != 0) return fail(ErrorCode::malformed, "shares: length is not a multiple of 40");
    Shares shares(packed.size() / kShareBytes);
    for (std::size_t i = 0; i < shares.size(); ++i) {
        shares[i] = share_at(packed, i);
        if (i > 0 && shares[i - 1].ancestor >= shares[i].ancestor)
            return fail(ErrorCode::malformed, "shares: ancestors are not in ascending order");
    }
    return shares;
}

std::optional<AncestorShare> find_share(ByteView packed, const Digest& ancestor) {
    std::size_t low = 0;
    std::size_t high = packed.size() / kShareBytes;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const AncestorShare share = share_at(packed, middle);
        if (share.ancestor == ancestor) return share;
        if (share.ancestor < ancestor) low = middle + 1;
        else high = middle;
    }
    return std::nullopt;
}

Result<Shares> combine_shares(const std::vector<EdgeWithShares>& edges) {
    Sums sums;
    for (const EdgeWithShares& tie : edges) add_edge(sums, tie.edge, TRY(unpack_shares(tie.shares)));
    if (sums.size() > kAncestorsMax)
        return fail(ErrorCode::resource_exhausted, "the asset would have " + std::to_string(sums.size()) +
                                                       " ancestors, above the limit of " +
                                                       std::to_string(kAncestorsMax));
    std::uint64_t total = 0;
    for (const auto& [ancestor, sum] : sums) total += sum.lap + sum.lrp;
    if (total > kWhole)
        return fail(ErrorCode::invalid_argument, "the ancestors' shares would come to " + std::to_string(total) +
                                                     " of " + std::to_string(kWhole) + " units, above 100 %");
    Shares shares;
    shares.reserve(sums.size());
    for (const auto& [ancestor, sum] : sums)
        shares.push_back({ancestor, static_cast<std::uint32_t>(sum.lap), static_cast<std::uint32_t>(sum.lrp)});
    return shares;
}

Stacks stacks_of(const Shares& shares) {
    Stacks stacks;
    for (const AncestorShare& share : shares) {
        stacks.lap += share.lap;
        stacks.lrp += share.lrp;
    }
    return stacks;
}

Amount part_of(Amount set_aside, std::uint32_t share, std::uint32_t stack) {
    ASSAY_ASSERT(share <= stack);
    if (share == 0) return Amount{};
    const auto part = multiply_divide(set_aside, share, stack);
    ASSAY_ASSERT(part.has_value());
    return *part;
}

Split split_payment(Amount amount, std::uint32_t fee_share, Stacks stacks) {
    Split split;
    split.fee = part_of(amount, fee_share, kWhole);
    const Amount net(amount.units() - split.fee.units());
    split.lap = part_of(net, stacks.lap, kWhole);
    split.lrp = part_of(net, stacks.lrp, kWhole);
    const auto rest = checked_subtract(net, split.lap);
    ASSAY_ASSERT(rest.has_value() && split.lrp <= *rest);
    split.vault = Amount(rest->units() - split.lrp.units());
    ASSAY_ASSERT(split.fee.units() + split.lap.units() + split.lrp.units() + split.vault.units() == amount.units());
    return split;
}

} // namespace assay::chain::registry
