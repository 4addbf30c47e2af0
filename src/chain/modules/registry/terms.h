#pragma once
/// The parts that messages and records share: what an asset says of itself, and licence terms. Plain values; committed class.
#include "chain/amount.h"
#include "chain/context.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay::chain::registry {

inline constexpr std::array<std::string_view, 5> kAssetKinds = {"model", "adapter", "dataset", "agent", "output"};

/// A work that contains or was made from its parent needs the parent's licence and owes it what that licence says.
inline constexpr std::array<std::string_view, 9> kDerivativeRelations = {
    "trained_on",     "finetuned_from", "adapter_of",   "merged_from", "distilled_from",
    "quantized_from", "generated_by",   "derived_from", "contains"};
/// Mere references: no licence, no royalty, no ancestry.
inline constexpr std::array<std::string_view, 2> kReferenceRelations = {"evaluated_on", "cites"};

inline constexpr std::string_view kPolicyAbsolute = "LAP"; ///< a share of the revenue of every descendant
inline constexpr std::string_view kPolicyRelative =
    "LRP"; ///< a share of what the child gets, multiplied along the path

inline constexpr std::string_view kCheckerAllowList = "allow_list"; ///< data: manager's address ‖ name of the list
inline constexpr std::string_view kCheckerTokenHolder =
    "token_holder"; ///< data: token's address ‖ least balance, 16 bytes

/// 100 % of anything that is shared: 10^8 units.
inline constexpr std::uint32_t kWhole = 100'000'000;

inline constexpr std::size_t kParentsMax = 16;
inline constexpr std::size_t kAncestorsMax = 1024;
inline constexpr std::size_t kCeilingsMax = 16; ///< that one work's revenue counts towards
inline constexpr std::size_t kCreatorsMax = 32;
inline constexpr std::size_t kUrisMax = 8;
inline constexpr std::size_t kUriBytesMax = 512;
inline constexpr std::size_t kTokensMax = 16;
inline constexpr std::size_t kCheckerDataBytesMax = 128;
inline constexpr std::uint32_t kPpm = 1'000'000;

/// Who made it, in parts per million of the work.
struct Creator {
    static constexpr std::string_view kStruct = "RegistryCreator";
    Address address;
    std::uint32_t ppm = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("address", self.address);
        visit("ppm", self.ppm);
    }
};

struct ParentLink {
    static constexpr std::string_view kStruct = "RegistryParent";
    Digest asset{};
    std::string relation;
    std::uint64_t licence = 0; ///< the token that is used up; 0 for references
    std::uint32_t weight_ppm = 0; ///< of the parents' part in the work; money follows the licence, not this
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("relation", self.relation);
        visit("licence", self.licence);
        visit("weight_ppm", self.weight_ppm);
    }
};

/// The 17 public fields of programmable licences, under their public names. Named by the SHA-256 of their DAG-CBOR form.
struct LicenceTerms {
    static constexpr std::string_view kStruct = "RegistryTerms";
    bool transferable = false;
    std::string royalty_policy; ///< "", "LAP" or "LRP"
    Amount default_minting_fee;
    std::uint64_t expiration_s = 0; ///< lifetime of a licence token and of what is made with it; 0 = for ever
    bool commercial_use = false;
    bool commercial_attribution = false;
    std::string commercializer_checker; ///< "", "allow_list" or "token_holder": who may take a licence
    Bytes commercializer_checker_data;
    std::uint32_t commercial_rev_share = 0; ///< units of 10^-8
    Amount commercial_rev_ceiling; ///< of what is made with one licence, in `currency`; 0 = none
    bool derivatives_allowed = false;
    bool derivatives_attribution = false;
    bool derivatives_approval = false;
    bool derivatives_reciprocal = false;
    Amount derivative_rev_ceiling; ///< likewise: the lower of the two holds
    Address currency; ///< zero = none
    std::string uri;

    static void fields(auto&& self, auto&& visit) {
        visit("transferable", self.transferable);
        visit("royaltyPolicy", self.royalty_policy);
        visit("defaultMintingFee", self.default_minting_fee);
        visit("expiration", self.expiration_s);
        visit("commercialUse", self.commercial_use);
        visit("commercialAttribution", self.commercial_attribution);
        visit("commercializerChecker", self.commercializer_checker);
        visit("commercializerCheckerData", self.commercializer_checker_data);
        visit("commercialRevShare", self.commercial_rev_share);
        visit("commercialRevCeiling", self.commercial_rev_ceiling);
        visit("derivativesAllowed", self.derivatives_allowed);
        visit("derivativesAttribution", self.derivatives_attribution);
        visit("derivativesApproval", self.derivatives_approval);
        visit("derivativesReciprocal", self.derivatives_reciprocal);
        visit("derivativeRevCeiling", self.derivative_rev_ceiling);
        visit("currency", self.currency);
        visit("uri", self.uri);
    }
};

/// Everything that follows from the terms alone. Errors: invalid_argument, naming the field that breaks a rule.
Result<void> check_terms(const LicenceTerms& terms);
Digest terms_id(const LicenceTerms& terms);

} // namespace assay::chain::registry
