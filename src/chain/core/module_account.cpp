#include "chain/modules/ports.h"

#include "crypto/keccak.h"

#include <algorithm>

namespace assay::chain {

Address module_account(std::string_view name) {
    const std::string preimage = "assay/module/" + std::string(name);
    const Digest hash = crypto::keccak256(as_byte_view(preimage));
    Address address;
    std::copy(hash.end() - 20, hash.end(), address.bytes.begin());
    return address;
}

} // namespace assay::chain
