#pragma once
/// EIP-712, the pieces: what code that knows its types at compile time needs to hash them without building a tree.
/// typed_data.h hashes any typed data. Thread-safe: functions always, an object by one thread at a time. Committed class.
#include "crypto/address.h"
#include "crypto/keccak.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::crypto {

__extension__ typedef unsigned __int128 Uint128; // NOLINT(modernize-use-using): no __extension__ before using

/// Of `Mail(Person from,Person to)Person(string name)`: the type, then those it refers to, sorted by name.
inline Digest eip712_type_hash(std::string_view encoded_type) { return keccak256(as_byte_view(encoded_type)); }

/// hashStruct: give the members in the order in which the type names them.
class Eip712Struct {
public:
    explicit Eip712Struct(const Digest& type_hash) { hash_.update(type_hash); }

    /// bytes32, or the hash of a nested struct or of an array.
    Eip712Struct& add_word(const Digest& word);
    Eip712Struct& add_uint(Uint128 value); ///< uint8 … uint256
    Eip712Struct& add_bool(bool value) { return add_uint(value ? 1 : 0); }
    Eip712Struct& add_address(const Address& value);
    Eip712Struct& add_bytes(ByteView value) { return add_word(keccak256(value)); }
    Eip712Struct& add_string(std::string_view value) { return add_bytes(as_byte_view(value)); }
    /// The object starts afresh, without a type hash, and must not be used again.
    Digest finish() { return hash_.finish(); }

private:
    Keccak256 hash_;
};

/// An absent member is absent from the domain's type too.
struct Eip712Domain {
    std::optional<std::string> name = {};
    std::optional<std::string> version = {};
    std::optional<std::uint64_t> chain_id = {};
    std::optional<Address> verifying_contract = {};
    std::optional<Digest> salt = {};
};
Digest eip712_domain_separator(const Eip712Domain& domain);

/// What is signed: H(0x19 ‖ 0x01 ‖ domain separator ‖ struct hash).
Digest eip712_digest(const Digest& domain_separator, const Digest& struct_hash);

} // namespace assay::crypto
