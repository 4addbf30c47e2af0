#pragma once
/// Revenue: what came in for an asset, what ancestors and unit holders took. Plain values; committed class.
#include "chain/modules/registry/state.h"

namespace assay::chain::registry {

/// A vault takes at most this of one token in its life: units × revenue then fits 128 bits, so holders' parts are exact.
inline constexpr Amount kVaultMax{Uint128{1} << 100};

/// One asset's money in one token. Totals only grow; what is left is the difference.
struct RevenueAccount {
    static constexpr std::string_view kStruct = "RegistryRevenueAccount";
    static constexpr std::uint8_t kCollection = 0x10;
    Digest asset{};
    Address token{};
    Amount received{}; ///< all payments, before anything is taken off
    Amount fees{};
    Amount lap_in{}; ///< set aside for ancestors, by policy
    Amount lap_out{};
    Amount lrp_in{};
    Amount lrp_out{};
    Amount vault_in{}; ///< the rest, and what this asset collected as an ancestor of others
    Amount vault_out{};
    static StateKey key_of(const Digest& asset, const Address& token) {
        return StateKey(kCollection).add(asset).add(token.bytes);
    }
    StateKey key() const { return key_of(asset, token); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("token", self.token);
        visit("received", self.received);
        visit("fees", self.fees);
        visit("lap_in", self.lap_in);
        visit("lap_out", self.lap_out);
        visit("lrp_in", self.lrp_in);
        visit("lrp_out", self.lrp_out);
        visit("vault_in", self.vault_in);
        visit("vault_out", self.vault_out);
    }
};

/// What an ancestor has collected from an asset so far.
struct Collected {
    static constexpr std::string_view kStruct = "RegistryCollected";
    static constexpr std::uint8_t kCollection = 0x11;
    Digest asset{};
    Digest ancestor{};
    Address token{};
    Amount lap{};
    Amount lrp{};
    static StateKey key_of(const Digest& asset, const Digest& ancestor, const Address& token) {
        return StateKey(kCollection).add(asset).add(ancestor).add(token.bytes);
    }
    StateKey key() const { return key_of(asset, ancestor, token); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("ancestor", self.ancestor);
        visit("token", self.token);
        visit("lap", self.lap);
        visit("lrp", self.lrp);
    }
};

/// Royalty units: 10^8 an asset in all.
struct Holding {
    static constexpr std::string_view kStruct = "RegistryHolding";
    static constexpr std::uint8_t kCollection = 0x12;
    Digest asset{};
    Address holder{};
    std::uint32_t units = 0;
    static StateKey key_of(const Digest& asset, const Address& holder) {
        return StateKey(kCollection).add(asset).add(holder.bytes);
    }
    StateKey key() const { return key_of(asset, holder); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("holder", self.holder);
        visit("units", self.units);
    }
};

/// How far a holder's earnings in one token are reckoned: up to vault_in = `settled`. Absent means zero and zero.
struct Earnings {
    static constexpr std::string_view kStruct = "RegistryEarnings";
    static constexpr std::uint8_t kCollection = 0x13;
    Digest asset{};
    Address holder{};
    Address token{};
    Amount settled{};
    Amount owed_fine{}; ///< in 10^-8 of the token's unit, so nothing is rounded until it is paid
    static StateKey key_of(const Digest& asset, const Address& holder, const Address& token) {
        return StateKey(kCollection).add(asset).add(holder.bytes).add(token.bytes);
    }
    StateKey key() const { return key_of(asset, holder, token); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("holder", self.holder);
        visit("token", self.token);
        visit("settled", self.settled);
        visit("owed_fine", self.owed_fine);
    }
};

/// What one licence, used up by a derivative, lets everything made with it earn: that work, its later versions and what is
/// derived from any of them. Never erased.
struct RevenueCeiling {
    static constexpr std::string_view kStruct = "RegistryRevenueCeiling";
    static constexpr std::uint8_t kCollection = 0x14;
    std::uint64_t licence = 0; ///< its number names the ceiling
    Digest asset{}; ///< whose licence it was
    Digest terms{};
    Address currency{}; ///< the only token that counts, and the only one the works may earn in
    Amount commercial{}; ///< commercialRevCeiling of the licences behind it, summed; 0 = none
    Amount derivative{}; ///< derivativeRevCeiling likewise
    Amount earned{}; ///< all payments to the works, before anything is taken off
    std::uint64_t licences = 1; ///< used up for it
    static StateKey key_of(std::uint64_t licence) { return StateKey(kCollection).add_u64(licence); }
    StateKey key() const { return key_of(licence); }
    static void fields(auto&& self, auto&& visit) {
        visit("licence", self.licence);
        visit("asset", self.asset);
        visit("terms", self.terms);
        visit("currency", self.currency);
        visit("commercial", self.commercial);
        visit("derivative", self.derivative);
        visit("earned", self.earned);
        visit("licences", self.licences);
    }
    /// The lower one of those there are, and the name of its field.
    struct Lowest {
        Amount amount;
        std::string_view field;
    };
    Lowest lowest() const {
        const bool is_derivative = commercial.is_zero() || (!derivative.is_zero() && derivative < commercial);
        return is_derivative ? Lowest{derivative, "derivativeRevCeiling"} : Lowest{commercial, "commercialRevCeiling"};
    }
};

} // namespace assay::chain::registry
