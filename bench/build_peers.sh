#!/usr/bin/env bash
# Builds the engines that Assay is compared with, for this CPU, and prints where they are.
#
#   bench/build_peers.sh [DIR]        DIR: where to build (default ~/.cache/assay/peers)
#
# llama.cpp comes from the source distribution of the Python package llama-cpp-python 0.3.36, downloaded by name and
# version. ik_llama.cpp is not packaged: point IK_LLAMA_DIR at a checkout and it is built beside it, natively, too.
# ASSAY_PEER_JOBS sets the parallel compile jobs (default: all cores). A second run only builds what changed.
set -euo pipefail

readonly VERSION=0.3.36
readonly DIR=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/assay/peers}
readonly JOBS=${ASSAY_PEER_JOBS:-$(nproc)}
readonly TOOLS=(llama-bench llama-batched-bench llama-perplexity llama-completion)

say() { printf '%s\n' "$*" >&2; }

need() {
    command -v "$1" >/dev/null || { say "error: $1 is needed (apt install $2)"; exit 1; }
}

need cmake cmake
need g++ g++
need python3 python3

fetch_llama_cpp() {
    [[ -f $DIR/llama.cpp/CMakeLists.txt ]] && return
    local package=$DIR/llama_cpp_python-$VERSION.tar.gz
    if [[ ! -f $package ]]; then
        say "downloading llama-cpp-python $VERSION"
        # The build backend is needed by pip to read the metadata; it stays in its own environment.
        [[ -x $DIR/venv/bin/pip ]] || python3 -m venv "$DIR/venv"
        "$DIR/venv/bin/pip" download --quiet --no-deps --no-binary llama-cpp-python -d "$DIR" "llama-cpp-python==$VERSION"
    fi
    say "unpacking $(basename "$package")"
    rm -rf "$DIR/unpack"
    mkdir -p "$DIR/unpack"
    tar -xzf "$package" -C "$DIR/unpack"
    mv "$DIR/unpack/llama_cpp_python-$VERSION/vendor/llama.cpp" "$DIR/llama.cpp"
    rm -rf "$DIR/unpack"
}

# configure_and_build SOURCE BUILD TARGET...
configure_and_build() {
    local source=$1 build=$2
    shift 2
    local generator=()
    command -v ninja >/dev/null && generator=(-G Ninja)
    # The package has no repository of its own: GIT_CEILING keeps CMake from naming the commit of one above it.
    GIT_CEILING_DIRECTORIES=$(dirname "$source") cmake -S "$source" -B "$build" "${generator[@]}" \
        -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
        -DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TOOLS=ON -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=ON \
        -DLLAMA_BUILD_SERVER=OFF >"$build.configure.log" 2>&1 || {
        tail -20 "$build.configure.log" >&2
        say "error: configuring $source failed"
        exit 1
    }
    cmake --build "$build" --parallel "$JOBS" --target "$@" >&2
}

# A build names its own targets: old trees have llama-cli where new ones have llama-completion.
build_llama_cpp() {
    configure_and_build "$DIR/llama.cpp" "$DIR/llama.cpp-build" "${TOOLS[@]}"
}

# Logits of given tokens by llama.cpp itself, for tools/compare_logits.py.
build_logits_probe() {
    local probe=$1 output=$2
    [[ $output -nt $probe ]] && return
    local libraries
    mapfile -t libraries < <(find "$DIR/llama.cpp-build" -name 'libllama.a' -o -name 'libggml*.a')
    g++ -std=c++17 -O2 -o "$output" "$probe" -I"$DIR/llama.cpp/include" -I"$DIR/llama.cpp/ggml/include" \
        -Wl,--start-group "${libraries[@]}" -Wl,--end-group -fopenmp -lpthread -ldl
}

mkdir -p "$DIR"
fetch_llama_cpp
build_llama_cpp
build_logits_probe "$(dirname "$(readlink -f "$0")")/llama_logits.cpp" "$DIR/llama-logits"
printf 'llama.cpp\t%s\n' "$DIR/llama.cpp-build/bin"
printf 'logits probe\t%s\n' "$DIR/llama-logits"

if [[ -n ${IK_LLAMA_DIR:-} ]]; then
    configure_and_build "$IK_LLAMA_DIR" "$IK_LLAMA_DIR/build-assay" llama-bench llama-batched-bench
    printf 'ik_llama.cpp\t%s\n' "$IK_LLAMA_DIR/build-assay/bin"
fi
