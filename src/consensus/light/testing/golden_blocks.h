#pragma once
/// For tests only: the blocks of a real CometBFT network (tools/make_light_golden.py).
#include "base/assert.h"
#include "base/mapped_file.h"
#include "consensus/light/light_block.h"

#include <string>
#include <vector>

namespace assay::consensus {

struct GoldenBlock {
    crypto::Digest hash{}; ///< as the engine names it
    LightBlock block;
};

inline std::vector<GoldenBlock> golden_blocks() {
    const auto text = read_file(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/consensus/light_blocks.json", 1 << 24);
    ASSAY_ASSERT(text.has_value());
    const auto json = codec::parse_json(*text);
    ASSAY_ASSERT(json.has_value() && json->list() != nullptr);
    std::vector<GoldenBlock> out;
    for (const codec::Json& entry : *json->list()) {
        GoldenBlock golden;
        auto block = parse_light_block(entry);
        ASSAY_ASSERT(block.has_value());
        golden.block = std::move(*block);
        const Bytes hash = from_hex(*entry.find("hash")->text()).value();
        std::copy(hash.begin(), hash.end(), golden.hash.begin());
        out.push_back(std::move(golden));
    }
    return out;
}

} // namespace assay::consensus
