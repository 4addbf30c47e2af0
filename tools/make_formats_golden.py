#!/usr/bin/env python3
"""What the files under tests/golden/models say, as the formats' own Python packages read them.

    tools/make_formats_golden.py     (gguf 0.19.0, numpy, safetensors 0.8.0, transformers 5.24.0)

Writes tests/golden/formats/:
  bert.gguf   a small bert with every tokenizer key that Assay reads, since no model under models/ has them
  models.tsv  tab-separated, one fact a line: model, "config", field, value; or
              model, "tensor", canonical name, type, extents, 1 where stored {inputs, outputs}, CRC-32 of the bytes; or
              model, "tokenizer", field, value

Independent of Assay: hyperparameters come from transformers.AutoConfig and gguf.GGUFReader, canonical names from
llama.cpp's table for its converter (gguf.get_tensor_name_map).
"""

from __future__ import annotations

import json
import pathlib
import zlib

import gguf
import numpy as np
import transformers
from safetensors import safe_open

import golden_files

OUT = golden_files.ROOT / "formats"
MODELS = golden_files.ROOT / "models"
ROTARY = ("llama", "mistral", "qwen2", "qwen3")


# --- safetensors folders -------------------------------------------------------------------------------------------


def folder_config(folder: pathlib.Path) -> dict:
    config = transformers.AutoConfig.from_pretrained(folder)
    family = config.model_type
    values = {
        "architecture": "llama" if family == "mistral" else family,
        "layers": config.num_hidden_layers,
        "embedding": config.hidden_size,
        "heads": config.num_attention_heads,
        "kv_heads": getattr(config, "num_key_value_heads", config.num_attention_heads),
        "head_size": getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        "feed_forward": config.n_inner if family == "gpt2" else config.intermediate_size,
        "vocabulary": config.vocab_size,
        "context_max": config.max_position_embeddings,
        "tied_embeddings": int(config.tie_word_embeddings and family != "bert"),
        "sliding_window": getattr(config, "sliding_window", None) or 0,
        "token_types": config.type_vocab_size if family == "bert" else 0,
        "rope_interleaved": 0,
        "rope_size": 0,
    }
    for name in ("rms_norm_eps", "layer_norm_epsilon", "layer_norm_eps"):
        if hasattr(config, name):
            values["norm_epsilon"] = getattr(config, name)
    if family in ROTARY:
        rope = config.rope_parameters
        values |= {"rope_size": values["head_size"], "rope_base": rope["rope_theta"],
                   "rope_scaling": {"default": "none"}.get(rope["rope_type"], rope["rope_type"])}
        for key, field in (("factor", "rope_factor"), ("low_freq_factor", "rope_low_freq_factor"),
                           ("high_freq_factor", "rope_high_freq_factor"),
                           ("original_max_position_embeddings", "rope_original_context")):
            if key in rope:
                values[field] = rope[key]
    return values


