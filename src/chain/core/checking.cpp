/// CheckTx: what is cheap first, the signature last, and each signature once.
#include "chain/core/chain_application_impl.h"

#include "chain/gas.h"

#include <unordered_map>

namespace assay::chain {

CheckResult ChainApplicationImpl::check_transaction(ByteView wire, bool recheck) {
    return std::move(check_transactions({&wire, 1}, recheck).front());
}

std::vector<CheckResult> ChainApplicationImpl::check_transactions(std::span<const ByteView> wires, bool recheck) {
    std::vector<Check> checks(wires.size());
    workers_.for_each(wires.size(), [&](std::size_t i) {
        Check& check = checks[i] = decode_for_check(wires[i], recheck, wires.size());
        if (check.refusal || check.is_open) return;
        check.refusal = refuse_signature(*check.transaction);
        check.is_open = !check.refusal;
        check.is_forged = !check.is_open;
        if (!check.is_open || !has_preparation(*check.transaction)) return;
        if (const auto state = latest_state()) prepare_messages(*check.transaction, **state);
    });
    std::vector<CheckResult> results;
    results.reserve(wires.size());
    for (Check& check : checks) results.push_back(admit(std::move(check), recheck)); // in order: nonces depend on it
    return results;
}

/// Everything before the signature.
ChainApplicationImpl::Check ChainApplicationImpl::decode_for_check(ByteView wire, bool recheck, std::size_t ahead) {
    Check check;
    check.transaction = cache_.find(crypto::sha256(wire));
    check.is_open = check.transaction != nullptr;
    if (!check.is_open) {
        std::uint64_t chain = 0;
        {
            const std::lock_guard lock(mutex_);
            chain = evm_chain_;
        }
        Opened decoded = decode_for(wire, chain, messages_);
        if (decoded.transaction == nullptr) {
            check.refusal = std::move(decoded.refusal);
            return check;
        }
        check.transaction = std::move(decoded.transaction);
        check.is_open = recheck; // its signature was good when it came
        check.refusal = check_state_.refuse_early(*check.transaction, ahead, recheck);
    }
    return check;
}

CheckResult ChainApplicationImpl::admit(Check check, bool recheck) {
    CheckResult result;
    if (check.transaction != nullptr) {
        result.sender = check.transaction->body.from;
        result.nonce = check.transaction->body.nonce;
        result.fee = check.transaction->body.fee;
        result.result.gas_wanted = check.transaction->body.gas;
    }
    if (check.is_forged) { // by now its turn has come, or passed: what a single call would have looked at first
        if (auto earlier = check_state_.refuse_early(*check.transaction, 1, recheck))
            check.refusal = std::move(earlier);
    }
    if (!check.refusal) check.refusal = check_state_.admit(*check.transaction, recheck);
    if (!check.refusal) {
        cache_.keep(std::move(check.transaction));
        return result;
    }
    result.result.code = check.refusal->code;
    result.result.log = std::move(check.refusal->log);
    return result;
}

} // namespace assay::chain
