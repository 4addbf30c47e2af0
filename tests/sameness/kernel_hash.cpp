// Digests of every kernel's output over fixed pseudo-random inputs, so that machines that share no test can be compared.
//   assay_kernel_hash            every instruction set of this machine and the reference; exit code 1 where two differ
//   assay_kernel_hash ISA        one of them ("reference" for the specification): "<kernel> <digest>" a line
#include "kernels/half.h"
#include "kernels/reference/reference.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace assay;
using namespace assay::kernels;
using tensor::DType;

// SplitMix64: the same everywhere, unlike the distributions of <random>.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    // Mostly of order one, sometimes zero, tiny, huge.
    float value() {
        const std::uint64_t bits = next();
        const float tame = static_cast<float>(static_cast<std::int32_t>(bits >> 40) - (1 << 23)) * 0x1p-22f;
        switch (bits & 31) {
            case 0: return 0.0f;
            case 1: return stored(tame * 0x1p-39f);
            case 2: return tame * 0x1p40f;
            default: return stored(tame);
        }
    }
    std::vector<float> values(std::size_t n) {
        std::vector<float> v(n);
        for (float& x : v) x = value();
        return v;
    }

private:
    std::uint64_t state_;
};

class Digest { // FNV-1a over canonical bytes: NaN is 0x7fc00000
public:
    void floats(const std::vector<float>& v) {
        for (const float x : v) word(std::isnan(x) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(x));
    }
    void bytes(const void* data, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) byte(static_cast<const std::uint8_t*>(data)[i]);
    }
    void word(std::uint32_t x) {
        for (int i = 0; i < 4; ++i) byte(static_cast<std::uint8_t>(x >> (8 * i)));
    }
    std::string hex() const {
        char text[17];
        std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash_));
        return text;
    }

private:
    void byte(std::uint8_t b) { hash_ = (hash_ ^ b) * 0x100000001b3ull; }
    std::uint64_t hash_ = 0xcbf29ce484222325ull;
};

std::vector<std::uint8_t> matrix(DType type, std::size_t elements, Random& random) {
    std::vector<std::uint8_t> bytes(tensor::bytes_of(type, elements));
    for (std::uint8_t& b : bytes) b = static_cast<std::uint8_t>(random.next());
    const std::size_t block = tensor::traits(type).block_bytes;
    for (std::size_t at = 0; at < bytes.size(); at += block) {
        const auto scale = [&](std::size_t offset) {
            const auto half =
                static_cast<std::uint16_t>((random.next() & 0x83ffu) | ((4u + random.next() % 12u) << 10));
            std::memcpy(bytes.data() + at + offset, &half, 2);
        };
        if (type == DType::f32) {
            const float x = random.value();
            std::memcpy(bytes.data() + at, &x, 4);
        } else if (type == DType::bf16) {
            const std::uint16_t x = f32_to_bf16(random.value());
            std::memcpy(bytes.data() + at, &x, 2);
        } else if (type == DType::q6_k) {
            scale(208);
        } else {
            scale(0);
            if (type == DType::q4_1 || type == DType::q5_1 || type == DType::q4_k || type == DType::q5_k) scale(2);
        }
    }
    return bytes;
}

PackedWeights pack(DType type, std::size_t outputs, std::size_t inputs, Random& random) {
    const auto bytes = matrix(type, outputs * inputs, random);
    const tensor::TensorView view{type, {outputs, inputs}, bytes};
    auto packed = prepare_pack(view, false);
    if (!packed || !pack_groups(view, false, 0, packed->groups(), *packed)) std::abort();
    return std::move(*packed);
}

constexpr std::size_t kRowCounts[] = {1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 17, 32, 35};