def stored_bytes(path: pathlib.Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Type, extents and bytes of every tensor, found through the header by hand: numpy has no bfloat16."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + size])
    header.pop("__metadata__", None)
    with safe_open(path, "np") as reference:
        assert set(reference.keys()) == set(header)
    found = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        found[name] = (entry["dtype"], entry["shape"], raw[8 + size + begin:8 + size + end])
    return found


def folder_facts(folder: pathlib.Path):
    values = folder_config(folder)
    yield from (("config", field, value) for field, value in values.items())
    architecture = {value: key for key, value in gguf.MODEL_ARCH_NAMES.items()}[values["architecture"]]
    names = gguf.get_tensor_name_map(architecture, values["layers"])
    for path in sorted(folder.glob("*.safetensors")):
        for name, (kind, shape, data) in stored_bytes(path).items():
            if "pooler" in name:
                continue
            canonical = names.get_name(name, try_suffixes=(".weight", ".bias"))
            conv1d = values["architecture"] == "gpt2" and len(shape) == 2 and ".h." in name
            yield "tensor", canonical, kind, ",".join(map(str, shape)), int(conv1d), zlib.crc32(data)
    yield "tokenizer", "tokenizer_json", zlib.crc32((folder / "tokenizer.json").read_bytes())


# --- GGUF files ----------------------------------------------------------------------------------------------------


def file_config(reader: gguf.GGUFReader) -> dict:
    def get(key: str, otherwise=None):
        field = reader.fields.get(key)
        return otherwise if field is None else field.contents()

    family = get("general.architecture")
    own = lambda key, otherwise=None: get(f"{family}.{key}", otherwise)
    rows = {tensor.name: int(tensor.shape[-1]) for tensor in reader.tensors}
    values = {
        "architecture": family,
        "layers": own("block_count"),
        "embedding": own("embedding_length"),
        "heads": own("attention.head_count"),
        "kv_heads": own("attention.head_count_kv", own("attention.head_count")),
        "head_size": own("attention.key_length", own("embedding_length") // own("attention.head_count")),
        "feed_forward": own("feed_forward_length"),
        "vocabulary": rows["token_embd.weight"],
        "context_max": own("context_length"),
        "tied_embeddings": int("output.weight" not in rows and family != "bert"),
        "sliding_window": 0,
        "token_types": rows.get("token_types.weight", 0),
        "rope_interleaved": int(family == "llama"),
        "rope_size": 0,
        "norm_epsilon": own("attention.layer_norm_rms_epsilon", own("attention.layer_norm_epsilon")),
    }
    if family in ROTARY:
        values |= {"rope_size": own("rope.dimension_count", values["head_size"]), "rope_base": own("rope.freq_base"),
                   "rope_scaling": "none"}
    return values


def tokenizer_facts(reader: gguf.GGUFReader):
    fields = {"model": "model", "pre": "pre", "bos": "bos_token_id", "eos": "eos_token_id", "eot": "eot_token_id",
              "unknown": "unknown_token_id", "separator": "seperator_token_id", "padding": "padding_token_id",
              "mask": "mask_token_id", "cls": "cls_token_id", "add_bos": "add_bos_token", "add_eos": "add_eos_token",
              "add_space_prefix": "add_space_prefix", "remove_extra_whitespaces": "remove_extra_whitespaces"}
    for field, key in fields.items():
        found = reader.fields.get(f"tokenizer.ggml.{key}")
        if found is not None:
            value = found.contents()
            yield "tokenizer", field, value if isinstance(value, str) else int(value)
    arrays = {"tokens": "tokens", "merges": "merges", "scores": "scores", "types": "token_type",
              "precompiled_charsmap": "precompiled_charsmap"}
    for field, key in arrays.items():
        found = reader.fields.get(f"tokenizer.ggml.{key}")
        if found is not None:
            data = b"".join(bytes(found.parts[index]) + b"\n" * (field in ("tokens", "merges")) for index in found.data)
            yield "tokenizer", field, zlib.crc32(data)
    template = reader.fields.get("tokenizer.chat_template")
    if template is not None:
        yield "tokenizer", "chat_template", zlib.crc32(template.contents().encode())


def file_facts(path: pathlib.Path):
    reader = gguf.GGUFReader(str(path))
    yield from (("config", field, value) for field, value in file_config(reader).items())
    for tensor in reader.tensors:
        shape = ",".join(str(int(extent)) for extent in reversed(tensor.shape))
        yield "tensor", tensor.name, tensor.tensor_type.name, shape, 0, zlib.crc32(np.ascontiguousarray(tensor.data))
    yield from tokenizer_facts(reader)


def write_bert(path: pathlib.Path) -> None:
    width, inner, words = 32, 64, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581the", "ing", "\u2581caf\u00e9"]
    writer = gguf.GGUFWriter(str(path), "bert")
    writer.add_name("bert \u2013 every tokenizer key")
    writer.add_block_count(1)
    writer.add_context_length(16)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_type_count(2)
    writer.add_token_list(words)
    writer.add_token_scores([-1000.0, 0.0, 0.5, -1.25, 3e-5, 1.0, 2.0, 3.0])
    writer.add_token_types([3, 2, 3, 3, 3, 1, 1, 1])
    writer.add_token_merges(["a b", "\u00e9 c"])
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    writer.add_eot_token_id(3)
    writer.add_unk_token_id(1)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_mask_token_id(4)
    writer.add_uint32("tokenizer.ggml.cls_token_id", 2)  # older writers: the package has no call for it
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_remove_extra_whitespaces(True)
    writer.add_precompiled_charsmap(bytes(range(250, 256)) + bytes(range(10)))
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}\u2026{% endfor %}")
    random = np.random.default_rng(7)
    shapes = {"token_embd.weight": (len(words), width), "position_embd.weight": (16, width), "token_types.weight": (2, width),
              "token_embd_norm.weight": (width,), "token_embd_norm.bias": (width,)}
    linear = {"attn_q": (width, width), "attn_k": (width, width), "attn_v": (width, width), "attn_output": (width, width),
              "ffn_up": (inner, width), "ffn_down": (width, inner)}
    for name, shape in linear.items():
        shapes |= {f"blk.0.{name}.weight": shape, f"blk.0.{name}.bias": shape[:1]}
    for name in ("attn_output_norm", "layer_output_norm"):
        shapes |= {f"blk.0.{name}.weight": (width,), f"blk.0.{name}.bias": (width,)}
    for name, shape in shapes.items():
        writer.add_tensor(name, random.standard_normal(shape).astype(np.float16 if len(shape) == 2 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    OUT.mkdir(exist_ok=True)
    write_bert(OUT / "bert.gguf")
    facts = {"formats/bert.gguf": file_facts(OUT / "bert.gguf")}
    for folder in sorted(path for path in MODELS.iterdir() if path.is_dir()):
        file = folder / "model.gguf"
        facts[f"models/{folder.name}" + ("/model.gguf" if file.exists() else "")] = (
            file_facts(file) if file.exists() else folder_facts(folder))
    with (OUT / "models.tsv").open("w") as out:
        for model, rows in facts.items():
            for row in rows:
                print(model, *row, sep="\t", file=out)


if __name__ == "__main__":
    main()
