#!/usr/bin/env python3
"""Small random models of every family and tensor type, with the logits that transformers computes in float32.

    tools/make_model_golden.py [NAME...]     (needs numpy, gguf, safetensors, tokenizers, torch, transformers)

Writes tests/golden/models/<name>/: the model as published (config.json, safetensors, tokenizer.json; or model.gguf)
and what it must answer. The weights are larger than a trained model's initial ones, so that attention, positions and
every bias matter: a wrong RoPE base moves the logits by a good part of their size. The epsilon of the norms is an
unusual one for the same reason. Formats: tests/golden/README.md.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import sys

import numpy as np
import torch
import transformers
from gguf.constants import GGMLQuantizationType as Type
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

import golden_files
import golden_gguf

OUT = golden_files.ROOT / "models"
TOKENS = 32


MERGES = (
    "Ġ+t h+e a+n Ġt+he i+n Ġ+a e+r o+n Ġ+s r+e Ġ+w o+u i+s a+t Ġa+n e+n o+r Ġ+b e+s Ġ+c n+d i+t Ġ+f "
    "Ġ+h Ġ+o Ġ+m in+g Ġ+p e+d a+r l+l Ġ+d i+c o+m Ġ+n Ġ+l Ġo+f v+e Ġan+d u+s e+l Ġ+g Ġ+e u+n"
).split()


def byte_words(vocabulary: int) -> tuple[list[str], list[str]]:
    """<s>, </s>, the byte alphabet and as many merged words as fit: a byte-level BPE of `vocabulary` entries."""
    words = ["<s>", "</s>"] + sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = []
    for pair in MERGES:
        pair = pair.replace("+", " ")
        if len(words) == vocabulary:
            break
        words.append(pair.replace(" ", ""))
        merges.append(pair)
    while len(words) < vocabulary:
        words.append(f"<extra_{len(words)}>")
    return words, merges


def byte_tokenizer(vocabulary: int) -> Tokenizer:
    words, merges = byte_words(vocabulary)
    made = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)},
                                merges=[tuple(merge.split(" ")) for merge in merges]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(["<s>", "</s>"])
    return made


def word_tokenizer(vocabulary: int) -> Tokenizer:
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + ["##" + letter for letter in letters]
    words += ["the", "and", "of", "##ing", "##er", "##ed", "is", "was", ",", "."]
    words += [f"[unused{i}]" for i in range(vocabulary - len(words))]
    made = Tokenizer(WordPiece(vocab={word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.decoder = decoders.WordPiece()
    return made


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights of order one over the square root of their inputs, norms and biases away from their neutral values."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        lower = name.lower()
        with torch.no_grad():
            if "norm" in lower or ".ln_" in lower:
                neutral = 1.6 if "q_norm" in lower or "k_norm" in lower else 1.0
                parameter.copy_(0.3 * noise + (neutral if lower.endswith("weight") else 0.0))
            elif parameter.ndim == 1:
                parameter.copy_(0.5 * noise)
            elif "embed" in lower or ".wte." in lower or ".wpe." in lower:
                parameter.copy_(0.25 * noise)  # small beside what the layers add, so that the layers decide
            else:
                inputs = parameter.shape[0] if "c_" in name else parameter.shape[1]
                gain = 1.6 if any(part in lower for part in ("q_proj", "k_proj", "query", "key")) else 1.0
                parameter.copy_(gain * noise / inputs ** 0.5)
    if hasattr(model, "tie_weights"):
        model.tie_weights()


def llama_like(family: str, **changes):
    """A decoder of a llama-shaped family; `changes` are its config's fields."""
    config_type = getattr(transformers, f"{family}Config")
    fields = dict(vocab_size=288, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                  num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-3, tie_word_embeddings=True,
                  bos_token_id=0, eos_token_id=1, pad_token_id=None, dtype="float32", attn_implementation="eager")
    fields.update(changes)
    return getattr(transformers, f"{family}ForCausalLM")(config_type(**fields)).float().eval()


