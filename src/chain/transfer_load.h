#pragma once
/// Signed transfers to measure a chain with: `assay bench chain` and bench/chain_bench.cpp. The same choice gives the same
/// bytes, whatever the number of threads.
#include "chain/chain_params.h"
#include "chain/genesis.h"
#include "chain/transaction.h"

#include <cstdint>
#include <span>
#include <vector>

namespace assay::chain {

struct TransferLoadChoice {
    std::size_t accounts = 10'000;
    std::size_t senders = 0; ///< of them; they send in turn, each to an account that a fixed sequence picks. 0 = all
    std::size_t transfers = 100'000;
    std::uint64_t evm_chain_id = ChainParams{}.evm_chain_id;
    std::uint64_t expiry = 50'000;
    unsigned threads = 1; ///< to sign with
};

struct TransferLoad {
    std::vector<Address> accounts; ///< senders first; the others have no key
    std::size_t senders = 0;
    std::vector<Bytes> transfers; ///< wire bytes, in an order in which all are valid
};

TransferLoad make_transfer_load(const TransferLoadChoice& choice);

/// Whose money make_funding() gives away.
Address funder();
/// Transactions of funder(), beginning with `nonce`, that give each of `accounts` something.
std::vector<Bytes> make_funding(const TransferLoadChoice& choice, std::span<const Address> accounts,
                                std::uint64_t nonce);

/// Public keys that one core recovers in a second of its time from signatures of `load`, by the recovery alone.
double measure_recoveries_per_s(const TransferLoad& load, const MessageRegistry& messages);

} // namespace assay::chain
