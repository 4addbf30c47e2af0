#!/bin/sh
# Every form of the command line, with a real model.
#   tests/cli/run.sh ASSAY_BINARY WORK_DIR [PYTEST OPTIONS...]      with ASSAY_TEST_MODEL set; Python packages go into WORK_DIR
set -eu
[ $# -ge 2 ] || { echo "usage: $0 ASSAY_BINARY WORK_DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
ASSAY_BINARY=$(realpath "$1")
ASSAY_TEST_MODEL=$(realpath "${ASSAY_TEST_MODEL:?set ASSAY_TEST_MODEL to SmolLM2-135M-Instruct.Q4_1.gguf}")
export ASSAY_BINARY ASSAY_TEST_MODEL
work=$2
shift 2
mkdir -p "$work"
if ! [ "$work/python.ok" -nt "$here/requirements.txt" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    touch "$work/python.ok"
fi
exec "$work/venv/bin/python" -m pytest -q -p no:cacheprovider "$here" "$@"
