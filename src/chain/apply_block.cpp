#include "chain/apply_block.h"

#include "base/assert.h"
#include "chain/core/admission.h"
#include "chain/gas.h"

namespace assay::chain {
namespace {

constexpr std::uint64_t kGasUnlimited = ~std::uint64_t{0};

class BlockRun {
public:
    BlockRun(const ModuleSet& modules, const BlockInfo& block, Overlay& state)
        : modules_(modules), block_(block), state_(state), params_(modules.params->get<ChainParams>(state)) {}

    void begin_modules() {
        for (const auto& module : modules_.modules) module->begin_block(block_context_);
    }

    TxResult transaction(const Opened& opened);
    TxResult simulate(const Transaction& transaction, std::uint64_t gas_max);

    void collect_fees() {
        if (!fees_.is_zero()) modules_.accounts->add_fees(state_, fees_);
    }

    void end_modules(std::vector<ValidatorUpdate>& updates) {
        for (const Module* module : modules_.end_order) module->end_block(block_context_, updates);
    }

    std::vector<Event> take_events() { return std::move(events_); }

private:
    TxResult execute(const Transaction& transaction, std::uint64_t gas_limit);
    std::optional<Refusal> refuse(const Opened& opened);
    void take_fee(const TransactionBody& body);
    std::optional<Refusal> run_messages(const TransactionBody& body, GasMeter& gas, std::vector<Event>& events);

    const ModuleSet& modules_;
    const BlockInfo& block_;
    Overlay& state_;
    const ChainParams params_; ///< as the block before left them, which is what its proposer knew
    GasMeter block_gas_{kGasUnlimited};
    std::vector<Event> events_;
    Context block_context_{block_, state_, block_gas_, events_};
    std::uint64_t gas_promised_ = 0; ///< limits of the transactions so far
    Amount fees_;
};

TxResult BlockRun::transaction(const Opened& opened) {
    TxResult result;
    if (auto refusal = refuse(opened)) {
        result.code = refusal->code;
        result.log = std::move(refusal->log);
        return result;
    }
    take_fee(opened.transaction->body);
    return execute(*opened.transaction, opened.transaction->body.gas);
}

TxResult BlockRun::simulate(const Transaction& transaction, std::uint64_t gas_max) {
    const auto account = modules_.accounts->account(state_, transaction.body.from);
    if (auto refused = refuse_funds(transaction, account.balance, Amount())) {
        TxResult result;
        result.code = refused->code;
        result.log = std::move(refused->log);
        return result;
    }
    take_fee(transaction.body);
    return execute(transaction, std::min({transaction.body.gas, gas_max, params_.block_gas_max}));
}

TxResult BlockRun::execute(const Transaction& transaction, std::uint64_t gas_limit) {
    TxResult result;
    GasMeter gas(gas_limit);
    gas.charge(intrinsic_gas(transaction.size_bytes));
    auto failure = run_messages(transaction.body, gas, result.events);
    result.gas_wanted = gas.limit();
    result.gas_used = std::min(gas.used(), gas.limit());
    if (!failure) return result;
    result.code = failure->code;
    result.log = std::move(failure->log);
    result.events.clear();
    return result;
}

/// Why it takes no part in the block at all: nothing of it is paid or counted.
std::optional<Refusal> BlockRun::refuse(const Opened& opened) {
    if (opened.transaction == nullptr) return opened.refusal;
    const Transaction& transaction = *opened.transaction;
    if (auto refused = refuse_terms(transaction, params_, block_.height)) return refused;
    if (transaction.body.gas > params_.block_gas_max - gas_promised_)
        return Refusal{TxCode::block_full, "the block's gas is promised to transactions before it"};
    const auto account = modules_.accounts->account(state_, transaction.body.from);
    if (auto refused = refuse_nonce(transaction, account.nonce, account.nonce)) return refused;
    return refuse_funds(transaction, account.balance, Amount());
}

/// Nonce and fee stay taken whatever becomes of the messages.
void BlockRun::take_fee(const TransactionBody& body) {
    const auto taken = modules_.accounts->take_fee(state_, body.from, body.fee);
    ASSAY_ASSERT(taken.has_value()); // refuse() has looked at the balance
    const auto total = checked_add(fees_, body.fee);
    ASSAY_ASSERT(total.has_value()); // fees are part of one supply
    fees_ = *total;
    gas_promised_ += body.gas;
}

/// All or none.
std::optional<Refusal> BlockRun::run_messages(const TransactionBody& body, GasMeter& gas, std::vector<Event>& events) {
    Overlay changes(state_);
    MeteredState metered(changes, gas);
    Context context(block_, metered, gas, events);
    for (std::size_t i = 0; i < body.messages.size(); ++i) {
        const auto done = body.messages[i]->execute(context, body.from);
        const std::string where =
            "message " + std::to_string(i + 1) + " (" + std::string(body.messages[i]->type()) + ")";
        if (gas.exhausted())
            return Refusal{TxCode::out_of_gas,
                           where + ": the gas limit " + std::to_string(gas.limit()) + " is used up"};
        if (!done) return Refusal{TxCode::message_failed, where + ": " + done.error().message};
    }
    changes.move_into(state_);
    return std::nullopt;
}

} // namespace

TxResult simulate_transaction(const ModuleSet& modules, const BlockInfo& block, const Transaction& transaction,
                              std::uint64_t gas_max, Overlay& state) {
    BlockRun run(modules, block, state);
    run.begin_modules(); // what a block does before its transactions, such as opening votes
    return run.simulate(transaction, gas_max);
}

BlockResult apply_block(const ModuleSet& modules, const BlockInfo& block, std::span<const Opened> transactions,
                        Overlay& state) {
    BlockRun run(modules, block, state);
    BlockResult result;
    run.begin_modules();
    result.transactions.reserve(transactions.size());
    for (const Opened& opened : transactions) result.transactions.push_back(run.transaction(opened));
    run.collect_fees();
    run.end_modules(result.validator_updates);
    result.events = run.take_events();
    return result;
}

} // namespace assay::chain
