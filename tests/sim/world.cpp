#include "world.h"

#include "base/assert.h"

namespace assay::sim {

Digest Random::digest() {
    Digest digest{};
    for (std::uint8_t& byte : digest) byte = static_cast<std::uint8_t>(engine_() >> 56);
    return digest;
}

World::World(std::uint64_t seed, std::size_t accounts) : random(seed) {
    for (std::size_t i = 0; i < accounts; ++i) {
        const std::string name = "simulation " + std::to_string(i);
        auto key = crypto::SecretKey::from_bytes(crypto::sha256(as_byte_view(name)));
        ASSAY_ASSERT(key.has_value());
        keys.push_back(std::move(*key));
        addresses.push_back(keys.back().address());
    }
}

std::size_t World::signer_for(const Address& address) {
    if (random.percent(6)) return anyone();
    const auto found = std::ranges::find(addresses, address);
    return found == addresses.end() ? anyone() : static_cast<std::size_t>(found - addresses.begin());
}

Amount World::part_of(Amount available) {
    if (random.percent(6)) return Amount(available.units() + 1 + random.below(1'000'000));
    if (random.percent(10)) return available;
    return Amount(1 + (available.units() / 1000) * random.below(300) / 4 / 100);
}

std::pair<Bytes, Bytes> World::pick(ModuleId module, std::uint8_t collection) {
    const auto& entries = state.entries(module);
    Bytes start{collection};
    const Digest place = random.digest();
    start.insert(start.end(), place.begin(), place.end());
    auto found = entries.lower_bound(start);
    if (found == entries.end() || found->first[0] != collection) found = entries.lower_bound(Bytes{collection});
    if (found == entries.end() || found->first[0] != collection) return {};
    return *found;
}

std::pair<Bytes, Bytes> World::pick_recent(ModuleId module, std::uint8_t collection, std::uint64_t window) {
    const auto& entries = state.entries(module);
    auto end = entries.lower_bound(Bytes{static_cast<std::uint8_t>(collection + 1)});
    if (end == entries.begin() || (--end)->first[0] != collection) return {};
    const std::uint64_t last = chain::read_u64(end->first, 1);
    const std::uint64_t back = random.below(window);
    const chain::StateKey start = chain::StateKey(collection).add_u64(last > back ? last - back : 0);
    return *entries.lower_bound(ByteView(start));
}

} // namespace assay::sim
