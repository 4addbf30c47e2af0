#pragma once
/// What the registry keeps, and under which keys. Every record holds its own key's parts, so a single leaf of the state
/// reads without its neighbours. All collections are ordered: queries page through them and genesis walks them.
/// Plain values; committed class.
#include "chain/message.h"
#include "chain/modules/registry/registry_params.h"
#include "chain/modules/registry/terms.h"

#include <optional>

namespace assay::chain::registry {

template <class R>
concept Record = FieldStruct<R> && requires(const R& record) {
    { record.key() } -> std::same_as<StateKey>;
};

template <Record R, class... Parts>
std::optional<R> load(const StateReader& state, const Parts&... parts) {
    const auto bytes = state.get(ModuleId::registry, R::key_of(parts...));
    return bytes ? std::optional(decode_record<R>(*bytes)) : std::nullopt;
}
template <Record R>
void store(StateWriter& state, const R& record) {
    state.put(ModuleId::registry, record.key(), encode_record(record));
}
template <Record R>
void erase(StateWriter& state, const R& record) {
    state.erase(ModuleId::registry, record.key());
}

/// Numbers given out so far.
struct Counters {
    static constexpr std::string_view kStruct = "RegistryCounters";
    std::uint64_t assets = 0;
    std::uint64_t licences = 0;
    std::uint64_t listings = 0;
    std::uint64_t quotes = 0;
    std::uint64_t orders = 0;
    static StateKey key_of() { return StateKey(0x00); }
    StateKey key() const { return key_of(); }
    static void fields(auto&& self, auto&& visit) {
        visit("assets", self.assets);
        visit("licences", self.licences);
        visit("listings", self.listings);
        visit("quotes", self.quotes);
        visit("orders", self.orders);
    }
};

/// What never changes. Its id is the SHA-256 of its canonical DAG-CBOR form, in which content, metadata, parents and the
/// previous version are links (CIDs): the state's value *is* that form, so an IPFS tool can walk from work to work.
struct AssetRecord {
    static constexpr std::string_view kStruct = "RegistryAssetRecord";
    static constexpr std::uint8_t kCollection = 0x01;
    std::string kind{};
    std::string content{};
    std::uint64_t size_bytes = 0;
    std::vector<std::string> uris{};
    std::string metadata{};
    Address creator{}; ///< who registered it
    std::vector<Creator> creators{};
    std::vector<ParentLink> parents{};
    Digest terms{};
    std::uint32_t version = 1;
    Digest previous{};
    static StateKey key_of(const Digest& asset) { return StateKey(kCollection).add(asset); }
    static void fields(auto&& self, auto&& visit) {
        visit("kind", self.kind);
        visit("content", self.content);
        visit("size", self.size_bytes);
        visit("uris", self.uris);
        visit("metadata", self.metadata);
        visit("creator", self.creator);
        visit("creators", self.creators);
        visit("parents", self.parents);
        visit("terms", self.terms);
        visit("version", self.version);
        visit("previous", self.previous);
    }
};
/// Errors: malformed (content or metadata is no CID in its usual text form), naming the field.
Result<Bytes> canonical_bytes(const AssetRecord& record);
/// Of bytes canonical_bytes made. Errors: malformed.
Result<AssetRecord> record_from_canonical(ByteView bytes);
Digest asset_id(ByteView canonical);
std::optional<AssetRecord> load_asset_record(const StateReader& state, const Digest& asset);

/// "expired" is never stored: expires_ms and the block's time say it.
inline constexpr std::string_view kStatusActive = "active";
inline constexpr std::string_view kStatusDeprecated = "deprecated";
inline constexpr std::string_view kStatusDisputed = "disputed";
inline constexpr std::string_view kStatusExpired = "expired";

/// What its parents' licences allow an asset.
inline constexpr std::string_view kBoundNone = "";
inline constexpr std::string_view kBoundCommercial = "commercial";
inline constexpr std::string_view kBoundNonCommercial = "non_commercial";

/// What changes about an asset, and the sums a payment needs.
struct AssetState {
    static constexpr std::string_view kStruct = "RegistryAssetState";
    static constexpr std::uint8_t kCollection = 0x02;
    Digest asset{};
    std::uint64_t sequence = 0; ///< order of registration, from 1
    Address owner{};
    std::string status{kStatusActive};
    std::uint64_t height = 0;
    std::uint64_t registered_ms = 0;
    std::uint64_t expires_ms = 0; ///< from the licences it was made under; 0 = never
    std::string bound{};
    Digest bound_terms{}; ///< reciprocal parents: the only terms it may offer; else zero
    std::uint32_t lap_stack = 0; ///< owed to ancestors under each policy, units of 10^-8 of revenue
    std::uint32_t lrp_stack = 0;
    std::uint32_t ancestors = 0;
    std::vector<Address> tokens{}; ///< its vault is open for these
    std::vector<std::uint64_t> ceilings{}; ///< licences whose revenue ceilings its revenue counts towards, ascending
    static StateKey key_of(const Digest& asset) { return StateKey(kCollection).add(asset); }
    StateKey key() const { return key_of(asset); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("sequence", self.sequence);
        visit("owner", self.owner);
        visit("status", self.status);
        visit("height", self.height);
        visit("registered_ms", self.registered_ms);
        visit("expires_ms", self.expires_ms);
        visit("bound", self.bound);
        visit("bound_terms", self.bound_terms);
        visit("lap_stack", self.lap_stack);
        visit("lrp_stack", self.lrp_stack);
        visit("ancestors", self.ancestors);
        visit("tokens", self.tokens);
        visit("ceilings", self.ceilings);
    }
};

/// A derivative's tie to a parent, as its licence said. An empty policy with `version` set ties a version to the one before.
struct Edge {
    static constexpr std::string_view kStruct = "RegistryEdge";
    Digest parent{};
    std::string policy{};
    std::uint32_t share = 0;
    std::uint64_t licence = 0;
    bool version = false;
    static void fields(auto&& self, auto&& visit) {
        visit("parent", self.parent);
        visit("policy", self.policy);
        visit("share", self.share);
        visit("licence", self.licence);
        visit("version", self.version);
    }
};

/// Written once. `shares` holds 40 bytes an ancestor, ascending by id (royalty_graph.h): read only when one collects.
struct Lineage {
    static constexpr std::string_view kStruct = "RegistryLineage";
    static constexpr std::uint8_t kCollection = 0x03;
    Digest asset{};
    std::vector<Edge> edges{};
    Bytes shares{};
    static StateKey key_of(const Digest& asset) { return StateKey(kCollection).add(asset); }
    StateKey key() const { return key_of(asset); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("edges", self.edges);
        visit("shares", self.shares);
    }
};

struct Attestation {
    static constexpr std::string_view kStruct = "RegistryAttestation";
    static constexpr std::uint8_t kCollection = 0x04;
    Digest asset{};
    Address issuer{};
    std::string kind{};
    Digest hash{};
    std::string uri{};
    std::uint64_t height = 0;
    static StateKey key_of(const Digest& asset, const Address& issuer, std::string_view kind) {
        return StateKey(kCollection).add(asset).add(issuer.bytes).add(as_byte_view(kind));
    }
    StateKey key() const { return key_of(asset, issuer, kind); }
    static void fields(auto&& self, auto&& visit) {
        visit("asset", self.asset);
        visit("issuer", self.issuer);
        visit("kind", self.kind);
        visit("hash", self.hash);
        visit("uri", self.uri);
        visit("height", self.height);
    }
};

} // namespace assay::chain::registry
