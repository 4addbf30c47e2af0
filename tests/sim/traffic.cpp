#include "traffic.h"

#include "base/assert.h"
#include "chain/modules/bank/messages.h"

namespace assay::sim {

using chain::TxCode;

namespace {

constexpr std::uint64_t kGas = 3'000'000;
constexpr std::uint64_t kExpiryBlocks = 400;

Bytes sign(const World& world, std::size_t signer, const chain::TransactionBody& body) {
    return chain::encode_transaction(body, world.keys[signer].sign(chain::signing_digest(body)));
}

std::uint64_t count(const std::map<std::string_view, std::uint64_t>& counts, std::string_view type) {
    const auto found = counts.find(type);
    return found == counts.end() ? 0 : found->second;
}

} // namespace

TrafficMaker::TrafficMaker(const chain::ModuleSet& modules) : modules_(modules) {
    add_bank_operations(kinds_);
    add_staking_operations(kinds_);
    add_registry_operations(kinds_);
    add_market_operations(kinds_);
    add_governance_operations(kinds_);
}

std::vector<std::string> TrafficMaker::types() const {
    std::vector<std::string> types;
    for (const OperationKind& kind : kinds_) types.emplace_back(kind.type);
    std::ranges::sort(types);
    return types;
}

std::vector<Traffic> TrafficMaker::make(World& world, const Coverage& coverage, std::size_t operations) {
    const Amount price_before = params_.gas_price_min;
    params_ = modules_.params->get<chain::ChainParams>(world.state);
    if (params_.gas_price_min != price_before) old_.clear(); // a replay would be refused for its fee first
    world.evm_chain_id = params_.evm_chain_id;
    sent_.clear();
    std::vector<Traffic> traffic;
    for (std::size_t i = 0; i < operations; ++i)
        traffic.push_back(world.random.percent(7) ? hostile(world) : honest(world, coverage));
    old_.clear();
    for (const Traffic& one : traffic)
        if (one.expected == TxCode::ok) old_.push_back(one.wire);
    return traffic;
}

/// Of two, the one that was seen less often, where refusals count half.
const OperationKind& TrafficMaker::choose(World& world, const Coverage& coverage) const {
    const OperationKind& one = kinds_[world.random.below(kinds_.size())];
    const OperationKind& other = kinds_[world.random.below(kinds_.size())];
    const auto weight = [&](const OperationKind& kind) {
        return count(coverage.done, kind.type) + count(coverage.refused, kind.type) / 2;
    };
    return weight(one) <= weight(other) ? one : other;
}

std::optional<Operation> TrafficMaker::operation_of(World& world, const Coverage& coverage,
                                                    std::string_view* type) const {
    const OperationKind& kind = choose(world, coverage);
    *type = kind.type;
    return kind.make(world);
}

std::uint64_t TrafficMaker::next_nonce(const World& world, std::size_t signer) const {
    const auto sent = sent_.find(signer);
    return modules_.accounts->account(world.state, world.addresses[signer]).nonce +
           (sent == sent_.end() ? 0 : sent->second);
}

/// The fees of a whole block's worth: being out of money is a case of its own.
bool TrafficMaker::can_pay(const World& world, std::size_t signer) const {
    const Amount balance = modules_.accounts->account(world.state, world.addresses[signer]).balance;
    return balance.units() > params_.gas_price_min.units() * kGas * 1'000;
}

chain::TransactionBody TrafficMaker::body(World& world, std::size_t signer) {
    chain::TransactionBody body;
    body.chain = params_.evm_chain_id;
    body.from = world.addresses[signer];
    body.nonce = next_nonce(world, signer);
    body.expiry = world.height + kExpiryBlocks;
    body.gas = kGas;
    body.fee = Amount(params_.gas_price_min.units() * kGas + world.random.below(1'000));
    return body;
}

/// One operation, or now and then two of one sender that stand or fall together.
Traffic TrafficMaker::honest(World& world, const Coverage& coverage) {
    std::string_view type;
    std::optional<Operation> first;
    while (!first || !can_pay(world, first->signer)) first = operation_of(world, coverage, &type);
    Traffic traffic;
    traffic.types = {type};
    chain::TransactionBody content = body(world, first->signer);
    content.messages = {first->message};
    if (world.random.percent(8)) {
        const auto second = operation_of(world, coverage, &type);
        if (second && second->signer == first->signer) {
            content.messages.push_back(second->message);
            traffic.types.push_back(type);
        } else {
            content.messages.push_back(chain::make_message(
                chain::bank::Transfer{world.any_address(), chain::kNativeToken, world.amount(1'000)}));
        }
    }
    if (world.random.percent(3)) { // enough to begin with, too little to end
        content.gas = 47'000 + world.random.below(100'000);
        content.fee = Amount(params_.gas_price_min.units() * content.gas);
        content.messages = {content.messages.front()};
        traffic.types = {traffic.types.front()};
    }
    traffic.wire = sign(world, first->signer, content);
    const std::uint64_t least = 42'000 + 10 * traffic.wire.size();
    if (content.gas < least) traffic.expected = TxCode::out_of_gas;
    else ++sent_[first->signer];
    for (const auto& message : content.messages) traffic.what += std::string(message->type()) + " ";
    traffic.sender = content.from;
    traffic.what += "by " + to_string(content.from);
    return traffic;
}

Traffic TrafficMaker::hostile(World& world) {
    std::size_t signer = world.anyone();
    while (!can_pay(world, signer)) signer = world.anyone();
    chain::TransactionBody content = body(world, signer);
    content.messages = {
        chain::make_message(chain::bank::Transfer{world.any_address(), chain::kNativeToken, Amount(1)})};
    Traffic traffic;
    const auto finish = [&](TxCode code, std::string what, std::size_t by) {
        traffic.expected = code;
        traffic.what = std::move(what);
        if (traffic.wire.empty()) traffic.wire = sign(world, by, content);
        return traffic;
    };
    switch (world.random.below(11)) {
        case 0: content.fee = Amount(content.fee.units() / 4); return finish(TxCode::fee_too_low, "low fee", signer);
        case 1:
            content.nonce += 1'000 + world.random.below(1'000);
            return finish(TxCode::bad_nonce, "nonce ahead", signer);
        case 2:
            if (old_.empty()) break;
            traffic.wire = world.random.of(old_);
            return finish(TxCode::bad_nonce, "replay", signer);
        case 3: content.chain += 1; return finish(TxCode::wrong_chain, "other chain", signer);
        case 4: content.expiry = world.height - 1; return finish(TxCode::expired, "expired", signer);
        case 5:
            content.expiry = world.height + params_.expiry_window_blocks + 1;
            return finish(TxCode::expired, "expiry too far", signer);
        case 6: return finish(TxCode::bad_signature, "forged", (signer + 1) % world.keys.size());
        case 7:
            content.fee = Amount(~chain::Uint128{0} >> 8);
            return finish(TxCode::insufficient_funds, "fee above balance", signer);
        case 8:
            traffic.wire.resize(1 + world.random.below(200));
            for (auto& byte : traffic.wire) byte = static_cast<std::uint8_t>(world.random.below(256));
            traffic.wire[0] = 0x83; // a list of three: no transaction
            return finish(TxCode::malformed, "garbage", signer);
        case 9:
            traffic.wire = sign(world, signer, content);
            traffic.wire.resize(1 + world.random.below(traffic.wire.size() - 1));
            return finish(TxCode::malformed, "cut off", signer);
        default:
            content.gas = params_.block_gas_max + 1;
            content.fee = Amount(params_.gas_price_min.units() * content.gas);
            return finish(TxCode::block_full, "gas above a block's", signer);
    }
    content.fee = Amount(); // nothing to replay yet
    return finish(TxCode::fee_too_low, "no fee", signer);
}

} // namespace assay::sim
