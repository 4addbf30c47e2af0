#include "chain/modules/governance/weights.h"

#include "base/assert.h"

#include <algorithm>

namespace assay::chain::governance {
namespace {

constexpr std::uint64_t kWeightPerPpm = kWholeWeight / kPpm;

/// floor(part / whole × ppm of the whole weight). A part above the whole counts as the whole.
Amount share(Amount part, Amount whole, std::uint32_t ppm) {
    if (whole.is_zero()) return {};
    const auto weight = multiply_divide(std::min(part, whole), Uint128{ppm} * kWeightPerPpm, whole.units());
    ASSAY_ASSERT(weight.has_value());
    return *weight;
}

Amount sum(Amount a, Amount b) {
    const auto both = checked_add(a, b);
    ASSAY_ASSERT(both.has_value());
    return *both;
}
Amount difference(Amount a, Amount b) {
    const auto rest = checked_subtract(a, b);
    ASSAY_ASSERT(rest.has_value());
    return *rest;
}

Amount& sum_of(Tally& tally, std::uint8_t option) {
    switch (static_cast<VoteOption>(option)) {
        case VoteOption::yes: return tally.yes;
        case VoteOption::abstain: return tally.abstain;
        case VoteOption::no: return tally.no;
        case VoteOption::no_with_veto: return tally.no_with_veto;
    }
    ASSAY_ASSERT(false && "an option that check_options let through");
    return tally.no;
}

/// Changes the sums of `tally` by a vote's parts through `change`.
void distribute(Tally& tally, const Snapshot& snapshot, std::span<const WeightedOption> options, Amount weight,
                Amount (*change)(Amount, Amount)) {
    const Amount counts = std::min(weight, weight_cap(snapshot));
    tally.cut = change(tally.cut, difference(weight, counts));
    Amount left = counts;
    for (const WeightedOption& option : options.subspan(1)) {
        const auto part = multiply_divide(counts, option.weight_ppm, kPpm);
        ASSAY_ASSERT(part.has_value());
        Amount& total = sum_of(tally, option.option);
        total = change(total, *part);
        left = difference(left, *part);
    }
    Amount& first = sum_of(tally, options.front().option);
    first = change(first, left);
}

/// a / b > ppm / 10^6. Weights are at most 10^18, so that nothing overflows.
bool exceeds(Amount a, std::uint32_t ppm, Amount b) { return a.units() * kPpm > b.units() * ppm; }

} // namespace

Amount stake_weight(const Snapshot& snapshot, Amount tokens) {
    return share(tokens, snapshot.bonded, snapshot.stake_ppm);
}
Amount earnings_weight(const Snapshot& snapshot, Amount earned) {
    return share(earned, snapshot.earnings, kPpm - snapshot.stake_ppm);
}
Amount weight_cap(const Snapshot& snapshot) { return Amount(Uint128{snapshot.cap_ppm} * kWeightPerPpm); }

Result<void> check_options(std::span<const WeightedOption> options) {
    const auto bad = [](std::string what) { return fail(ErrorCode::invalid_argument, "vote: " + std::move(what)); };
    if (options.empty() || options.size() > 4) return bad("not 1 … 4 options");
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < options.size(); ++i) {
        const std::uint8_t option = options[i].option;
        if (option < 1 || option > 4)
            return bad("option " + std::to_string(option) + " is none of 1 yes, 2 abstain, 3 no, 4 no with veto");
        for (const WeightedOption& earlier : options.first(i)) {
            if (earlier.option == option) return bad("option " + std::to_string(option) + " comes twice");
        }
        if (options[i].weight_ppm == 0) return bad("option " + std::to_string(option) + " has no weight");
        total += options[i].weight_ppm;
    }
    if (total != kPpm) return bad("weights add up to " + std::to_string(total) + " instead of 1000000");
    return {};
}

void add_vote(Tally& tally, const Snapshot& snapshot, std::span<const WeightedOption> options, Amount weight) {
    distribute(tally, snapshot, options, weight, sum);
}
void remove_vote(Tally& tally, const Snapshot& snapshot, std::span<const WeightedOption> options, Amount weight) {
    distribute(tally, snapshot, options, weight, difference);
}

Amount counted(const Tally& tally) { return sum(sum(tally.yes, tally.abstain), sum(tally.no, tally.no_with_veto)); }

Verdict decide(const GovernanceParams& params, const Snapshot& snapshot, const Tally& tally, bool expedited) {
    const bool anybody = !snapshot.bonded.is_zero() || !snapshot.earnings.is_zero();
    const Amount votes = counted(tally);
    const Amount could_vote = checked_subtract(Amount(anybody ? kWholeWeight : 0), tally.cut).value_or(Amount());
    if (votes.is_zero() || votes.units() * kPpm < could_vote.units() * params.quorum_ppm)
        return {false, params.burn_on_missed_quorum, "quorum not reached"};
    const Amount decided = difference(votes, tally.abstain);
    if (decided.is_zero()) return {false, false, "everybody abstained"};
    if (exceeds(tally.no_with_veto, params.veto_ppm, votes)) return {false, params.burn_on_veto, "vetoed"};
    if (!exceeds(tally.yes, expedited ? params.expedited_threshold_ppm : params.threshold_ppm, decided))
        return {false, false, "not enough in favour"};
    return {true, false, ""};
}

} // namespace assay::chain::governance
