#pragma once
/// The records that a model commitment is made of, as DAG-CBOR values. Source: docs/spec/commitment.md.
/// Pure functions, thread-safe. Committed class.
#include "codec/value.h"
#include "crypto/sha256.h"
#include "formats/model_file.h"

#include <cstdint>
#include <string_view>

namespace assay::engine {

/// Bytes of one leaf of a tensor's tree: what a dispute opens.
inline constexpr std::size_t kTensorChunkBytes = 65536;

/// Every field of the configuration under its own name; real numbers are always 64-bit floats.
codec::Value graph_record(const formats::ModelConfig& config);

/// Every field of the tokenizer material; vocabulary entries as byte strings, since files may hold any bytes there.
codec::Value tokenizer_record(const formats::TokenizerData& data);

/// One tensor: name, type, shape, layout, size and the root over its chunks.
codec::Value tensor_record(std::string_view name, const tensor::TensorView& view, bool transposed,
                           const crypto::Digest& root);

struct ManifestParts {
    codec::Value graph;
    codec::Cid tokenizer;     ///< of the tokenizer record
    codec::Cid chat_template; ///< raw, of the template's bytes
    std::uint64_t tensor_count = 0;
    crypto::Digest tensors_root{};
};
codec::Value manifest_record(ManifestParts parts);

} // namespace assay::engine
