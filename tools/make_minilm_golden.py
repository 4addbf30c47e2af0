#!/usr/bin/env python3
"""Sentence embeddings of all-MiniLM-L6-v2 as sentence-transformers defines them, by transformers in float32.

    tools/make_minilm_golden.py DIR      (DIR from tools/fetch_minilm.sh; needs numpy, tokenizers, torch, transformers)

Mean over the tokens ([CLS] and [SEP] included), divided by the Euclidean norm; at most 256 tokens. Writes
tests/golden/minilm/ (formats: tests/golden/README.md).
"""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertModel

import golden_files

TOKENS_MAX = 256  # sentence_bert_config.json

SENTENCES = [
    "This is an example sentence.",
    "Each sentence is converted to a vector.",
    "A",
    "The quick brown fox jumps over the lazy dog.",
    "Ein schneller brauner Fuchs springt über den faulen Hund.",
    "El zorro marrón rápido salta sobre el perro perezoso.",
    "机器学习正在改变世界。",
    "Быстрая коричневая лиса перепрыгивает через ленивую собаку.",
    "naïve café résumé — “quoted” text, with dashes–and ellipsis…",
    "int main(int argc, char** argv) { return argc > 1 ? 0 : 1; }",
    "The price rose from $1,234.56 to €2.345,67 (an 89.9% increase) on 2024-02-29.",
    "Emoji: 🙂🚀 and flags 🇩🇪 mixed with words.",
    "UPPER CASE AND lower case And Title Case",
    "What is the capital of France?",
    "Paris is the capital and largest city of France.",
    "Bananas are rich in potassium.",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "   leading and   inner    spaces\tand tabs   ",
    "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer the slings and arrows of "
    "outrageous fortune, or to take arms against a sea of troubles, and by opposing end them.",
]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS_MAX)
    model = BertModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    long_text = (golden_files.ROOT / "text" / "alice.txt").read_text().replace("\n", " ").strip()
    sentences = [*SENTENCES, long_text]  # the last is cut
    ids, rows = [], []
    for sentence in sentences:
        ids.append(tokenizer.encode(sentence).ids)
        with torch.no_grad():
            mean = model(torch.tensor([ids[-1]])).last_hidden_state[0].mean(dim=0)
        rows.append(torch.nn.functional.normalize(mean, dim=0).numpy())
    out = golden_files.ROOT / "minilm"
    out.mkdir(parents=True, exist_ok=True)
    (out / "sentences.txt").write_text("".join(sentence + "\n" for sentence in sentences))
    golden_files.write_ids(out / "tokens.txt", ids)
    golden_files.write_array(out / "embeddings.f32", np.stack(rows), "<f4")
    print(len(sentences), "sentences;", [len(i) for i in ids], "tokens")


if __name__ == "__main__":
    main()
