#!/bin/sh
# Runs clang-tidy 19 (.clang-tidy) on files that differ from the last commit, or on what is named.
#   tools/tidy.sh [--all | FILE.cpp ...]     BUILD=build/release JOBS=2
# Headers are seen through the files that include them. Needs a configured build (its compile_commands.json), not a finished one.
# Exit status: 0 clean, 1 findings, 2 not runnable.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}
tidy=${CLANG_TIDY:-clang-tidy-19}
command -v "$tidy" >/dev/null || { echo "tidy.sh: $tidy is not installed (Debian: apt-get install clang-tidy-19)" >&2; exit 2; }
[ -f "$build/compile_commands.json" ] || { echo "tidy.sh: no $build/compile_commands.json; run: cmake --preset release" >&2; exit 2; }

case "${1:-}" in
    --all) files=$(git ls-files 'src/*.cpp' 'apps/*.cpp' 'tests/*.cpp') ;;
    -*) echo "usage: $0 [--all | FILE.cpp ...]" >&2; exit 2 ;;
    "") files=$(git diff --name-only --diff-filter=d HEAD -- '*.cpp'; git ls-files --others --exclude-standard -- '*.cpp') ;;
    *) files=$* ;;
esac
# Only what this build compiles: other processors' kernels and generated tables are not in it.
compiled=""
for file in $files; do
    case "$file" in *_tables.cpp | */unicode_decompositions.cpp) continue ;; esac
    if grep -q "/$file\"" "$build/compile_commands.json"; then compiled="$compiled $file"; fi
done
[ -n "$compiled" ] || { echo "tidy.sh: nothing to check"; exit 0; }
# Clang knows neither GCC's flags for the kernels' vectors nor its warnings' names. xargs fails when one of its runs does.
printf '%s\n' $compiled | xargs -P "${JOBS:-2}" -n 1 sh -c '
    found=$("$0" -p "$1" --quiet --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-unused-command-line-argument \
        --extra-arg=-Wno-error "$2" 2>&1) && status=0 || status=1
    printf "%s\n" "$found" | grep -v -e "^[0-9]* warnings\? generated" -e "^$" || true
    exit $status' "$tidy" "$build" || exit 1
