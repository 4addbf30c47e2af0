#pragma once
/// Licence terms, what assets offer, and the tokens. Plain values; committed class.
#include "chain/modules/registry/state.h"

namespace assay::chain::registry {

inline constexpr std::uint8_t kTermsCollection = 0x05; ///< id → canonical terms: the value hashes to the key
inline StateKey terms_key(const Digest& terms) { return StateKey(kTermsCollection).add(terms); }
std::optional<LicenceTerms> load_terms(const StateReader& state, const Digest& terms);

/// An asset's offer of licences under some terms, and their number. Stays when the offer ends.
struct Offer {
    static constexpr std::string_view kStruct = "RegistryOffer";
    static constexpr std::uint8_t kCollection = 0x06;
    Digest asset{};
    Digest terms{};
    bool attached = false;
    std::uint64_t minted = 0;
    std::uint64_t burned = 0; ///< used up by derivatives, given up or taken back
    static StateKey key_of(const Digest& asset, const Digest& terms) {
        return StateKey(kCollection).add(asset).add(terms);
    }
    StateKey key() const { return key_of(asset, terms); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("terms", self.terms);
        visit("attached", self.attached);
        visit("minted", self.minted);
        visit("burned", self.burned);
    }
};

/// A licence token. It is erased when burnt.
struct Licence {
    static constexpr std::string_view kStruct = "RegistryLicence";
    static constexpr std::uint8_t kCollection = 0x07;
    std::uint64_t id = 0;
    Digest asset{};
    Digest terms{};
    Address holder{};
    std::uint64_t height = 0;
    std::uint64_t expires_ms = 0; ///< 0 = never
    bool transferable = false;
    std::uint64_t order = 0; ///< locked until this order is settled; 0 = free
    static StateKey key_of(std::uint64_t id) { return StateKey(kCollection).add_u64(id); }
    StateKey key() const { return key_of(id); }
    static void fields(auto&& self, auto&& visit) {
        visit("id", self.id);
        visit("asset", self.asset);
        visit("terms", self.terms);
        visit("holder", self.holder);
        visit("height", self.height);
        visit("expires_ms", self.expires_ms);
        visit("transferable", self.transferable);
        visit("order", self.order);
    }
};

struct Approval {
    static constexpr std::string_view kStruct = "RegistryApproval";
    static constexpr std::uint8_t kCollection = 0x08;
    Digest parent{};
    Digest child{};
    static StateKey key_of(const Digest& parent, const Digest& child) {
        return StateKey(kCollection).add(parent).add(child);
    }
    StateKey key() const { return key_of(parent, child); }
    static void fields(auto&& self, auto&& visit) {
        visit("parent", self.parent);
        visit("child", self.child);
    }
};

inline constexpr std::size_t kListNameBytesMax = 64;

struct AllowListMember {
    static constexpr std::string_view kStruct = "RegistryAllowListMember";
    static constexpr std::uint8_t kCollection = 0x09;
    Address manager{};
    std::string list{};
    Address member{};
    /// Names differ in length, so they come last.
    static StateKey key_of(const Address& manager, std::string_view list, const Address& member) {
        return StateKey(kCollection).add(manager.bytes).add(member.bytes).add(as_byte_view(list));
    }
    StateKey key() const { return key_of(manager, list, member); }
    static void fields(auto&& self, auto&& visit) {
        visit("manager", self.manager);
        visit("list", self.list);
        visit("member", self.member);
    }
};

} // namespace assay::chain::registry
