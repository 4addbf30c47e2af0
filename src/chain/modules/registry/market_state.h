#pragma once
/// Listings, quotes, orders, and the queue of their deadlines. All deadlines are heights. Plain values; committed class.
#include "chain/modules/registry/state.h"

namespace assay::chain::registry {

inline constexpr std::size_t kKeyBytesMax = 4096; ///< encryption keys and key grants
inline constexpr std::uint32_t kOrderQuantityMax = 32;

struct Listing {
    static constexpr std::string_view kStruct = "RegistryListing";
    static constexpr std::uint8_t kCollection = 0x20;
    std::uint64_t id = 0;
    Address seller{};
    Digest asset{};
    Digest terms{};
    Address token{};
    Amount price{};
    std::uint32_t quantity = 0; ///< left
    std::uint64_t expiry = 0;
    std::uint64_t delivery_blocks = 0;
    std::uint64_t dispute_blocks = 0;
    Address arbiter{};
    bool open = true;
    static StateKey key_of(std::uint64_t id) { return StateKey(kCollection).add_u64(id); }
    StateKey key() const { return key_of(id); }
    static void fields(auto&& self, auto&& visit) {
        visit("id", self.id);
        visit("seller", self.seller);
        visit("asset", self.asset);
        visit("terms", self.terms);
        visit("token", self.token);
        visit("price", self.price);
        visit("quantity", self.quantity);
        visit("expiry", self.expiry);
        visit("delivery_blocks", self.delivery_blocks);
        visit("dispute_blocks", self.dispute_blocks);
        visit("arbiter", self.arbiter);
        visit("open", self.open);
    }
};

/// Erased when accepted or past its time. Holds a price, not the goods.
struct Quote {
    static constexpr std::string_view kStruct = "RegistryQuote";
    static constexpr std::uint8_t kCollection = 0x21;
    std::uint64_t id = 0;
    std::uint64_t listing = 0;
    Address buyer{};
    std::uint32_t quantity = 0;
    Amount total{};
    std::uint64_t valid_until = 0;
    static StateKey key_of(std::uint64_t id) { return StateKey(kCollection).add_u64(id); }
    StateKey key() const { return key_of(id); }
    static void fields(auto&& self, auto&& visit) {
        visit("id", self.id);
        visit("listing", self.listing);
        visit("buyer", self.buyer);
        visit("quantity", self.quantity);
        visit("total", self.total);
        visit("valid_until", self.valid_until);
    }
};

inline constexpr std::string_view kOrderEscrowed = "escrowed";
inline constexpr std::string_view kOrderDelivered = "delivered";
inline constexpr std::string_view kOrderDisputed = "disputed";
inline constexpr std::string_view kOrderReleased = "released";
inline constexpr std::string_view kOrderRefunded = "refunded";

struct Order {
    static constexpr std::string_view kStruct = "RegistryOrder";
    static constexpr std::uint8_t kCollection = 0x22;
    std::uint64_t id = 0;
    std::uint64_t listing = 0;
    Digest asset{};
    Digest terms{};
    Address seller{};
    Address buyer{};
    Address arbiter{};
    Address token{};
    Amount total{};
    std::uint64_t escrow = 0; ///< bank's, on which only this module acts; 0 when settled
    std::uint32_t quantity = 0;
    std::string state{kOrderEscrowed};
    std::uint64_t deadline = 0; ///< last height of the present state; 0 when settled
    std::uint64_t dispute_blocks = 0;
    Bytes encryption_key{};
    Bytes key_grant{};
    std::vector<std::uint64_t> licences{};
    std::string reason{};
    Amount refunded{};
    Digest usage_root{};
    std::uint64_t usage_receipts = 0;
    static StateKey key_of(std::uint64_t id) { return StateKey(kCollection).add_u64(id); }
    StateKey key() const { return key_of(id); }
    bool settled() const { return state == kOrderReleased || state == kOrderRefunded; }
    static void fields(auto&& self, auto&& visit) {
        visit("id", self.id);
        visit("listing", self.listing);
        visit("asset", self.asset);
        visit("terms", self.terms);
        visit("seller", self.seller);
        visit("buyer", self.buyer);
        visit("arbiter", self.arbiter);
        visit("token", self.token);
        visit("total", self.total);
        visit("escrow", self.escrow);
        visit("quantity", self.quantity);
        visit("state", self.state);
        visit("deadline", self.deadline);
        visit("dispute_blocks", self.dispute_blocks);
        visit("encryption_key", self.encryption_key);
        visit("key_grant", self.key_grant);
        visit("licences", self.licences);
        visit("reason", self.reason);
        visit("refunded", self.refunded);
        visit("usage_root", self.usage_root);
        visit("usage_receipts", self.usage_receipts);
    }
};

/// What is due when a height has passed. Ordered by height: end_block takes from the front.
enum class DeadlineKind : std::uint8_t { listing = 1, quote = 2, order = 3 };
inline constexpr std::uint8_t kDeadlineCollection = 0x23;
inline StateKey deadline_key(std::uint64_t height, DeadlineKind kind, std::uint64_t id) {
    const std::uint8_t kind_byte = static_cast<std::uint8_t>(kind);
    return StateKey(kDeadlineCollection).add_u64(height).add({&kind_byte, 1}).add_u64(id);
}

} // namespace assay::chain::registry
