#pragma once
/// What users can ask of records, licences and royalties. Plain values; committed class.
#include "chain/message.h"
#include "chain/modules/registry/terms.h"

namespace assay::chain::registry {

/// Registers a work, or with `previous` a new version of one. The signer becomes its owner.
struct RegisterAsset {
    static constexpr std::string_view kType = "registry/register_asset";
    static constexpr std::string_view kStruct = "RegistryRegisterAsset";
    std::string kind;
    std::string content; ///< CID of the bytes, as text
    std::uint64_t size_bytes = 0;
    std::vector<std::string> uris; ///< where to get it
    std::string metadata; ///< CID of a description; may be empty
    std::vector<Creator> creators; ///< none, or 10^6 ppm together
    std::vector<ParentLink> parents;
    Digest terms{}; ///< attached at once; zero = none
    Digest previous{}; ///< the version before; zero = none
    static void fields(auto&& self, auto&& visit) {
        visit("kind", self.kind);
        visit("content", self.content);
        visit("size", self.size_bytes);
        visit("uris", self.uris);
        visit("metadata", self.metadata);
        visit("creators", self.creators);
        visit("parents", self.parents);
        visit("terms", self.terms);
        visit("previous", self.previous);
    }
};

struct TransferAsset {
    static constexpr std::string_view kType = "registry/transfer_asset";
    static constexpr std::string_view kStruct = "RegistryTransferAsset";
    Digest asset{};
    Address to;
    bool with_units = false; ///< the owner's royalty units go along
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("to", self.to);
        visit("with_units", self.with_units);
    }
};

/// Owner: active, deprecated. The arbiter named in the parameters: disputed, and back.
struct SetAssetStatus {
    static constexpr std::string_view kType = "registry/set_asset_status";
    static constexpr std::string_view kStruct = "RegistrySetAssetStatus";
    Digest asset{};
    std::string status;
    std::string reason;
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("status", self.status);
        visit("reason", self.reason);
    }
};

/// A statement about an asset by anyone who signs it; one of each kind an issuer, the last one counts.
struct Attest {
    static constexpr std::string_view kType = "registry/attest";
    static constexpr std::string_view kStruct = "RegistryAttest";
    Digest asset{};
    std::string kind; ///< "evaluation", "licence_review", …
    Digest hash{}; ///< of the statement
    std::string uri;
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("kind", self.kind);
        visit("hash", self.hash);
        visit("uri", self.uri);
    }
};

struct RevokeAttestation {
    static constexpr std::string_view kType = "registry/revoke_attestation";
    static constexpr std::string_view kStruct = "RegistryRevokeAttestation";
    Digest asset{};
    std::string kind;
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("kind", self.kind);
    }
};

/// Terms already known are not stored twice.
struct RegisterTerms {
    static constexpr std::string_view kType = "registry/register_terms";
    static constexpr std::string_view kStruct = "RegistryRegisterTerms";
    LicenceTerms terms;
    static void fields(auto&& self, auto&& visit) { visit("terms", self.terms); }
};

/// Offers licences of the asset under these terms, and opens its vault for their currency.
struct AttachTerms {
    static constexpr std::string_view kType = "registry/attach_terms";
    static constexpr std::string_view kStruct = "RegistryAttachTerms";
    Digest asset{};
    Digest terms{};
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("terms", self.terms);
    }
};

/// No new licences; those minted stay valid.
struct DetachTerms {
    static constexpr std::string_view kType = "registry/detach_terms";
    static constexpr std::string_view kStruct = "RegistryDetachTerms";
    Digest asset{};
    Digest terms{};
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("terms", self.terms);
    }
};

/// Members of a list that belongs to the signer, for terms whose checker is allow_list.
struct SetAllowList {
    static constexpr std::string_view kType = "registry/set_allow_list";
    static constexpr std::string_view kStruct = "RegistrySetAllowList";
    std::string list;
    std::vector<Address> members;
    bool allowed = false;
    static void fields(auto&& self, auto&& visit) {
        visit("list", self.list);
        visit("members", self.members);
        visit("allowed", self.allowed);
    }
};

