// OpenBLAS (binary32) and oneDNN (bfloat16, int8) beside our kernels, on one core.
#include "kernels_support.h"

#include <cstdio>
#include <unordered_map>

#include <cblas.h>
#include <dnnl.hpp>

extern "C" void openblas_set_num_threads(int);
extern "C" char* openblas_get_corename(void);

namespace assay::bench {
namespace {

// oneDNN's matmul with weights in the layout that it likes best, outputs in binary32.
class DnnlMatmul {
public:
    DnnlMatmul(std::size_t m, std::size_t n, dnnl::memory::data_type source, dnnl::memory::data_type weight)
        : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
        using dnnl::memory;
        const auto rows = static_cast<memory::dim>(m);
        const auto size = static_cast<memory::dim>(n);
        const memory::desc x({rows, size}, source, memory::format_tag::ab);
        const memory::desc w({size, size}, weight, memory::format_tag::any);
        const memory::desc y({rows, size}, memory::data_type::f32, memory::format_tag::ab);
        const dnnl::matmul::primitive_desc descriptor(dnnl::matmul::desc(x, w, y), engine_);
        name_ = descriptor.impl_info_str();
        primitive_ = dnnl::matmul(descriptor);
        arguments_ = {{DNNL_ARG_SRC, memory(descriptor.src_desc(), engine_)},
                      {DNNL_ARG_WEIGHTS, memory(descriptor.weights_desc(), engine_)},
                      {DNNL_ARG_DST, memory(descriptor.dst_desc(), engine_)}};
        for (auto& [index, memory] : arguments_)
            std::memset(memory.get_data_handle(), 0x3c, memory.get_desc().get_size());
    }
    void run() {
        primitive_.execute(stream_, arguments_);
        stream_.wait();
    }
    const std::string& name() const { return name_; }

private:
    dnnl::engine engine_;
    dnnl::stream stream_;
    dnnl::matmul primitive_;
    std::unordered_map<int, dnnl::memory> arguments_;
    std::string name_;
};

void versus(Report& report, const std::string& kernel, const Layer& layer, const std::string& peer,
            std::pair<Timing, Timing> t) {
    report.line(Line()
                    .add("section", "peer")
                    .add("kernel", kernel)
                    .add("isa", layer.set.isa)
                    .add("n", layer.weights.inputs)
                    .add("rows", layer.rows)
                    .add("gmac_s", layer.gmac() / t.first.best)
                    .add("peer", peer)
                    .add("peer_gmac_s", layer.gmac() / t.second.best)
                    .add("time_ratio", t.first.best / t.second.best)
                    .add("median_time_ratio", t.first.median / t.second.median));
}

// One row: OpenBLAS may have the weights either way round; the faster counts.
void one_row_against_openblas(Report& report, const KernelSet& set, std::size_t n, double budget_s) {
    Layer layer(set, DType::f32, n, n, 1);
    const auto w = numbers(n * n);
    std::vector<float> y(n);
    const int size = static_cast<int>(n);
    const auto multiply = [&](CBLAS_TRANSPOSE direction) {
        return [&, direction] {
            cblas_sgemv(CblasRowMajor, direction, size, size, 1, w.data(), size, layer.x.data(), 1, 0, y.data(), 1);
        };
    };
    const auto ours = [&] { layer.run(); };
    const auto rows = compare(ours, multiply(CblasNoTrans), budget_s);
    const auto columns = compare(ours, multiply(CblasTrans), budget_s);
    versus(report, "f32", layer, "OpenBLAS sgemv", rows.second.best < columns.second.best ? rows : columns);
}

void square_against_openblas(Report& report, const KernelSet& set, std::size_t n, double budget_s) {
    Layer layer(set, DType::f32, n, n, n);
    const auto w = numbers(n * n);
    std::vector<float> y(n * n);
    const int size = static_cast<int>(n);
    const auto theirs = [&] {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, size, size, size, 1, layer.x.data(), size, w.data(), size,
                    0, y.data(), size);
    };
    versus(report, "f32", layer, "OpenBLAS sgemm", compare([&] { layer.run(); }, theirs, budget_s));
}

} // namespace

std::string openblas_core() { return openblas_get_corename(); }
void one_openblas_thread() { openblas_set_num_threads(1); }

void against_openblas(Report& report, const KernelSet& set, double budget_s) {
    for (const std::size_t n : {512, 1024, 2048, 4096}) {
        one_row_against_openblas(report, set, n, budget_s);
        square_against_openblas(report, set, n, budget_s);
    }
}

void against_dnnl(Report& report, const KernelSet& set, double budget_s) {
    using Kind = dnnl::memory::data_type;
    for (const std::size_t n : {512, 1024, 2048}) {
        for (const std::size_t m : {std::size_t{1}, n}) {
            Layer bf16(set, DType::bf16, n, n, m);
            DnnlMatmul bf16_peer(m, n, Kind::bf16, Kind::bf16);
            versus(report, "bf16", bf16, "oneDNN " + bf16_peer.name(),
                   compare([&] { bf16.run(); }, [&] { bf16_peer.run(); }, budget_s));
            DnnlMatmul int8_peer(m, n, Kind::u8, Kind::s8);
            for (const DType type : {DType::q8_0, DType::q4_1}) {
                Layer layer(set, type, n, n, m);
                layer.quantize(); // the peer's activations come as bytes, too
                versus(report, name_of(type), layer, "oneDNN u8s8 " + int8_peer.name(),
                       compare([&] { layer.multiply(); }, [&] { int8_peer.run(); }, budget_s));
            }
        }
    }
}

} // namespace assay::bench
