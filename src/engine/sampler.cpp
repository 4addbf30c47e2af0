#include "engine/sampler.h"

#include "engine/philox.h"
#include "kernels/element_math.h"
#include "kernels/half.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

namespace assay::engine {
namespace {

using Candidate = SamplerScratch::Candidate;

constexpr double kGreedyBelow = 0x1p-20;
constexpr std::int32_t kTopLogprobsMax = 20;
constexpr float kForbidden = std::numeric_limits<float>::lowest(); ///< its weight is +0 beside any other

Result<void> check_range(const char* name, double value, double low, double high) {
    if (value >= low && value <= high) return {};
    return fail(ErrorCode::invalid_argument,
                std::string(name) + " is outside its range of " + std::to_string(low) + " to " + std::to_string(high));
}

Result<float> finite_maximum(const kernels::KernelSet& kernels, std::span<const float> logits) {
    float maximum = 0;
    if (kernels.row_maximum(logits.data(), logits.size(), &maximum)) return maximum;
    return fail(ErrorCode::internal, "the model's logits are not finite");
}

bool ranks_before(const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
}

/// Weights as integers: their sums are exact, whatever the order.
std::uint64_t units(float weight) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(weight * 0x1p40f)); }

/// The lowest id whose logit is the largest.
TokenId index_of(std::span<const float> logits, float maximum) {
    constexpr std::size_t kBlock = 64;
    std::size_t i = 0;
    for (; i + kBlock <= logits.size(); i += kBlock) {
        int hits = 0; // without early exit, so that the compiler makes vectors of it
        for (std::size_t j = 0; j < kBlock; ++j) hits |= logits[i + j] == maximum;
        if (hits != 0) break;
    }
    while (logits[i] != maximum) ++i;
    return static_cast<TokenId>(i);
}

void forbid(std::span<float> logits, std::span<const std::uint64_t> mask) {
    for (std::size_t word = 0; word * 64 < logits.size(); ++word) {
        const std::uint64_t allowed = mask[word];
        const std::size_t end = std::min(logits.size(), word * 64 + 64);
        if (allowed == ~std::uint64_t{0}) continue;
        for (std::size_t i = word * 64; i < end; ++i) {
            if ((allowed >> (i % 64) & 1) == 0) logits[i] = kForbidden;
        }
    }
}

bool allows_one(std::span<const std::uint64_t> mask, std::size_t vocabulary) {
    for (std::size_t word = 0; word * 64 < vocabulary; ++word) {
        const std::size_t bits = std::min<std::size_t>(64, vocabulary - word * 64);
        if ((mask[word] & (~std::uint64_t{0} >> (64 - bits))) != 0) return true;
    }
    return false;
}

/// Candidates of weight at least `minimum`, ids ascending; their sum in units.
std::uint64_t gather(std::span<const float> weights, float minimum, std::vector<Candidate>& candidates) {
    constexpr std::size_t kBlock = 32;
    candidates.clear();
    std::uint64_t sum = 0;
    for (std::size_t begin = 0; begin < weights.size(); begin += kBlock) {
        const std::size_t end = std::min(weights.size(), begin + kBlock);
        int hits = 0;
        for (std::size_t i = begin; i < end; ++i) hits |= weights[i] >= minimum;
        if (hits == 0) continue;
        for (std::size_t i = begin; i < end; ++i) {
            if (weights[i] < minimum) continue;
            candidates.push_back({static_cast<TokenId>(i), weights[i]});
            sum += units(weights[i]);
        }
    }
    return sum;
}

std::uint64_t sum_of(std::span<const float> weights) {
    std::uint64_t sum = 0;
    for (const float weight : weights) sum += units(weight);
    return sum;
}

std::uint64_t share_of(double share, std::uint64_t sum) {
    return static_cast<std::uint64_t>(share * static_cast<double>(sum));
}

/// Keeps the candidates that make up the shortest beginning of the ranking whose sum reaches `wanted`, in no order:
/// halves the part that holds the cut instead of sorting everything.
void cut_at_sum(std::vector<Candidate>& candidates, std::uint64_t wanted) {
    auto begin = candidates.begin();
    auto end = candidates.end();
    while (end - begin > 1) {
        const auto middle = begin + (end - begin) / 2;
        std::nth_element(begin, middle, end, ranks_before);
        std::uint64_t sum = 0;
        for (auto it = begin; it != middle; ++it) sum += units(it->weight);
        if (sum >= wanted) {
            end = middle;
        } else {
            wanted -= sum;
            begin = middle;
        }
    }
    candidates.erase(end, candidates.end());
}