/// For terms that ask for approval: lets the work with this id be registered.
struct ApproveDerivative {
    static constexpr std::string_view kType = "registry/approve_derivative";
    static constexpr std::string_view kStruct = "RegistryApproveDerivative";
    Digest parent{};
    Digest child{};
    bool approved = false;
    static void fields(auto&& self, auto&& visit) {
        visit("parent", self.parent);
        visit("child", self.child);
        visit("approved", self.approved);
    }
};

/// Free for the asset's owner; everyone else pays the terms' fee, which is revenue of the asset.
struct MintLicence {
    static constexpr std::string_view kType = "registry/mint_licence";
    static constexpr std::string_view kStruct = "RegistryMintLicence";
    Digest asset{};
    Digest terms{};
    Address to;
    std::uint32_t count = 0;
    Amount fee_max; ///< refused when the fee is more
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("terms", self.terms);
        visit("to", self.to);
        visit("count", self.count);
        visit("fee_max", self.fee_max);
    }
};

struct TransferLicence {
    static constexpr std::string_view kType = "registry/transfer_licence";
    static constexpr std::string_view kStruct = "RegistryTransferLicence";
    std::uint64_t licence = 0;
    Address to;
    static void fields(auto&& self, auto&& visit) {
        visit("licence", self.licence);
        visit("to", self.to);
    }
};

struct BurnLicence {
    static constexpr std::string_view kType = "registry/burn_licence";
    static constexpr std::string_view kStruct = "RegistryBurnLicence";
    std::uint64_t licence = 0;
    static void fields(auto&& self, auto&& visit) { visit("licence", self.licence); }
};

/// Uses up one more licence of the same asset under the same terms, so that what was made with `ceiling` may earn as much again.
struct RaiseCeiling {
    static constexpr std::string_view kType = "registry/raise_ceiling";
    static constexpr std::string_view kStruct = "RegistryRaiseCeiling";
    std::uint64_t ceiling = 0; ///< number of the licence that set it
    std::uint64_t licence = 0; ///< held by the signer
    static void fields(auto&& self, auto&& visit) {
        visit("ceiling", self.ceiling);
        visit("licence", self.licence);
    }
};

/// Lets the asset earn in this token; for good.
struct OpenToken {
    static constexpr std::string_view kType = "registry/open_token";
    static constexpr std::string_view kStruct = "RegistryOpenToken";
    Digest asset{};
    Address token;
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("token", self.token);
    }
};

/// Revenue of the asset: the protocol's fee, the ancestors' parts, the rest to its vault.
struct PayRoyalty {
    static constexpr std::string_view kType = "registry/pay_royalty";
    static constexpr std::string_view kStruct = "RegistryPayRoyalty";
    Digest asset{};
    Address token;
    Amount amount;
    Bytes reference; ///< what it is for: a receipt's hash, say
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("token", self.token);
        visit("amount", self.amount);
        visit("reference", self.reference);
    }
};

/// Moves what `asset` owes `ancestor` into the ancestor's vault. Anyone may.
struct CollectRoyalty {
    static constexpr std::string_view kType = "registry/collect_royalty";
    static constexpr std::string_view kStruct = "RegistryCollectRoyalty";
    Digest asset{};
    Digest ancestor{};
    Address token;
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("ancestor", self.ancestor);
        visit("token", self.token);
    }
};

/// Pays the signer what its royalty units have earned.
struct ClaimRevenue {
    static constexpr std::string_view kType = "registry/claim_revenue";
    static constexpr std::string_view kStruct = "RegistryClaimRevenue";
    Digest asset{};
    Address token;
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("token", self.token);
    }
};

/// Royalty units, 10^8 an asset: each earns its part of the vault from now on.
struct TransferUnits {
    static constexpr std::string_view kType = "registry/transfer_units";
    static constexpr std::string_view kStruct = "RegistryTransferUnits";
    Digest asset{};
    Address to;
    std::uint32_t units = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("to", self.to);
        visit("units", self.units);
    }
};

} // namespace assay::chain::registry
