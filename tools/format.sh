#!/bin/sh
# Lays the C++ sources out (.clang-format), or with --check names the files that differ and changes nothing.
#   tools/format.sh [--check] [FILE ...]     all files of src/, apps/, bench/ and tests/ when none is named
# Exit status: 0 done or clean, 1 --check found differences, 2 not runnable.
set -eu
cd "$(dirname "$0")/.."
format=${CLANG_FORMAT:-clang-format-19}
command -v "$format" >/dev/null || { echo "format.sh: $format is not installed (Debian: apt-get install clang-format-19)" >&2; exit 2; }
check=no
if [ "${1:-}" = --check ]; then check=yes; shift; fi
case "${1:-}" in -*) echo "usage: $0 [--check] [FILE ...]" >&2; exit 2 ;; esac
# Generated tables keep the layout of their generators.
files=${*:-$(git ls-files 'src/*.h' 'src/*.cpp' 'apps/*.h' 'apps/*.cpp' 'bench/*.cpp' 'tests/*.h' 'tests/*.cpp' |
    grep -v -e '_tables\.cpp$' -e '/unicode_decompositions\.')}
if [ $check = no ]; then
    "$format" -i $files
    exit 0
fi
status=0
for file in $files; do
    if ! "$format" "$file" | cmp -s - "$file"; then
        lines=$("$format" "$file" | diff "$file" - | grep -c '^<' || true)
        echo "$file: layout differs ($lines lines)"
        status=1
    fi
done
exit $status
