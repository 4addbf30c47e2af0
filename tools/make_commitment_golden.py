#!/usr/bin/env python3
"""Computes a GGUF llama model's commitment and CID as docs/spec/commitment.md says, apart from the C++.

Oracles: PyPI `gguf`, `dag-cbor`, `multiformats`, hashlib. Writes tests/golden/engine/commitment_smollm2.tsv.
Usage: make_commitment_golden.py SmolLM2-135M-Instruct.Q4_1.gguf (from the repository's root)
"""
import hashlib
import pathlib
import sys

import dag_cbor
import gguf
from multiformats import CID, multihash

import make_crypto_golden as definitions  # RFC 6962 and UnixFS from their definitions

CHUNK = 65536


def link(codec, data):
    return CID("base32", 1, codec, multihash.digest(data, "sha2-256"))


def tensors_root(reader):
    leaves = []
    for tensor in sorted(reader.tensors, key=lambda tensor: tensor.name.encode()):
        data = tensor.data.tobytes()
        leaves.append(dag_cbor.encode({
            "name": tensor.name,
            "dtype": tensor.tensor_type.name,
            "shape": [int(extent) for extent in reversed(tensor.shape)],
            "transposed": False,
            "size": len(data),
            "root": definitions.mth([data[i:i + CHUNK] for i in range(0, len(data), CHUNK)]),
        }))
    return {"count": len(leaves), "chunk": CHUNK, "root": definitions.mth(leaves)}


def graph(get, has_output):
    return {
        "architecture": "llama", "layers": get("llama.block_count"), "embedding": get("llama.embedding_length"),
        "heads": get("llama.attention.head_count"), "kv_heads": get("llama.attention.head_count_kv"),
        "head_size": get("llama.embedding_length") // get("llama.attention.head_count"), "feed_forward": get("llama.feed_forward_length"),
        "vocabulary": get("llama.vocab_size"), "context_max": get("llama.context_length"),
        "norm_epsilon": float(get("llama.attention.layer_norm_rms_epsilon")), "rope_base": float(get("llama.rope.freq_base")),
        "rope_size": get("llama.rope.dimension_count"), "rope_scaling": "none", "rope_factor": 1.0, "rope_low_freq_factor": 1.0,
        "rope_high_freq_factor": 4.0, "rope_original_context": 0.0, "sliding_window": 0, "tied_embeddings": not has_output, "token_types": 0,
        "rope_interleaved": True,
    }


def tokenizer(get):
    def ids(name):
        return get(f"tokenizer.ggml.{name}_token_id")

    return {
        "tokenizer_json": b"", "tokenizer_config_json": b"", "precompiled_charsmap": b"",
        "model": get("tokenizer.ggml.model").encode(), "pre": get("tokenizer.ggml.pre").encode(),
        "tokens": [token.encode() for token in get("tokenizer.ggml.tokens")], "merges": [pair.encode() for pair in get("tokenizer.ggml.merges")],
        "scores": [float(score) for score in get("tokenizer.ggml.scores") or []], "types": list(get("tokenizer.ggml.token_type")),
        "bos": ids("bos"), "eos": ids("eos"), "eot": ids("eot"), "unknown": ids("unknown"), "separator": ids("separator"),
        "padding": ids("padding"), "mask": ids("mask"), "cls": ids("cls"),
        "add_bos": get("tokenizer.ggml.add_bos_token"), "add_eos": get("tokenizer.ggml.add_eos_token"),
        "add_space_prefix": get("tokenizer.ggml.add_space_prefix"), "remove_extra_whitespaces": get("tokenizer.ggml.remove_extra_whitespaces"),
    }


def main(path):
    reader = gguf.GGUFReader(path)

    def get(key):
        return reader.fields[key].contents() if key in reader.fields else None

    manifest = dag_cbor.encode({
        "type": "assay-model", "version": 1, "arithmetic": "assay-arith-1",
        "graph": graph(get, any(tensor.name == "output.weight" for tensor in reader.tensors)),
        "tensors": tensors_root(reader),
        "tokenizer": link("dag-cbor", dag_cbor.encode(tokenizer(get))),
        "chat_template": link("raw", (get("tokenizer.chat_template") or "").encode()),
    })
    data = pathlib.Path(path).read_bytes()
    out = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "engine"
    out.mkdir(parents=True, exist_ok=True)
    rows = [("sha256", hashlib.sha256(data).hexdigest()), ("cid", definitions.add(data, 1, True, 262144, 174).text()),
            ("commitment", str(link("dag-cbor", manifest))), ("manifest", manifest.hex())]
    (out / "commitment_smollm2.tsv").write_text("".join(f"{key}\t{value}\n" for key, value in rows))


if __name__ == "__main__":
    main(sys.argv[1])
