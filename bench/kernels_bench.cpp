// Kernel speed: f32 against OpenBLAS, bf16 and int8 against oneDNN, each instruction set's share of its own peak, and what the
// default model's (SmolLM2-135M) linear layers, attention and element operators take. JSON on stdout; bench/kernels.py makes
// the table of docs/benchmarks.md from it.
//   kernels_bench [--seconds S] [--isa NAME] [--section peak|f32|dnnl|model|layer|attention|elements]...
#include "kernels_support.h"

#include <atomic>
#include <cstdio>
#include <fstream>
#include <set>
#include <thread>

#include <unistd.h>

namespace assay::bench {
namespace {

struct Options {
    double seconds = 1.0;
    std::string isa;
    std::set<std::string> sections;
    bool wants(const char* section) const { return sections.empty() || sections.contains(section); }
};

// --- shares of peak ---------------------------------------------------------------------------------------------------

void shares_of_peak(Report& report, double budget_s) {
    for (const std::string_view name : available_isas()) {
        const std::string isa(name);
        const KernelSet& set = **select_kernels(isa);
        const Peaks peaks = peaks_of(isa);
        for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_1, DType::q4_k, DType::q6_k}) {
            Layer layer(set, type, 1024, 1024, isa == "scalar" ? 32 : 512);
            const double speed = layer.gmac() / measure([&] { layer.run(); }, budget_s).best;
            const double float_peak = type == DType::bf16 && peaks.bf16 > 0 ? peaks.bf16 : peaks.f32;
            const double peak = tensor::is_quantized(type) ? peaks.int8 : float_peak;
            Line line;
            line.add("section", "peak")
                .add("kernel", name_of(type))
                .add("isa", isa)
                .add("n", std::size_t{1024})
                .add("rows", layer.rows)
                .add("gmac_s", speed);
            if (peak > 0) line.add("peak_gmac_s", peak).add("share", speed / peak);
            report.line(line);
        }
    }
}

// --- the default model's linear layers, all of them in order, on one and two threads --------------------------------------

constexpr std::size_t kLayers = 30;
constexpr std::size_t kWidth = 576;
constexpr std::size_t kKeyWidth = 192;
constexpr std::size_t kHidden = 1536;
constexpr std::size_t kVocabulary = 49152;

class ModelLinears {
public:
    explicit ModelLinears(const KernelSet& set) : set_(set) {
        constexpr std::pair<std::size_t, std::size_t> kShapes[] = {
            {kWidth, kWidth},  {kKeyWidth, kWidth}, {kKeyWidth, kWidth}, {kWidth, kWidth},
            {kHidden, kWidth}, {kHidden, kWidth},   {kWidth, kHidden}};
        for (std::size_t layer = 0; layer < kLayers; ++layer) {
            for (const auto& [outputs, inputs] : kShapes)
                weights_.push_back(packed_matrix(DType::q4_1, outputs, inputs));
        }
        weights_.push_back(packed_matrix(DType::q8_0, kVocabulary, kWidth));
    }
    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const auto& w : weights_) sum += w.bytes.size();
        return sum;
    }

    // Seconds of one step over `rows` rows; a prompt needs the logits of its last row only.
    Timing step(std::size_t rows, std::size_t threads, bool prompt, double budget_s) {
        const auto x = numbers(rows * kHidden);
        std::vector<float> y(rows * kVocabulary);
        std::vector<ActivationBlock> tiles[2];
        for (const std::size_t inputs : {kWidth, kHidden}) {
            auto& t = tiles[inputs == kHidden];
            t.resize((rows + kTileRows - 1) / kTileRows * (inputs / kBlock));
            set_.quantize(x.data(), inputs, rows, inputs, t.data());
        }
        std::vector<double> samples;
        std::atomic<std::size_t> arrived{0};
        std::atomic<bool> done{false};
        const double end = now() + budget_s;
        const auto work = [&](std::size_t thread) {
            std::size_t meeting = 0;
            const auto meet = [&] { // spinning: a barrier after every matrix, as in the engine
                ++arrived;
                for (meeting += threads; arrived.load(std::memory_order_acquire) < meeting;) __builtin_ia32_pause();
            };
            while (true) {
                meet();
                if (done) return;
                const double begin = now();
                for (const auto& w : weights_) {
                    const bool head = w.outputs == kVocabulary;
                    const std::size_t groups = w.groups();
                    run_layer(set_, w, x.data(), tiles[w.inputs == kHidden].data(), prompt && head ? 1 : rows,
                              groups * thread / threads, groups * (thread + 1) / threads, y.data());
                    meet();
                }
                if (thread == 0) {
                    samples.push_back(now() - begin);
                    if (now() > end && samples.size() >= 3) done = true;
                }
            }
        };
        std::vector<std::thread> others;
        for (std::size_t t = 1; t < threads; ++t) others.emplace_back(work, t);
        work(0);
        for (auto& t : others) t.join();
        samples.erase(samples.begin()); // first touch
        return summarize(samples);
    }

private:
    const KernelSet& set_;
    std::vector<PackedWeights> weights_;
};

