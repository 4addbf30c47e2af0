#!/usr/bin/env python3
"""Writes tests/golden/crypto/keccak256.tsv: digests of messages of every length up to two blocks, and of some long ones.

Independent oracle: PyPI `pycryptodome`. The messages are the ChaCha20 stream of src/crypto/chacha20_stream.h under the
key SHA-256("keccak256"). Same output on every run. Usage: make_keccak_golden.py (from the repository's root)
"""
import hashlib
import pathlib

from Crypto.Cipher import ChaCha20
from Crypto.Hash import keccak

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "crypto"


def message(size):
    cipher = ChaCha20.new(key=hashlib.sha256(b"keccak256").digest(), nonce=bytes(8))
    return cipher.encrypt(bytes(size))


def main():
    lines = ["# bytes of the message\tKeccak-256"]
    for size in [*range(275), 408, 1000, 4096, 100000]:
        digest = keccak.new(digest_bits=256, data=message(size)).hexdigest()
        lines.append(f"{size}\t{digest}")
    (GOLDEN / "keccak256.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
