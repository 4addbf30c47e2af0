#!/usr/bin/env python3
"""Writes tests/golden/chain/state.tsv: app hashes and proofs after each of a row of changes, by docs/spec/state.md and nothing
else of this project. Python 3 alone.

    tools/make_state_golden.py > tests/golden/chain/state.tsv
"""
import hashlib

MODULES = ["bank", "governance", "params", "registry", "staking"]
EMPTY = bytes(32)


def h(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def tree_key(module: str, raw: bytes) -> bytes:
    return h(module.encode(), b"\0", raw)


def bit(key: bytes, i: int) -> int:
    return key[i // 8] >> (7 - i % 8) & 1


def leaf(key: bytes, value_hash: bytes) -> bytes:
    return h(b"\0", key, value_hash)


def split(entries: dict, depth: int) -> list:
    return [{k: v for k, v in entries.items() if bit(k, depth) == side} for side in (0, 1)]


def root(entries: dict, depth: int = 0) -> bytes:
    """`entries`: tree key → H(value)."""
    if not entries:
        return EMPTY
    if len(entries) == 1:
        return leaf(*next(iter(entries.items())))
    left, right = split(entries, depth)
    return h(b"\1", root(left, depth + 1), root(right, depth + 1))


def module_leaf(name: str, module_root: bytes) -> bytes:
    return h(b"\0", bytes([len(name)]), name.encode(), module_root, (1).to_bytes(4, "big"))


def mth(leaves: list) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return h(b"\1", mth(leaves[:k]), mth(leaves[k:]))


def audit_path(index: int, leaves: list) -> list:
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if index < k:
        return audit_path(index, leaves[:k]) + [mth(leaves[k:])]
    return audit_path(index - k, leaves[k:]) + [mth(leaves[:k])]


def proof(state: dict, module: str, raw: bytes) -> bytes:
    key = tree_key(module, raw)
    entries, siblings = trees(state)[module], []
    while len(entries) > 1:
        depth = len(siblings)
        halves = split(entries, depth)
        siblings.append(root(halves[1 - bit(key, depth)], depth + 1))
        entries = halves[bit(key, depth)]
    end = 1 if not entries else 0 if key in entries else 2
    leaves = [module_leaf(name, root(trees(state)[name])) for name in MODULES]
    path = audit_path(MODULES.index(module), leaves)
    out = bytes([1, end, len(MODULES), MODULES.index(module), len(path)]) + b"".join(path)
    out += len(siblings).to_bytes(2, "big")
    bits = "".join("0" if sibling == EMPTY else "1" for sibling in siblings)
    out += bytes(int(bits[i:i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8))
    out += b"".join(sibling for sibling in siblings if sibling != EMPTY)
    if end == 2:
        out += b"".join(*entries.items())
    return out


def trees(state: dict) -> dict:
    return {name: {tree_key(name, raw): h(value) for raw, value in state[name].items()} for name in MODULES}


def app_hash(state: dict) -> bytes:
    return mth([module_leaf(name, root(tree)) for name, tree in trees(state).items()])


def main() -> None:
    state = {name: {} for name in MODULES}
    print("# Made by tools/make_state_golden.py. module, raw key, value (- = removed), app hash after it; then the proof of")
    print("# the key before it in this list, which is there or not.")
    before = ("bank", b"\x81none")
    for i in range(120):
        seed = h(b"state golden", i.to_bytes(4, "big"))
        module = MODULES[seed[0] % 5 if seed[1] % 2 else 0]
        raw = bytes([0x81 if seed[2] % 2 else 0x05]) + h(b"key", bytes([seed[3] % 40]))[:1 + seed[3] % 20]
        value = None if seed[4] % 4 == 0 else h(b"value", seed)[:seed[5] % 33]
        if value is None:
            state[module].pop(raw, None)
        else:
            state[module][raw] = value
        text = "-" if value is None else "0x" + value.hex()
        print(module, raw.hex(), text, app_hash(state).hex(), proof(state, *before).hex(), sep="\t")
        before = (module, raw)


if __name__ == "__main__":
    main()
