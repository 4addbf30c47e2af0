#!/usr/bin/env python3
"""Goldens of the default model: what transformers computes in float32 over the dequantised weights.

    tools/make_smollm2_golden.py MODEL.gguf        (needs numpy, gguf, tokenizers, torch, transformers)

Writes tests/golden/smollm2/: the ids of both texts, compact next-token distributions of the first, and the perplexity
of the second by llama-perplexity's method. Formats: tests/golden/README.md.
"""

from __future__ import annotations

import json
import pathlib
import sys

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

import golden_files
import golden_gguf

TOP = 16
WINDOW = 512


def tokenizer_of(path: str) -> Tokenizer:
    reader = gguf.GGUFReader(path)
    words = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in reader.fields["tokenizer.ggml.merges"].contents()]
    made = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    return made


def model_of(path: str) -> LlamaForCausalLM:
    fields = golden_gguf.scalar_fields(path)
    config = LlamaConfig(
        vocab_size=fields["llama.vocab_size"], hidden_size=fields["llama.embedding_length"],
        intermediate_size=fields["llama.feed_forward_length"], num_hidden_layers=fields["llama.block_count"],
        num_attention_heads=fields["llama.attention.head_count"],
        num_key_value_heads=fields["llama.attention.head_count_kv"],
        max_position_embeddings=fields["llama.context_length"],
        rms_norm_eps=fields["llama.attention.layer_norm_rms_epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": fields["llama.rope.freq_base"]},
        tie_word_embeddings=True, dtype="float32", attn_implementation="eager")
    model = LlamaForCausalLM(config).float().eval()
    golden_gguf.load_into(model, path)
    model.tie_weights()
    return model


def logits_of(model: LlamaForCausalLM, ids: list[int]) -> np.ndarray:
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].numpy()


def perplexity(model: LlamaForCausalLM, ids: list[int]) -> dict:
    """Whole windows from an empty cache, the second half of each scored: llama-perplexity's method."""
    total, scored = 0.0, 0
    for begin in range(0, len(ids) - WINDOW + 1, WINDOW):
        window = ids[begin:begin + WINDOW]
        logprobs = golden_files.log_softmax(logits_of(model, window))
        for position in range(WINDOW // 2, WINDOW - 1):
            total -= logprobs[position, window[position + 1]]
            scored += 1
    return {"perplexity": float(np.exp(total / scored)), "tokens": scored, "context": WINDOW}


def main() -> None:
    path = sys.argv[1]
    torch.set_num_threads(1)
    out = golden_files.ROOT / "smollm2"
    out.mkdir(parents=True, exist_ok=True)
    tokenizer, model = tokenizer_of(path), model_of(path)

    text = (golden_files.ROOT / "text" / "pride_and_prejudice.txt").read_text()
    ids = tokenizer.encode(text).ids
    assert tokenizer.decode(ids) == text and len(ids) >= 500
    logprobs = golden_files.log_softmax(logits_of(model, ids))
    top = np.argsort(-logprobs, axis=1, kind="stable")[:, :TOP]
    golden_files.write_ids(out / "tokens.txt", [ids])
    golden_files.write_array(out / "top_ids.i32", top, "<i4")
    golden_files.write_array(out / "top_logprobs.f32", np.take_along_axis(logprobs, top, axis=1), "<f4")
    following = logprobs[np.arange(len(ids) - 1), ids[1:]]
    golden_files.write_array(out / "next_logprobs.f32", following, "<f4")

    text = (golden_files.ROOT / "text" / "alice.txt").read_text()
    long_ids = tokenizer.encode(text).ids
    golden_files.write_ids(out / "perplexity_tokens.txt", [long_ids])
    summary = {"model": pathlib.Path(path).name, "tokens": len(ids), "top": TOP,
               "mean_next_logprob": float(following.mean()), "perplexity": perplexity(model, long_ids),
               "perplexity_text_tokens": len(long_ids)}
    (out / "float32.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
