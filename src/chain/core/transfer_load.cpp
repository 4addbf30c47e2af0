#include "chain/transfer_load.h"

#include "base/assert.h"
#include "chain/core/workers.h"
#include "chain/modules/bank/messages.h"
#include "chain/modules/ports.h"
#include "crypto/secp256k1.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <random>

namespace assay::chain {
namespace {

constexpr std::uint64_t kGasLimit = 100'000;
constexpr std::size_t kRecoveriesMeasured = 4'000;

constexpr std::size_t kFunder = std::numeric_limits<std::size_t>::max(); // as key_of's index
constexpr std::uint64_t kGift = 1'000;
constexpr std::uint64_t kFundingGas = 4'000'000;

Digest digest_of(std::string_view name, std::size_t index) {
    Bytes preimage(name.begin(), name.end());
    for (int shift = 56; shift >= 0; shift -= 8) preimage.push_back(static_cast<std::uint8_t>(index >> shift));
    return crypto::sha256(preimage);
}

crypto::SecretKey key_of(std::size_t index) {
    return std::move(*crypto::SecretKey::from_bytes(digest_of("load", index))); // out of range by a chance of 2^-127
}

Address address_without_key(std::size_t index) {
    Address address;
    std::copy_n(digest_of("keyless", index).begin(), address.bytes.size(), address.bytes.begin());
    return address;
}

/// Time that this thread has computed for, so that a busy machine does not pass for a slow one.
double thread_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

TransactionBody empty_body(const TransferLoadChoice& choice, const Address& from, std::uint64_t nonce,
                           std::uint64_t gas) {
    TransactionBody body;
    body.chain = choice.evm_chain_id;
    body.from = from;
    body.nonce = nonce;
    body.expiry = choice.expiry;
    body.gas = gas;
    body.fee = Amount(gas);
    return body;
}

std::shared_ptr<const AnyMessage> transfer_to(const Address& to, std::uint64_t amount) {
    bank::Transfer message;
    message.to = to;
    message.token = kNativeToken;
    message.amount = Amount(amount);
    return make_message(std::move(message));
}

} // namespace

TransferLoad make_transfer_load(const TransferLoadChoice& choice) {
    TransferLoad load;
    load.accounts.resize(choice.accounts);
    const std::size_t senders = choice.senders == 0 ? choice.accounts : std::min(choice.senders, choice.accounts);
    load.senders = senders;
    load.transfers.resize(choice.transfers);
    Workers workers(std::max(choice.threads, 1U) - 1);
    workers.for_each(choice.accounts, [&](std::size_t i) {
        load.accounts[i] = i < senders ? key_of(i).address() : address_without_key(i);
    });
    std::mt19937_64 random(1);
    std::vector<std::size_t> receivers(choice.transfers);
    for (std::size_t& receiver : receivers) receiver = random() % choice.accounts;
    workers.for_each(choice.transfers, [&](std::size_t i) {
        const std::size_t sender = i % senders;
        const std::uint64_t nonce = i / senders;
        TransactionBody body = empty_body(choice, load.accounts[sender], nonce, kGasLimit);
        body.messages = {transfer_to(load.accounts[receivers[i]], 1 + nonce)};
        load.transfers[i] = encode_transaction(body, key_of(sender).sign(signing_digest(body)));
    });
    return load;
}

Address funder() { return key_of(kFunder).address(); }

std::vector<Bytes> make_funding(const TransferLoadChoice& choice, std::span<const Address> accounts,
                                std::uint64_t nonce) {
    const crypto::SecretKey key = key_of(kFunder);
    std::vector<Bytes> transactions((accounts.size() + kMessagesMax - 1) / kMessagesMax);
    Workers workers(std::max(choice.threads, 1U) - 1);
    workers.for_each(transactions.size(), [&](std::size_t i) {
        TransactionBody body = empty_body(choice, key.address(), nonce + i, kFundingGas);
        const auto first = i * kMessagesMax;
        for (const Address& account : accounts.subspan(first, std::min(kMessagesMax, accounts.size() - first)))
            body.messages.push_back(transfer_to(account, kGift));
        transactions[i] = encode_transaction(body, key.sign(signing_digest(body)));
    });
    return transactions;
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
