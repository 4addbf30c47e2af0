/// Random works, payments, collections, claims and unit transfers against the naive reference, to the unit.
#include "chain/modules/registry/test_naive_royalties.h"
#include "chain/modules/registry/test_registry_chain.h"

#include <rapidcheck.h>

namespace assay::chain::registry {
namespace {

using testing::address_of;

constexpr std::uint64_t kFunds = 1'000'000'000'000;

class Model {
public:
    explicit Model(RegistryChain& chain) : chain_(chain) {}

    Address any_account() { return address_of(*rc::gen::inRange<std::uint64_t>(1, 5)); }
    Address owner(std::size_t work) const { return owners_[work]; }
    const Digest& id(std::size_t work) const { return ids_[work]; }
    std::size_t size() const { return ids_.size(); }
    std::size_t any_work() { return *rc::gen::inRange<std::size_t>(0, size()); }

    void add_work() {
        const Address owner = any_account();
        RegisterAsset message = RegistryChain::work("work " + std::to_string(++named_));
        std::vector<NaiveTie> ties;
        add_previous(owner, message, ties);
        for (std::size_t parent = 0; parent < size() && message.parents.size() < 3; ++parent) {
            if (ids_[parent] == message.previous || *rc::gen::inRange(0, 2) != 0) continue;
            const bool absolute = *rc::gen::arbitrary<bool>();
            const auto share = *rc::gen::inRange<std::uint32_t>(0, kWhole / 6);
            const std::string_view policy = absolute ? kPolicyAbsolute : kPolicyRelative;
            message.parents.push_back(
                chain_.link(owners_[parent], ids_[parent], RegistryChain::commercial(policy, share), owner));
            ties.push_back({parent, std::string(policy), share, false});
        }
        graph_.push_back(ties);
        const bool fits = stack(size(), true) + stack(size(), false) <= kWhole;
        const auto done = chain_.send(owner, message);
        RC_ASSERT(done.has_value() == fits);
        if (!fits) return graph_.pop_back();
        ids_.push_back(chain_.last_digest("registry.asset_registered", "asset"));
        owners_.push_back(owner);
        vault_.push_back(0);
        pools_.push_back({0, 0});
        holders_.push_back({{owner, {kWhole, 0}}});
    }

    void pay() {
        const std::size_t work = any_work();
        const auto amount = *rc::gen::inRange<std::uint64_t>(1, *rc::gen::element(10, 1'000, 1'000'000'000));
        chain_.accept(any_account(), PayRoyalty{ids_[work], kNativeToken, Amount(amount), {}});
        const std::uint64_t net = amount - amount * chain_.params.registry.protocol_fee / kWhole;
        const auto lap = static_cast<std::uint64_t>(Uint128{net} * stack(work, true) / kWhole);
        const auto lrp = static_cast<std::uint64_t>(Uint128{net} * stack(work, false) / kWhole);
        fees_ += amount - net;
        pools_[work].first += lap;
        pools_[work].second += lrp;
        vault_[work] += net - lap - lrp;
        earn(work, net - lap - lrp);
    }

    void collect(std::size_t work, std::size_t ancestor) {
        const std::uint64_t before = chain_.vault_in(ids_[ancestor]);
        const std::string outcome =
            chain_.refusal(address_of(9), CollectRoyalty{ids_[work], ids_[ancestor], kNativeToken});
        RC_ASSERT(outcome == "accepted" || outcome == "nothing to collect" || outcome.contains("is no ancestor of"));
        earn(ancestor, chain_.vault_in(ids_[ancestor]) - before);
    }
    void claim(std::size_t work, const Address& holder) {
        const std::uint64_t before = chain_.balance(holder);
        const std::string outcome = chain_.refusal(holder, ClaimRevenue{ids_[work], kNativeToken});
        RC_ASSERT(outcome == "accepted" || outcome == "nothing to claim" || outcome.contains("never earned"));
        Uint128& owed = holders_[work][holder].owed_fine;
        RC_ASSERT(chain_.balance(holder) - before == owed / kWhole);
        owed %= kWhole;
    }
    void move_units() {
        const std::size_t work = any_work();
        const Address from = any_account();
        const Address to = any_account();
        const std::uint32_t held = holders_[work][from].units;
        if (held == 0 || from == to) return;
        const auto units = *rc::gen::inRange<std::uint32_t>(1, held + 1);
        chain_.accept(from, TransferUnits{ids_[work], to, units});
        holders_[work][from].units -= units;
        holders_[work][to].units += units;
    }

