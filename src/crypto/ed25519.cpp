#include "crypto/ed25519.h"

#include "base/assert.h"
#include "crypto/edwards25519.h"
#include "crypto/system_random.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <cstring>

namespace assay::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;
using Bytes32 = std::span<const std::uint8_t, 32>;

/// The order of the base point, 2^252 + 27742317777372353535851937790883648493, in words, least significant first.
using Words = std::array<std::uint64_t, 4>;
constexpr Words kOrder = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};

bool is_below(const Words& a, const Words& b) {
    for (std::size_t i = 4; i-- > 0;) {
        if (a[i] != b[i]) return a[i] < b[i];
    }
    return false;
}

void subtract_order(Words& number) {
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::uint64_t less = number[i] - kOrder[i];
        const std::uint64_t result = less - borrow;
        borrow = (number[i] < kOrder[i] || less < borrow) ? 1 : 0;
        number[i] = result;
    }
}

template <std::size_t Size>
std::array<std::uint64_t, Size / 8> words_of(std::span<const std::uint8_t, Size> bytes) {
    std::array<std::uint64_t, Size / 8> words{};
    for (std::size_t i = 0; i < Size; ++i) words[i / 8] |= std::uint64_t{bytes[i]} << (8 * (i % 8));
    return words;
}

Scalar25519 bytes_of(const Words& words) {
    Scalar25519 bytes;
    for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::uint8_t>(words[i / 8] >> (8 * (i % 8)));
    return bytes;
}

/// Modulo the order, bit by bit below the top 252, which are less than it.
Scalar25519 reduced(std::span<const std::uint8_t, 64> bytes) {
    const auto wide = words_of(bytes);
    Words number;
    for (std::size_t i = 0; i < 4; ++i) number[i] = wide[4 + i] >> 4 | (i < 3 ? wide[5 + i] << 60 : 0);
    for (std::size_t bit = 260; bit-- > 0;) {
        for (std::size_t i = 4; i-- > 1;) number[i] = number[i] << 1 | number[i - 1] >> 63;
        number[0] = number[0] << 1 | (wide[bit / 64] >> (bit % 64) & 1);
        if (!is_below(number, kOrder)) subtract_order(number);
    }
    return bytes_of(number);
}

/// k = SHA-512(R ‖ A ‖ message) modulo the order.
Scalar25519 challenge(ByteView r, ByteView public_key, ByteView message) {
    std::array<std::uint8_t, 64> digest;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    ASSAY_ASSERT(hash && EVP_DigestInit_ex(hash.get(), EVP_sha512(), nullptr) == 1);
    for (const ByteView part : {r, public_key, message}) {
        ASSAY_ASSERT(EVP_DigestUpdate(hash.get(), part.data(), part.size()) == 1);
    }
    ASSAY_ASSERT(EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr) == 1);
    return reduced(digest);
}

std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> openssl_key(ByteView seed) {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), EVP_PKEY_free);
    ASSAY_ASSERT(key != nullptr);
    return key;
}

} // namespace

bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature) {
    if (public_key.size() != kKeyBytes || signature.size() != kSignatureBytes) return false;
    const Bytes32 r_bytes = signature.first<32>();
    const Words s = words_of(signature.last<32>());
    if (!is_below(s, kOrder)) return false;
    const auto a = Edwards25519::from_bytes(public_key.first<32>());
    const auto r = Edwards25519::from_bytes(r_bytes);
    if (!a || !r) return false;
    const Scalar25519 k = challenge(r_bytes, public_key, message);
    const Edwards25519 difference = Edwards25519::sum_of_multiples(bytes_of(s), k, a->negated()) + r->negated();
    return difference.times_cofactor().is_neutral();
}

Result<Ed25519SecretKey> Ed25519SecretKey::from_seed(ByteView seed) {
    if (seed.size() != kKeyBytes) {
        return fail(ErrorCode::invalid_argument,
                    "Ed25519 seed has " + std::to_string(seed.size()) + " bytes instead of 32");
    }
    Ed25519SecretKey key;
    std::ranges::copy(seed, key.seed_.begin());
    return key;
}

Result<Ed25519SecretKey> Ed25519SecretKey::random() {
    Ed25519SecretKey key;
    TRY_VOID(fill_random(key.seed_));
    return key;
}

Ed25519SecretKey::Ed25519SecretKey(Ed25519SecretKey&& other) noexcept : seed_(other.seed_) {
    explicit_bzero(other.seed_.data(), other.seed_.size());
}

Ed25519SecretKey& Ed25519SecretKey::operator=(Ed25519SecretKey&& other) noexcept {
    if (this == &other) return *this;
    seed_ = other.seed_;
    explicit_bzero(other.seed_.data(), other.seed_.size());
    return *this;
}

Ed25519SecretKey::~Ed25519SecretKey() { explicit_bzero(seed_.data(), seed_.size()); }

Ed25519PublicKey Ed25519SecretKey::public_key() const {
    Ed25519PublicKey bytes;
    std::size_t size = bytes.size();
    ASSAY_ASSERT(EVP_PKEY_get_raw_public_key(openssl_key(seed_).get(), bytes.data(), &size) == 1);
    return bytes;
}

Ed25519Signature Ed25519SecretKey::sign(ByteView message) const {
    const auto key = openssl_key(seed_);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    Ed25519Signature signature;
    std::size_t size = signature.size();
    ASSAY_ASSERT(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
    ASSAY_ASSERT(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
    return signature;
}

} // namespace assay::crypto
