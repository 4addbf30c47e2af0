#!/usr/bin/env python3
"""How far an engine's logits are from the float32 goldens of the default model. Needs numpy.

    tools/compare_logits.py --npy OURS.npy                           Assay's, from `assay logits ... --out OURS.npy`
    tools/compare_logits.py --model FILE.gguf --assay PATH           runs that command on the golden tokens first
    tools/compare_logits.py --model FILE.gguf --peers DIR --record   llama.cpp's, built by bench/build_peers.sh; writes
                                                                     tests/golden/smollm2/llama_cpp.json
    tools/compare_logits.py --small --peers DIR --record             llama.cpp on tests/golden/models/gguf_*; writes
                                                                     tests/golden/models/llama_cpp.tsv

Figures: `top1`, share of positions with the golden's first choice; `kl`, mean Kullback-Leibler divergence from the
golden distribution over its 16 likeliest tokens and one bin for the rest; `top5`, mean difference of log-probability over the
golden's first five; `perplexity` by llama-perplexity's method. Small models: root mean square error over that of the
golden logits, and top1.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import golden_files

GOLDEN = golden_files.ROOT / "smollm2"
TOP = 16


def golden() -> dict:
    ids = np.fromfile(GOLDEN / "top_ids.i32", "<i4").reshape(-1, TOP)
    logprobs = np.fromfile(GOLDEN / "top_logprobs.f32", "<f4").reshape(-1, TOP).astype(np.float64)
    return {"ids": ids, "logprobs": logprobs, "next": np.fromfile(GOLDEN / "next_logprobs.f32", "<f4")}


def figures(logits: np.ndarray) -> dict:
    """The comparison of one engine's logits [tokens, vocabulary] with the goldens."""
    want = golden()
    if logits.shape[0] != want["ids"].shape[0]:
        raise SystemExit(f"error: {logits.shape[0]} rows of logits for {want['ids'].shape[0]} golden positions")
    logprobs = golden_files.log_softmax(logits)
    ours = np.take_along_axis(logprobs, want["ids"], axis=1)
    p, q = np.exp(want["logprobs"]), np.exp(ours)
    p_rest, q_rest = np.maximum(1 - p.sum(axis=1), 1e-12), np.maximum(1 - q.sum(axis=1), 1e-12)
    kl = (p * (want["logprobs"] - ours)).sum(axis=1) + p_rest * np.log(p_rest / q_rest)
    ids = golden_files.read_ids(GOLDEN / "tokens.txt")[0]
    following = logprobs[np.arange(len(ids) - 1), ids[1:]]
    return {
        "tokens": int(logits.shape[0]),
        "top1": round(float((logits.argmax(axis=1) == want["ids"][:, 0]).mean()), 6),
        "kl": round(float(kl.mean()), 8),
        "top5": round(float(np.abs(want["logprobs"] - ours)[:, :5].mean()), 6),
        "next_logprob_difference": round(float(np.abs(following - want["next"]).mean()), 6),
    }


def peer_logits(peers: str, model: str, ids: list[int], window: int) -> np.ndarray:
    with tempfile.NamedTemporaryFile(suffix=".f32") as out:
        subprocess.run([pathlib.Path(peers) / "llama-logits", model, out.name, "2", str(window)],
                       input=" ".join(map(str, ids)), text=True, check=True, capture_output=True)
        return np.fromfile(out.name, "<f4").reshape(len(ids), -1)


def assay_logits(binary: str, model: str, ids: list[int]) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "logits.npy"
        subprocess.run([binary, "logits", "--model", model, "--tokens", "-", "--out", out],
                       input=" ".join(map(str, ids)), text=True, check=True)
        return np.load(out)


def perplexity_of(logits_of_window, ids: list[int], window: int) -> float:
    total, scored = 0.0, 0
    for begin in range(0, len(ids) - window + 1, window):
        part = ids[begin:begin + window]
        logprobs = golden_files.log_softmax(logits_of_window(part))
        positions = np.arange(window // 2, window - 1)
        total -= logprobs[positions, np.array(part)[positions + 1]].sum()
        scored += len(positions)
    return float(np.exp(total / scored))


def version_of_peers(peers: str) -> str:
    return "llama.cpp in llama-cpp-python " + next(
        (path.name.removeprefix("llama_cpp_python-").removesuffix(".tar.gz")
         for path in pathlib.Path(peers).glob("llama_cpp_python-*.tar.gz")), "of an unknown version")


def compare_default(arguments) -> None:
    ids = golden_files.read_ids(GOLDEN / "tokens.txt")[0]
    text_ids = golden_files.read_ids(GOLDEN / "perplexity_tokens.txt")[0]
    if arguments.npy:
        print(json.dumps(figures(np.load(arguments.npy)), indent=2))
        return
    if arguments.peers:
        run = lambda part: peer_logits(arguments.peers, arguments.model, part, len(part))  # noqa: E731
    else:
        run = lambda part: assay_logits(arguments.assay, arguments.model, part)  # noqa: E731
    found = figures(run(ids))
    window = json.loads((GOLDEN / "float32.json").read_text())["perplexity"]
    found["perplexity"] = round(perplexity_of(run, text_ids, window["context"]), 6)
    found["perplexity_over_float32"] = round(found["perplexity"] / window["perplexity"], 6)
    if arguments.peers:
        found["engine"] = version_of_peers(arguments.peers)
    print(json.dumps(found, indent=2))
    if arguments.record:
        (GOLDEN / "llama_cpp.json").write_text(json.dumps(found, indent=2) + "\n")


def compare_small(arguments) -> None:
    rows = []
    for folder in sorted((golden_files.ROOT / "models").glob("gguf_*")):
        ids = golden_files.read_ids(folder / "golden_tokens.txt")[0]
        want = np.fromfile(folder / "golden_logits.f32", "<f4").reshape(len(ids), -1)
        model = str(folder / "model.gguf")
        logits = (peer_logits(arguments.peers, model, ids, len(ids)) if arguments.peers
                  else assay_logits(arguments.assay, model, ids))
        error = float(np.sqrt(((logits - want) ** 2).mean() / (want ** 2).mean()))
        rows.append(f"{folder.name}\t{error:.3e}\t{(logits.argmax(axis=1) == want.argmax(axis=1)).mean():.4f}\n")
    sys.stdout.writelines(rows)
    if arguments.record:
        (golden_files.ROOT / "models" / "llama_cpp.tsv").write_text("".join(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--npy", help="logits already computed")
    parser.add_argument("--model", help="the GGUF the goldens are of")
    parser.add_argument("--assay", default="assay", help="the assay binary")
    parser.add_argument("--peers", help="compare llama.cpp, from the folder bench/build_peers.sh built")
    parser.add_argument("--small", action="store_true", help="the small GGUF models instead of the default model")
    parser.add_argument("--record", action="store_true", help="write llama.cpp's figures into tests/golden")
    arguments = parser.parse_args()
    if arguments.record and not arguments.peers:
        parser.error("--record keeps llama.cpp's figures: it needs --peers")
    if not (arguments.small or arguments.npy or arguments.model):
        parser.error("one of --npy, --model and --small is needed")
    (compare_small if arguments.small else compare_default)(arguments)


if __name__ == "__main__":
    main()
