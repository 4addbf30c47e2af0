#pragma once
/// What a node keeps of its chain in the data folder, and the keys beside it:
///
///     DATA/keys/NAME.json            account keys, Ethereum keystores (version 3)
///     DATA/chain/genesis.json        the genesis document
///     DATA/chain/validator.key       embedded consensus: this node's Ed25519 seed, hexadecimal, readable by its owner only;
///                                    it signs every block, and is in no export and no snapshot
///     DATA/chain/state/              LMDB
///     DATA/chain/blocks/, results/   embedded consensus: what was ordered, and what came of it
///     DATA/chain/index.sqlite        the explorer's index; may be deleted
///     DATA/chain/snapshots/          for state sync
///     DATA/chain/cometbft/           CometBFT's home
///
/// Stateless functions over files; one process at a time (the data folder is locked). Local class.
#include "chain/genesis.h"
#include "crypto/ed25519.h"
#include "crypto/secp256k1.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace assay::node {

struct ChainHome {
    std::filesystem::path data_folder;

    std::filesystem::path keys() const { return data_folder / "keys"; }
    std::filesystem::path chain() const { return data_folder / "chain"; }
    std::filesystem::path genesis() const { return chain() / "genesis.json"; }
    std::filesystem::path validator_key() const { return chain() / "validator.key"; }
    std::filesystem::path state() const { return chain() / "state"; }
    std::filesystem::path blocks() const { return chain() / "blocks"; }
    std::filesystem::path results() const { return chain() / "results"; }
    std::filesystem::path index() const { return chain() / "index.sqlite"; }
    std::filesystem::path snapshots() const { return chain() / "snapshots"; }
    std::filesystem::path cometbft() const { return chain() / "cometbft"; }
};

/// Errors: io, resource_exhausted (over `bytes_max`), not_found.
Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t bytes_max);
/// Through a temporary file and a rename, synced: a crash leaves the old or the new one. `private_file`: mode 0600.
Result<void> write_file_durably(const std::filesystem::path& path, std::string_view bytes, bool private_file);

/// Account keys by name. A name: 1 … 64 of a-z A-Z 0-9 . _ -
struct KeyEntry {
    std::string name;
    std::filesystem::path path;
    std::string address; ///< as the file says it; checked when the key is opened
};
std::vector<KeyEntry> list_keys(const ChainHome& home);
/// By name, by address, or a keystore file's path. Errors: not_found (with the names there are), malformed.
Result<KeyEntry> find_key(const ChainHome& home, std::string_view key);
/// Errors: invalid_argument (name; one of this name exists), io.
Result<KeyEntry> store_key(const ChainHome& home, std::string_view name, const crypto::SecretKey& key,
                           std::string_view password);
/// Whether the key can be opened without a password. Quick: keys with one are made costly to guess, and not tried.
bool has_no_password(const KeyEntry& entry);
/// Errors: those of find_key and crypto::read_keystore.
Result<crypto::SecretKey> open_key(const KeyEntry& entry, std::string_view password);

/// The validator's key, made where there is none. Errors: io, malformed.
Result<crypto::Ed25519SecretKey> load_or_make_validator_key(const ChainHome& home);

/// Errors: not_found, malformed (naming the entry).
Result<chain::GenesisDocument> read_genesis(const std::filesystem::path& path);
Result<void> write_genesis(const std::filesystem::path& path, const chain::GenesisDocument& document);

} // namespace assay::node
