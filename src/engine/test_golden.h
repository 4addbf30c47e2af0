#pragma once
/// Reads the golden model data of tests/golden (formats: tests/golden/README.md) and measures distances. For tests only.
#include "engine/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace assay::engine::golden {

inline std::filesystem::path folder(const std::string& name) {
    return std::filesystem::path(ASSAY_SOURCE_DIR) / "tests" / "golden" / name;
}

/// A headerless little-endian array; empty when the file is missing or its size is no multiple of the element's.
template <class T>
std::vector<T> read_array(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (bytes.size() % sizeof(T) != 0) return {};
    std::vector<T> values(bytes.size() / sizeof(T));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values.data()));
    return values;
}

/// One sequence of ids a line.
inline std::vector<std::vector<TokenId>> read_ids(const std::filesystem::path& path) {
    std::vector<std::vector<TokenId>> sequences;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        sequences.emplace_back(std::istream_iterator<TokenId>(words), std::istream_iterator<TokenId>());
    }
    return sequences;
}

/// The model in a folder of golden models: model.gguf, else the folder itself; a message where it does not load.
inline Result<std::shared_ptr<const Model>> load(const std::filesystem::path& path, const std::string& isa = {},
                                                 std::uint32_t threads = 1) {
    const bool gguf = std::filesystem::exists(path / "model.gguf");
    auto file = TRY(formats::ModelFile::open(gguf ? path / "model.gguf" : path));
    ModelOptions options;
    options.threads = threads;
    options.isa = isa;
    return Model::load(file, options);
}

/// Logits after every token, row after row.
inline Result<std::vector<float>> logits_of(const Model& model, std::span<const TokenId> tokens,
                                            std::uint32_t chunk = 0) {
    std::vector<float> rows;
    TRY_VOID(model.evaluate(tokens, chunk, [&](std::size_t, std::span<const float> logits) {
        rows.insert(rows.end(), logits.begin(), logits.end());
    }));
    return rows;
}

/// Root mean square of the difference over root mean square of what is wanted; infinite for unequal sizes.
inline double relative_error(std::span<const float> got, std::span<const float> want) {
    if (got.size() != want.size() || want.empty()) return INFINITY;
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
        difference += (double{got[i]} - want[i]) * (double{got[i]} - want[i]);
        size += double{want[i]} * want[i];
    }
    return std::sqrt(difference / size);
}

inline std::size_t first_choice(std::span<const float> logits) {
    return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// Natural logarithm of the sum of exponentials: subtract it from a logit to get a log-probability.
inline double log_sum_exp(std::span<const float> logits) {
    const double maximum = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits) sum += std::exp(double{logit} - maximum);
    return maximum + std::log(sum);
}

} // namespace assay::engine::golden
