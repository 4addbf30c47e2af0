/// An undo log: before the first change of an item in a block, what it was goes under (item, height). The value at the
/// end of block h is in the item's first entry above h, or, where there is none, the present one. Entries last for the
/// tail of blocks, and longer where a pinned height needs them.
#include "chain/modules/staking/history.h"

#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"

#include <map>

namespace assay::chain::staking {
namespace {

constexpr std::size_t kPrunedPerBlock = 1'000;
constexpr std::size_t kHeightBytes = 8;

std::uint64_t height_of(ByteView past_key) { return read_u64(past_key, past_key.size() - kHeightBytes); }

std::optional<std::uint64_t> first_pin(const StateReader& state, std::uint64_t from) {
    const auto pins = keys_between(state, key_of(kPins).add_u64(from), {}, 1);
    return pins.empty() ? std::nullopt : std::optional(read_u64(pins[0], 1));
}

PastValidator past_of(const Validator& record) { return {record.tokens, record.shares, record.is(Status::bonded)}; }

/// The item's value at the end of `height`, where it has changed since.
template <FieldStruct R>
std::optional<R> find_past(const StateReader& state, const StateKey& item, std::uint64_t height) {
    std::optional<R> past;
    StateKey from = item;
    StateKey until = item;
    state.scan(ModuleId::staking, from.add_u64(height + 1), until.add_u64(UINT64_MAX), [&](ByteView, ByteView value) {
        past = decode_record<R>(value);
        return false;
    });
    return past;
}

std::map<Address, PastValidator> bonded_validators_at(const StateReader& state, std::uint64_t height) {
    std::map<Address, PastValidator> validators;
    scan_prefix(state, ModuleId::staking, key_of(kBonded), [&](ByteView key, ByteView) {
        const Address validator = address_at(key, nth_address(0));
        validators.emplace(validator, past_of(*load<Validator>(state, key_of(kValidators, validator))));
        return true;
    });
    std::optional<Address> settled; // only a validator's first entry above the height counts
    scan_prefix(state, ModuleId::staking, key_of(kPastValidators), [&](ByteView key, ByteView value) {
        const Address validator = address_at(key, nth_address(0));
        if (height_of(key) <= height || settled == validator) return true;
        settled = validator;
        validators.insert_or_assign(validator, decode_record<PastValidator>(value));
        return true;
    });
    std::erase_if(validators, [](const auto& entry) { return !entry.second.bonded; });
    return validators;
}

PastValidator validator_at(const StateReader& state, const Address& validator, std::uint64_t height) {
    if (auto past = find_past<PastValidator>(state, key_of(kPastValidators, validator), height)) return *past;
    const auto record = load<Validator>(state, key_of(kValidators, validator));
    return record ? past_of(*record) : PastValidator{};
}

std::map<Address, Amount> shares_at(const StateReader& state, const Address& delegator, std::uint64_t height) {
    std::map<Address, Amount> shares;
    scan_prefix(state, ModuleId::staking, key_of(kDelegations, delegator), [&](ByteView key, ByteView value) {
        shares.emplace(address_at(key, nth_address(1)), decode_record<Delegation>(value).shares);
        return true;
    });
    std::optional<Address> settled;
    scan_prefix(state, ModuleId::staking, key_of(kPastDelegations, delegator), [&](ByteView key, ByteView value) {
        const Address validator = address_at(key, nth_address(1));
        if (height_of(key) <= height || settled == validator) return true;
        settled = validator;
        shares.insert_or_assign(validator, decode_record<PastDelegation>(value).shares);
        return true;
    });
    return shares;
}

} // namespace

std::vector<Share> validators_at(const StateReader& state, std::uint64_t height) {
    std::vector<Share> shares;
    for (const auto& [validator, past] : bonded_validators_at(state, height))
        shares.push_back({validator, past.tokens});
    return shares;
}

Amount bonded_at(const StateReader& state, std::uint64_t height) {
    Amount total;
    for (const Share& share : validators_at(state, height)) total = plus(total, share.tokens);
    return total;
}

std::vector<Share> delegations_at(const StateReader& state, const Address& delegator, std::uint64_t height) {
    std::vector<Share> result;
    for (const auto& [validator, shares] : shares_at(state, delegator, height)) {
        const PastValidator past = validator_at(state, validator, height);
        if (!past.bonded || shares.is_zero()) continue;
        result.push_back({validator, scaled(shares, past.tokens.units(), past.shares.units())});
    }
    return result;
}

void pin_history(Context& context, std::uint64_t height) {
    const std::uint64_t now = context.block().height;
    const StateKey key = key_of(kPins).add_u64(height);
    Count pins = load<Count>(context.state(), key).value_or(Count{});
    // What is forgotten cannot be pinned.
    ASSAY_ASSERT(height <= now && (height + kHistoryTailBlocks >= now || pins.count > 0));
    ++pins.count;
    store(context.state(), key, pins);
}

void unpin_history(Context& context, std::uint64_t height) {
    const StateKey key = key_of(kPins).add_u64(height);
    auto pins = load<Count>(context.state(), key);
    ASSAY_ASSERT(pins && pins->count > 0);
    if (--pins->count == 0) return erase(context.state(), key);
    store(context.state(), key, *pins);
}

void Keeper::remember_validator(const Address& validator, const std::optional<Validator>& before,
                                const Validator* after) {
    const PastValidator was = before ? past_of(*before) : PastValidator{};
    const PastValidator is = after != nullptr ? past_of(*after) : PastValidator{};
    if (was != is) remember(key_of(kPastValidators, validator), encode_record(was));
}

void Keeper::remember_delegation(const Address& delegator, const Address& validator, Amount shares_before) {
    remember(key_of(kPastDelegations, delegator, validator), encode_record(PastDelegation{shares_before}));
}

void Keeper::remember(const StateKey& item, const Bytes& before) {
    StateKey key = item;
    key.add_u64(height());
    if (is_marked(state_, key)) return; // changed in this block before
    state_.put(ModuleId::staking, key, before);
    mark(state_, key_of(kPastByHeight).add_u64(height()).add(item));
}

void Keeper::prune_history() {
    if (height() <= kHistoryTailBlocks) return;
    const std::uint64_t leaving = height() - kHistoryTailBlocks;
    prune_unpinned(leaving);
    prune_up_to(std::min(leaving, first_pin(state_, 0).value_or(leaving)));
}

/// Of the block that leaves the tail, only entries stay that a pinned height reads.
void Keeper::prune_unpinned(std::uint64_t leaving) {
    const StateKey begin = key_of(kPastByHeight).add_u64(leaving);
    const StateKey end = key_of(kPastByHeight).add_u64(leaving + 1);
    for (const Bytes& index : keys_between(state_, begin, end)) {
        const ByteView item = ByteView(index).subspan(1 + kHeightBytes);
        Bytes key(item.begin(), item.end());
        std::uint64_t covers_from =
            0; // the heights that this entry answers for: those since the item's entry before it
        scan_prefix(state_, ModuleId::staking, item, [&](ByteView other, ByteView) {
            if (height_of(other) >= leaving) return false;
            covers_from = height_of(other);
            return true;
        });
        const auto pin = first_pin(state_, covers_from);
        if (pin && *pin < leaving) continue;
        for (std::size_t shift = kHeightBytes; shift-- > 0;) {
            key.push_back(static_cast<std::uint8_t>(leaving >> (8 * shift)));
        }
        erase(state_, key);
        erase(state_, index);
    }
}

/// Entries at or below the oldest height that anybody may still ask for are never read again.
void Keeper::prune_up_to(std::uint64_t oldest) {
    const StateKey end = key_of(kPastByHeight).add_u64(oldest + 1);
    for (const Bytes& index : keys_between(state_, key_of(kPastByHeight), end, kPrunedPerBlock)) {
        const ByteView item = ByteView(index).subspan(1 + kHeightBytes);
        Bytes key(item.begin(), item.end());
        key.insert(key.end(), index.begin() + 1, index.begin() + 1 + kHeightBytes);
        erase(state_, key);
        erase(state_, index);
    }
}

} // namespace assay::chain::staking
