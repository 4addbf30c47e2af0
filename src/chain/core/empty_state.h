#pragma once
/// A state that holds nothing: what genesis is applied to, and what checking looks at before there is one. Thread-safe.
#include "chain/state/state.h"

namespace assay::chain {

class EmptyState final : public StateReader {
public:
    std::optional<Bytes> get(ModuleId, ByteView) const override { return std::nullopt; }
    void scan(ModuleId, ByteView begin, ByteView end, const StateVisitor&) const override {
        (void)scan_end(begin, end); // the same checks as everywhere
    }
};

} // namespace assay::chain
