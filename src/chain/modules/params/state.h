#pragma once
/// Where params keeps what. Internal to the module.
///
/// | key | value |
/// |---|---|
/// | 01 ‖ module name | the module's whole parameters, DAG-CBOR; absent while the defaults hold |
/// | 02 ‖ module name ‖ 00 ‖ height ‖ proposal ‖ place in the proposal (4 bytes) | ParamHistoryEntry, DAG-CBOR |
#include "chain/modules/ports.h"

namespace assay::chain::params {

inline constexpr std::uint8_t kRecords = 0x01;
inline constexpr std::uint8_t kHistory = 0x02;

struct ParamHistoryEntry {
    static constexpr std::string_view kStruct = "ParamHistoryEntry";
    std::string module;
    std::string path;
    Bytes before; ///< DAG-CBOR
    Bytes after;
    std::uint64_t proposal = 0;
    std::uint64_t height = 0;
    std::uint32_t place = 0; ///< among the changes of the proposal
    std::int64_t time_ms = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("module", self.module);
        visit("path", self.path);
        visit("before", self.before);
        visit("after", self.after);
        visit("proposal", self.proposal);
        visit("height", self.height);
        visit("place", self.place);
        visit("time_ms", self.time_ms);
    }
};

inline StateKey record_key(std::string_view module) { return StateKey(kRecords).add(as_byte_view(module)); }
/// Of every entry of one module: no name is another's beginning up to the zero byte.
inline StateKey history_prefix(std::string_view module) {
    const std::uint8_t end = 0;
    return StateKey(kHistory).add(as_byte_view(module)).add(ByteView(&end, 1));
}
inline StateKey history_key(const ParamHistoryEntry& entry) {
    return history_prefix(entry.module).add_u64(entry.height).add_u64(entry.proposal).add_u32(entry.place);
}

} // namespace assay::chain::params
