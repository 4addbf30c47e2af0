#include "chain/modules/governance/state.h"

#include "base/assert.h"

#include <algorithm>
#include <array>

namespace assay::chain::governance {

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::text: return "text";
        case Kind::params: return "params";
        case Kind::upgrade: return "upgrade";
        case Kind::cancel_upgrade: return "cancel_upgrade";
        case Kind::spend: return "spend";
    }
    return "unknown";
}

std::string_view to_string(Status status) {
    switch (status) {
        case Status::deposit: return "deposit";
        case Status::voting: return "voting";
        case Status::passed: return "passed";
        case Status::rejected: return "rejected";
        case Status::failed: return "failed";
        case Status::dropped: return "dropped";
        case Status::cancelled: return "cancelled";
    }
    return "unknown";
}

Address account_in(ByteView key) {
    ASSAY_ASSERT(key.size() == 1 + 8 + 20);
    Address account;
    std::ranges::copy(key.subspan(9), account.bytes.begin());
    return account;
}

std::optional<Proposal> read_proposal(const StateReader& state, std::uint64_t id) {
    return read_record<Proposal>(state, proposal_key(id));
}
void write_proposal(StateWriter& state, const Proposal& proposal) {
    write_record(state, proposal_key(proposal.id), proposal);
}

std::uint64_t next_proposal(const StateReader& state) {
    const auto bytes = state.get(ModuleId::governance, StateKey(kNextProposal));
    return bytes ? read_u64(*bytes, 0) : 1;
}
void write_next_proposal(StateWriter& state, std::uint64_t id) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < 8; ++i) bytes[7 - i] = static_cast<std::uint8_t>(id >> (8 * i));
    state.put(ModuleId::governance, StateKey(kNextProposal), bytes);
}

void mark(StateWriter& state, ByteView key) {
    const std::array<std::uint8_t, 1> present{1};
    state.put(ModuleId::governance, key, present);
}

} // namespace assay::chain::governance
