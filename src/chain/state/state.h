#pragma once
/// What modules see of the state: byte strings by module and key, with changes kept apart until a block commits.
///
/// A key's first byte names its collection. Collections 0x00…0x7f are ordered: scan() walks them. Collections
/// 0x80…0xff are point collections (accounts, balances, nonces): no index is kept, scan() refuses them, and they are cheap.
///
/// Reading cannot fail for reasons a module could handle: a store that cannot read its disk, or finds damage there, stops
/// the process before anything is committed (fail-stop). Committed class.
#include "base/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

namespace assay::chain {

/// Modules in the order of their names, which is the order of their leaves under the app hash. Append-only set: a new
/// module changes the app hash and is therefore an upgrade.
enum class ModuleId : std::uint8_t { bank, governance, params, registry, staking };
inline constexpr std::array<std::string_view, 5> kModuleNames = {"bank", "governance", "params", "registry", "staking"};
inline constexpr std::size_t kModuleCount = kModuleNames.size();
constexpr std::string_view name_of(ModuleId module) { return kModuleNames[static_cast<std::size_t>(module)]; }

inline constexpr std::uint8_t kFirstPointCollection = 0x80;
inline constexpr std::size_t kStateKeyBytesMax = 256;
inline constexpr std::size_t kStateValueBytesMax = std::size_t{1} << 20;

/// Return false to end the walk. Writing to the walked range ahead of the walk is a bug: whether it is seen depends on
/// the implementation. Erasing or replacing keys already visited is fine.
using StateVisitor = std::function<bool(ByteView key, ByteView value)>;

/// Thread-safe unless an implementation says otherwise.
class StateReader {
public:
    virtual ~StateReader() = default;
    virtual std::optional<Bytes> get(ModuleId module, ByteView key) const = 0;
    /// Keys in [begin, end), ascending; an empty `end` is the end of begin's collection. Ordered collections only.
    virtual void scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const = 0;
};

class StateWriter : public StateReader {
public:
    virtual void put(ModuleId module, ByteView key, ByteView value) = 0;
    virtual void erase(ModuleId module, ByteView key) = 0;
};

/// The exclusive end that scan() walks to: `end`, or the end of begin's collection where it is empty. A begin that is empty
/// or in a point collection, or an end outside begin's collection, is a bug and stops the process.
Bytes scan_end(ByteView begin, ByteView end);

/// Walks every key that starts with `prefix` (ordered collections).
void scan_prefix(const StateReader& state, ModuleId module, ByteView prefix, const StateVisitor& visit);

/// Changes over a base that it borrows and never touches. Used by one thread.
/// Overlays nest: block over store, transaction over block, message batch over transaction.
class Overlay final : public StateWriter {
public:
    struct BytesLess {
        using is_transparent = void;
        bool operator()(ByteView a, ByteView b) const { return as_string_view(a) < as_string_view(b); }
    };
    /// Key → new value, or nothing when erased; ascending.
    using Changes = std::map<Bytes, std::optional<Bytes>, BytesLess>;

    explicit Overlay(const StateReader& base) : base_(base) {}
    /// A layer over another overlay, not a copy of it: there are no copies.
    explicit Overlay(const Overlay& base) : StateWriter(), base_(base) {}
    Overlay& operator=(const Overlay&) = delete;
    std::optional<Bytes> get(ModuleId module, ByteView key) const override;
    void scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const override;
    void put(ModuleId module, ByteView key, ByteView value) override;
    void erase(ModuleId module, ByteView key) override;

    const Changes& changes(ModuleId module) const { return changes_[static_cast<std::size_t>(module)]; }
    void apply_to(StateWriter& target) const;
    /// apply_to another overlay, this one left empty: hands over the entries themselves.
    void move_into(Overlay& target);
    void clear();

private:
    const StateReader& base_;
    std::array<Changes, kModuleCount> changes_;
};

/// A state in memory, for tests and simulation. Used by one thread.
class MemoryState final : public StateWriter {
public:
    std::optional<Bytes> get(ModuleId module, ByteView key) const override;
    void scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const override;
    void put(ModuleId module, ByteView key, ByteView value) override;
    void erase(ModuleId module, ByteView key) override;
    const std::map<Bytes, Bytes, Overlay::BytesLess>& entries(ModuleId module) const {
        return entries_[static_cast<std::size_t>(module)];
    }

private:
    std::array<std::map<Bytes, Bytes, Overlay::BytesLess>, kModuleCount> entries_;
};

/// Builds keys: `StateKey(0x81).add(address.bytes).add_u64(height)`. Integers are big-endian, so keys sort as numbers do.
class StateKey {
public:
    explicit StateKey(std::uint8_t collection) : bytes_{collection} {}
    StateKey& add(ByteView part);
    StateKey& add_u64(std::uint64_t value);
    StateKey& add_u32(std::uint32_t value);
    operator ByteView() const { return bytes_; } // NOLINT(google-explicit-constructor): a key is bytes

private:
    Bytes bytes_;
};

/// The big-endian integer at `offset` of a key; the key must be long enough.
std::uint64_t read_u64(ByteView key, std::size_t offset);

} // namespace assay::chain
