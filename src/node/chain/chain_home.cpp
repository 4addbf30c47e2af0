#include "node/chain/chain_home.h"

#include "codec/dag_json.h"
#include "codec/json.h"
#include "crypto/keystore.h"
#include "node/folders.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace assay::node {
namespace {

constexpr std::size_t kKeyFileBytesMax = 64u << 10;
constexpr std::size_t kGenesisBytesMax = std::size_t{256} << 20;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::uint64_t kLowCost = 4096; ///< scrypt's n for keys without a password

std::unexpected<Error> system_failure(const std::filesystem::path& path, const char* what) {
    return fail(ErrorCode::io, path.string() + ": " + what + ": " + std::strerror(errno));
}

bool is_key_name(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !name.empty() && name.size() <= kNameBytesMax && name[0] != '.' && std::ranges::all_of(name, plain);
}

/// The address that a keystore claims, in EIP-55; empty when it claims none.
std::string claimed_address(const std::filesystem::path& path) {
    const auto text = read_small_file(path, kKeyFileBytesMax);
    const auto json = text ? codec::parse_json(*text) : Result<codec::Json>(std::unexpected(text.error()));
    const codec::Json* address = json ? json->find("address") : nullptr;
    if (address == nullptr || address->text() == nullptr) return {};
    std::string digits = *address->text();
    if (!digits.starts_with("0x")) digits.insert(0, "0x");
    const auto parsed = crypto::parse_address(digits);
    return parsed ? crypto::to_string(*parsed) : std::string();
}

} // namespace

Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t bytes_max) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                    path.string() + ": cannot read: " + std::strerror(errno));
    std::string bytes;
    char buffer[1 << 16];
    while (file.read(buffer, sizeof buffer), file.gcount() > 0) {
        bytes.append(buffer, static_cast<std::size_t>(file.gcount()));
        if (bytes.size() > bytes_max) {
            return fail(ErrorCode::resource_exhausted,
                        path.string() + ": is larger than " + std::to_string(bytes_max) + " bytes");
        }
    }
    return bytes;
}

Result<void> write_file_durably(const std::filesystem::path& path, std::string_view bytes, bool private_file) {
    const std::filesystem::path temporary = path.string() + ".new";
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, private_file ? 0600 : 0644);
    if (file < 0) return system_failure(temporary, "cannot create");
    bool good = true;
    for (std::size_t at = 0; good && at < bytes.size();) {
        const ssize_t put = ::write(file, bytes.data() + at, bytes.size() - at);
        if (put < 0 && errno != EINTR) good = false;
        if (put > 0) at += static_cast<std::size_t>(put);
    }
    good = good && ::fsync(file) == 0;
    const int number = errno;
    ::close(file);
    errno = number;
    if (!good || ::rename(temporary.c_str(), path.c_str()) != 0) {
        const auto failure = system_failure(path, "cannot write");
        ::unlink(temporary.c_str());
        return failure;
    }
    const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        ::fsync(folder);
        ::close(folder);
    }
    return {};
}

std::vector<KeyEntry> list_keys(const ChainHome& home) {
    std::vector<KeyEntry> entries;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(home.keys(), error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() != ".json") continue;
        entries.push_back({entry->path().stem().string(), entry->path(), claimed_address(entry->path())});
    }
    std::ranges::sort(entries, {}, &KeyEntry::name);
    return entries;
}

Result<KeyEntry> find_key(const ChainHome& home, std::string_view key) {
    const auto entries = list_keys(home);
    const auto address = crypto::parse_address(key);
    std::string names;
    for (const KeyEntry& entry : entries) {
        if (entry.name == key || (address && entry.address == crypto::to_string(*address))) return entry;
        names += (names.empty() ? "" : ", ") + entry.name;
    }
    std::error_code error;
    if (const std::filesystem::path path(key); std::filesystem::is_regular_file(path, error))
        return KeyEntry{path.stem().string(), path, claimed_address(path)};
    return fail(ErrorCode::not_found, "no key '" + std::string(key) + "' in " + home.keys().string() +
                                          (names.empty() ? ", which has none yet: make one with 'assay key new NAME'"
                                                         : "; there are: " + names));
}

