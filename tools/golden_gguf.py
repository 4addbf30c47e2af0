"""GGUF for golden data: reads a file into Hugging Face weights and writes small ones, independently of Assay.

Dequantisation is the gguf package's own. Its quantisation covers the 32-element block types; the K types are
quantised here in the plainest way (largest magnitude or range of each sub-block, 6-bit or 8-bit scales), which is
enough because the goldens are computed over the dequantised weights, whatever they are.
"""

from __future__ import annotations

import pathlib

import gguf
import numpy as np
from gguf.constants import GGMLQuantizationType as Type

SUPER = 256  # elements of a K-quant super-block


# --- quantisation ----------------------------------------------------------------------------------------------


def _pack_scales(scales: np.ndarray, minima: np.ndarray) -> np.ndarray:
    """Eight 6-bit scales and eight 6-bit minima of each super-block into 12 bytes, as Q4_K and Q5_K store them."""
    low_s, high_s, low_m, high_m = scales[:, :4], scales[:, 4:], minima[:, :4], minima[:, 4:]
    packed = np.empty((scales.shape[0], 12), np.uint8)
    packed[:, 0:4] = low_s | ((high_s >> 4) << 6)
    packed[:, 4:8] = low_m | ((high_m >> 4) << 6)
    packed[:, 8:12] = (high_s & 15) | ((high_m & 15) << 4)
    return packed


def _affine_blocks(weights: np.ndarray, levels: int):
    """d, dmin, packed scales and quanta of the K types with a minimum: w = d*s*q - dmin*m in sub-blocks of 32."""
    blocks = weights.reshape(-1, 8, 32).astype(np.float64)
    lowest = np.minimum(blocks.min(axis=2), 0)
    step = (blocks.max(axis=2) - lowest) / levels
    d = np.float16(step.max(axis=1) / 63)
    dmin = np.float16((-lowest).max(axis=1) / 63)
    d64, dmin64 = d.astype(np.float64)[:, None], dmin.astype(np.float64)[:, None]
    scales = np.clip(np.rint(step / d64), 1, 63).astype(np.uint8)
    minima = np.clip(np.rint(-lowest / dmin64), 0, 63).astype(np.uint8)
    quanta = np.rint((blocks + (dmin64 * minima)[:, :, None]) / (d64 * scales)[:, :, None])
    return d, dmin, _pack_scales(scales, minima), np.clip(quanta, 0, levels).astype(np.uint8)


def _bytes_of(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, 1).view(np.uint8).reshape(values.shape[0], -1)


def _quantize_q4_k(weights: np.ndarray) -> np.ndarray:
    d, dmin, scales, quanta = _affine_blocks(weights, 15)
    pairs = quanta.reshape(-1, 4, 2, 32)
    nibbles = (pairs[:, :, 0] | (pairs[:, :, 1] << 4)).reshape(-1, 128)
    return np.concatenate([_bytes_of(d), _bytes_of(dmin), scales, nibbles], axis=1)


def _quantize_q5_k(weights: np.ndarray) -> np.ndarray:
    d, dmin, scales, quanta = _affine_blocks(weights, 31)
    pairs = quanta.reshape(-1, 4, 2, 32)
    nibbles = ((pairs[:, :, 0] & 15) | ((pairs[:, :, 1] & 15) << 4)).reshape(-1, 128)
    high = np.zeros((pairs.shape[0], 32), np.uint8)
    for sub in range(8):
        high |= (quanta[:, sub] >> 4) << sub
    return np.concatenate([_bytes_of(d), _bytes_of(dmin), scales, high, nibbles], axis=1)


def _quantize_q6_k(weights: np.ndarray) -> np.ndarray:
    blocks = weights.reshape(-1, 16, 16).astype(np.float64)
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2)[:, :, None], axis=2)[:, :, 0]
    step = extreme / -32  # the extreme becomes quantum -32, so scales of both signs occur
    d = np.float16(np.abs(step).max(axis=1) / 127)
    scales = np.clip(np.rint(step / d.astype(np.float64)[:, None]), -128, 127)
    scales[scales == 0] = 1
    quanta = np.rint(blocks / (d.astype(np.float64)[:, None] * scales)[:, :, None])
    quanta = (np.clip(quanta, -32, 31) + 32).astype(np.uint8).reshape(-1, 2, 4, 32)
    low = np.stack([(quanta[:, :, 0] & 15) | ((quanta[:, :, 2] & 15) << 4),
                    (quanta[:, :, 1] & 15) | ((quanta[:, :, 3] & 15) << 4)], axis=2).reshape(-1, 128)
    high = sum((quanta[:, :, part] >> 4) << (2 * part) for part in range(4)).astype(np.uint8).reshape(-1, 64)
    return np.concatenate([low, high, scales.astype(np.int8).view(np.uint8), _bytes_of(d)], axis=1)


_OWN = {Type.Q4_K: _quantize_q4_k, Type.Q5_K: _quantize_q5_k, Type.Q6_K: _quantize_q6_k}


def quantize(weights: np.ndarray, kind: Type) -> np.ndarray:
    """Rows of float32 into the bytes of `kind`; the row length must be a multiple of its block."""
    weights = np.ascontiguousarray(weights, np.float32)
    if kind in _OWN:
        return _OWN[kind](weights).reshape(weights.shape[0], -1)
    return gguf.quants.quantize(weights, kind)


