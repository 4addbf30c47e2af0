#include "chain/transfer_load.h"

#include "base/assert.h"
#include "chain/core/workers.h"
#include "chain/modules/bank/messages.h"
#include "chain/modules/ports.h"
#include "crypto/secp256k1.h"

#include <algorithm>
#include <ctime>
#include <random>

namespace assay::chain {
namespace {

constexpr std::uint64_t kGasLimit = 100'000;
constexpr std::size_t kRecoveriesMeasured = 4'000;

crypto::SecretKey key_of(std::size_t index) {
    Bytes preimage = {'l', 'o', 'a', 'd'};
    for (int shift = 56; shift >= 0; shift -= 8) preimage.push_back(static_cast<std::uint8_t>(index >> shift));
    return std::move(*crypto::SecretKey::from_bytes(crypto::sha256(preimage))); // out of range by a chance of 2^-127
}

/// Time that this thread has computed for, so that a busy machine does not pass for a slow one.
double thread_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

TransactionBody transfer(const TransferLoadChoice& choice, const Address& from, const Address& to,
                         std::uint64_t nonce) {
    TransactionBody body;
    body.chain = choice.evm_chain_id;
    body.from = from;
    body.nonce = nonce;
    body.expiry = choice.expiry;
    body.gas = kGasLimit;
    body.fee = Amount(kGasLimit);
    bank::Transfer message;
    message.to = to;
    message.token = kNativeToken;
    message.amount = Amount(1 + nonce);
    body.messages = {make_message(std::move(message))};
    return body;
}

} // namespace

TransferLoad make_transfer_load(const TransferLoadChoice& choice) {
    TransferLoad load;
    load.accounts.resize(choice.accounts);
    load.transfers.resize(choice.transfers);
    Workers workers(std::max(choice.threads, 1U) - 1);
    workers.for_each(choice.accounts, [&](std::size_t i) { load.accounts[i] = key_of(i).address(); });
    std::mt19937_64 random(1);
    std::vector<std::size_t> receivers(choice.transfers);
    for (std::size_t& receiver : receivers) receiver = random() % choice.accounts;
    workers.for_each(choice.transfers, [&](std::size_t i) {
        const std::size_t sender = i % choice.accounts;
        const TransactionBody body =
            transfer(choice, load.accounts[sender], load.accounts[receivers[i]], i / choice.accounts);
        load.transfers[i] = encode_transaction(body, key_of(sender).sign(signing_digest(body)));
    });
    return load;
}

double measure_recoveries_per_s(const TransferLoad& load, const MessageRegistry& messages) {
    std::vector<std::pair<Digest, crypto::Signature>> signed_digests;
    for (std::size_t i = 0; i < std::min(kRecoveriesMeasured, load.transfers.size()); ++i) {
        const auto transaction = decode_transaction(load.transfers[i], messages);
        ASSAY_ASSERT(transaction.has_value());
        signed_digests.emplace_back(signing_digest(transaction->body), transaction->signature);
    }
    const double start = thread_seconds();
    for (const auto& [digest, signature] : signed_digests)
        ASSAY_ASSERT(crypto::recover_public_key(digest, signature).has_value());
    return static_cast<double>(signed_digests.size()) / (thread_seconds() - start);
}

} // namespace assay::chain
