#pragma once
/// Rewrites text before it is split. Immutable after creation, thread-safe.
#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace assay::tokenizer {

class Normalizer {
public:
    virtual ~Normalizer() = default;
    /// `text` is valid UTF-8 before and after.
    virtual void apply(std::string& text) const = 0;
};

} // namespace assay::tokenizer
