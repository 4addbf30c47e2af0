// A key store from outside opens or is refused in one line, within the limits on its cost; what opens is written again.
#include "base/assert.h"
#include "crypto/keystore.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    const std::string_view json = as_string_view(ByteView(data, size));
    const crypto::KeystoreLimits limits{
        .memory_max = std::uint64_t{4} << 20, .scrypt_work_max = 1 << 15, .pbkdf2_rounds_max = 1000};
    const auto key = crypto::read_keystore(json, "correct horse", limits);
    if (!key) {
        ASSAY_ASSERT(!key.error().message.empty() && key.error().message.find('\n') == std::string::npos);
        return 0;
    }
    const auto text = crypto::write_keystore(*key, "x", {.salt = Bytes(32, 1)}, {.n = 16, .r = 8, .p = 1});
    ASSAY_ASSERT(text.has_value() && crypto::read_keystore(*text, "x", limits)->address() == key->address());
    return 0;
}
