#!/bin/sh
# System tests: OpenAI's own clients, wallets' libraries, hostile clients and a browser against a running node.
#   tests/system/run.sh ASSAY_BINARY MODEL [WORK_DIR]
# Python and Node packages go into WORK_DIR (default build/system). The browser test needs chromium on PATH.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 ASSAY_BINARY MODEL [WORK_DIR]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
assay=$(realpath "$1")
model=$(realpath "$2")
work=${3:-$here/../../build/system}
mkdir -p "$work"
work=$(cd "$work" && pwd)

stamp="$work/python.ok"
if ! [ "$stamp" -nt "$here/requirements.txt" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    touch "$stamp"
fi
stamp="$work/node.ok"
if ! [ "$stamp" -nt "$here/package.json" ]; then
    cp "$here/package.json" "$work/"
    (cd "$work" && npm install --silent --no-audit --no-fund)
    touch "$stamp"
fi
cp "$here"/*.mjs "$work/"

ASSAY_BINARY="$assay" ASSAY_TEST_MODEL="$model" ASSAY_SYSTEM_WORK="$work" \
    exec "$work/venv/bin/python" -m pytest -q -p no:cacheprovider "$here"
