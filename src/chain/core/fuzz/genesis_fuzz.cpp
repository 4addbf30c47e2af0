/// Any text as a genesis document: refused in one line, or a state that holds every invariant, whose export is a document that
/// gives the same state again.
#include "base/assert.h"
#include "chain/genesis.h"
#include "codec/dag_json.h"

namespace {

using namespace assay;
using namespace assay::chain;

constexpr codec::DecodeLimits kLimits{.size_max = 1 << 16, .items_max = 1 << 12};

Result<void> make_state(const ModuleSet& modules, const GenesisDocument& document, MemoryState& state) {
    BlockInfo block;
    block.chain_id = document.chain_id;
    block.height = document.initial_height - 1;
    block.time_ms = document.time_ms;
    return apply_genesis(modules, block, document.modules, state);
}

void check_export(const ModuleSet& modules, const GenesisDocument& document) {
    MemoryState state;
    ASSAY_ASSERT(make_state(modules, document, state).has_value());
    GenesisDocument exported = document;
    exported.modules = export_genesis(modules, state, [&](ModuleId module, const StateVisitor& visit) {
        for (const auto& [key, value] : state.entries(module)) {
            if (!visit(key, value)) return;
        }
    });
    MemoryState again;
    ASSAY_ASSERT(make_state(modules, exported, again).has_value());
    for (std::size_t module = 0; module < kModuleCount; ++module) {
        const auto id = static_cast<ModuleId>(module);
        ASSAY_ASSERT(state.entries(id) == again.entries(id));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ModuleSet modules = make_modules();
    const auto value = codec::decode_dag_json(as_string_view(ByteView(data, size)), kLimits);
    if (!value) return 0;
    const auto document = genesis_from_value(*value);
    if (!document) return 0;
    const auto again = genesis_from_value(to_value(*document));
    ASSAY_ASSERT(again.has_value() && to_value(*again) == to_value(*document));
    if (const auto valid = validate_genesis(modules, *document); !valid) {
        ASSAY_ASSERT(!valid.error().message.empty() && valid.error().message.find('\n') == std::string::npos);
        return 0;
    }
    check_export(modules, *document);
    return 0;
}
