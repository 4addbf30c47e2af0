#!/usr/bin/env python3
"""Writes tests/golden/crypto/secp256k1.tsv and keystore/, tests/golden/codec/rlp_{valid,invalid}.tsv, and the seed corpora
of rlp_fuzz and keystore_fuzz.

Independent oracles: PyPI `eth-keys` (its pure Python curve), `eth-account`, `rlp`. The same output on every run, but for
the key stores, which are made anew only when their folder is missing (they hold random salts).
Usage: make_ethereum_golden.py (from the repository's root)
"""
import json
import pathlib
import random

import rlp
from eth_account import Account
from eth_keys import keys
from eth_keys.backends import NativeECCBackend

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
CORPUS = ROOT / "tests" / "corpus"
RANDOM = random.Random(20261)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def write_table(path, header, rows):
    path.write_text("\n".join(["# " + "\t".join(header), *("\t".join(row) for row in rows)]) + "\n")


def write_secp256k1():
    backend = NativeECCBackend()
    secrets = [1, 2, 3, ORDER - 1, ORDER - 2, 2**128, 2**255] + [RANDOM.randrange(1, ORDER) for _ in range(60)]
    digests = [bytes(32), b"\xff" * 32, ORDER.to_bytes(32, "big"), (ORDER - 1).to_bytes(32, "big")]
    rows = []
    for index, secret in enumerate(secrets):
        digest = digests[index] if index < len(digests) else RANDOM.randbytes(32)
        key = keys.PrivateKey(secret.to_bytes(32, "big"), backend)
        signature = key.sign_msg_hash(digest)
        compact = signature.to_bytes()[:64] + bytes([27 + signature.v])
        rows.append([key.to_bytes().hex(), digest.hex(), compact.hex(), key.public_key.to_compressed_bytes().hex(),
                     (b"\x04" + key.public_key.to_bytes()).hex(), key.public_key.to_checksum_address()])
    write_table(GOLDEN / "crypto" / "secp256k1.tsv",
                ["secret", "digest", "signature (r, s, v)", "public key, compressed", "uncompressed", "address"], rows)


def describe(item):
    return item.hex() + "," if isinstance(item, bytes) else "[" + "".join(map(describe, item)) + "],"


def random_item(depth):
    if depth == 0 or RANDOM.random() < 0.5:
        return RANDOM.randbytes(RANDOM.choice([0, 1, 1, 2, 20, 32, 55, 56, 57, 256]))
    return [random_item(depth - 1) for _ in range(RANDOM.choice([0, 1, 2, 3, 9]))]


RLP_INVALID = {
    "empty": "", "single-byte-wrapped": "8100", "single-byte-wrapped-7f": "817f", "truncated-string": "83646f", "trailing": "0102",
    "trailing-after-list": "c000", "long-length-for-short": "b80161", "long-length-55": "b837" + "00" * 55, "length-leading-zero": "b90038" + "00" * 56,
    "length-truncated": "b9", "length-cut": "b900", "list-truncated": "c20a", "list-child-overruns": "c2820a",
    "list-long-for-short": "f80101", "list-length-leading-zero": "f90038" + "01" * 56, "list-length-truncated": "f9", "huge-string": "bfffffffffffffffff",
    "huge-list": "ffffffffffffffffff", "huge-zero-length": "bf0000000000000000", "nested-wrapped": "c3c28101", "list-length-55": "f837" + "01" * 55,
    "inner-trailing": "c3c20183", "nested-truncated": "c4c3c2c1",
}


def write_rlp():
    values = [b"", b"\x00", b"\x7f", b"\x80", b"dog", b"x" * 55, b"x" * 56, b"x" * 255, b"x" * 256, b"x" * 65536, [], [[]], [[], [[]], [[], [[]]]],
              [b"cat", b"dog"], [b""] * 55, [b"a"] * 56, [[b"a"] * 30] * 10]
    values += [random_item(4) for _ in range(150)]
    corpus = CORPUS / "rlp_fuzz"
    corpus.mkdir(parents=True, exist_ok=True)
    rows = []
    for index, value in enumerate(values):
        encoded = rlp.encode(value)
        if len(encoded) < 4000:
            rows.append([encoded.hex(), describe(value)])
        if index % 8 == 0 and len(encoded) < 600:
            (corpus / f"valid_{index:03d}").write_bytes(encoded)
    write_table(GOLDEN / "codec" / "rlp_valid.tsv", ["encoded", "meaning: strings in hex and lists, each ended by a comma"], rows)
    rows = []
    for name, text in RLP_INVALID.items():
        try:
            rlp.decode(bytes.fromhex(text), strict=True)
            raise SystemExit(f"the oracle accepts {name}")
        except rlp.DecodingError:
            pass
        if text:
            rows.append([name, text])
            (corpus / f"invalid_{name}").write_bytes(bytes.fromhex(text))
    write_table(GOLDEN / "codec" / "rlp_invalid.tsv", ["name", "bytes that must be refused"], rows)


def write_keystores():
    folder = GOLDEN / "crypto" / "keystore"
    if folder.exists():
        return
    folder.mkdir(parents=True)
    corpus = CORPUS / "keystore_fuzz"
    corpus.mkdir(parents=True, exist_ok=True)
    rows = []
    cases = [("scrypt", 1024, "correct horse"), ("scrypt", 4096, "pässwörd ☂"), ("pbkdf2", 1000, ""), ("pbkdf2", 20000, "x" * 200)]
    for index, (kdf, iterations, password) in enumerate(cases):
        secret = RANDOM.randbytes(32)
        store = Account.encrypt(secret, password, kdf=kdf, iterations=iterations)
        name = f"{kdf}_{iterations}.json"
        (folder / name).write_text(json.dumps(store) + "\n")
        (corpus / name).write_text(json.dumps(store))
        rows.append([name, password.encode().hex() or "-", secret.hex(), Account.from_key(secret).address])
    write_table(folder / "stores.tsv", ["file", "password (hex; -: empty)", "secret", "address"], rows)


if __name__ == "__main__":
    write_secp256k1()
    write_rlp()
    write_keystores()