def dequantize(tensor) -> np.ndarray:
    """A tensor of a GGUFReader as float32 [outputs, inputs] (or a vector)."""
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    return values.reshape([int(n) for n in reversed(tensor.shape)])


# --- rows of llama's q and k -------------------------------------------------------------------------------------


def permute(weights: np.ndarray, heads: int) -> np.ndarray:
    """Hugging Face's rotary halves (i, i + n/2) into llama GGUF's neighbouring pairs (2i, 2i+1); also for biases."""
    shape = weights.shape
    return weights.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def unpermute(weights: np.ndarray, heads: int) -> np.ndarray:
    shape = weights.shape
    return weights.reshape(heads, shape[0] // heads // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


# --- names ---------------------------------------------------------------------------------------------------------

_LLAMA = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}
_LLAMA_TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
_GPT2 = {
    "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
}
_GPT2_TOP = {"transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
             "lm_head": "output"}


def gguf_name(name: str) -> str:
    """A Hugging Face tensor name as llama.cpp's converter writes it."""
    stem, _, kind = name.rpartition(".")
    for top in (_LLAMA_TOP, _GPT2_TOP):
        if stem in top:
            return f"{top[stem]}.{kind}"
    for prefix, table in (("model.layers.", _LLAMA), ("transformer.h.", _GPT2)):
        if stem.startswith(prefix):
            layer, _, part = stem[len(prefix):].partition(".")
            return f"blk.{layer}.{table[part]}.{kind}"
    raise ValueError(f"no GGUF name for {name}")


# --- whole files ---------------------------------------------------------------------------------------------------


def scalar_fields(path: pathlib.Path | str) -> dict:
    """The metadata of a GGUF without its arrays."""
    reader = gguf.GGUFReader(str(path))
    return {name: field.contents() for name, field in reader.fields.items()
            if field.types and field.types[0] != gguf.GGUFValueType.ARRAY}


def load_into(model, path: pathlib.Path | str) -> None:
    """Fills a Hugging Face causal model with a GGUF's dequantised weights; every tensor must be used and present."""
    import torch

    config = model.config
    stored = {tensor.name: tensor for tensor in gguf.GGUFReader(str(path)).tensors}
    unused = set(stored) - {"rope_freqs.weight"}
    for name, parameter in model.state_dict().items():
        key = gguf_name(name)
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = dequantize(stored[key])
        unused.discard(key)
        if config.model_type == "llama" and (".attn_q." in key or ".attn_k." in key):
            heads = config.num_attention_heads if ".attn_q." in key else config.num_key_value_heads
            values = unpermute(values, heads)
        if config.model_type == "gpt2" and name.startswith("transformer.h.") and values.ndim == 2:
            values = values.T  # Conv1D keeps {inputs, outputs}
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))
    if unused:
        raise ValueError(f"{path}: tensors without a place in the model: {sorted(unused)}")


def write(path: pathlib.Path, model, kind: Type, tokens: list[str], merges: list[str], pre: str,
          embedding_kind: Type | None = None, rope_factors: np.ndarray | None = None) -> None:
    """Writes a Hugging Face causal model (llama, qwen2, qwen3, gpt2) as GGUF, its matrices quantised to `kind`."""
    config, family = model.config, model.config.model_type
    writer = gguf.GGUFWriter(str(path), family)
    writer.add_name(path.parent.name)
    _write_metadata(writer, config, family)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(tokens))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    if rope_factors is not None:
        writer.add_tensor("rope_freqs.weight", rope_factors.astype(np.float32))
    for name, parameter in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        key, values = gguf_name(name), parameter.float().numpy()
        if family == "llama" and (".attn_q." in key or ".attn_k." in key):
            heads = config.num_attention_heads if ".attn_q." in key else config.num_key_value_heads
            values = permute(values, heads)
        if family == "gpt2" and name.startswith("transformer.h.") and values.ndim == 2:
            values = values.T
        _add_tensor(writer, key, np.ascontiguousarray(values), kind, embedding_kind or kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_metadata(writer: gguf.GGUFWriter, config, family: str) -> None:
    if family == "gpt2":
        writer.add_block_count(config.n_layer)
        writer.add_context_length(config.n_positions)
        writer.add_embedding_length(config.n_embd)
        writer.add_feed_forward_length(config.n_inner or 4 * config.n_embd)
        writer.add_head_count(config.n_head)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    if family == "llama":
        writer.add_rope_dimension_count(head_size)
    if family == "qwen3":
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)


def _add_tensor(writer: gguf.GGUFWriter, key: str, values: np.ndarray, kind: Type, embedding_kind: Type) -> None:
    if values.ndim == 1 or key == "position_embd.weight" or kind == Type.F32:
        writer.add_tensor(key, values.astype(np.float32))
        return
    chosen = embedding_kind if key == "token_embd.weight" else kind
    data = quantize(values, chosen)
    if chosen == Type.F16:
        writer.add_tensor(key, data)
    else:
        writer.add_tensor(key, data, raw_dtype=chosen)
