#!/usr/bin/env python3
"""Checks that every fuzzer has a corpus and every corpus a fuzzer: the names given to assay_fuzz() in src/ against the folders
of tests/corpus, none of them empty. Exit status 1, and a line for each fault.

    tools/check_corpora.py [ROOT]
"""
import re
import sys
from pathlib import Path


def faults(root: Path) -> list[str]:
    fuzzers = {name: path.relative_to(root) for path in sorted([*(root / "src").glob("*/CMakeLists.txt"), *(root / "src").glob("**/*.cmake")])
               for name in re.findall(r"^\s*assay_fuzz\(\s*(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)}
    corpora = {path.name: any(path.iterdir()) for path in (root / "tests/corpus").iterdir() if path.is_dir()}
    found = [f"{path}: fuzzer '{name}' has no tests/corpus/{name}/" for name, path in fuzzers.items() if name not in corpora]
    found += [f"tests/corpus/{name}: no fuzzer of that name" for name in sorted(corpora) if name not in fuzzers]
    found += [f"tests/corpus/{name}: empty" for name, filled in sorted(corpora.items()) if not filled]
    return found if fuzzers else found + ["src: no fuzzers found"]


def main() -> int:
    found = faults(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve())
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
