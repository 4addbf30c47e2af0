#include "crypto/system_random.h"

#include <cerrno>
#include <sys/random.h>

namespace assay::crypto {

Result<void> fill_random(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const ssize_t got = getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail(ErrorCode::io, "the operating system gives no random bytes");
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

} // namespace assay::crypto
