// Stands alone, without GoogleTest: cross-compiled and run under qemu-user by the x86 suite, so that the ARMv8 block
// functions are tested where no ARM machine is. Exit status 0 when every length agrees with the portable code.
#include "crypto/chacha20_stream.h"
#include "crypto/sha256_implementation.h"

#include <algorithm>
#include <cstdio>

int main() {
    using namespace assay;
    using namespace assay::crypto;
    const auto implementations = sha256_implementations();
    if (implementations.front().name != "armv8") return std::puts("the emulated CPU has no SHA-2 instructions"), 2;
    if (to_hex(sha256(as_byte_view("abc"))) != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") {
        return std::puts("wrong digest of FIPS 180-4's first example"), 1;
    }
    const Bytes data = chacha20_stream("arm", 4000);
    for (std::size_t size = 0; size < 1500; ++size) {
        const ByteView a = ByteView(data).subspan(size % 19, size);
        const ByteView b = ByteView(data).subspan(2000 + size % 7, size);
        std::array<Digest, 2> expected;
        for (std::size_t s = 0; s < 2; ++s) {
            Sha256 portable(implementations.back());
            portable.update(s == 0 ? a : b);
            expected[s] = portable.finish();
        }
        Sha256 single(implementations.front());
        Sha256Pair pair(implementations.front());
        single.update(a);
        pair.update({a, b});
        if (single.finish() != expected[0] || pair.finish_all() != expected)
            return std::printf("differs at %zu bytes\n", size), 1;
    }
    return std::puts("armv8 equals portable"), 0;
}
