#!/usr/bin/env python3
"""Writes tests/golden/crypto: RFC 6962 roots and proofs, and UnixFS CIDs, from their definitions.

Written apart from the C++: recursion over whole lists, hashlib and protobuf by hand. Inputs are ChaCha20 key streams
(key SHA-256(seed), zero nonce; PyPI `cryptography`). Usage: make_crypto_golden.py (from the repository's root)
"""
import base64
import hashlib
import pathlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "crypto"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
KIB = 1024


def sha256(data):
    return hashlib.sha256(data).digest()


def stream(seed, size):
    cipher = Cipher(algorithms.ChaCha20(sha256(seed.encode()), bytes(16)), mode=None)
    return cipher.encryptor().update(bytes(size))


# RFC 6962 section 2.1, word for word.
def split(count):
    k = 1
    while 2 * k < count:
        k *= 2
    return k


def mth(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def write_merkle():
    lines = ["# leaves (leaf i is the decimal text of i)\troot\tindex\tproof of that index, sibling hashes joined"]
    for count in list(range(20)) + [31, 32, 33, 64, 65, 100]:
        leaves = [str(i).encode() for i in range(count)]
        for index in sorted({0, 1, count // 2, count - 2, count - 1} & set(range(count))) or [0]:
            proof = b"".join(path(index, leaves)).hex() if count else ""
            lines.append(f"{count}\t{mth(leaves).hex()}\t{index}\t{proof or '-'}")
    (GOLDEN / "merkle.tsv").write_text("\n".join(lines) + "\n")


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, payload):
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    return varint(number << 3 | 2) + varint(len(payload)) + payload


class Block:
    def __init__(self, data, codec, version, file_size, below=0):
        self.file_size, self.tsize = file_size, len(data) + below
        self.cid = (b"" if version == 0 else b"\x01" + bytes([codec])) + b"\x12\x20" + sha256(data)
        self.version = version

    def text(self):
        if self.version:
            return "b" + base64.b32encode(self.cid).decode().lower().rstrip("=")
        number, out = int.from_bytes(self.cid, "big"), ""
        while number:
            number, digit = divmod(number, 58)
            out = BASE58[digit] + out
        return out


def leaf(chunk, version, raw):
    if raw:
        return Block(chunk, 0x55, version, len(chunk))
    unixfs = field(1, 2) + (field(2, chunk) if chunk else b"") + field(3, len(chunk))
    return Block(field(1, unixfs), 0x70, version, len(chunk))


def node(children, version, names=None, kind=2):
    size = sum(child.file_size for child in children)
    links = b"".join(
        field(2, field(1, child.cid) + field(2, (names[i] if names else "").encode()) + field(3, child.tsize)) for i, child in enumerate(children))
    unixfs = field(1, kind)
    if kind == 2:
        unixfs += field(3, size) + b"".join(field(4, child.file_size) for child in children)
    return Block(links + field(1, unixfs), 0x70, version, size, sum(child.tsize for child in children))


def add(data, version, raw, chunk, links):
    level = [leaf(data[i:i + chunk], version, raw) for i in range(0, len(data), chunk)] or [leaf(b"", version, raw)]
    while len(level) > 1:
        level = [node(level[i:i + links], version) for i in range(0, len(level), links)]
    return level[0]


def write_unixfs():
    profiles = {"v0": (0, False, 256 * KIB, 174), "v1": (1, True, 256 * KIB, 174), "v1-2025": (1, True, KIB * KIB, 1024),
                "small-v0": (0, False, 64, 3), "small-v1": (1, True, 64, 3)}
    published = {  # from IPFS's own tests
        (262145, "chunk-v0-seed", "v0"): "QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ",
        (174 * 262144 + 1, "v0-seed", "v0"): "QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW",
        (1048577, "chunk-v1-seed", "v1-2025"): "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64"}
    cases = list(published)
    for size in [0, 1, 100, 262143, 262144, 262145, 524288, 524289, 786432, 1048576, 1048577, 3000001]:
        cases += [(size, "assay", profile) for profile in ("v0", "v1", "v1-2025")]
    cases += [(174 * 262144, "assay", "v1"), (174 * 262144 + 1, "assay", "v1")]
    for size in list(range(0, 700, 64)) + [63, 65, 191, 193, 575, 577, 64 * 27, 64 * 27 + 1, 64 * 81, 64 * 81 + 1, 64 * 100 + 7]:
        cases += [(size, "assay", profile) for profile in ("small-v0", "small-v1")]
    lines = ["# bytes\tseed\tprofile\tCID"]
    for case in cases:
        size, seed, profile = case
        cid = add(stream(seed, size), *profiles[profile]).text()
        assert published.get(case, cid) == cid, case
        lines.append(f"{size}\t{seed}\t{profile}\t{cid}")
    entries = sorted((name, size) for name, size in [("model.safetensors", 300000), ("config.json", 10), ("tokenizer.json", 0)])
    blocks = [add(stream(name, size), *profiles["v1"]) for name, size in entries]
    folder = node(blocks, 1, [name for name, _ in entries], kind=1)
    lines.append(f"{sum(size for _, size in entries)}\tfolder\tv1\t{folder.text()}")
    (GOLDEN / "unixfs.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write_merkle()
    write_unixfs()
