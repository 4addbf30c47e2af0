#pragma once
/// A model ready to run: weights repacked for the kernels, graph fixed, arithmetic version 1.
/// Immutable after load and thread-safe. Committed class: results depend on file and input alone.
#include "base/result.h"
#include "engine/kv_pages.h"
#include "formats/model_file.h"
#include "kernels/kernels.h"
#include "tokenizer/tokenizer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::engine {

using tokenizer::TokenId;

inline constexpr std::string_view kArithmeticVersion = "assay-arith-1";

struct ModelOptions {
    std::uint32_t threads = 0; ///< 0 = one a core
    /// "" = ASSAY_ISA or the best this CPU has; else scalar, avx2, avx512, amx, neon.
    std::string isa;
    /// Bytes repacked of all; for progress bars. May be empty.
    std::function<void(std::uint64_t done, std::uint64_t all)> progress;
};

/// New tokens of one sequence in a forward pass. Borrows everything.
struct SequenceStep {
    std::span<const TokenId> tokens; ///< at positions past, past + 1, …; at least one
    std::uint32_t past = 0;          ///< positions whose keys and values are in the pages already
    std::span<const PageId> pages;   ///< page i holds positions [32·i, 32·i + 32); enough for past + tokens.size()
    std::uint32_t logits_rows = 0;   ///< so many of the last tokens get logits
};

/// Small pieces of work that have nothing to do with a pass but may run beside it, each once, on any of its threads.
using AsideJobs = std::span<const std::function<void()>>;

class Model {
public:
    /// Errors: unsupported (an ISA the CPU lacks, a tensor type in a place it cannot be), malformed (missing or misshapen tensor, named).
    static Result<std::shared_ptr<const Model>> load(std::shared_ptr<const formats::ModelFile> file,
                                                     ModelOptions options);
    virtual ~Model() = default;

    virtual const formats::ModelConfig& config() const = 0;
    virtual std::string_view isa() const = 0; ///< the back end in use
    virtual std::uint32_t threads() const = 0;
    virtual const kernels::KernelSet& kernels() const = 0;
    /// Bytes of weights read for one decoded token.
    virtual std::uint64_t weight_bytes() const = 0;

    /// One pass over the new tokens of several sequences: writes their keys and values, then `logits`: vocabulary floats for
    /// every row asked for, in the order of the steps. Each row is a function of its own sequence alone. A NaN among the
    /// logits is the caller's to find (KernelSet::row_maximum). Causal models only; token ids and pages are asserted.
    /// Uses the model's threads; calls from several threads take turns. `aside` has run when it returns.
    virtual void forward(std::span<const SequenceStep> steps, const KvPages& cache, std::span<float> logits,
                         AsideJobs aside) const = 0;

    /// Logits after every token of one sequence, in order; `sink(position, logits)` with logits[vocabulary].
    /// `chunk`: rows a forward pass (0 = engine's choice; never changes a bit). For causal language models.
    /// Errors: invalid_argument (id out of range, longer than the context), internal (NaN logit).
    virtual Result<void>
    evaluate(std::span<const TokenId> tokens, std::uint32_t chunk,
             const std::function<void(std::size_t position, std::span<const float> logits)>& sink) const = 0;

    /// Sentence embedding (bert): mean over tokens, divided by its Euclidean norm. Errors: unsupported for causal models.
    virtual Result<std::vector<float>> embed(std::span<const TokenId> tokens) const = 0;
};

/// Reads a tokenizer from a model file (the only place that knows both rooms).
Result<std::shared_ptr<const tokenizer::Tokenizer>> load_tokenizer(const formats::ModelFile& file);

/// Content identity of a model. Source: docs/spec/commitment.md.
struct ModelIdentity {
    std::string
        cid; ///< CIDv1 (raw leaves, UnixFS) of the file as `ipfs add --cid-version=1` names it; of the folder's files for safetensors
    std::string
        commitment; ///< CIDv1 (DAG-CBOR, SHA-256) of the manifest: tensors root, graph, tokenizer, arithmetic version
    std::vector<std::uint8_t> manifest; ///< the DAG-CBOR bytes
};
/// `progress`: bytes hashed of all; may be empty. Errors: io.
Result<ModelIdentity> identify(const formats::ModelFile& file,
                               const std::function<void(std::uint64_t, std::uint64_t)>& progress);

} // namespace assay::engine
