// Attention over paged caches: every back end equals the reference; rows computed together equal rows computed alone.
#include "kernels/reference/reference.h"
#include "kernels/test_values.h"

#include <algorithm>

namespace assay::kernels::test {
namespace {

struct Problem {
    std::size_t head_size;
    std::vector<std::uint32_t> lengths;
    std::vector<std::uint32_t> starts;
    std::vector<std::vector<float>> queries;
    std::vector<std::vector<std::uint16_t>> keys;
    std::vector<std::vector<std::uint16_t>> values;
};

std::size_t padded(std::size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

Problem make(std::size_t head_size, std::size_t longest, std::size_t rows, bool window, Mood mood, Values& random) {
    Problem p{.head_size = head_size, .lengths = {}, .starts = {}, .queries = {}, .keys = {}, .values = {}};
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t length = r + 1 == rows ? longest : 1 + random.below(longest);
        p.lengths.push_back(static_cast<std::uint32_t>(length));
        p.starts.push_back(window ? static_cast<std::uint32_t>(random.below(length)) : 0);
        p.queries.push_back(random.many(head_size, mood));
    }
    const std::size_t pages = (longest + kPagePositions - 1) / kPagePositions;
    p.keys.assign(pages, std::vector<std::uint16_t>(head_size * kPagePositions));
    p.values.assign(pages, std::vector<std::uint16_t>(padded(head_size) * kPagePositions));
    for (std::size_t at = 0; at < longest; ++at) {
        const auto k = random.many(head_size, mood);
        const auto v = random.many(head_size, mood);
        reference_kernels().store_key(k.data(), head_size, at % kPagePositions, p.keys[at / kPagePositions].data());
        reference_kernels().store_value(v.data(), head_size, at % kPagePositions, p.values[at / kPagePositions].data());
    }
    return p;
}

std::vector<float> run(const KernelSet& set, const Problem& p, std::size_t first, std::size_t rows) {
    std::vector<float> out(rows * p.head_size, 1.0f);
    std::vector<const float*> queries;
    std::vector<float*> outputs;
    for (std::size_t r = 0; r < rows; ++r) {
        queries.push_back(p.queries[first + r].data());
        outputs.push_back(out.data() + r * p.head_size);
    }
    std::vector<const std::uint16_t*> keys;
    std::vector<const std::uint16_t*> values;
    for (const auto& page : p.keys) keys.push_back(page.data());
    for (const auto& page : p.values) values.push_back(page.data());
    const std::size_t stride = (p.keys.size() * kPagePositions + 63) / 64 * 64;
    std::vector<float> scores(rows * stride);
    set.attention({.queries = queries.data(),
                   .outputs = outputs.data(),
                   .lengths = p.lengths.data() + first,
                   .starts = p.starts.data() + first,
                   .rows = rows,
                   .head_size = p.head_size,
                   .key_pages = keys.data(),
                   .value_pages = values.data(),
                   .scores = scores.data(),
                   .score_stride = stride});
    return out;
}

void check(const Problem& p) {
    const auto expected = run(reference_kernels(), p, 0, p.lengths.size());
    for (const KernelSet* set : sets()) {
        const auto got = run(*set, p, 0, p.lengths.size());
        const std::ptrdiff_t at = difference(expected, got);
        ASSERT_EQ(at, -1) << set->isa << " head " << p.head_size << " row "
                          << at / static_cast<std::ptrdiff_t>(p.head_size);
        for (std::size_t r = 0; r < p.lengths.size(); ++r) {
            const auto alone = run(*set, p, r, 1);
            ASSERT_TRUE(std::equal(alone.begin(), alone.end(),
                                   got.begin() + static_cast<std::ptrdiff_t>(r * p.head_size), same))
                << set->isa << " row " << r;
        }
    }
}

TEST(Attention, EqualsTheReferenceForEveryLength) {
    Values random(21);
    for (std::size_t longest = 1; longest <= 300; longest += 1 + longest / 16) {
        check(make(64, longest, 1 + random.below(9), longest % 2 == 0, Mood::normal, random));
    }
}

TEST(Attention, EqualsTheReferenceForEveryRowCount) {
    Values random(22);
    for (std::size_t rows = 1; rows <= 24; ++rows)
        check(make(32, 70, rows, rows % 3 == 0, rows % 2 == 0 ? Mood::normal : Mood::edge, random));
}

TEST(Attention, EqualsTheReferenceForEveryHeadSize) {
    Values random(23);
    for (const std::size_t head_size : {32, 40, 48, 64, 72, 80, 96, 100, 128}) {
        for (const Mood mood : kMoods) check(make(head_size, 1 + random.below(100), 7, true, mood, random));
    }
}

TEST(Attention, CachesAreWrittenLikeTheReference) {
    Values random(24);
    for (const std::size_t head_size : {32, 40, 64, 100}) {
        for (const Mood mood : kMoods) {
            std::vector<std::uint16_t> expected_keys(head_size * kPagePositions);
            std::vector<std::uint16_t> expected_values(padded(head_size) * kPagePositions);
            const auto x = random.many(head_size, mood);
            const std::size_t at = random.below(kPagePositions);
            reference_kernels().store_key(x.data(), head_size, at, expected_keys.data());
            reference_kernels().store_value(x.data(), head_size, at, expected_values.data());
            for (const KernelSet* set : sets()) {
                std::vector<std::uint16_t> keys(expected_keys.size());
                std::vector<std::uint16_t> values(expected_values.size());
                set->store_key(x.data(), head_size, at, keys.data());
                set->store_value(x.data(), head_size, at, values.data());
                ASSERT_EQ(keys, expected_keys) << set->isa;
                ASSERT_EQ(values, expected_values) << set->isa;
            }
        }
    }
}

} // namespace
} // namespace assay::kernels::test
