#!/usr/bin/env python3
"""Shows that check_links.py and check_corpora.py can fail: small trees with one fault each."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).parent


def check(script: str, files: dict[str, str]) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, TOOLS / script, folder], capture_output=True, text=True)
        return done.returncode, done.stderr


class Links(unittest.TestCase):
    def document(self, text: str) -> tuple[int, str]:
        return check("check_links.py", {"docs/a.md": text, "docs/b.md": "# The *first* `part`, again\n", "src/base/x.h": "\n", "src/base/x.cpp": "\n"})

    def refused(self, text: str, message: str) -> None:
        status, output = self.document("\n\n" + text)
        self.assertEqual(status, 1)
        self.assertIn("docs/a.md:3: " + message, output)

    def test_good_ones(self):
        good = "[b](b.md) [x](../src/base/x.h) [up](#top) [c](b.md#the-first-part-again) [w](https://example.org/x.md) `src/base/` `src/ROOM/` `src/*/x.h` `src/base/x.{h,cpp}`"
        self.assertEqual(self.document(f"# Top\n{good}\n```\n[no](gone.md)\n```\n"), (0, ""))

    def test_missing_file(self):
        self.refused("[b](gone.md)", "link to 'gone.md': no such file")
        self.refused("![picture](../src/base/gone.png \"title\")", "link to '../src/base/gone.png': no such file")

    def test_file_outside(self):
        self.refused("[b](../../../etc/passwd)", "link to '../../../etc/passwd': no such file")

    def test_missing_heading(self):
        self.refused("[b](b.md#second-part)", "link to 'b.md#second-part': no such heading")

    def test_missing_path(self):
        self.refused("see `src/base/gone.h`", "`src/base/gone.h` does not exist")
        self.refused("see `src/base/x.{h,inc}`", "`src/base/x.{h,inc}` does not exist")
        self.refused("see `src/*/gone.h`", "`src/*/gone.h` does not exist")

    def test_empty_tree(self):
        self.assertEqual(check("check_links.py", {"a.txt": ""})[0], 1)


class Corpora(unittest.TestCase):
    TREE = {"src/base/CMakeLists.txt": "assay_fuzz(one_fuzz SOURCE a.cpp)\n", "tests/corpus/one_fuzz/a": "1", "tests/corpus/README.md": ""}

    def test_match(self):
        self.assertEqual(check("check_corpora.py", self.TREE), (0, ""))

    def test_fuzzer_without_corpus(self):
        status, output = check("check_corpora.py", self.TREE | {"src/base/CMakeLists.txt": "assay_fuzz(one_fuzz)\nassay_fuzz(two_fuzz)\n"})
        self.assertEqual(status, 1)
        self.assertIn("'two_fuzz' has no tests/corpus/two_fuzz/", output)

    def test_corpus_without_fuzzer(self):
        status, output = check("check_corpora.py", self.TREE | {"tests/corpus/old_fuzz/a": "1"})
        self.assertEqual(status, 1)
        self.assertIn("tests/corpus/old_fuzz: no fuzzer", output)


if __name__ == "__main__":
    unittest.main()
