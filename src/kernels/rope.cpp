#include "kernels/element_math.h"
#include "kernels/half.h"
#include "kernels/kernels.h"

namespace assay::kernels {

std::vector<double> rope_frequencies(double base, std::size_t rope_size) {
    std::vector<double> frequencies(rope_size / 2);
    const double log_base = log_f64(base);
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
        frequencies[i] = exp_f64(-(log_base * (static_cast<double>(2 * i) / static_cast<double>(rope_size))));
    }
    return frequencies;
}

void rope_tables(std::uint32_t position, std::span<const double> frequencies, float* cosines, float* sines) {
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
        double sine = 0;
        double cosine = 0;
        sin_cos_f64(static_cast<double>(position) * frequencies[i], sine, cosine);
        cosines[i] = stored(static_cast<float>(cosine));
        sines[i] = stored(static_cast<float>(sine));
    }
}

} // namespace assay::kernels