/// Puts the best-ranked candidates, and there are no others, in the order of their ids.
void order_by_id(std::span<const float> weights, std::vector<Candidate>& candidates) {
    constexpr std::size_t kFew = 128;
    if (candidates.size() <= kFew) {
        std::ranges::sort(candidates, {}, &Candidate::id);
        return;
    }
    const Candidate last = *std::ranges::max_element(candidates, ranks_before);
    gather(weights, last.weight, candidates);
    std::erase_if(candidates, [&](const Candidate& candidate) { return ranks_before(last, candidate); });
}

/// The `count` largest values, ties to the lower id, in that order.
std::vector<Candidate> largest(std::span<const float> values, std::size_t count) {
    std::vector<Candidate> best;
    if (count == 0) return best;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (best.size() == count && !(values[i] > best.back().weight)) continue;
        if (best.size() == count) best.pop_back();
        const Candidate candidate{static_cast<TokenId>(i), values[i]};
        best.insert(std::ranges::upper_bound(best, candidate, ranks_before), candidate);
    }
    return best;
}

/// "Lane sum" in binary64.
double sum_in_lanes(std::span<const float> values) {
    double lanes[kernels::kLanes] = {};
    std::size_t i = 0;
    for (; i + kernels::kLanes <= values.size(); i += kernels::kLanes) {
        for (std::size_t l = 0; l < kernels::kLanes; ++l) lanes[l] += double{values[i + l]};
    }
    for (std::size_t l = 0; i < values.size(); ++i, ++l) lanes[l] += double{values[i]};
    for (std::size_t width = kernels::kLanes / 2; width > 0; width /= 2) {
        for (std::size_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
    }
    return lanes[0];
}

} // namespace

Result<void> check_sampling(const SamplingOptions& options, std::uint32_t vocabulary) {
    TRY_VOID(check_range("temperature", options.temperature, 0, 100));
    TRY_VOID(check_range("top_p", options.top_p, 0, 1));
    TRY_VOID(check_range("min_p", options.min_p, 0, 1));
    TRY_VOID(check_range("repetition_penalty", options.repetition_penalty, 0.01, 100));
    TRY_VOID(check_range("presence_penalty", options.presence_penalty, -100, 100));
    TRY_VOID(check_range("frequency_penalty", options.frequency_penalty, -100, 100));
    TRY_VOID(check_range("top_logprobs", options.top_logprobs, -1, kTopLogprobsMax));
    for (const auto& [id, bias] : options.logit_bias) {
        if (id < 0 || static_cast<std::uint32_t>(id) >= vocabulary) {
            return fail(ErrorCode::invalid_argument, "logit_bias names token " + std::to_string(id) +
                                                         ", which is outside the vocabulary of " +
                                                         std::to_string(vocabulary));
        }
        TRY_VOID(check_range("logit_bias", double{bias}, -1000, 1000));
    }
    return {};
}

Sampler::Sampler(const SamplingOptions& options, std::span<const TokenId> prompt, const kernels::KernelSet& kernels)
    : options_(options), kernels_(kernels) {
    if (options.temperature >= kGreedyBelow) scale_ = static_cast<float>(1.0 / options.temperature);
    penalises_ =
        options.repetition_penalty != 1.0 || options.presence_penalty != 0.0 || options.frequency_penalty != 0.0;
    if (!penalises_) return;
    for (const TokenId id : prompt) seen_.emplace(id, 0);
}

void Sampler::accept(TokenId id) {
    ++accepted_;
    if (penalises_) ++seen_[id];
}

Result<Choice> Sampler::choose(std::span<const float> logits, std::span<const std::uint64_t> mask,
                               SamplerScratch& scratch) const {
    float maximum = TRY(finite_maximum(kernels_, logits));
    std::span<const float> row = logits;
    if (adjusts() || !mask.empty()) {
        scratch.logits.assign(logits.begin(), logits.end());
        adjust(scratch.logits);
        if (!mask.empty()) {
            if (!allows_one(mask, logits.size())) return fail(ErrorCode::internal, "the grammar allows no token");
            forbid(scratch.logits, mask);
        }
        row = scratch.logits;
        if (!kernels_.row_maximum(row.data(), row.size(), &maximum)) {
            return fail(ErrorCode::internal, "the logits are not finite after bias and penalties");
        }
    }
    Choice choice;
    choice.id = greedy() ? index_of(row, maximum) : draw(row, maximum, scratch);
    if (options_.top_logprobs >= 0) {
        TRY_VOID(note_logprobs(kernels_, logits, static_cast<std::size_t>(options_.top_logprobs), scratch, choice));
    }
    return choice;
}

