#!/bin/sh
# Cross-compiles the kernels for AArch64, runs them under qemu-user as CPUs with and without the dot product and byte matrix instructions, and
# compares every kernel's digest with this machine's. Exit code 77 when the cross compiler or qemu is missing.
#   tests/sameness/aarch64.sh NATIVE_KERNEL_HASH [BUILD_DIR]
set -eu
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
native=$1
build=${2:-$source_dir/build/aarch64}
for tool in aarch64-linux-gnu-g++ qemu-aarch64-static; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is not installed" >&2
        exit 77
    fi
done
if [ ! -f "$build/CMakeCache.txt" ]; then
    cmake -S "$source_dir" -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$source_dir/cmake/aarch64.cmake" -DASSAY_TESTS=OFF \
        -DASSAY_ROOMS="${ASSAY_AARCH64_ROOMS:-base;tensor;kernels}" >/dev/null
fi
cmake --build "$build" --target assay_kernel_hash >"$build/kernel_hash.log" 2>&1 || {
    cat "$build/kernel_hash.log" >&2
    exit 1
}
hash=$(find "$build" -name assay_kernel_hash -type f | head -n 1)
"$native" reference >"$build/reference.txt"
status=0
compare() { # cpu, instruction set
    qemu-aarch64-static -cpu "$1" "$hash" "$2" >"$build/digests.txt"
    if diff "$build/reference.txt" "$build/digests.txt"; then
        echo "same bits: $2 on $1"
    else
        echo "other bits: $2 on $1" >&2
        status=1
    fi
}
compare max neon         # with byte matrices (I8MM)
compare neoverse-n1 neon # with the dot product instructions
compare cortex-a53 neon  # with neither
compare max scalar
exit $status
