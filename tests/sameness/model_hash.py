#!/usr/bin/env python3
"""One model, one hash: the proof that settings and machines do not change a bit.

    model_hash.py native BINARY                 64 tokens under every setting of this machine (assay_model_hash)
    model_hash.py flip BINARY                   one flipped bit of one weight changes the hash
    model_hash.py aarch64 BINARY BUILD_DIR      8 tokens, cross-compiled and run under qemu-user, against this machine

The model comes from ASSAY_TEST_MODEL. Exit code 77 (skipped) when the cross compiler or qemu is missing.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SKIP = 77


def hashes(command: list[str]) -> set[str]:
    print("$", " ".join(command), flush=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    found = set()
    for line in process.stdout:
        print(line, end="", flush=True)
        found.add(line.split()[0])
    code = process.wait()
    if code not in (0, 1) or not found:
        raise SystemExit(f"exit code {code}")
    return found


def one(command: list[str]) -> str:
    found = hashes(command)
    if len(found) != 1:
        raise SystemExit(f"{len(found)} different hashes")
    return found.pop()


def flip(binary: str, model: pathlib.Path) -> None:
    """Changes the highest bit of a byte in the middle of the file, deep inside the weights."""
    quick = ["--quick", "--tokens", "2"]
    isa = ["--isa", fastest_isa(binary, model)]
    before = one([binary, str(model), *quick, *isa])
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / model.name
        shutil.copyfile(model, copy)
        with open(copy, "r+b") as file:
            file.seek(model.stat().st_size // 2)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 0x80]))
        after = one([binary, str(copy), *quick, *isa])
    if before == after:
        raise SystemExit("a flipped weight bit did not change the hash")
    print("the flipped bit changed the hash")


def fastest_isa(binary: str, model: pathlib.Path) -> str:
    """The fastest instruction set here: the first line names it."""
    process = subprocess.Popen([binary, str(model), "--quick", "--tokens", "1"], stdout=subprocess.PIPE, text=True)
    name = process.stdout.readline().split()[1]
    process.kill()
    process.wait()
    return name


def aarch64(binary: str, build: pathlib.Path, model: pathlib.Path) -> None:
    for tool in ("aarch64-linux-gnu-g++", "qemu-aarch64-static"):
        if not shutil.which(tool):
            print(f"{tool} is not installed")
            raise SystemExit(SKIP)
    # A folder of its own: more rooms than the kernels' test configures.
    if not (build / "build.ninja").exists():
        subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/cmake/aarch64.cmake",
                        "-DASSAY_TESTS=OFF", "-DCMAKE_CXX_COMPILER_LAUNCHER=" + (shutil.which("ccache") or ""),
                        "-DASSAY_ROOMS=base;codec;crypto;tensor;kernels;formats;tokenizer;engine"],
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "--target", "assay_model_hash"], check=True, stdout=subprocess.DEVNULL)
    settings = [str(model), "--quick", "--tokens", "8"]
    native = one([binary, *settings, "--isa", fastest_isa(binary, model)])
    (cross,) = build.rglob("assay_model_hash")
    emulated = one(["qemu-aarch64-static", "-cpu", "max", str(cross), *settings, "--isa", "neon"])
    if native != emulated:
        raise SystemExit("AArch64 computes other logits than this machine")
    print("one hash on both architectures")


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    if "ASSAY_TEST_MODEL" not in os.environ:
        raise SystemExit("ASSAY_TEST_MODEL must name SmolLM2-135M-Instruct.Q4_1.gguf; scripts/test sets it")
    model = pathlib.Path(os.environ["ASSAY_TEST_MODEL"]).resolve()
    mode, binary = sys.argv[1], sys.argv[2]
    if mode == "native":
        print("one hash:", one([binary, str(model), "--tokens", "64"]))
    elif mode == "flip":
        flip(binary, model)
    elif mode == "aarch64":
        aarch64(binary, pathlib.Path(sys.argv[3]), model)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