void Sampler::adjust(std::span<float> logits) const {
    using kernels::stored;
    for (const auto& [id, bias] : options_.logit_bias) logits[id] = stored(logits[id] + bias);
    if (!penalises_) return;
    const float repetition = static_cast<float>(options_.repetition_penalty);
    for (const auto& [id, count] : seen_) {
        float& logit = logits[id];
        if (options_.repetition_penalty != 1.0) logit = stored(logit > 0 ? logit / repetition : logit * repetition);
        if (count == 0) continue;
        const double penalty = options_.frequency_penalty * count + options_.presence_penalty;
        logit = stored(logit - static_cast<float>(penalty));
    }
}

TokenId Sampler::draw(std::span<const float> logits, float maximum, SamplerScratch& scratch) const {
    scratch.weights.resize(logits.size());
    kernels_.exponentials(logits.data(), logits.size(), maximum, scale_, scratch.weights.data());
    const bool ranked = (options_.top_k != 0 && options_.top_k < logits.size()) || options_.top_p < 1.0;
    if (ranked) return draw_from_candidates(scratch);
    if (options_.min_p > 0) {
        std::ranges::replace_if(scratch.weights, [&](float weight) { return double{weight} < options_.min_p; }, 0.0f);
    }
    return draw_from_all(scratch.weights, scratch.block_sums);
}

std::uint64_t Sampler::random_below(std::uint64_t sum) const {
    const auto product = static_cast<unsigned __int128>(random_bits(options_.seed, accepted_)) * sum;
    return static_cast<std::uint64_t>(product >> 64);
}

TokenId Sampler::draw_from_all(std::span<const float> weights, std::vector<std::uint64_t>& block_sums) const {
    constexpr std::size_t kBlock = 512;
    block_sums.clear();
    std::uint64_t sum = 0;
    for (std::size_t begin = 0; begin < weights.size(); begin += kBlock) {
        block_sums.push_back(sum_of(weights.subspan(begin, std::min(kBlock, weights.size() - begin))));
        sum += block_sums.back();
    }
    std::uint64_t rest = random_below(sum);
    std::size_t block = 0;
    while (rest >= block_sums[block]) rest -= block_sums[block++];
    for (std::size_t i = block * kBlock;; ++i) {
        const std::uint64_t weight = units(weights[i]);
        if (rest < weight) return static_cast<TokenId>(i);
        rest -= weight;
    }
}

/// Top-k, top-p and min-p among the heaviest, of which as many are gathered as can be needed.
TokenId Sampler::draw_from_candidates(SamplerScratch& scratch) const {
    auto& candidates = scratch.candidates;
    const bool by_count = options_.top_k != 0 && options_.top_k < scratch.weights.size();
    const std::uint64_t wanted = by_count ? 0 : share_of(options_.top_p, sum_of(scratch.weights));
    for (float minimum = 0x1p-4f;; minimum *= 0x1p-4f) {
        const std::uint64_t sum = gather(scratch.weights, minimum, candidates);
        const bool enough = by_count ? candidates.size() >= options_.top_k : sum >= wanted;
        if (enough || minimum <= kernels::kStoreMinimum) break;
    }
    if (by_count && candidates.size() > options_.top_k) {
        std::ranges::nth_element(candidates, candidates.begin() + options_.top_k, ranks_before);
        candidates.resize(options_.top_k);
    }
    if (options_.top_p < 1.0) {
        std::uint64_t sum = 0;
        for (const Candidate& candidate : candidates) sum += units(candidate.weight);
        cut_at_sum(candidates, by_count ? share_of(options_.top_p, sum) : wanted);
    }
    order_by_id(scratch.weights, candidates);
    std::erase_if(candidates, [&](const Candidate& candidate) { return double{candidate.weight} < options_.min_p; });
    std::uint64_t sum = 0;
    for (const Candidate& candidate : candidates) sum += units(candidate.weight);
    std::uint64_t rest = random_below(sum);
    for (const Candidate& candidate : candidates) {
        const std::uint64_t weight = units(candidate.weight);
        if (rest < weight) return candidate.id;
        rest -= weight;
    }
    return candidates.back().id; // not reached: random_below() is below the sum
}

Result<void> Sampler::note_logprobs(const kernels::KernelSet& kernels, std::span<const float> logits,
                                    std::size_t top_count, SamplerScratch& scratch, Choice& choice) {
    const float maximum = TRY(finite_maximum(kernels, logits));
    scratch.weights.resize(logits.size());
    kernels.exponentials(logits.data(), logits.size(), maximum, 1.0f, scratch.weights.data());
    const double log_sum = kernels::log_f64(sum_in_lanes(scratch.weights));
    const auto logprob = [&](float logit) { return (double{logit} - double{maximum}) - log_sum; };
    choice.chosen = Logprob{choice.id, logprob(logits[choice.id])};
    for (const Candidate& best : largest(logits, std::min(top_count, logits.size()))) {
        choice.top.push_back({best.id, logprob(best.weight)});
    }
    return {};
}

} // namespace assay::engine
