#include "chain/modules/staking/state.h"

#include <algorithm>

namespace assay::chain::staking {

StateKey key_of(Collection collection) { return StateKey(collection); }
StateKey key_of(Collection collection, const Address& a) { return StateKey(collection).add(a.bytes); }
StateKey key_of(Collection collection, const Address& a, const Address& b) {
    return StateKey(collection).add(a.bytes).add(b.bytes);
}
StateKey key_of(Collection collection, const Address& a, const Address& b, const Address& c) {
    return StateKey(collection).add(a.bytes).add(b.bytes).add(c.bytes);
}
StateKey key_of(Collection collection, const Address& a, std::uint64_t number) {
    return StateKey(collection).add(a.bytes).add_u64(number);
}

StateKey stake_key(Amount tokens, const Address& validator) {
    const Uint128 descending = ~tokens.units();
    return StateKey(kByStake)
        .add_u64(static_cast<std::uint64_t>(descending >> 64))
        .add_u64(static_cast<std::uint64_t>(descending))
        .add(validator.bytes);
}

StateKey time_key(Collection collection, std::int64_t time_ms) {
    return StateKey(collection).add_u64(time_ms < 0 ? 0 : static_cast<std::uint64_t>(time_ms));
}

Address address_at(ByteView key, std::size_t offset) {
    Address address;
    const ByteView part = key.subspan(offset, address.bytes.size());
    std::copy(part.begin(), part.end(), address.bytes.begin());
    return address;
}

void mark(StateWriter& state, ByteView key) {
    static constexpr std::uint8_t kMark = 1;
    state.put(ModuleId::staking, key, ByteView(&kMark, 1));
}
bool is_marked(const StateReader& state, ByteView key) { return state.get(ModuleId::staking, key).has_value(); }
void erase(StateWriter& state, ByteView key) { state.erase(ModuleId::staking, key); }

std::vector<Bytes> keys_with_prefix(const StateReader& state, ByteView prefix, std::size_t max) {
    std::vector<Bytes> keys;
    scan_prefix(state, ModuleId::staking, prefix, [&](ByteView key, ByteView) {
        if (keys.size() == max) return false;
        keys.emplace_back(key.begin(), key.end());
        return true;
    });
    return keys;
}

std::vector<Bytes> keys_between(const StateReader& state, ByteView begin, ByteView end, std::size_t max) {
    std::vector<Bytes> keys;
    state.scan(ModuleId::staking, begin, end, [&](ByteView key, ByteView) {
        if (keys.size() == max) return false;
        keys.emplace_back(key.begin(), key.end());
        return true;
    });
    return keys;
}

} // namespace assay::chain::staking
