#pragma once
/// Whose signature a message carries beside its transaction's (EIP-3009), found ahead of its block by AnyMessage::prepare.
/// Never wrong: it keeps what one recovery gave, and answers for that digest and signature alone; anything else is recovered
/// anew. So a block's result does not depend on what was prepared. Thread-safe; local class.
#include "base/result.h"
#include "crypto/address.h"
#include "crypto/sha256.h"

#include <array>
#include <memory>
#include <mutex>

namespace assay::chain {

class SignerMemo {
public:
    SignerMemo() = default;
    /// A copy is another message's: it starts empty.
    SignerMemo(const SignerMemo&) {}
    SignerMemo& operator=(const SignerMemo&) { return *this; }

    /// crypto::recover, done at most once for one digest and signature. Errors: as there.
    Result<crypto::Address> recover(const crypto::Digest& digest, ByteView signature) const;
    /// For tests: whether recover() would answer these without work.
    bool knows(const crypto::Digest& digest, ByteView signature) const;

private:
    struct Found {
        crypto::Digest digest{};
        std::array<std::uint8_t, 65> signature{};
        Result<crypto::Address> signer;
    };
    std::shared_ptr<const Found> find(const crypto::Digest& digest, ByteView signature) const;

    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Found> found_; ///< the last; guarded by mutex_
};

} // namespace assay::chain
