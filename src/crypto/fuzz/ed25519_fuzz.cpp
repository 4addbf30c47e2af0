// Input: public key (32 bytes), signature (64), message. Where OpenSSL, which is stricter, accepts, ZIP-215 must accept.
#include "base/assert.h"
#include "crypto/ed25519.h"

#include <openssl/evp.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    if (size < 96) return 0;
    const ByteView bytes(data, size);
    const ByteView key = bytes.first(32), signature = bytes.subspan(32, 64), message = bytes.subspan(96);
    const bool valid = crypto::ed25519_verify(key, message, signature);
    EVP_PKEY* openssl_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size());
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ASSAY_ASSERT(openssl_key != nullptr && EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, openssl_key) == 1);
    const int strict = EVP_DigestVerify(context, signature.data(), signature.size(), message.data(), message.size());
    ASSAY_ASSERT(strict != 1 || valid);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(openssl_key);
    return 0;
}