void model_layers(Report& report, const KernelSet& set, double budget_s) {
    struct Case {
        const char* name;
        std::size_t rows;
        bool prompt;
    };
    ModelLinears model(set);
    for (const std::size_t threads : {1, 2}) {
        if (threads > std::thread::hardware_concurrency()) continue;
        for (const auto& [name, rows, prompt] : {Case{"prefill 512", 512, true}, Case{"decode", 1, false},
                                                 Case{"8 sequences", 8, false}, Case{"32 sequences", 32, false}}) {
            const Timing t = model.step(rows, threads, prompt, budget_s);
            report.line(Line()
                            .add("section", "model")
                            .add("case", name)
                            .add("isa", set.isa)
                            .add("threads", threads)
                            .add("rows", rows)
                            .add("tok_s", static_cast<double>(rows) / t.best)
                            .add("median_tok_s", static_cast<double>(rows) / t.median)
                            .add("read_gb_s", static_cast<double>(model.bytes()) / t.best / 1e9));
        }
    }
}

void single_layers(Report& report, const KernelSet& set, double budget_s) {
    for (const DType type : {DType::q4_1, DType::q8_0}) {
        for (const auto& [outputs, inputs] : {std::pair{kWidth, kWidth},
                                              {kKeyWidth, kWidth},
                                              {kHidden, kWidth},
                                              {kWidth, kHidden},
                                              {kVocabulary, kWidth}}) {
            for (const std::size_t rows : {1, 8, 32, 512}) {
                if (outputs == kVocabulary && rows == 512) continue;
                Layer layer(set, type, outputs, inputs, rows);
                layer.quantize();
                const Timing t = measure([&] { layer.multiply(); }, budget_s / 4);
                report.line(Line()
                                .add("section", "layer")
                                .add("kernel", name_of(type))
                                .add("isa", set.isa)
                                .add("outputs", outputs)
                                .add("inputs", inputs)
                                .add("rows", rows)
                                .add("gmac_s", layer.gmac() / t.best)
                                .add("read_gb_s", static_cast<double>(layer.weights.bytes.size()) / t.best / 1e9));
            }
        }
    }
}

// --- attention and element operators, of the default model ------------------------------------------------------------------

constexpr std::size_t kHeads = 9;
constexpr std::size_t kKeyHeads = 3;
constexpr std::size_t kHead = 64;

// One layer's attention for `count` rows that end a text of `length`, all heads; a group of three heads shares keys and values.
void attention_case(Report& report, const KernelSet& set, std::size_t count, std::size_t length, double budget_s) {
    constexpr std::size_t kChunk = 32; // rows handed over together, times the heads of a group
    constexpr std::size_t kGroup = kHeads / kKeyHeads;
    const std::size_t pages = (length + kPagePositions - 1) / kPagePositions;
    std::vector<std::uint16_t> cache(2 * pages * kKeyHeads * kHead * kPagePositions);
    const auto x = numbers(count * kHeads * kHead);
    std::vector<const std::uint16_t*> keys(pages);
    std::vector<const std::uint16_t*> values(pages);
    const auto page = [&](std::size_t head, std::size_t p, std::size_t which) {
        return cache.data() + ((head * pages + p) * 2 + which) * kHead * kPagePositions;
    };
    for (std::size_t at = 0; at < length; ++at) {
        for (std::size_t head = 0; head < kKeyHeads; ++head) {
            set.store_key(x.data() + head, kHead, at % kPagePositions, page(head, at / kPagePositions, 0));
            set.store_value(x.data() + head, kHead, at % kPagePositions, page(head, at / kPagePositions, 1));
        }
    }
    std::vector<float> y(x.size());
    const std::size_t stride = (length + 63) / 64 * 64;
    std::vector<float> scores(kChunk * kGroup * stride);
    const auto work = [&] {
        for (std::size_t first = 0; first < count; first += kChunk) {
            const std::size_t rows = std::min(kChunk, count - first);
            for (std::size_t head = 0; head < kKeyHeads; ++head) {
                const float* queries[kChunk * kGroup];
                float* outputs[kChunk * kGroup];
                std::uint32_t lengths[kChunk * kGroup];
                const std::uint32_t starts[kChunk * kGroup] = {};
                for (std::size_t i = 0; i < rows * kGroup; ++i) {
                    const std::size_t row = first + i / kGroup;
                    const std::size_t at = (row * kHeads + head * kGroup + i % kGroup) * kHead;
                    queries[i] = x.data() + at;
                    outputs[i] = y.data() + at;
                    lengths[i] = static_cast<std::uint32_t>(length - count + row + 1);
                }
                for (std::size_t p = 0; p < pages; ++p) {
                    keys[p] = page(head, p, 0);
                    values[p] = page(head, p, 1);
                }
                set.attention({.queries = queries,
                               .outputs = outputs,
                               .lengths = lengths,
                               .starts = starts,
                               .rows = rows * kGroup,
                               .head_size = kHead,
                               .key_pages = keys.data(),
                               .value_pages = values.data(),
                               .scores = scores.data(),
                               .score_stride = stride});
            }
        }
    };
    double attended = 0;
    for (std::size_t row = 0; row < count; ++row) attended += static_cast<double>(length - count + row + 1);
    const Timing t = measure(work, budget_s);
    report.line(Line()
                    .add("section", "attention")
                    .add("isa", set.isa)
                    .add("rows", count)
                    .add("length", length)
                    .add("gmac_s", attended * kHeads * kHead * 2 / t.best / 1e9)
                    .add("model_ms", t.best * kLayers * 1e3));
}

