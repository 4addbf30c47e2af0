#pragma once
/// EIP-712 of typed data as wallets exchange it: {"types", "primaryType", "domain", "message"}.
/// Complete: every atomic type, string, bytes, arrays of fixed and open length in any nesting, structs in structs and
/// in themselves. Agrees with ethers, viem and MetaMask (eth_signTypedData_v4) wherever they agree with one another.
/// Thread-safe; committed class.
///
/// Values: integers are JSON integers of any size or strings, decimal or 0x…, each within its type's range; bytes are
/// 0x… text, of exactly the type's length for bytes1 … bytes32; addresses as parse_address takes them; booleans and
/// strings are JSON's own. A struct member may be null (a word of zeros), and absent where its type refers to itself.
/// Members that the type does not name are ignored. Where types leaves EIP712Domain out, the domain's own members are it.
#include "base/result.h"
#include "codec/json.h"
#include "crypto/sha256.h"

#include <string_view>

namespace assay::crypto {

struct TypedDataHashes {
    Digest domain_separator;
    /// hashStruct of the message; of the domain, when that is the primary type (and then it is not hashed twice).
    Digest struct_hash;
    Digest digest; ///< what a wallet signs
};

/// Errors: malformed, naming the member ("message.to[2].wallet: …"); resource_exhausted (types over 64 KiB of text).
Result<TypedDataHashes> hash_typed_data(const codec::Json& typed_data);

} // namespace assay::crypto