void hash_quantized(const KernelSet& set, DType type, Digest& digest) {
    Random random(100 + static_cast<std::uint64_t>(type));
    const std::size_t inputs = 512;
    const PackedWeights weights = pack(type, 72, inputs, random);
    for (const std::size_t rows : kRowCounts) {
        const auto x = random.values(rows * inputs);
        std::vector<ActivationBlock> tiles((rows + kTileRows - 1) / kTileRows * (inputs / kBlock));
        std::memset(tiles.data(), 0, tiles.size() * sizeof(ActivationBlock));
        set.quantize(x.data(), inputs, rows, inputs, tiles.data());
        digest.bytes(tiles.data(), tiles.size() * sizeof(ActivationBlock));
        std::vector<ActivationBlock> twice((2 * rows + kTileRows - 1) / kTileRows * (inputs / kBlock));
        std::memset(twice.data(), 0, twice.size() * sizeof(ActivationBlock));
        set.quantize_twice(x.data(), inputs, 0, rows, rows, inputs, twice.data());
        digest.bytes(twice.data(), twice.size() * sizeof(ActivationBlock));
        std::vector<float> y(rows * weights.groups() * kLanes);
        set.linear_quantized(weights, tiles.data(), rows, 0, weights.groups(), y.data(), weights.groups() * kLanes);
        digest.floats(y);
    }
}

void hash_float(const KernelSet& set, DType type, Digest& digest) {
    Random random(200);
    const std::size_t inputs = 347;
    const PackedWeights weights = pack(type, 72, inputs, random);
    for (const std::size_t rows : kRowCounts) {
        const auto x = random.values(rows * inputs);
        std::vector<float> y(rows * weights.groups() * kLanes);
        const auto linear = type == DType::bf16 ? set.linear_bf16 : set.linear_f32;
        linear(weights, x.data(), inputs, rows, 0, weights.groups(), y.data(), weights.groups() * kLanes);
        digest.floats(y);
    }
}

void hash_elements(Digest& digest, const std::function<void(Random&, std::size_t, float*)>& operate) {
    Random random(300);
    for (const std::size_t n : {1, 15, 16, 33, 576}) {
        std::vector<float> y = random.values(n);
        operate(random, n, y.data());
        digest.floats(y);
    }
}

void hash_rope(const KernelSet& set, Digest& digest) {
    Random random(400);
    for (const std::size_t size : {20, 64, 80}) {
        const auto frequencies = rope_frequencies(100000.0, size);
        std::vector<float> cosines(size / 2);
        std::vector<float> sines(size / 2);
        rope_tables(static_cast<std::uint32_t>(random.next() % 100000), frequencies, cosines.data(), sines.data());
        digest.floats(cosines);
        digest.floats(sines);
        for (const bool interleaved : {false, true}) {
            auto x = random.values(size + 16);
            set.rope(x.data(), size, size + 16, cosines.data(), sines.data(), interleaved, 0.125f);
            digest.floats(x);
        }
    }
}

void hash_attention(const KernelSet& set, Digest& digest) {
    Random random(500);
    constexpr std::size_t kLength = 150;
    constexpr std::size_t kRows = 13;
    for (const std::size_t head : {64, 72}) {
        std::vector<std::vector<std::uint16_t>> pages(
            2 * (kLength / kPagePositions + 1), std::vector<std::uint16_t>((head + 15) / 16 * 16 * kPagePositions));
        std::vector<const std::uint16_t*> keys;
        std::vector<const std::uint16_t*> values;
        for (std::size_t p = 0; p < kLength; ++p) {
            set.store_key(random.values(head).data(), head, p % kPagePositions, pages[p / kPagePositions * 2].data());
            set.store_value(random.values(head).data(), head, p % kPagePositions,
                            pages[p / kPagePositions * 2 + 1].data());
        }
        for (std::size_t i = 0; i < pages.size(); ++i) {
            (i % 2 == 0 ? keys : values).push_back(pages[i].data());
            digest.bytes(pages[i].data(), pages[i].size() * 2);
        }
        auto queries = random.values(kRows * head);
        for (float& q : queries) q = stored(q * 0.1f);
        std::vector<float> y(kRows * head);
        std::vector<float> scores(kRows * 192);
        std::vector<const float*> query_rows;
        std::vector<float*> output_rows;
        std::vector<std::uint32_t> lengths;
        std::vector<std::uint32_t> starts;
        for (std::size_t r = 0; r < kRows; ++r) {
            query_rows.push_back(queries.data() + r * head);
            output_rows.push_back(y.data() + r * head);
            lengths.push_back(static_cast<std::uint32_t>(r + 1 == kRows ? kLength : 1 + random.next() % kLength));
            starts.push_back(r % 2 == 0 ? 0 : static_cast<std::uint32_t>(random.next() % lengths.back()));
        }
        set.attention({.queries = query_rows.data(),
                       .outputs = output_rows.data(),
                       .lengths = lengths.data(),
                       .starts = starts.data(),
                       .rows = kRows,
                       .head_size = head,
                       .key_pages = keys.data(),
                       .value_pages = values.data(),
                       .scores = scores.data(),
                       .score_stride = 192});
        digest.floats(y);
    }
}

