"""Help, wrong command lines, exit codes."""

import pytest
from conftest import run

COMMANDS = ["up", "chat", "complete", "model", "model fetch", "model info", "model hash", "info", "tokenize", "detokenize",
            "logits", "perplexity", "bench", "version", "tool", "tool run", "tool rlp decode",
            "key", "key new", "key import", "key list", "tx", "tx transfer", "tx send", "tx types", "query", "query balance", "query get",
            "chain", "chain status", "chain verify", "chain rollback"]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_at_every_level(command):
    outcome = run(*command.split(), "--help")
    assert outcome.code == 0 and outcome.err == ""
    assert "Usage: assay" in outcome.out.replace("  ", " ")
    if command not in ("", "model", "version", "model fetch"):
        assert "xample" in outcome.out or "ASSAY_ISA" in outcome.out or "cid:" in outcome.out


def test_top_help_names_every_command_and_the_exit_codes():
    text = run("--help").out
    for command in COMMANDS:
        assert command.split()[0] in text
    assert "Exit codes" in text


def test_version():
    assert run("--version").out == run("version").out
    assert run("version").out.startswith("assay ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["model"],
        ["up", "--port", "99999"],
        ["up", "--port", "x"],
        ["complete"],
        ["complete", "--prompt", "x", "--max-tokens", "0"],
        ["complete", "--prompt", "x", "--temperature", "-1"],
        ["complete", "--prompt", "x", "--raw", "--chat"],
        ["complete", "--prompt", "x", "--unknown"],
        ["logits", "--out", "x.npy"],
        ["perplexity"],
        ["bench", "--batch", "0"],
        ["model", "info"],
    ],
)
def test_wrong_command_lines_end_with_2(arguments):
    outcome = run(*arguments)
    assert outcome.code == 2
    assert "--help" in outcome.error()


@pytest.mark.parametrize("command", [["model", "info"], ["model", "hash"], ["complete", "--prompt", "x", "--model"], ["tokenize", "--json", "--model"],
                                     ["up", "--port", "0", "--model"], ["bench", "--model"]])
def test_a_missing_file_ends_with_3_and_is_named(command, tmp_path):
    missing = tmp_path / "missing.gguf"
    outcome = run(*command, missing, stdin="[]", environment={"XDG_DATA_HOME": str(tmp_path)})
    assert outcome.code == 3
    assert str(missing) in outcome.error()


def test_an_instruction_set_that_is_not_there(model):
    outcome = run("info", "--isa", "mmx")
    assert outcome.code == 3 and "mmx" in outcome.error()
    outcome = run("info", environment={"ASSAY_ISA": "neon-9"})
    assert outcome.code == 3 and "neon-9" in outcome.error()


def test_config_file_of_up(tmp_path):
    config = tmp_path / "node.toml"
    config.write_text('prot = 1\n')
    outcome = run("up", "--config", config)
    assert outcome.code == 2 and "prot" in outcome.error()
    config.write_text('model = "/no/such/model.gguf"\nport = 0\nno-speculation = true\n')
    outcome = run("up", "--config", config, "--data-dir", tmp_path / "data")
    assert outcome.code == 3 and "/no/such/model.gguf" in outcome.error()
    outcome = run("up", "--config", config, "--data-dir", tmp_path / "data", "--model", "/another.gguf")
    assert "/another.gguf" in outcome.error()
    config.write_text("port = 99999\n")
    assert run("up", "--config", config).code == 2
    assert run("up", "--config", tmp_path / "none.toml").code == 2