Result<KeyEntry> store_key(const ChainHome& home, std::string_view name, const crypto::SecretKey& key,
                           std::string_view password) {
    if (!is_key_name(name))
        return fail(ErrorCode::invalid_argument,
                    "a key's name has 1 … 64 of a-z A-Z 0-9 . _ - and begins with no point");
    TRY_VOID(make_folder(home.keys()));
    const std::filesystem::path path = home.keys() / (std::string(name) + ".json");
    std::error_code error;
    if (std::filesystem::exists(path, error))
        return fail(ErrorCode::invalid_argument,
                    "there is a key '" + std::string(name) + "' already: " + path.string());
    // Without a password the cost of guessing it is of no use.
    const crypto::ScryptCost cost = password.empty() ? crypto::ScryptCost{.n = kLowCost} : crypto::ScryptCost{};
    const auto nonces = TRY(crypto::KeystoreNonces::random());
    const std::string json = TRY(crypto::write_keystore(key, password, nonces, cost));
    TRY_VOID(write_file_durably(path, json + "\n", true));
    return KeyEntry{std::string(name), path, crypto::to_string(key.address())};
}

bool has_no_password(const KeyEntry& entry) {
    const auto text = read_small_file(entry.path, kKeyFileBytesMax);
    const auto json = text ? codec::parse_json(*text) : Result<codec::Json>(std::unexpected(text.error()));
    const codec::Json* part = json ? &*json : nullptr;
    for (const char* name : {"crypto", "kdfparams", "n"})
        part = part != nullptr && part->object() != nullptr ? part->find(name) : nullptr;
    const bool is_quick = part != nullptr && part->number() != nullptr && *part->number() == std::to_string(kLowCost);
    return is_quick && crypto::read_keystore(*text, "").has_value();
}

Result<crypto::SecretKey> open_key(const KeyEntry& entry, std::string_view password) {
    const std::string json = TRY(read_small_file(entry.path, kKeyFileBytesMax));
    auto key = crypto::read_keystore(json, password);
    if (!key) return fail_in(entry.path.string(), std::move(key.error()));
    return key;
}

Result<crypto::Ed25519SecretKey> load_or_make_validator_key(const ChainHome& home) {
    const std::filesystem::path path = home.validator_key();
    const auto text = read_small_file(path, 256);
    if (!text && text.error().code != ErrorCode::not_found) return std::unexpected(text.error());
    if (text) {
        std::string_view digits = *text;
        while (!digits.empty() && (digits.back() == '\n' || digits.back() == '\r')) digits.remove_suffix(1);
        const auto seed = from_hex(digits);
        if (!seed) return fail_in(path.string(), seed.error());
        auto key = crypto::Ed25519SecretKey::from_seed(*seed);
        if (!key) return fail_in(path.string(), key.error());
        return key;
    }
    TRY_VOID(make_folder(home.chain()));
    auto key = TRY(crypto::Ed25519SecretKey::random());
    TRY_VOID(write_file_durably(path, to_hex(key.seed()) + "\n", true));
    return key;
}

Result<chain::GenesisDocument> read_genesis(const std::filesystem::path& path) {
    const std::string text = TRY(read_small_file(path, kGenesisBytesMax));
    const auto value = codec::decode_dag_json(text);
    if (!value) return fail_in(path.string(), value.error());
    auto document = chain::genesis_from_value(*value);
    if (!document) return fail_in(path.string(), std::move(document.error()));
    return document;
}

Result<void> write_genesis(const std::filesystem::path& path, const chain::GenesisDocument& document) {
    const std::string text = TRY(codec::encode_dag_json(chain::to_value(document)));
    return write_file_durably(path, text + "\n", false);
}

} // namespace assay::node