void hash_sampling(const KernelSet& set, Digest& digest) {
    Random random(600);
    for (const std::size_t n : {16, 100, 1000}) {
        const auto x = random.values(n);
        float top = 0;
        digest.word(set.row_maximum(x.data(), n, &top) ? 1 : 0);
        std::vector<float> y(n);
        set.exponentials(x.data(), n, top, 0x1p-30f, y.data());
        digest.floats(y);
        set.exponentials(x.data(), n, top, 1.25f, y.data());
        digest.floats(y);
    }
}

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines digests(const KernelSet& set) {
    Lines lines;
    const auto line = [&](const std::string& name, const std::function<void(Digest&)>& fill) {
        Digest digest;
        fill(digest);
        lines.emplace_back(name, digest.hex());
    };
    for (int t = 0; t < tensor::kDTypeCount; ++t) {
        const auto type = static_cast<DType>(t);
        if (type == DType::f16) continue; // packed as f32
        line("linear_" + std::string(tensor::traits(type).name),
             [&](Digest& d) { tensor::is_quantized(type) ? hash_quantized(set, type, d) : hash_float(set, type, d); });
    }
    const auto elements = [&](const std::string& name,
                              const std::function<void(Random&, std::size_t, float*)>& operate) {
        line(name, [&](Digest& d) { hash_elements(d, operate); });
    };
    elements("rms_norm", [&](Random& r, std::size_t n, float* y) {
        const auto x = r.values(n);
        set.rms_norm(x.data(), r.values(n).data(), n, 1e-5f, y);
    });
    elements("layer_norm", [&](Random& r, std::size_t n, float* y) {
        const auto x = r.values(n);
        const auto w = r.values(n);
        set.layer_norm(x.data(), w.data(), r.values(n).data(), n, 1e-5f, y);
    });
    elements("add", [&](Random& r, std::size_t n, float* y) { set.add(y, r.values(n).data(), n, y); });
    elements("silu_mul", [&](Random& r, std::size_t n, float* y) { set.silu_mul(y, r.values(n).data(), n, y); });
    elements("gelu_tanh", [&](Random&, std::size_t n, float* y) { set.gelu(y, n, true, y); });
    elements("gelu_erf", [&](Random&, std::size_t n, float* y) { set.gelu(y, n, false, y); });
    line("rope", [&](Digest& d) { hash_rope(set, d); });
    line("attention", [&](Digest& d) { hash_attention(set, d); });
    line("sampling", [&](Digest& d) { hash_sampling(set, d); });
    return lines;
}

int print_one(const std::string& isa) {
    const auto set = isa == "reference" ? Result<const KernelSet*>(&reference_kernels()) : select_kernels(isa);
    if (!set) {
        std::fprintf(stderr, "%s\n", set.error().message.c_str());
        return 2;
    }
    for (const auto& [name, digest] : digests(**set)) std::printf("%s %s\n", name.c_str(), digest.c_str());
    return 0;
}

int compare_all() {
    const Lines expected = digests(reference_kernels());
    int result = 0;
    for (const std::string_view isa : available_isas()) {
        const Lines got = digests(**select_kernels(isa));
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (got[i] == expected[i]) continue;
            std::printf("%s differs from the reference under %s\n", expected[i].first.c_str(),
                        std::string(isa).c_str());
            result = 1;
        }
    }
    for (const auto& [name, digest] : expected) std::printf("%s %s\n", name.c_str(), digest.c_str());
    return result;
}

} // namespace

int main(int argc, char** argv) { return argc > 1 ? print_one(argv[1]) : compare_all(); }
