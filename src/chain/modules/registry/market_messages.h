#pragma once
/// What users can ask of the market: list → quote → escrow → licence → settle → release or refund. Plain values; committed class.
#include "chain/message.h"
#include "chain/modules/registry/terms.h"

namespace assay::chain::registry {

/// Offers licences of the signer's asset for sale.
struct CreateListing {
    static constexpr std::string_view kType = "registry/create_listing";
    static constexpr std::string_view kStruct = "RegistryCreateListing";
    Digest asset{};
    Digest terms{};
    Address token; ///< what buyers pay in
    Amount price; ///< of one licence
    std::uint32_t quantity = 0;
    std::uint64_t expiry = 0; ///< last height at which an order may be placed
    std::uint64_t delivery_blocks = 0; ///< time the seller has to deliver
    std::uint64_t dispute_blocks = 0; ///< time the buyer has to object
    Address arbiter; ///< settles disputes; neither side
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("terms", self.terms);
        visit("token", self.token);
        visit("price", self.price);
        visit("quantity", self.quantity);
        visit("expiry", self.expiry);
        visit("delivery_blocks", self.delivery_blocks);
        visit("dispute_blocks", self.dispute_blocks);
        visit("arbiter", self.arbiter);
    }
};

struct CloseListing {
    static constexpr std::string_view kType = "registry/close_listing";
    static constexpr std::string_view kStruct = "RegistryCloseListing";
    std::uint64_t listing = 0;
    static void fields(auto&& self, auto&& visit) { visit("listing", self.listing); }
};

/// Holds the list price for the signer for a while.
struct RequestQuote {
    static constexpr std::string_view kType = "registry/request_quote";
    static constexpr std::string_view kStruct = "RegistryRequestQuote";
    std::uint64_t listing = 0;
    std::uint32_t quantity = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("listing", self.listing);
        visit("quantity", self.quantity);
    }
};

/// The seller's own price for one buyer.
struct OfferQuote {
    static constexpr std::string_view kType = "registry/offer_quote";
    static constexpr std::string_view kStruct = "RegistryOfferQuote";
    std::uint64_t listing = 0;
    Address buyer;
    std::uint32_t quantity = 0;
    Amount total;
    std::uint64_t valid_until = 0; ///< height
    static void fields(auto&& self, auto&& visit) {
        visit("listing", self.listing);
        visit("buyer", self.buyer);
        visit("quantity", self.quantity);
        visit("total", self.total);
        visit("valid_until", self.valid_until);
    }
};

/// Pays the quote's total into escrow.
struct AcceptQuote {
    static constexpr std::string_view kType = "registry/accept_quote";
    static constexpr std::string_view kStruct = "RegistryAcceptQuote";
    std::uint64_t quote = 0;
    Bytes encryption_key; ///< the key grant is to be encrypted to this
    static void fields(auto&& self, auto&& visit) {
        visit("quote", self.quote);
        visit("encryption_key", self.encryption_key);
    }
};

/// Mints the licences to the buyer, locked until the order is settled, and hands over the key.
struct DeliverOrder {
    static constexpr std::string_view kType = "registry/deliver_order";
    static constexpr std::string_view kStruct = "RegistryDeliverOrder";
    std::uint64_t order = 0;
    Bytes key_grant; ///< the content key, encrypted to the buyer
    static void fields(auto&& self, auto&& visit) {
        visit("order", self.order);
        visit("key_grant", self.key_grant);
    }
};

/// The buyer is content: the seller is paid at once.
struct ConfirmOrder {
    static constexpr std::string_view kType = "registry/confirm_order";
    static constexpr std::string_view kStruct = "RegistryConfirmOrder";
    std::uint64_t order = 0;
    static void fields(auto&& self, auto&& visit) { visit("order", self.order); }
};

struct DisputeOrder {
    static constexpr std::string_view kType = "registry/dispute_order";
    static constexpr std::string_view kStruct = "RegistryDisputeOrder";
    std::uint64_t order = 0;
    std::string reason;
    static void fields(auto&& self, auto&& visit) {
        visit("order", self.order);
        visit("reason", self.reason);
    }
};

/// By the arbiter: this share of the money back to the buyer, the rest released.
struct ResolveOrder {
    static constexpr std::string_view kType = "registry/resolve_order";
    static constexpr std::string_view kStruct = "RegistryResolveOrder";
    std::uint64_t order = 0;
    std::uint32_t refund_share = 0; ///< units of 10^-8
    static void fields(auto&& self, auto&& visit) {
        visit("order", self.order);
        visit("refund_share", self.refund_share);
    }
};

/// The seller's running account of use under an order: Merkle root over receipts, never fewer than before.
struct CommitUsage {
    static constexpr std::string_view kType = "registry/commit_usage";
    static constexpr std::string_view kStruct = "RegistryCommitUsage";
    std::uint64_t order = 0;
    Digest root{};
    std::uint64_t receipts = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("order", self.order);
        visit("root", self.root);
        visit("receipts", self.receipts);
    }
};

} // namespace assay::chain::registry
