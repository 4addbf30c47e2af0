#include "consensus/index/explorer_schema.h"

#include "chain/core/ethereum_transaction.h"
#include "consensus/blocks/result_record.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"

#include <algorithm>

namespace assay::consensus {
namespace {

constexpr std::int32_t kVersion = 1;
constexpr std::int64_t kBlockItself = -1; ///< in place of a transaction's position

// Everything is found by (height, position); the rest are ways there. Tables without row ids keep rows of a block together.
constexpr std::string_view kTables = R"(
CREATE TABLE blocks (height INTEGER PRIMARY KEY, hash BLOB NOT NULL, time_ms INTEGER NOT NULL, app_hash BLOB NOT NULL,
  proposer BLOB NOT NULL, transactions INTEGER NOT NULL, bytes INTEGER NOT NULL, gas_used INTEGER NOT NULL,
  events BLOB NOT NULL);
CREATE INDEX blocks_by_hash ON blocks (hash);
CREATE TABLE transactions (height INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL, wire BLOB NOT NULL,
  code INTEGER NOT NULL, log TEXT NOT NULL, gas_wanted INTEGER NOT NULL, gas_used INTEGER NOT NULL, events BLOB NOT NULL,
  PRIMARY KEY (height, position)) WITHOUT ROWID;
CREATE TABLE hashes (hash BLOB PRIMARY KEY, height INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (address BLOB NOT NULL, height INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (address, height, position)) WITHOUT ROWID;
CREATE TABLE event_types (type TEXT NOT NULL, height INTEGER NOT NULL, PRIMARY KEY (type, height)) WITHOUT ROWID;
)";

/// SQLite's integers are signed; gas and heights beyond them do not occur, and are shown as the largest if they do.
std::int64_t clamp(std::uint64_t value) {
    return static_cast<std::int64_t>(std::min(value, static_cast<std::uint64_t>(INT64_MAX)));
}

Result<void> run(storage::SqliteStatement& statement, const auto&... values) {
    TRY_VOID(statement.bind_all(values...));
    while (TRY(statement.step())) {}
    return {};
}

} // namespace

storage::SqliteIndex::Schema explorer_schema() {
    return {.version = kVersion, .create = [](storage::SqliteIndex& index) { return index.execute(kTables); }};
}

void collect_accounts(const chain::Event& event, std::set<crypto::Address>& accounts) {
    for (const auto& [name, value] : event.attributes) {
        if (value.size() != 42 || !value.starts_with("0x")) continue;
        const auto bytes = from_hex(value);
        if (!bytes) continue;
        crypto::Address address;
        std::ranges::copy(*bytes, address.bytes.begin());
        accounts.insert(address);
    }
}

Result<BlockWriter> BlockWriter::create(storage::SqliteIndex& index) {
    return BlockWriter(TRY(index.prepare("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")),
                       TRY(index.prepare("INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")),
                       TRY(index.prepare("INSERT OR IGNORE INTO hashes VALUES (?, ?, ?)")),
                       TRY(index.prepare("INSERT OR IGNORE INTO accounts VALUES (?, ?, ?)")),
                       TRY(index.prepare("INSERT OR IGNORE INTO event_types VALUES (?, ?)")));
}

Result<void> BlockWriter::write(const CommittedBlock& block) {
    std::set<std::string> types;
    std::uint64_t bytes = 0, gas = 0;
    for (std::uint32_t i = 0; i < block.transactions.size(); ++i) {
        bytes += block.transactions[i].size();
        if (i < block.result.transactions.size()) gas += block.result.transactions[i].gas_used;
        TRY_VOID(write_transaction(block, i, types));
    }
    note_accounts(block.result.events, block.info.height, kBlockItself, types);
    for (const std::string& type : types) TRY_VOID(run(type_, std::string_view(type), block.info.height));
    return run(block_, block.info.height, ByteView(block.hash), block.info.time_ms, ByteView(block.result.app_hash),
               ByteView(block.info.proposer.bytes), block.transactions.size(), clamp(bytes), clamp(gas),
               ByteView(encode_events(block.result.events)));
}

Result<void> BlockWriter::write_transaction(const CommittedBlock& block, std::uint32_t position,
                                            std::set<std::string>& types) {
    static const chain::TxResult kUnknown{};
    const Bytes& wire = block.transactions[position];
    const chain::TxResult& result =
        position < block.result.transactions.size() ? block.result.transactions[position] : kUnknown;
    const crypto::Digest hash = crypto::sha256(wire);
    const std::uint64_t height = block.info.height;
    TRY_VOID(run(transaction_, height, position, ByteView(hash), ByteView(wire),
                 static_cast<std::uint32_t>(result.code), std::string_view(result.log), clamp(result.gas_wanted),
                 clamp(result.gas_used), ByteView(encode_events(result.events))));
    hashes_.emplace_back(hash, height, position);
    if (chain::is_ethereum_transaction(wire)) hashes_.emplace_back(crypto::keccak256(wire), height, position);
    note_accounts(result.events, height, position, types);
    return {};
}

void BlockWriter::note_accounts(const std::vector<chain::Event>& events, std::uint64_t height, std::int64_t position,
                                std::set<std::string>& types) {
    std::set<crypto::Address> accounts;
    for (const chain::Event& event : events) {
        types.insert(event.type);
        collect_accounts(event, accounts);
    }
    for (const crypto::Address& account : accounts) accounts_.emplace_back(account, height, position);
}

Result<void> BlockWriter::finish() {
    std::ranges::sort(hashes_);
    for (const auto& [hash, height, position] : std::exchange(hashes_, {}))
        TRY_VOID(run(hash_, ByteView(hash), height, position));
    std::ranges::sort(accounts_);
    for (const auto& [account, height, position] : std::exchange(accounts_, {}))
        TRY_VOID(run(account_, ByteView(account.bytes), height, position));
    return {};
}

} // namespace assay::consensus