def gpt2(**changes):
    fields = dict(vocab_size=288, n_embd=64, n_inner=128, n_layer=2, n_head=4, n_positions=64, bos_token_id=0,
                  eos_token_id=1, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, layer_norm_epsilon=1e-3,
                  dtype="float32", attn_implementation="eager")
    fields.update(changes)
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**fields)).float().eval()


def bert():
    config = transformers.BertConfig(vocab_size=288, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
                                     intermediate_size=96, max_position_embeddings=64, type_vocab_size=2,
                                     hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-3,
                                     dtype="float32", attn_implementation="eager")
    return transformers.BertModel(config, add_pooling_layer=True).float().eval()


def rope(theta: float, **scaling) -> dict:
    return {"rope_type": scaling.pop("rope_type", "default"), "rope_theta": theta, **scaling}


LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)

# name: (how to build it, dtype of the saved weights, largest shard)
FOLDERS = {
    "llama_tied": (lambda: llama_like("Llama", rope_parameters=rope(500.0)), "float32", None),
    "llama_untied_sharded": (lambda: llama_like("Llama", num_hidden_layers=1, tie_word_embeddings=False,
                                                rope_parameters=rope(10000.0)), "float32", "90KB"),
    "llama3_scaled_bias": (lambda: llama_like("Llama", attention_bias=True, rope_parameters=rope(10000.0, **LLAMA3)),
                           "float32", None),
    "llama_linear_scaled": (lambda: llama_like("Llama", num_key_value_heads=1, num_hidden_layers=1,
                                               rope_parameters=rope(1000.0, rope_type="linear", factor=4.0)),
                            "float32", None),
    "llama_bf16": (lambda: llama_like("Llama", rope_parameters=rope(10000.0)), "bfloat16", None),
    "llama_f16": (lambda: llama_like("Llama", rope_parameters=rope(10000.0)), "float16", None),
    "mistral_window": (lambda: llama_like("Mistral", sliding_window=8, rope_parameters=rope(10000.0)),
                       "float32", None),
    "qwen2": (lambda: llama_like("Qwen2", rope_parameters=rope(10000.0)), "float32", None),
    "qwen3_wide_heads": (lambda: llama_like("Qwen3", head_dim=32, num_attention_heads=3,
                                            num_key_value_heads=1, rope_parameters=rope(10000.0)), "float32", None),
    "gpt2": (gpt2, "float32", None),
    "bert": (bert, "float32", None),
}

OLD_CONFIG = {"llama_tied", "llama3_scaled_bias", "llama_bf16", "mistral_window"}

BLOCK_SHAPE = dict(hidden_size=96, intermediate_size=224, num_attention_heads=3, num_key_value_heads=1, vocab_size=300)
SUPER_SHAPE = dict(hidden_size=256, intermediate_size=256, num_attention_heads=4, num_key_value_heads=1, vocab_size=260,
                   num_hidden_layers=1)


def _quantised(kind: Type, shape: dict, family: str = "Llama", **options):
    return lambda: (llama_like(family, rope_parameters=rope(10000.0), **shape), kind, options)


# name: what builds (model, tensor type, options of golden_gguf.write)
FILES = {
    **{f"gguf_{kind.name.lower()}": _quantised(kind, {"num_hidden_layers": 1})
       for kind in (Type.F32, Type.F16, Type.BF16)},
    **{f"gguf_{kind.name.lower()}": _quantised(kind, BLOCK_SHAPE)
       for kind in (Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1)},
    **{f"gguf_{kind.name.lower()}": _quantised(kind, SUPER_SHAPE) for kind in (Type.Q5_K, Type.Q6_K)},
    "gguf_q4_k": _quantised(Type.Q4_K, {**SUPER_SHAPE, "tie_word_embeddings": False}, embedding_kind=Type.Q6_K),
    "gguf_qwen2_q8_0": _quantised(Type.Q8_0, {}, "Qwen2"),
    "gguf_qwen3_q4_0": _quantised(Type.Q4_0, {"head_dim": 32}, "Qwen3"),
    "gguf_gpt2_f16": lambda: (gpt2(), Type.F16, {}),
    "gguf_gpt2_q8_0": lambda: (gpt2(), Type.Q8_0, {}),
    "gguf_llama3_rope_freqs": lambda: (llama_like("Llama", rope_parameters=rope(10000.0, **LLAMA3)), Type.Q8_0,
                                       {"rope_factors": llama3_divisors()}),
}


