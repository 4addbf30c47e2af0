"""Runs the built program; what it prints is what scripts see."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = os.environ["ASSAY_TEST_MODEL"]


class Outcome:
    def __init__(self, finished):
        self.code, self.out, self.err = finished.returncode, finished.stdout, finished.stderr

    def json(self):
        assert self.code == 0, self.err
        assert self.out.count("\n") == 1, "one line of JSON"
        return json.loads(self.out)

    def error(self):
        """The one line that a failure prints; progress lines may stand before it."""
        assert self.code not in (0, 130) and self.code < 128, (self.code, self.err)
        lines = [line for line in self.err.splitlines() if line.startswith("assay: ")]
        assert len(lines) == 1 and self.err.endswith(lines[0] + "\n"), self.err
        assert self.out == ""
        return lines[0]


def run(*arguments, stdin="", environment=None, timeout=600):
    command = [os.environ["ASSAY_BINARY"], *map(str, arguments)]
    return Outcome(subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
                                  env={**os.environ, **(environment or {})}))


@pytest.fixture(scope="session")
def model():
    return MODEL


@pytest.fixture
def truncated(tmp_path):
    """The first megabyte of the model."""
    path = tmp_path / "truncated.gguf"
    with open(MODEL, "rb") as file:
        path.write_bytes(file.read(1 << 20))
    return path
