"""assay complete, logits, perplexity, bench, chat: one arithmetic behind all of them."""

import hashlib
import json

import numpy
import pytest
from conftest import ROOT, run

PROMPT = "The capital of France is"


def complete(model, *more, prompt=PROMPT, tokens=12):
    settings = {"--seed": 1, "--threads": 2}
    usual = [word for name, value in settings.items() if name not in more for word in (name, value)]
    return run("complete", "--model", model, "--prompt", prompt, "--max-tokens", tokens, "--temperature", 0, "--json", *usual, *more).json()


@pytest.fixture(scope="module")
def answer(model):
    return complete(model)


def test_complete_has_the_promised_keys(answer):
    assert answer["prompt_tokens"] == 5 and len(answer["tokens"]) == 12 == answer["generated_tokens"]
    assert answer["text"] and answer["arithmetic"] == "assay-arith-1" and answer["isa"] and answer["finish_reason"] == "length"
    assert len(answer["logits_sha256"]) == 64 and answer["threads"] == 2


def test_text_without_json_is_the_same(model, answer):
    outcome = run("complete", "--model", model, "--prompt", PROMPT, "--max-tokens", 12)
    assert outcome.code == 0 and outcome.out == answer["text"] + "\n"


@pytest.mark.parametrize("more", [["--threads", 1], ["--chunk", 2], ["--batch", 4], ["--no-speculation"], ["--isa", "scalar"], ["--seed", 7]])
def test_settings_do_not_change_the_hash(model, answer, more):
    other = complete(model, *more)
    assert (other["logits_sha256"], other["tokens"]) == (answer["logits_sha256"], answer["tokens"])


def test_sampling_follows_the_seed(model):
    def sample(seed):
        return run("complete", "--model", model, "--prompt", PROMPT, "--max-tokens", 16, "--temperature", 1.0, "--seed", seed, "--json").json()["tokens"]

    assert sample(3) == sample(3)
    assert len({tuple(sample(seed)) for seed in range(4)}) > 1


def test_stop_text(model, answer):
    cut = answer["text"][4:8]
    stopped = complete(model, "--stop", cut)
    assert stopped["text"] == answer["text"][: answer["text"].index(cut)] and stopped["finish_reason"] == "stop"


def test_json_schema(model, tmp_path):
    schema = {"type": "object", "properties": {"colour": {"enum": ["red", "green"]}}, "required": ["colour"], "additionalProperties": False}
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(schema))
    value = json.loads(complete(model, "--json-schema", path, prompt="A colour as JSON:", tokens=60)["text"])
    assert value["colour"] in ("red", "green") and len(value) == 1
    path.write_text("{")
    assert run("complete", "--model", model, "--prompt", "x", "--json-schema", path).code == 3


def test_chat_uses_the_template(model):
    chat = complete(model, "--chat", prompt="Name a fruit.")
    assert chat["prompt_tokens"] > complete(model, prompt="Name a fruit.")["prompt_tokens"] + 5


def test_prompts_that_cannot_be(model):
    outcome = run("complete", "--model", model, "--prompt", "", "--json")
    assert outcome.code == 2 and outcome.error()
    outcome = run("complete", "--model", model, "--prompt", "word " * 9000, "--json")
    assert outcome.code == 2 and "context" in outcome.error()


def logits(model, tmp_path, ids, *more):
    path = tmp_path / "logits.npy"
    outcome = run("logits", "--model", model, "--tokens", "-", "--out", path, *more, stdin=" ".join(map(str, ids)))
    assert outcome.code == 0 and outcome.out == "", outcome.err
    return numpy.load(path)


def test_logits_are_what_complete_hashed(model, answer, tmp_path):
    (prompt,) = run("tokenize", "--model", model, "--json", stdin=json.dumps([PROMPT])).json()
    ids = prompt + answer["tokens"][:-1]
    array = logits(model, tmp_path, ids)
    assert array.dtype == numpy.float32 and array.shape == (len(ids), 49152)
    steps = array[len(prompt) - 1 :]
    assert steps.argmax(axis=1).tolist() == answer["tokens"]
    assert hashlib.sha256(steps.tobytes()).hexdigest() == answer["logits_sha256"]
    assert (logits(model, tmp_path, ids, "--chunk", 3) == array).all()


def test_logits_refuse_wrong_ids(model, tmp_path):
    for text in ("1 2 x", "1 -1", "99999999", "", "1.5"):
        outcome = run("logits", "--model", model, "--tokens", "-", "--out", tmp_path / "x.npy", stdin=text)
        assert outcome.code == 2 and outcome.error()
    assert list(tmp_path.iterdir()) == []


def test_perplexity_of_float32(model):
    want = json.loads((ROOT / "tests/golden/smollm2/float32.json").read_text())["perplexity"]
    got = run("perplexity", "--model", model, "--file", ROOT / "tests/golden/text/alice.txt", "--context", want["context"], "--json").json()
    assert got["tokens"] == want["tokens"]
    assert got["perplexity"] == pytest.approx(want["perplexity"], rel=0.005)


def test_perplexity_needs_a_window(model, tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("too short")
    outcome = run("perplexity", "--model", model, "--file", path, "--json")
    assert outcome.code == 2 and "window" in outcome.error()


@pytest.mark.parametrize("batch", [1, 3])
def test_bench(model, batch):
    result = run("bench", "--model", model, "--threads", 2, "--prompt", 32, "--generate", 8, "--batch", batch, "--json").json()
    assert result["decode_tok_s"] > 0 and result["prefill_tok_s"] > 0 and result["weight_bytes"] > 5e7
    assert result["batch"] == batch and result["threads"] == 2


def test_chat_reads_lines_and_ends(model):
    outcome = run("chat", "--model", model, "--temperature", 0, "--max-tokens", 8, stdin="Name a fruit.\n/reset\nName a fruit.\n/quit\nnot read\n")
    assert outcome.code == 0
    first, second = outcome.out.split("(a new conversation)")
    assert first.strip() and first.strip() == second.strip()
