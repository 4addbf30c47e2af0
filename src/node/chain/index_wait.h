#pragma once
/// For whoever asks right after a commit: the index is written a moment later, and not before others had their turn.
/// Thread-safe. Local class.
#include "consensus/index/explorer_index.h"

#include <chrono>
#include <cstdint>
#include <thread>

namespace assay::node {

/// False when the index does not have the block after `patience`.
inline bool wait_for_index(const consensus::ExplorerIndex& index, std::uint64_t height,
                           std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (index.height() < height) {
        if (std::chrono::steady_clock::now() >= end || !index.trouble().empty()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

} // namespace assay::node
