#pragma once
/// Bank and registry over a state in memory. For tests only.
#include "chain/modules/bank/bank_module.h"
#include "chain/modules/bank/messages.h"
#include "chain/modules/registry/keeper.h"
#include "chain/modules/registry/market_messages.h"
#include "chain/modules/registry/messages.h"
#include "chain/modules/testing/module_fixture.h"
#include "crypto/content_id.h"

#include <algorithm>
#include <map>

namespace assay::chain::registry {

/// Marks assets as disputed.
inline const Address kDisputesArbiter = testing::address_of(90);

class FixedParams final : public ParamsPort {
public:
    RegistryParams registry{};
    std::optional<Bytes> stored(const StateReader&, std::string_view module) const override {
        if (module != RegistryParams::kModule) return std::nullopt;
        return encode_record(registry);
    }
};

class RegistryChain : public testing::Bench {
public:
    RegistryChain() {
        params.registry.arbiter = kDisputesArbiter;
        bank.register_messages(registry);
        module.register_messages(registry);
    }

    void fund(const Address& account, std::uint64_t amount, const Address& token = kNativeToken) {
        run([&](Context& context) { ASSERT_TRUE(bank.mint(context, account, token, Amount(amount)).has_value()); });
    }
    std::uint64_t balance(const Address& account, const Address& token = kNativeToken) const {
        return static_cast<std::uint64_t>(bank.balance(state, account, token).units());
    }

    template <MessageStruct M>
    void accept(const Address& signer, const M& message) {
        const auto done = send(signer, message);
        ASSERT_TRUE(done.has_value()) << M::kType << ": " << done.error().message;
    }

    /// The attribute of the last event of this type.
    std::string last(std::string_view type, std::string_view attribute) const {
        for (auto event = events.rbegin(); event != events.rend(); ++event) {
            if (event->type != type) continue;
            for (const auto& [name, value] : event->attributes)
                if (name == attribute) return value;
        }
        return {};
    }
    Digest last_digest(std::string_view type, std::string_view attribute) const {
        const auto bytes = from_hex(last(type, attribute));
        Digest digest{};
        if (bytes && bytes->size() == digest.size()) std::ranges::copy(*bytes, digest.begin());
        return digest;
    }
    std::uint64_t last_number(std::string_view type, std::string_view attribute) const {
        const std::string text = last(type, attribute);
        return text.empty() ? 0 : std::stoull(text);
    }

    static std::string cid_of(std::string_view text) {
        return crypto::content_id(codec::kCodecRaw, as_byte_view(text)).to_string();
    }
    /// A work whose content is called `text`.
    static RegisterAsset work(std::string_view text) {
        RegisterAsset message;
        message.kind = "model";
        message.content = cid_of(text);
        message.size_bytes = text.size();
        return message;
    }
    Digest add_asset(const Address& owner, const RegisterAsset& message) {
        accept(owner, message);
        return last_digest("registry.asset_registered", "asset");
    }
    Digest add_terms(const LicenceTerms& terms) {
        accept(testing::address_of(1), RegisterTerms{terms});
        return terms_id(terms);
    }
    static LicenceTerms commercial(std::string_view policy, std::uint32_t share) {
        LicenceTerms terms;
        terms.transferable = true;
        terms.royalty_policy = policy;
        terms.commercial_use = true;
        terms.commercial_rev_share = share;
        terms.derivatives_allowed = true;
        terms.currency = kNativeToken;
        return terms;
    }
    std::uint64_t add_licence(const Address& owner, const Digest& asset, const Digest& terms, const Address& to) {
        accept(owner, MintLicence{asset, terms, to, 1, Amount{}});
        return last_number("registry.licence_minted", "licence");
    }
    /// Offers the parent under terms with this policy and share and mints a licence of it to `holder`.
    ParentLink link(const Address& parent_owner, const Digest& parent, const LicenceTerms& terms,
                    const Address& holder) {
        const Digest id = add_terms(terms);
        accept(parent_owner, AttachTerms{parent, id});
        return {parent, "derived_from", add_licence(parent_owner, parent, id, holder), 0};
    }

    std::uint64_t vault_in(const Digest& asset, const Address& token = kNativeToken) const {
        const auto account = load<RevenueAccount>(state, asset, token);
        return account ? static_cast<std::uint64_t>(account->vault_in.units()) : 0;
    }
    /// Invariants of both modules, and nothing in the registry's account that it does not owe.
    std::string check() const {
        if (const std::string found = violation(module); !found.empty()) return found;
        if (const std::string found = violation(bank); !found.empty()) return found;
        return surplus();
    }
    std::string surplus() const {
        std::map<Address, Uint128> owed;
        scan_prefix(state, ModuleId::registry, StateKey(RevenueAccount::kCollection), [&](ByteView, ByteView value) {
            const auto account = decode_record<RevenueAccount>(value);
            owed[account.token] += account.lap_in.units() - account.lap_out.units() + account.lrp_in.units() -
                                   account.lrp_out.units() + account.vault_in.units() - account.vault_out.units();
            return true;
        });
        for (const auto& [token, sum] : owed)
            if (bank.balance(state, registry_account(), token) != Amount(sum)) return "the account holds a surplus";
        return {};
    }
    void next() { next_block({&bank, &module}); }

    FixedParams params;
    BankModule bank{params};
    RegistryModule module{{bank, bank, params}};
};

} // namespace assay::chain::registry