def llama3_divisors() -> np.ndarray:
    """What llama.cpp's converter stores as rope_freqs.weight for the llama3 scaling above (head size 16)."""
    factors = []
    for pair in range(8):
        wavelength = 2 * np.pi * 10000.0 ** (2 * pair / 16)
        low, high, context = LLAMA3["low_freq_factor"], LLAMA3["high_freq_factor"], LLAMA3[
            "original_max_position_embeddings"]
        if wavelength < context / high:
            factors.append(1.0)
        elif wavelength > context / low:
            factors.append(LLAMA3["factor"])
        else:
            smooth = (context / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / LLAMA3["factor"] + smooth))
    return np.array(factors, np.float32)


def random_ids(vocabulary: int, seed: int, count: int = TOKENS) -> list[int]:
    return [int(i) for i in np.random.default_rng(seed).integers(5, vocabulary, count)]


def save_answers(folder: pathlib.Path, model, seed: int) -> None:
    vocabulary = model.config.vocab_size
    if model.config.model_type == "bert":
        sequences = [[2, *random_ids(vocabulary, seed + n, n), 3] for n in (1, 5, 17, 38)]
        rows = []
        for ids in sequences:
            with torch.no_grad():
                mean = model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
            rows.append(torch.nn.functional.normalize(mean, dim=0).numpy())
        golden_files.write_array(folder / "golden_embeddings.f32", np.stack(rows), "<f4")
    else:
        sequences = [random_ids(vocabulary, seed)]
        with torch.no_grad():
            logits = model(torch.tensor(sequences)).logits[0].numpy()
        golden_files.write_array(folder / "golden_logits.f32", logits, "<f4")
    golden_files.write_ids(folder / "golden_tokens.txt", sequences)


def rewrite_config(path: pathlib.Path) -> None:
    """The spelling of transformers before version 5, which most published models have."""
    config = json.loads(path.read_text())
    scaling = config.pop("rope_parameters")
    config["rope_theta"] = scaling.pop("rope_theta")
    config["rope_scaling"] = scaling if scaling["rope_type"] != "default" else None
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def make_folder(name: str, seed: int) -> None:
    build, dtype, shard = FOLDERS[name]
    model, folder = build(), OUT / name
    randomise(model, seed)
    saved = model.to(getattr(torch, dtype))
    saved.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    for weights in folder.glob("*.safetensors"):
        weights.chmod(0o644)
    if name in OLD_CONFIG:
        rewrite_config(folder / "config.json")
    vocabulary = model.config.vocab_size
    tokenizer = word_tokenizer(vocabulary) if model.config.model_type == "bert" else byte_tokenizer(vocabulary)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    save_answers(folder, saved.float(), seed)


def make_file(name: str, seed: int) -> None:
    model, kind, options = FILES[name]()
    folder = OUT / name
    folder.mkdir(parents=True)
    randomise(model, seed)
    words, merges = byte_words(model.config.vocab_size)
    golden_gguf.write(folder / "model.gguf", model, kind, words, merges, "gpt-2", **options)
    golden_gguf.load_into(model, folder / "model.gguf")  # the goldens are of the dequantised weights
    model.tie_weights()
    save_answers(folder, model, seed)


def main() -> None:
    torch.set_num_threads(1)
    every = [*FOLDERS, *FILES]
    for name in sys.argv[1:] or every:
        if (OUT / name).exists():
            shutil.rmtree(OUT / name)
        (make_folder if name in FOLDERS else make_file)(name, 1000 + every.index(name))
        logits = OUT / name / "golden_logits.f32"
        spread = float(np.fromfile(logits, "<f4").std()) if logits.exists() else None
        size = sum(path.stat().st_size for path in (OUT / name).iterdir())
        print(json.dumps({"model": name, "bytes": size, "logit_spread": spread}))


if __name__ == "__main__":
    main()
