#!/usr/bin/env python3
"""Writes tests/golden/codec and the seed corpora of dag_cbor_fuzz and cid_fuzz.

Independent oracles: PyPI `dag-cbor` 0.3.3 and `multiformats` 0.3.1. Same output on every run.
Usage: make_codec_golden.py (from the repository's root)
"""
import hashlib
import pathlib
import random
import struct

import dag_cbor
from multiformats import CID, multihash

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "codec"
CORPUS = ROOT / "tests" / "corpus"
RANDOM = random.Random(20260)


def random_cid():
    digest = multihash.digest(RANDOM.randbytes(8), "sha2-256")
    if RANDOM.random() < 0.3:
        return CID("base58btc", 0, "dag-pb", digest)
    return CID("base32", 1, RANDOM.choice(["raw", "dag-pb", "dag-cbor", "dag-json", "git-raw"]), digest)


def describe(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"u{value}" if value >= 0 else f"n{-1 - value}"
    if isinstance(value, float):
        return "d" + struct.pack(">d", value).hex()
    if isinstance(value, bytes):
        return "b" + value.hex()
    if isinstance(value, str):
        return "t" + value.encode().hex()
    if isinstance(value, CID):
        return "l" + str(value)
    if isinstance(value, list):
        return "[" + "".join(describe(item) + "," for item in value) + "]"
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return "{" + "".join(f"{key.encode().hex()}={describe(value[key])}," for key in keys) + "}"


def random_text():
    pool = "abcdefghij 0123_/é\u00df漢字🙂\u0000\uffff\U0010ffff"
    return "".join(RANDOM.choice(pool) for _ in range(RANDOM.choice([0, 1, 2, 5, 23, 24, 40])))


def random_value(depth):
    kind = RANDOM.randrange(9 if depth else 7)
    if kind == 0:
        return None
    if kind == 1:
        return RANDOM.random() < 0.5
    if kind == 2:
        number = RANDOM.getrandbits(64) >> RANDOM.randrange(64)
        return number if RANDOM.random() < 0.5 else -1 - number
    if kind == 3:
        return RANDOM.choice([0.0, -0.0, 1.0, 1.5, 5e-324, 1.7976931348623157e308, RANDOM.gauss(0, 1e6)])
    if kind == 4:
        return RANDOM.randbytes(RANDOM.choice([0, 1, 23, 24, 40]))
    if kind == 5:
        return random_text()
    if kind == 6:
        return random_cid()
    count = RANDOM.randrange(5)
    if kind == 7:
        return [random_value(depth - 1) for _ in range(count)]
    return {random_text(): random_value(depth - 1) for _ in range(count)}


def valid_values():
    edges = [0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1]
    yield from edges
    yield from (-1 - edge for edge in edges)
    yield from [None, True, False, 0.0, -0.0, 1.0, -1.5, 1e300, 5e-324, "", b"", [], {}, "\u0000", "水", "x" * 255, "x" * 256]
    yield b"\x00" * 65536
    yield list(range(300))
    yield {str(i): i for i in range(300)}
    yield {"b": 1, "a": 2, "aa": 3, "": 4, "é": 5, "z" * 30: 6}
    for _ in range(300):
        yield random_value(4)


INVALID = {  # name: hex; each must be refused
    "empty": "", "uint-not-minimal-8": "1817", "uint-not-minimal-16": "1900ff", "uint-not-minimal-32": "1a0000ffff",
    "uint-not-minimal-64": "1b00000000ffffffff", "nint-not-minimal": "3800", "nint-not-minimal-64": "3b0000000000000000",
    "bytes-length-not-minimal": "580100", "text-length-not-minimal": "780161", "list-length-not-minimal": "980100",
    "map-length-not-minimal": "b801616100", "tag-not-minimal": "d9002a4100", "bytes-indefinite": "5f4100ff", "text-indefinite": "7f6161ff",
    "list-indefinite": "9f01ff", "map-indefinite": "bf616101ff", "break": "ff", "reserved-28": "1c", "reserved-29": "3d", "reserved-30": "5e",
    "uint-truncated": "18", "uint-truncated-64": "1b00", "bytes-truncated": "4200", "text-truncated": "6261", "list-truncated": "8201",
    "map-truncated": "a16161", "map-key-truncated": "a162", "float-truncated": "fb00", "huge-bytes": "5bffffffffffffffff",
    "huge-text": "7bffffffffffffffff", "huge-list": "9bffffffffffffffff", "huge-map": "bbffffffffffffffff", "trailing": "0000",
    "trailing-after-map": "a000", "float16": "f93c00", "float32": "fa3f800000", "nan16": "f97e00", "nan": "fb7ff8000000000000",
    "nan-payload": "fb7ff8000000000001", "infinity": "fb7ff0000000000000", "minus-infinity": "fbfff0000000000000", "undefined": "f7",
    "simple-0": "e0", "simple-19": "f3", "simple-32": "f820", "simple-24": "f818", "key-order-length": "a262616101616102",
    "key-order-bytes": "a2616201616102", "key-twice": "a2616101616102", "key-not-text": "a10001", "key-bytes": "a1416101", "key-null": "a1f601",
    "text-not-utf8": "61ff", "text-overlong": "62c080", "text-surrogate": "63eda080", "text-above-unicode": "64f4908080",
    "text-cut-sequence": "61c3", "key-not-utf8": "a161ff01", "tag-0": "c060", "tag-1": "c100", "tag-2": "c24101", "tag-43": "d82b4100",
    "tag-55799": "d9d9f700", "link-not-bytes": "d82a6100", "link-empty": "d82a40", "link-no-prefix": "d82a5822" + "1220" + "00" * 32,
    "link-multibase-b": "d82a5825" + "62" + "01711220" + "00" * 32, "link-cut": "d82a5824" + "00" + "01711220" + "00" * 31,
    "link-long": "d82a5826" + "00" + "01711220" + "00" * 33, "link-version-2": "d82a5825" + "00" + "02711220" + "00" * 32,
    "link-varint-not-minimal": "d82a5826" + "00" + "01f1001220" + "00" * 32, "link-length-not-minimal": "d82a590025" + "00" + "01711220" + "00" * 32,
    "link-tag-alone": "d82a", "nested-not-minimal": "8181811817", "nested-key-order": "8101a2616201616102"[2:],
}
# The package accepts these; the specification's strict form does not.
LENIENT_IN_PYTHON = {"link-varint-not-minimal"}


def write_dag_cbor():
    lines = ["# block (hex)\tmeaning; see describe() in tools/make_codec_golden.py"]
    corpus = CORPUS / "dag_cbor_fuzz"
    corpus.mkdir(parents=True, exist_ok=True)
    for index, value in enumerate(valid_values()):
        block = dag_cbor.encode(value)
        if len(block) > 5000 and not isinstance(value, bytes):
            continue
        if isinstance(value, bytes) and len(value) > 5000:
            value, block = value[:300], dag_cbor.encode(value[:300])
        lines.append(f"{block.hex()}\t{describe(value)}")
        if index % 14 == 0 and len(block) < 600:
            (corpus / f"valid_{index:03d}").write_bytes(block)
    (GOLDEN / "dag_cbor_valid.tsv").write_text("\n".join(lines) + "\n")
    lines = ["# name\tblock (hex) that must be refused"]
    for index, (name, text) in enumerate(INVALID.items()):
        try:
            dag_cbor.decode(bytes.fromhex(text))
            assert name in LENIENT_IN_PYTHON, f"the oracle accepts {name}"
        except Exception as error:  # the package raises several kinds
            assert not isinstance(error, AssertionError), error
        if text:
            lines.append(f"{name}\t{text}")
        if index % 4 == 0:
            (corpus / f"invalid_{name}").write_bytes(bytes.fromhex(text))
    (GOLDEN / "dag_cbor_invalid.tsv").write_text("\n".join(lines) + "\n")


def write_cids():
    corpus = CORPUS / "cid_fuzz"
    corpus.mkdir(parents=True, exist_ok=True)
    lines = ["# canonical text\tthe same in base58btc\tbytes (hex)"]
    cids = [random_cid() for _ in range(60)]
    cids.append(CID("base32", 1, "raw", multihash.wrap(b"carried inside", "identity")))
    cids.append(CID("base32", 1, "raw", multihash.digest(b"x", "sha2-512")))
    cids.append(CID("base32", 1, "raw", multihash.digest(b"x", "sha3-256")))
    for index, cid in enumerate(cids):
        other = str(cid) if cid.version == 0 else cid.encode("base58btc")
        lines.append(f"{cid}\t{other}\t{bytes(cid).hex()}")
        if index % 6 == 0:
            (corpus / f"text_{index:02d}").write_text(str(cid))
            (corpus / f"bytes_{index:02d}").write_bytes(bytes(cid))
            (corpus / f"other_{index:02d}").write_text(other)
    digest = hashlib.sha256(b"").digest()
    for name, data in {"v0_long": b"\x12\x20" + digest + b"\x00", "v2": b"\x02\x55\x12\x20" + digest, "cut": b"\x01\x55\x12\x20" + digest[:9],
                       "varint_long": b"\x01\xd5\x00\x12\x20" + digest, "text_cut": b"bafkreifzjut", "text_upper": b"BAFKREIFZJUT",
                       "text_v0_prefixed": b"zQmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"}.items():
        (corpus / f"invalid_{name}").write_bytes(data)
    (GOLDEN / "cid_valid.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_dag_cbor()
    write_cids()
