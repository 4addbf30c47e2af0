#include "chain/signer_memo.h"

#include "crypto/secp256k1.h"

#include <algorithm>

namespace assay::chain {

std::shared_ptr<const SignerMemo::Found> SignerMemo::find(const crypto::Digest& digest, ByteView signature) const {
    const std::lock_guard lock(mutex_);
    const bool is_it =
        found_ != nullptr && found_->digest == digest && std::ranges::equal(found_->signature, signature);
    return is_it ? found_ : nullptr;
}

bool SignerMemo::knows(const crypto::Digest& digest, ByteView signature) const {
    return find(digest, signature) != nullptr;
}

Result<crypto::Address> SignerMemo::recover(const crypto::Digest& digest, ByteView signature) const {
    if (const auto found = find(digest, signature)) return found->signer;
    auto signer = crypto::recover(digest, signature);
    auto found = std::make_shared<Found>(Found{digest, {}, signer});
    if (signature.size() != found->signature.size()) return signer;
    std::ranges::copy(signature, found->signature.begin());
    const std::lock_guard lock(mutex_);
    found_ = std::move(found);
    return signer;
}

} // namespace assay::chain
