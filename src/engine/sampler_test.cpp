// The sampler against published random numbers, against the specification written out plainly, and against its own odds.
#include "engine/sampler.h"

#include "engine/philox.h"
#include "kernels/element_math.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace assay::engine {
namespace {

const kernels::KernelSet& kernel_set() { return **kernels::select_kernels(""); }

// Random123, tests/kat_vectors, lines "philox4x32 10".
TEST(Philox, GivesThePublishedNumbers) {
    EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
              (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

float stored(float x) { return std::fabs(x) < 0x1p-40f ? 0.0f : x; }

/// "Sampling" of docs/spec/arithmetic.md, sentence by sentence, without any shortcut.
TokenId plain_sample(const SamplingOptions& options, const std::vector<TokenId>& prompt,
                     const std::vector<TokenId>& answer, std::vector<float> x, const std::set<TokenId>* allowed) {
    for (const auto& [id, bias] : options.logit_bias) x[id] = stored(x[id] + bias);
    std::map<TokenId, double> counts;
    for (const TokenId id : answer) ++counts[id];
    std::set<TokenId> seen(prompt.begin(), prompt.end());
    seen.insert(answer.begin(), answer.end());
    for (const TokenId id : seen) {
        const float r = static_cast<float>(options.repetition_penalty);
        if (options.repetition_penalty != 1.0) x[id] = stored(x[id] > 0 ? x[id] / r : x[id] * r);
        if (!counts.contains(id)) continue;
        x[id] = stored(x[id] - static_cast<float>(options.frequency_penalty * counts[id] + options.presence_penalty));
    }
    std::vector<TokenId> ids;
    for (TokenId id = 0; id < static_cast<TokenId>(x.size()); ++id) {
        if (allowed == nullptr || allowed->contains(id)) ids.push_back(id);
    }
    float largest = x[ids[0]];
    for (const TokenId id : ids) largest = std::max(largest, x[id]);
    if (options.temperature < 0x1p-20) return *std::ranges::find_if(ids, [&](TokenId id) { return x[id] == largest; });

    struct Weighted {
        TokenId id;
        float weight;
        std::uint64_t units;
    };
    std::vector<Weighted> kept;
    const float scale = static_cast<float>(1.0 / options.temperature);
    for (const TokenId id : ids) {
        float weight = 0;
        kernel_set().exponentials(&x[id], 1, largest, scale, &weight);
        if (weight > 0) kept.push_back({id, weight, static_cast<std::uint64_t>(std::floor(double{weight} * 0x1p40))});
    }
    std::ranges::stable_sort(kept, [](const Weighted& a, const Weighted& b) { return a.weight > b.weight; });
    if (options.top_k != 0 && kept.size() > options.top_k) kept.resize(options.top_k);
    std::uint64_t sum = 0;
    for (const auto& token : kept) sum += token.units;
    if (options.top_p < 1) {
        const auto wanted = static_cast<std::uint64_t>(options.top_p * static_cast<double>(sum));
        std::uint64_t reached = 0;
        std::size_t count = 0;
        do reached += kept[count++].units;
        while (reached < wanted && count < kept.size());
        kept.resize(count);
    }
    std::erase_if(kept, [&](const Weighted& token) { return double{token.weight} < options.min_p; });
    std::ranges::sort(kept, {}, &Weighted::id);
    sum = 0;
    for (const auto& token : kept) sum += token.units;
    const std::uint64_t bits = random_bits(options.seed, answer.size());
    auto rest = static_cast<std::uint64_t>(static_cast<unsigned __int128>(bits) * sum >> 64);
    for (const auto& token : kept) {
        if (rest < token.units) return token.id;
        rest -= token.units;
    }
    return -1;
}

std::vector<float> any_logits(std::size_t count, std::uint32_t seed, float width, bool ties) {
    std::vector<float> logits(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits = philox4x32_10({static_cast<std::uint32_t>(i), seed, 1, 2}, {3, 4});
        float value = static_cast<float>(static_cast<std::int32_t>(bits[0])) * 0x1p-31f;
        if (ties) value = std::round(value * 8) / 8;
        logits[i] = stored(value * width);
    }
    return logits;
}

TEST(Sampler, ChoosesAsTheSpecificationWrittenOut) {
    EXPECT_TRUE(rc::check([] {
        const auto count = *rc::gen::element<std::size_t>(1, 2, 63, 64, 65, 300, 1000);
        SamplingOptions options;
        options.temperature = *rc::gen::element(0.0, 1e-7, 0.01, 0.7, 1.0, 1.7, 100.0);
        options.top_p = *rc::gen::element(1.0, 1.0, 0.0, 0.3, 0.9, 0.999);
        options.min_p = *rc::gen::element(0.0, 0.0, 0.02, 0.5, 1.0);
        options.top_k = *rc::gen::element(0U, 0U, 1U, 5U, 40U, 5000U);
        options.repetition_penalty = *rc::gen::element(1.0, 1.0, 1.2, 0.8);
        options.presence_penalty = *rc::gen::element(0.0, 0.0, 0.6, -0.5);
        options.frequency_penalty = *rc::gen::element(0.0, 0.0, 0.3);
        options.seed = *rc::gen::arbitrary<std::uint64_t>();
        const auto any_id = rc::gen::inRange<TokenId>(0, static_cast<TokenId>(count));
        if (*rc::gen::arbitrary<bool>()) options.logit_bias = {{*any_id, 2.5f}, {*any_id, -3.0f}};
        const auto prompt = *rc::gen::container<std::vector<TokenId>>(any_id);
        const auto answer = *rc::gen::container<std::vector<TokenId>>(any_id);
        const auto logits = any_logits(count, *rc::gen::arbitrary<std::uint32_t>(),
                                       *rc::gen::element(0.5f, 8.0f, 60.0f, 400.0f), *rc::gen::arbitrary<bool>());
        std::set<TokenId> allowed;
        std::vector<std::uint64_t> mask;
        if (*rc::gen::arbitrary<bool>()) {
            mask.resize((count + 63) / 64);
            allowed.insert(*any_id);
            for (const TokenId id : *rc::gen::container<std::vector<TokenId>>(any_id)) allowed.insert(id);
            for (const TokenId id : allowed) mask[static_cast<std::size_t>(id) / 64] |= std::uint64_t{1} << (id % 64);
        }
        RC_ASSERT(check_sampling(options, static_cast<std::uint32_t>(count)).has_value());
        Sampler sampler(options, prompt, kernel_set());
        for (const TokenId id : answer) sampler.accept(id);
        SamplerScratch scratch;
        const auto choice = sampler.choose(logits, mask, scratch);
        RC_ASSERT(choice.has_value());
        RC_ASSERT(choice->id == plain_sample(options, prompt, answer, logits, mask.empty() ? nullptr : &allowed));
    }));
}

TEST(Sampler, ChoosesTheSameUnderEveryInstructionSet) {
    const auto logits = any_logits(5003, 7, 20.0f, false);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SamplingOptions options{
            .temperature = 0.9, .top_p = seed % 2 ? 0.95 : 1.0, .seed = seed, .logit_bias = {}, .top_logprobs = 4};
        std::optional<Choice> first;
        for (const auto isa : kernels::available_isas()) {
            SamplerScratch scratch;
            const auto choice = Sampler(options, {}, **kernels::select_kernels(isa)).choose(logits, {}, scratch);
            ASSERT_TRUE(choice.has_value());
            if (!first) first = *choice;
            EXPECT_EQ(choice->id, first->id);
            EXPECT_EQ(choice->chosen->logprob, first->chosen->logprob);
            for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(choice->top[i].logprob, first->top[i].logprob);
        }
    }
}

/// Pearson's statistic of draws against softmax(logits / temperature) over the ids that `keeps` names.
double chi_square(SamplingOptions options, const std::vector<float>& logits, const std::set<TokenId>& keeps,
                  int draws) {
    std::map<TokenId, double> expected;
    double sum = 0;
    for (const TokenId id : keeps) sum += expected[id] = std::exp(logits[id] / options.temperature);
    std::map<TokenId, int> seen;
    Sampler sampler(options, {}, kernel_set());
    SamplerScratch scratch;
    for (int i = 0; i < draws; ++i) {
        const TokenId id = sampler.choose(logits, {}, scratch)->id;
        EXPECT_TRUE(keeps.contains(id)) << id;
        ++seen[id];
        sampler.accept(id);
    }
    double statistic = 0;
    for (const auto& [id, weight] : expected) {
        const double count = weight / sum * draws;
        statistic += (seen[id] - count) * (seen[id] - count) / count;
    }
    return statistic;
}

// 0.999 quantiles of chi-square: 9 degrees of freedom 27.9, 4 degrees 18.5, 2 degrees 13.8. Seeds are fixed.
TEST(Sampler, DrawsWithTheProbabilitiesOfTheSoftmax) {
    std::vector<float> logits = {1.0f, 0.5f, 2.0f, -0.5f, 0.0f, 1.5f, 0.25f, -1.0f, 0.75f, 1.25f};
    const std::set<TokenId> all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        EXPECT_LT(chi_square({.temperature = 1.0, .seed = seed, .logit_bias = {}}, logits, all, 20000), 27.9);
        EXPECT_LT(chi_square({.temperature = 0.5, .seed = seed, .logit_bias = {}}, logits, all, 20000), 27.9);
        EXPECT_LT(chi_square({.top_k = 5, .seed = seed, .logit_bias = {}}, logits, {2, 5, 9, 0, 8}, 20000), 18.5);
        EXPECT_LT(chi_square({.top_p = 0.5, .seed = seed, .logit_bias = {}}, logits, {2, 5, 9}, 20000), 13.8);
        EXPECT_LT(chi_square({.min_p = 0.4, .seed = seed, .logit_bias = {}}, logits, {2, 5, 9}, 20000), 13.8);
    }
}

TEST(Sampler, GivesLogarithmsOfTheModelsOwnProbabilities) {
    const auto logits = any_logits(5000, 11, 12.0f, false);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(double{logit});
    SamplingOptions options{.temperature = 0.0, .logit_bias = {{17, 100.0f}}, .top_logprobs = 5};
    SamplerScratch scratch;
    const auto choice = Sampler(options, {}, kernel_set()).choose(logits, {}, scratch);
    ASSERT_TRUE(choice.has_value());
    EXPECT_EQ(choice->id, 17);
    EXPECT_NEAR(choice->chosen->logprob, logits[17] - std::log(sum), 1e-6);
    ASSERT_EQ(choice->top.size(), 5U);
    auto ordered = logits;
    std::ranges::sort(ordered, std::greater<>());
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(logits[choice->top[i].id], ordered[i]);
        EXPECT_NEAR(choice->top[i].logprob, ordered[i] - std::log(sum), 1e-6);
    }
}

TEST(Sampler, RefusesWhatIsNotFiniteAndMasksThatAllowNothing) {
    SamplingOptions options;
    SamplerScratch scratch;
    const Sampler sampler(options, {}, kernel_set());
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
        std::vector<float> logits(100, 1.0f);
        logits[63] = bad;
        const auto choice = sampler.choose(logits, {}, scratch);
        ASSERT_FALSE(choice.has_value());
        EXPECT_EQ(choice.error().code, ErrorCode::internal);
    }
    const std::vector<float> logits(100, 1.0f);
    const std::vector<std::uint64_t> mask = {0, ~std::uint64_t{0} << 36}; // only ids past the vocabulary
    EXPECT_EQ(sampler.choose(logits, mask, scratch).error().message, "the grammar allows no token");
}

} // namespace
} // namespace assay::engine