    /// Each unit earned its part of what came in while it was held.
    void check_holders() const {
        for (std::size_t work = 0; work < size(); ++work)
            for (const auto& [holder, part] : holders_[work])
                RC_ASSERT(owed_fine(chain_.state, ids_[work], holder, kNativeToken) == Amount(part.owed_fine));
    }
    /// After everything was collected: every vault holds what the definitions say.
    void check_vaults() const {
        for (std::size_t ancestor = 0; ancestor < size(); ++ancestor) {
            std::uint64_t expected = vault_[ancestor];
            for (std::size_t work = ancestor + 1; work < size(); ++work) {
                const NaiveShares relative = naive_lrp(graph_, work);
                const auto it = relative.find(ancestor);
                expected += part(pools_[work].first, naive_lap(graph_, work, ancestor), stack(work, true));
                expected += part(pools_[work].second, it == relative.end() ? 0 : it->second, stack(work, false));
            }
            RC_ASSERT(chain_.vault_in(ids_[ancestor]) == expected);
        }
        RC_ASSERT(chain_.balance(module_account("fees")) == fees_);
    }

private:
    struct Holder {
        std::uint32_t units = 0;
        Uint128 owed_fine = 0;
    };

    void earn(std::size_t work, std::uint64_t amount) {
        for (auto& [holder, part] : holders_[work]) part.owed_fine += Uint128{amount} * part.units;
    }
    void add_previous(const Address& owner, RegisterAsset& message, std::vector<NaiveTie>& ties) {
        if (size() == 0 || *rc::gen::inRange(0, 4) != 0) return;
        const std::size_t previous = any_work();
        if (owners_[previous] != owner) return;
        message.previous = ids_[previous];
        ties.push_back({previous, "", 0, true});
    }
    std::uint64_t stack(std::size_t work, bool absolute) const {
        std::uint64_t sum = 0;
        if (!absolute) {
            for (const auto& [ancestor, units] : naive_lrp(graph_, work)) sum += units;
            return sum;
        }
        for (std::size_t ancestor = 0; ancestor < work; ++ancestor) sum += naive_lap(graph_, work, ancestor);
        return sum;
    }
    static std::uint64_t part(std::uint64_t pool, std::uint64_t share, std::uint64_t stack) {
        return share == 0 ? 0 : static_cast<std::uint64_t>(Uint128{pool} * share / stack);
    }

    RegistryChain& chain_;
    NaiveGraph graph_;
    std::vector<Digest> ids_;
    std::vector<Address> owners_;
    std::vector<std::uint64_t> vault_;                            ///< without what is collected
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pools_; ///< LAP, LRP
    std::vector<std::map<Address, Holder>> holders_;
    std::uint64_t fees_ = 0;
    int named_ = 0;
};

void one_step(Model& model) {
    switch (*rc::gen::inRange(0, 8)) {
        case 0:
        case 1: return model.add_work();
        case 2:
        case 3:
        case 4: return model.pay();
        case 5: return model.collect(model.any_work(), model.any_work());
        case 6: return model.claim(model.any_work(), model.any_account());
        default: return model.move_units();
    }
}

TEST(RoyaltyProperty, EveryUnitGoesWhereTheDefinitionsSay) {
    EXPECT_TRUE(rc::check([] {
        RegistryChain chain;
        Model model(chain);
        for (std::uint64_t account = 1; account < 5; ++account) chain.fund(address_of(account), kFunds);
        model.add_work();
        const int steps = *rc::gen::inRange(1, 40);
        for (int i = 0; i < steps && model.size() < 9; ++i) one_step(model);
        model.check_holders();
        RC_ASSERT(chain.check() == "");
        for (std::size_t work = 0; work < model.size(); ++work)
            for (std::size_t ancestor = 0; ancestor < work; ++ancestor) model.collect(work, ancestor);
        model.check_vaults();
        RC_ASSERT(chain.check() == "");
        for (std::size_t work = 0; work < model.size(); ++work)
            for (std::uint64_t account = 1; account < 5; ++account) model.claim(work, address_of(account));
        RC_ASSERT(chain.check() == "");
        RC_ASSERT(chain.round_trip(chain.module) == "");
    }));
}

} // namespace
} // namespace assay::chain::registry
