"""assay tokenize and detokenize."""

import json

import pytest
from conftest import ROOT, run


def ids_of(line):
    return [int(word) for word in line.split()]


def test_golden_ids_of_a_book(model):
    text = (ROOT / "tests/golden/text/pride_and_prejudice.txt").read_bytes().decode()
    want = ids_of((ROOT / "tests/golden/smollm2/tokens.txt").read_text())
    (got,) = run("tokenize", "--model", model, "--json", stdin=json.dumps([text])).json()
    assert got == want
    (back,) = run("detokenize", "--model", model, "--json", stdin=json.dumps([got])).json()
    assert back == text


def test_sentences_with_special_tokens():
    """BERT's goldens are made with [CLS] and [SEP]; the folder's tokenizer is a small one of the same kind."""
    folder = ROOT / "tests/golden/models/bert"
    plain, special = (run("tokenize", "--model", folder, "--json", *extra, stdin='["hello world"]').json()[0] for extra in ([], ["--special"]))
    assert special[1:-1] == plain and len(special) == len(plain) + 2


def test_special_texts_are_parsed_only_when_asked(model):
    text = json.dumps(["<|im_start|>user", "", "naïve 東京 🎉\n\n  x"])
    plain = run("tokenize", "--model", model, "--json", stdin=text).json()
    special = run("tokenize", "--model", model, "--json", "--special", stdin=text).json()
    assert special[0][0] == 1 and len(plain[0]) > len(special[0]) and plain[1] == special[1] == []
    assert plain[2] == special[2]
    whole = run("detokenize", "--model", model, "--json", "--special", stdin=json.dumps(special)).json()
    assert whole == json.loads(text)
    assert run("detokenize", "--model", model, "--json", stdin=json.dumps(special)).json()[0] == "user"


def test_lines_for_people(model):
    out = run("tokenize", "--model", model, stdin="Hello").out
    assert out.split("\t")[0].isdigit()
    assert run("detokenize", "--model", model, stdin=out.split("\t")[0]).out == "Hello"


@pytest.mark.parametrize("command, text", [("tokenize", "{"), ("tokenize", '{"a":1}'), ("tokenize", "[1]"), ("tokenize", '["\udcff"]'),
                                           ("detokenize", "[1]"), ("detokenize", "[[-1]]"), ("detokenize", "[[49152]]"), ("detokenize", "[[1.5]]"),
                                           ("detokenize", '[["x"]]')])
def test_wrong_input_ends_with_2(model, command, text):
    import os
    import subprocess

    finished = subprocess.run([os.environ["ASSAY_BINARY"], command, "--model", model, "--json"], input=text.encode("utf-8", "surrogateescape"),
                              capture_output=True, check=False)
    assert finished.returncode == 2 and finished.stdout == b""
    assert finished.stderr.startswith(b"assay: ") and finished.stderr.count(b"\n") == 1
