#include "chain/state/state.h"

#include "base/assert.h"

namespace assay::chain {
namespace {

bool less(ByteView a, ByteView b) { return Overlay::BytesLess{}(a, b); }

void check_key(ByteView key) { ASSAY_ASSERT(!key.empty() && key.size() <= kStateKeyBytesMax); }

void check_entry(ByteView key, ByteView value) {
    check_key(key);
    ASSAY_ASSERT(value.size() <= kStateValueBytesMax);
}

} // namespace

Bytes scan_end(ByteView begin, ByteView end) {
    ASSAY_ASSERT(!begin.empty() && begin[0] < kFirstPointCollection);
    const auto next = static_cast<std::uint8_t>(begin[0] + 1);
    if (end.empty()) return {next};
    ASSAY_ASSERT(end[0] == begin[0] || (end.size() == 1 && end[0] == next));
    return {end.begin(), end.end()};
}

void scan_prefix(const StateReader& state, ModuleId module, ByteView prefix, const StateVisitor& visit) {
    Bytes end(prefix.begin(), prefix.end());
    while (!end.empty() && end.back() == 0xff) end.pop_back();
    if (!end.empty()) ++end.back(); // the first byte is never 0xff in an ordered collection
    state.scan(module, prefix, end, visit);
}

std::optional<Bytes> Overlay::get(ModuleId module, ByteView key) const {
    const Changes& changes = this->changes(module);
    const auto it = changes.find(key);
    return it == changes.end() ? base_.get(module, key) : it->second;
}

void Overlay::scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const {
    const Bytes stop = scan_end(begin, end);
    const Changes& changes = this->changes(module);
    auto change = changes.lower_bound(begin);
    bool goes_on = true;
    /// Shows changes below `limit`. Moves on before it shows one: the visitor may write.
    const auto show_changes_below = [&](ByteView limit) {
        while (goes_on && change != changes.end() && less(change->first, limit)) {
            const auto current = change++;
            if (current->second) goes_on = visit(current->first, *current->second);
        }
    };
    base_.scan(module, begin, stop, [&](ByteView key, ByteView value) {
        show_changes_below(key);
        if (!goes_on) return false;
        const bool is_changed = change != changes.end() && !less(key, change->first);
        if (!is_changed) return goes_on = visit(key, value);
        const auto current = change++;
        if (current->second) goes_on = visit(current->first, *current->second);
        return goes_on;
    });
    show_changes_below(stop);
}

void Overlay::put(ModuleId module, ByteView key, ByteView value) {
    check_entry(key, value);
    Changes& changes = changes_[static_cast<std::size_t>(module)];
    Bytes copy(value.begin(), value.end()); // first: `value` may lie in the entry that it replaces
    const auto it = changes.lower_bound(key);
    if (it != changes.end() && !less(key, it->first)) {
        it->second = std::move(copy);
    } else {
        changes.emplace_hint(it, Bytes(key.begin(), key.end()), std::move(copy));
    }
}

void Overlay::erase(ModuleId module, ByteView key) {
    check_entry(key, {});
    Changes& changes = changes_[static_cast<std::size_t>(module)];
    const auto it = changes.lower_bound(key);
    if (it != changes.end() && !less(key, it->first)) {
        it->second.reset();
    } else {
        changes.emplace_hint(it, Bytes(key.begin(), key.end()), std::nullopt);
    }
}

void Overlay::apply_to(StateWriter& target) const {
    for (std::size_t i = 0; i < kModuleCount; ++i) {
        const auto module = static_cast<ModuleId>(i);
        for (const auto& [key, value] : changes_[i]) {
            if (value) target.put(module, key, *value);
            else target.erase(module, key);
        }
    }
}

void Overlay::move_into(Overlay& target) {
    for (std::size_t i = 0; i < kModuleCount; ++i) {
        Changes& from = changes_[i];
        while (!from.empty()) {
            auto placed = target.changes_[i].insert(from.extract(from.begin()));
            if (!placed.inserted) placed.position->second = std::move(placed.node.mapped());
        }
    }
}

void Overlay::clear() {
    for (Changes& changes : changes_) changes.clear();
}

std::optional<Bytes> MemoryState::get(ModuleId module, ByteView key) const {
    check_key(key); // as the store does: what would stop a node must not pass in tests
    const auto& entries = this->entries(module);
    const auto it = entries.find(key);
    if (it == entries.end()) return std::nullopt;
    return it->second;
}

void MemoryState::scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const {
    const Bytes stop = scan_end(begin, end);
    const auto& entries = this->entries(module);
    for (auto it = entries.lower_bound(begin); it != entries.end() && less(it->first, stop);) {
        const Bytes key = it->first; // a copy: the visitor may erase the entry
        const Bytes value = it->second;
        if (!visit(key, value)) return;
        it = entries.upper_bound(key);
    }
}

void MemoryState::put(ModuleId module, ByteView key, ByteView value) {
    check_entry(key, value);
    entries_[static_cast<std::size_t>(module)].insert_or_assign(Bytes(key.begin(), key.end()),
                                                                Bytes(value.begin(), value.end()));
}

void MemoryState::erase(ModuleId module, ByteView key) {
    auto& entries = entries_[static_cast<std::size_t>(module)];
    const auto it = entries.find(key);
    if (it != entries.end()) entries.erase(it);
}

StateKey& StateKey::add(ByteView part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    return *this;
}

StateKey& StateKey::add_u64(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
}

StateKey& StateKey::add_u32(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
}

std::uint64_t read_u64(ByteView key, std::size_t offset) {
    ASSAY_ASSERT(key.size() >= 8 && offset <= key.size() - 8);
    std::uint64_t value = 0;
    for (const std::uint8_t byte : key.subspan(offset, 8)) value = (value << 8) | byte;
    return value;
}

} // namespace assay::chain
