#include "crypto/eip712.h"

#include <algorithm>

namespace assay::crypto {

Eip712Struct& Eip712Struct::add_word(const Digest& word) {
    hash_.update(word);
    return *this;
}

Eip712Struct& Eip712Struct::add_uint(Uint128 value) {
    Digest word{};
    for (auto byte = word.rbegin(); value != 0; ++byte, value >>= 8) *byte = static_cast<std::uint8_t>(value);
    return add_word(word);
}

Eip712Struct& Eip712Struct::add_address(const Address& value) {
    Digest word{};
    std::ranges::copy(value.bytes, word.end() - 20);
    return add_word(word);
}

Digest eip712_domain_separator(const Eip712Domain& domain) {
    std::string type;
    const auto member = [&](bool present, std::string_view text) {
        if (present) type.append(type.empty() ? "" : ",").append(text);
    };
    member(domain.name.has_value(), "string name");
    member(domain.version.has_value(), "string version");
    member(domain.chain_id.has_value(), "uint256 chainId");
    member(domain.verifying_contract.has_value(), "address verifyingContract");
    member(domain.salt.has_value(), "bytes32 salt");
    Eip712Struct hash(eip712_type_hash("EIP712Domain(" + type + ")"));
    if (domain.name) hash.add_string(*domain.name);
    if (domain.version) hash.add_string(*domain.version);
    if (domain.chain_id) hash.add_uint(*domain.chain_id);
    if (domain.verifying_contract) hash.add_address(*domain.verifying_contract);
    if (domain.salt) hash.add_word(*domain.salt);
    return hash.finish();
}

Digest eip712_digest(const Digest& domain_separator, const Digest& struct_hash) {
    static constexpr std::uint8_t kPrefix[] = {0x19, 0x01};
    Keccak256 hash;
    hash.update(kPrefix);
    hash.update(domain_separator);
    hash.update(struct_hash);
    return hash.finish();
}

} // namespace assay::crypto
