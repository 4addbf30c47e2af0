#include "network.h"

#include "chain/chain_application.h"
#include "crypto/sha256.h"

namespace assay::sim {
namespace {

Address consensus_address(const std::array<std::uint8_t, 32>& key) {
    const Digest digest = crypto::sha256(key);
    Address address;
    std::copy_n(digest.begin(), address.bytes.size(), address.bytes.begin());
    return address;
}

/// Mostly seconds; now and then hours, so that what waits for a time comes due.
std::int64_t pause_ms(Random& random, std::uint64_t height) {
    if (height % 25 == 10) return 25 * 3'600'000; // commissions change once a day
    if (random.percent(1)) return static_cast<std::int64_t>(random.between(1, 30)) * 3'600'000;
    if (random.percent(5)) return static_cast<std::int64_t>(random.between(1, 10)) * 60'000;
    return static_cast<std::int64_t>(random.between(1, 4'000));
}

} // namespace

Network::Network(const std::vector<chain::ValidatorUpdate>& genesis) {
    Set& first = sets_[0];
    for (const auto& validator : genesis) first[validator.public_key] = validator.power;
}

chain::BlockInfo Network::next_block(World& world) {
    chain::BlockInfo block;
    block.chain_id = "simulation";
    block.height = world.height;
    block.time_ms = world.time_ms + pause_ms(world.random, world.height);
    const Set& voters = set_of(world.height - 1);
    block.proposer = consensus_address(set_of(world.height).begin()->first);
    std::size_t number = 0;
    for (const auto& [key, power] : voters) {
        // The fourth of a set is often away: absence must add up to jail somewhere.
        const bool is_away = world.random.percent(number++ % 4 == 3 ? 70 : 8);
        if (world.height > 1) block.last_commit.push_back({consensus_address(key), power, !is_away});
    }
    if (world.height > 3 && world.random.percent(6)) {
        const std::uint64_t height =
            world.height - world.random.between(1, std::min<std::uint64_t>(world.height - 1, 20));
        const Set& then = set_of(height);
        auto guilty = then.begin();
        std::advance(guilty, world.random.below(then.size()));
        std::uint64_t total = 0;
        for (const auto& [key, power] : then) total += power;
        const auto kind = world.random.percent(80) ? chain::MisbehaviorKind::duplicate_vote
                                                   : chain::MisbehaviorKind::light_client_attack;
        block.misbehavior.push_back(
            {kind, consensus_address(guilty->first), guilty->second, height, world.time_ms, total});
        if (world.random.percent(30)) block.misbehavior.push_back(block.misbehavior.front());
        ++evidence_given;
    }
    return block;
}

Result<void> Network::follow(std::uint64_t height, const std::vector<chain::ValidatorUpdate>& updates) {
    Set next = sets_.rbegin()->second;
    for (const auto& update : updates) {
        if (update.power == 0 && next.erase(update.public_key) == 0)
            return fail(ErrorCode::internal, "an update removes a validator that was not in the set");
        if (update.power != 0) next[update.public_key] = update.power;
    }
    if (next.empty()) return fail(ErrorCode::internal, "no validator is left");
    sets_[height + 2] = std::move(next);
    return {};
}

} // namespace assay::sim
