// What royalties cost: state reads and writes, bytes and microseconds of each step, for a work of 16 parents and for one of
// 1,024 ancestors. One thread, state in memory, messages decoded and executed as in a block but without signatures; what a
// store adds follows from the counted writes. Prints one JSON object.
#include "chain/modules/modules.h"
#include "chain/modules/registry/messages.h"
#include "codec/dag_cbor.h"
#include "crypto/content_id.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace assay;
using namespace assay::chain;
using namespace assay::chain::registry;

struct Cost {
    std::size_t reads = 0;
    std::size_t writes = 0;
    std::size_t bytes_read = 0;
    std::size_t bytes_written = 0;
    double us = 0;
};

class CountingState final : public StateWriter {
public:
    CountingState(StateWriter& state, Cost& cost) : state_(state), cost_(cost) {}
    std::optional<Bytes> get(ModuleId module, ByteView key) const override {
        auto value = state_.get(module, key);
        ++cost_.reads;
        cost_.bytes_read += value ? value->size() : 0;
        return value;
    }
    void scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const override {
        state_.scan(module, begin, end, visit);
    }
    void put(ModuleId module, ByteView key, ByteView value) override {
        ++cost_.writes;
        cost_.bytes_written += key.size() + value.size();
        state_.put(module, key, value);
    }
    void erase(ModuleId module, ByteView key) override {
        ++cost_.writes;
        state_.erase(module, key);
    }

private:
    StateWriter& state_;
    Cost& cost_;
};

Address account_of(std::uint8_t number) {
    Address address;
    address.bytes[0] = 0xac;
    address.bytes[19] = number;
    return address;
}
const Address kOwner = account_of(1);
const Address kPayer = account_of(2);

class Chain {
public:
    Chain() {
        block_.height = 1;
        block_.time_ms = 1'900'000'000'000;
        for (const auto& module : modules_.modules) module->register_messages(messages_);
        const codec::Value account(codec::Value::Map{{"address", codec::Value(crypto::to_string(kPayer))},
                                                     {"balance", codec::Value("1000000000000000000")}});
        const codec::Value genesis(codec::Value::Map{{"accounts", codec::Value(codec::Value::List{account})}});
        GasMeter gas(~std::uint64_t{0});
        Context context(block_, state_, gas, events_);
        if (!modules_.find("bank")->init_genesis(context, genesis)) std::abort();
    }

    template <MessageStruct M>
    Cost run(const Address& signer, const M& message) {
        const codec::Value wire = to_value(message);
        Cost cost;
        events_.clear();
        const auto start = std::chrono::steady_clock::now();
        Overlay overlay(state_);
        CountingState counted(overlay, cost);
        GasMeter gas(~std::uint64_t{0});
        Context context(block_, counted, gas, events_);
        const auto decoded = messages_.decode(wire);
        const auto done =
            decoded ? (*decoded)->execute(context, signer) : Result<void>(std::unexpected(decoded.error()));
        cost.us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
        if (!done) {
            std::fprintf(stderr, "royalty_bench: %s\n", done.error().message.c_str());
            std::exit(1);
        }
        overlay.apply_to(state_);
        return cost;
    }

    Digest event_digest(std::string_view attribute) const {
        Digest digest{};
        for (const Event& event : events_)
            for (const auto& [name, value] : event.attributes)
                if (name == attribute) std::ranges::copy(from_hex(value).value(), digest.begin());
        return digest;
    }

    Cost last_registration;
    Digest add(const Digest& previous, std::vector<ParentLink> parents) {
        RegisterAsset message;
        message.kind = "model";
        message.content = crypto::content_id(codec::kCodecRaw, as_byte_view(std::to_string(++assets_))).to_string();
        message.previous = previous;
        message.parents = std::move(parents);
        last_registration = run(kOwner, message);
        return event_digest("asset");
    }

    ParentLink licence_of(const Digest& asset, const Digest& terms) {
        run(kOwner, AttachTerms{asset, terms});
        run(kOwner, MintLicence{asset, terms, kOwner, 1, {}});
        return {asset, "derived_from", ++licences_, 0};
    }

private:
    ModuleSet modules_ = make_modules();
    MessageRegistry messages_;
    MemoryState state_;
    BlockInfo block_;
    std::vector<Event> events_;
    std::uint64_t assets_ = 0;
    std::uint64_t licences_ = 0;
};

/// The median of several runs by time; counts are those of the last.
Cost median(std::vector<Cost> runs) {
    const Cost counts = runs.back();
    std::ranges::sort(runs, {}, &Cost::us);
    Cost cost = counts;
    cost.us = runs[runs.size() / 2].us;
    return cost;
}

void print(const char* name, const Cost& cost, const char* end) {
    std::printf(
        "  \"%s\": {\"reads\": %zu, \"writes\": %zu, \"bytes_read\": %zu, \"bytes_written\": %zu, \"us\": %.2f}%s\n",
        name, cost.reads, cost.writes, cost.bytes_read, cost.bytes_written, cost.us, end);
}

LicenceTerms terms_of(std::string_view policy) {
    LicenceTerms terms;
    terms.royalty_policy = policy;
    terms.commercial_use = true;
    terms.commercial_rev_share = 2'000'000;
    terms.derivatives_allowed = true;
    terms.currency = kNativeToken;
    return terms;
}

struct Costs {
    Cost registration;
    Cost payment;
    Cost collection;
    Cost claim;
};

/// A work of 16 parents, each the last of `versions` versions; 8 under each policy.
Costs measure(std::size_t versions) {
    constexpr std::size_t kRounds = 401;
    Chain chain;
    std::vector<ParentLink> parents;
    for (std::size_t i = 0; i < kParentsMax; ++i) {
        const LicenceTerms terms = terms_of(i % 2 == 0 ? kPolicyAbsolute : kPolicyRelative);
        chain.run(kOwner, RegisterTerms{terms});
        Digest parent{};
        for (std::size_t version = 0; version < versions; ++version) parent = chain.add(parent, {});
        parents.push_back(chain.licence_of(parent, terms_id(terms)));
    }
    const Digest work = chain.add({}, parents);
    Costs costs;
    costs.registration = chain.last_registration;
    std::vector<Cost> payments;
    std::vector<Cost> collections;
    std::vector<Cost> claims;
    for (std::size_t i = 0; i < kRounds; ++i) {
        payments.push_back(chain.run(kPayer, PayRoyalty{work, kNativeToken, Amount(1'000'000'000 + i), {}}));
        for (const ParentLink& parent : parents)
            collections.push_back(chain.run(kPayer, CollectRoyalty{work, parent.asset, kNativeToken}));
        claims.push_back(chain.run(kOwner, ClaimRevenue{work, kNativeToken}));
    }
    costs.payment = median(std::move(payments));
    costs.collection = median(std::move(collections));
    costs.claim = median(std::move(claims));
    return costs;
}

void print(const char* name, const Costs& costs, const char* end) {
    std::printf(" \"%s\": {\n", name);
    print("registration", costs.registration, ",");
    print("payment", costs.payment, ",");
    print("collection", costs.collection, ",");
    print("claim", costs.claim, "");
    std::printf(" }%s\n", end);
}

} // namespace

int main() {
    std::printf("{\n");
    print("parents_16", measure(1), ",");
    print("ancestors_1024", measure(64), "");
    std::printf("}\n");
    return 0;
}