void element_operators(Report& report, const KernelSet& set, double budget_s) {
    const std::size_t rows = 512;
    Layer layer(set, DType::q4_1, 16, kHidden, rows);
    const auto x = numbers(rows * kHidden);
    std::vector<float> y(x);
    const auto row_by_row = [&](const char* name, std::size_t n, std::size_t a_layer, const auto& work) {
        const Timing t = measure(
            [&] {
                for (std::size_t r = 0; r < rows; ++r) work(x.data() + r * n, y.data() + r * n);
            },
            budget_s);
        report.line(Line()
                        .add("section", "elements")
                        .add("operator", name)
                        .add("isa", set.isa)
                        .add("n", n)
                        .add("ns_per_element", t.best / static_cast<double>(rows * n) * 1e9)
                        .add("model_us_per_token",
                             t.best / static_cast<double>(rows) * static_cast<double>(a_layer * kLayers) * 1e6));
    };
    row_by_row("rms_norm", kWidth, 2,
               [&](const float* from, float* to) { set.rms_norm(from, x.data(), kWidth, 1e-5f, to); });
    row_by_row("silu_mul", kHidden, 1,
               [&](const float* from, float* to) { set.silu_mul(from, x.data(), kHidden, to); });
    row_by_row("add", kWidth, 2, [&](const float* from, float* to) { set.add(from, x.data(), kWidth, to); });
    row_by_row("quantize", kWidth, 3,
               [&](const float* from, float*) { set.quantize(from, kWidth, 1, kWidth, layer.tiles.data()); });
    row_by_row("quantize", kHidden, 1,
               [&](const float* from, float*) { set.quantize(from, kHidden, 1, kHidden, layer.tiles.data()); });
    row_by_row("rope", kHead, kHeads + kKeyHeads,
               [&](const float*, float* to) { set.rope(to, kHead, kHead, x.data(), x.data() + kHead, false, 1.0f); });
}

// ---------------------------------------------------------------------------------------------------------------------------

std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    std::string line;
    while (std::getline(info, line) && !line.starts_with("model name")) {}
    const std::size_t colon = line.find(": ");
    return colon == std::string::npos ? "unknown" : line.substr(colon + 2);
}

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string key = argv[i];
        if (key == "--seconds") options.seconds = std::atof(argv[i + 1]);
        else if (key == "--isa") options.isa = argv[i + 1];
        else if (key == "--section") options.sections.insert(argv[i + 1]);
        else return false;
    }
    return argc % 2 == 1 && options.seconds > 0;
}

int run(const Options& options) {
    const auto selected = select_kernels(options.isa);
    if (!selected) {
        std::fprintf(stderr, "%s\n", selected.error().message.c_str());
        return 1;
    }
    const KernelSet& set = **selected;
    Report report(Line()
                      .add("cpu", cpu_name())
                      .add("compiler", "GCC " __VERSION__)
                      .add("isa", set.isa)
                      .add("openblas_core", openblas_core())
                      .add("seconds", options.seconds)
                      .text());
    if (options.wants("peak")) shares_of_peak(report, options.seconds);
    if (options.wants("f32")) against_openblas(report, set, options.seconds);
    if (options.wants("dnnl")) against_dnnl(report, set, options.seconds);
    if (options.wants("model")) model_layers(report, set, options.seconds);
    if (options.wants("layer")) single_layers(report, set, options.seconds);
    if (options.wants("attention")) {
        for (const auto& [count, length] :
             {std::pair<std::size_t, std::size_t>{512, 512}, {512, 2048}, {1, 512}, {1, 2048}}) {
            attention_case(report, set, count, length, options.seconds);
        }
    }
    if (options.wants("elements")) element_operators(report, set, options.seconds / 4);
    return 0;
}

} // namespace
} // namespace assay::bench

int main(int argc, char** argv) {
    // Libraries read these once, at start. Forcing OpenBLAS to other kernels than this CPU's would slow it.
    if (std::getenv("OMP_NUM_THREADS") == nullptr || std::getenv("OPENBLAS_CORETYPE") != nullptr ||
        std::getenv("OPENBLAS_L2_SIZE") != nullptr) {
        ::setenv("OMP_NUM_THREADS", "1", 1);
        ::unsetenv("OPENBLAS_CORETYPE");
        ::unsetenv("OPENBLAS_L2_SIZE");
        ::execv("/proc/self/exe", argv);
    }
    assay::bench::Options options;
    if (!assay::bench::parse(argc, argv, options)) {
        std::fprintf(stderr, "usage: kernels_bench [--seconds S] [--isa NAME] [--section "
                             "peak|f32|dnnl|model|layer|attention|elements]...\n");
        return 2;
    }
    assay::bench::one_openblas_thread();
    return assay::bench::run(options);
}
