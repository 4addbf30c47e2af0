#!/usr/bin/env python3
"""Shows that check_includes.py can fail: each case is a small tree with one include that breaks one rule."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).with_name("check_includes.py")
ROOMS = TOOL.parent.parent / "cmake" / "rooms.txt"


class IncludeRules(unittest.TestCase):
    def check(self, files: dict[str, str], rooms: str | None = None) -> tuple[int, str]:
        """Exit status and messages over a tree of these files, with the real table of rooms unless one is given."""
        with tempfile.TemporaryDirectory() as folder:
            tree = {
                "cmake/rooms.txt": rooms if rooms is not None else ROOMS.read_text(encoding="utf-8"),
                "src/base/result.h": "#pragma once\n/// Results.\n",
                "src/crypto/sha256.h": '#pragma once\n#include "base/result.h"\n',
                "src/crypto/blocks.h": "#pragma once\n/// Block functions. Internal to\n/// the room.\n",
                "src/engine/model.h": "#pragma once\n",
                "src/engine/golden_data.h": "#pragma once\n/// Data. For tests only.\n",
                "src/engine/test_data.h": "#pragma once\n",
            } | files
            for name, text in tree.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, TOOL, folder], capture_output=True, text=True)
            return done.returncode, done.stderr

    def refused(self, name: str, line: str, message: str) -> None:
        status, text = self.check({name: f"\n{line}\n"})
        self.assertEqual(status, 1, text)
        self.assertIn(f"{name}:2: ", text)
        self.assertIn(message, text)

    def accepted(self, name: str, line: str) -> None:
        self.assertEqual(self.check({name: line + "\n"}), (0, ""))

    def test_downward_and_transitive_includes_pass(self):
        self.accepted("src/engine/a.cpp", '#include "crypto/sha256.h"')
        self.accepted("src/crypto/a.cpp", '#include "base/result.h"\n#include <vector>\n#include "crypto/blocks.h"')
        self.accepted("src/node/a.cpp", '#include "engine/model.h"')
        self.accepted("apps/assay/main.cpp", '#include "engine/model.h"')

    def test_upward_include(self):
        self.refused("src/base/a.cpp", '#include "crypto/sha256.h"', "base may not use crypto")
        self.refused("src/crypto/a.h", '#  include "engine/model.h"', "crypto may not use engine")

    def test_sideways_include(self):
        self.refused("src/api/a.cpp", '#include "engine/model.h"', "api may not use engine")
        self.refused("src/api/a_test.cpp", '#include "engine/model.h"', "api may not use engine")
        self.refused("src/dispute/a.cpp", '#include "engine/model.h"', "dispute may not use engine")
        self.refused("src/tokenizer/a.cpp", '#include "crypto/sha256.h"', "tokenizer may not use crypto")

    def test_internal_header(self):
        self.refused("src/engine/a.cpp", '#include "crypto/blocks.h"', "internal to crypto")
        self.refused("apps/assay/main.cpp", '#include "crypto/blocks.h"', "internal to crypto")

    def test_header_for_tests(self):
        self.refused("src/engine/a.cpp", '#include "engine/test_data.h"', "for tests only")
        self.refused("src/engine/a.cpp", '#include "engine/golden_data.h"', "for tests only")
        self.accepted("src/engine/a_test.cpp", '#include "engine/test_data.h"')
        self.accepted("src/engine/test_model.h", '#include "engine/golden_data.h"')
        self.accepted("tests/sameness/a.cpp", '#include "engine/test_data.h"')

    def test_testing_folder(self):
        status, text = self.check({"src/api/testing/script.h": "#pragma once\n", "src/api/a.cpp": '#include "api/testing/script.h"\n'})
        self.assertEqual(status, 1)
        self.assertIn("src/api/a.cpp:1: 'api/testing/script.h' is for tests only", text)

    def test_names_of_headers(self):
        self.refused("src/crypto/a.cpp", '#include "sha256.h"', "named from src/ down")
        self.refused("src/crypto/a.cpp", "#include <base/result.h>", "use quotation marks")
        self.accepted("src/crypto/a.cpp", '#include "base/gone.h"')

    def test_headers_beside(self):
        beside = {"bench/support.h": "#pragma once\n", "src/crypto/support.h": "#pragma once\n"}
        self.assertEqual(self.check(beside | {"bench/a.cpp": '#include "support.h"\n'}), (0, ""))
        status, text = self.check(beside | {"src/crypto/a.cpp": '#include "support.h"\n'})
        self.assertEqual(status, 1)
        self.assertIn("'support.h' is not in a room", text)

    def test_unknown_room(self):
        status, text = self.check({"src/cellar/a.cpp": "\n"})
        self.assertEqual(status, 1)
        self.assertIn("src/cellar/a.cpp: not in a room", text)

    def test_table_that_names_a_room_above(self):
        status, text = self.check({}, rooms="base: crypto\ncrypto: base\nengine:\n")
        self.assertNotEqual(status, 0)
        self.assertIn("'base' names 'crypto'", text)

    def test_empty_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "cmake").mkdir()
            (Path(folder) / "cmake/rooms.txt").write_text("base:\n", encoding="utf-8")
            self.assertEqual(subprocess.run([sys.executable, TOOL, folder], capture_output=True).returncode, 1)


class LinkRules(unittest.TestCase):
    """assay_library() in CMake reads the same table."""

    def configure(self, room: str, dependencies: str) -> str:
        root = TOOL.parent.parent
        script = f"""cmake_policy(VERSION 3.25)
            set(PROJECT_SOURCE_DIR "{root}")
            include("{root}/cmake/assay_library.cmake")
            function(add_library)
            endfunction()
            function(target_link_libraries)
            endfunction()
            assay_library({room} SOURCES a.cpp DEPS {dependencies})
            message("configured")"""
        with tempfile.NamedTemporaryFile("w", suffix=".cmake") as file:
            file.write(script)
            file.flush()
            return subprocess.run(["cmake", "-P", file.name], capture_output=True, text=True).stderr

    def test_allowed(self):
        for room, dependencies in (("base", ""), ("codec", "base"), ("engine", "formats base Some::library"), ("node", "api engine"), ("crypto", "base codec")):
            self.assertEqual(self.configure(room, dependencies), "configured\n")

    def test_refused(self):
        for room, dependencies in (("codec", "crypto"), ("api", "base engine"), ("dispute", "engine"), ("engine", "node")):
            self.assertRegex(self.configure(room, dependencies), rf"{room} may not use {dependencies.split()[-1]}")

    def test_unknown_room(self):
        self.assertIn("no room 'cellar'", self.configure("cellar", "base"))


if __name__ == "__main__":
    unittest.main()
