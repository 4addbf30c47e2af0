"""The plain binary files that golden model data is kept in (formats: tests/golden/README.md)."""

from __future__ import annotations

import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"


def write_ids(path: pathlib.Path, sequences: list[list[int]]) -> None:
    path.write_text("".join(" ".join(map(str, ids)) + "\n" for ids in sequences))


def read_ids(path: pathlib.Path) -> list[list[int]]:
    return [[int(word) for word in line.split()] for line in path.read_text().splitlines() if line]


def write_array(path: pathlib.Path, values: np.ndarray, kind: str) -> None:
    """Little-endian, row-major, no header; `kind` is "<f4" or "<i4"."""
    path.write_bytes(np.ascontiguousarray(values).astype(kind).tobytes())


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
