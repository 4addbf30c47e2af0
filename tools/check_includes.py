#!/usr/bin/env python3
"""Checks which way the sources include each other. Exit status 1, and a line for each fault, when a rule is broken.

    tools/check_includes.py [ROOT]

1. A room includes only itself and what cmake/rooms.txt lets it use, directly or through another room. Its tests too.
2. Nothing under src/ includes apps/, bench/ or tests/; apps/ may include every room; nothing includes an app.
3. A header whose opening comment says "Internal to the room" is included by its own room only.
4. A header whose opening comment says "For tests only", or is named test_*, or lies in testing/, is included by test code only:
   files named *_test.cpp, test_*, *_check.cpp, those under testing/ or fuzz/, other headers for tests, bench/ and tests/.
5. Own headers are included with quotation marks and from src/ down ("base/result.h"); in bench/ and tests/ also from beside.
A header that does not exist is left to the compiler.
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
SUFFIXES = {".h", ".cpp", ".inc"}
FOREIGN = {"llama.h"}  # bench/llama_logits.cpp is built inside llama.cpp's own tree


def read_rooms(path: Path) -> dict[str, set[str]]:
    """Room -> every room that it may use. ValueError when a line names a room that is not above it."""
    rooms: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        room, _, names = line.partition(":")
        allowed: set[str] = set()
        for name in rooms if names.strip() == "*" else names.split():
            if name not in rooms:
                raise ValueError(f"{path}: '{room}' names '{name}', which no line above defines")
            allowed |= {name} | rooms[name]
        rooms[room] = allowed
    return rooms


def opening_comment(text: str) -> str:
    """The comment lines at the top of a header, before its first include or declaration, as one line."""
    lines = []
    for line in text.splitlines():
        if line.startswith("//"):
            lines.append(line.lstrip("/").strip())
        elif line.strip() and line.strip() != "#pragma once":
            break
    return " ".join(lines)


class Checker:
    def __init__(self, root: Path):
        self.root = root
        self.src = root / "src"
        self.rooms = read_rooms(root / "cmake" / "rooms.txt")
        self.faults: list[str] = []
        self.comments: dict[str, str] = {}

    def comment_of(self, header: str) -> str:
        if header not in self.comments:
            self.comments[header] = opening_comment((self.src / header).read_text(encoding="utf-8"))
        return self.comments[header]

    def for_tests(self, header: str) -> bool:
        path = Path(header)
        return "testing" in path.parts or path.name.startswith("test_") or "for tests only" in self.comment_of(header).lower()

    def is_test_code(self, path: Path) -> bool:
        relative = path.relative_to(self.root)
        if relative.parts[0] in ("bench", "tests") or {"testing", "fuzz"} & set(relative.parts):
            return True
        if path.name.endswith(("_test.cpp", "_check.cpp")) or path.name.startswith("test_"):
            return True
        return path.suffix == ".h" and self.for_tests(str(path.relative_to(self.src)))

    def check_include(self, path: Path, quote: str, header: str) -> str | None:
        """What is wrong with one include, or None."""
        top, room = path.relative_to(self.root).parts[:2]
        target = header.split("/")[0]
        if target not in self.rooms:
            beside = top in ("bench", "tests") and (path.parent / header).is_file()
            if quote == "<" or header in FOREIGN or beside:
                return None
            return f"'{header}' is not in a room; own headers are named from src/ down"
        if quote == "<":
            return f"<{header}> is an own header: use quotation marks"
        if top == "src" and target != room and target not in self.rooms[room]:
            return f"{room} may not use {target} ('{header}'; cmake/rooms.txt allows {', '.join(sorted(self.rooms[room])) or 'nothing'})"
        if not (self.src / header).is_file():
            return None
        outside = top != "src" or target != room
        if outside and "internal to the room" in self.comment_of(header).lower():
            return f"'{header}' is internal to {target}"
        if self.for_tests(header) and not self.is_test_code(path):
            return f"'{header}' is for tests only"
        return None

    def check_file(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            fault = self.check_include(path, match[1], match[2])
            if fault:
                line = text.count("\n", 0, match.start(2)) + 1
                self.faults.append(f"{path.relative_to(self.root)}:{line}: {fault}")

    def run(self) -> int:
        files = [path for top in ("src", "apps", "bench", "tests") for path in sorted((self.root / top).rglob("*"))
                 if path.suffix in SUFFIXES and "peers" not in path.parts]
        for path in files:
            relative = path.relative_to(self.root)
            if relative.parts[0] == "src" and (len(relative.parts) < 3 or relative.parts[1] not in self.rooms):
                self.faults.append(f"{relative}: not in a room that cmake/rooms.txt names")
                continue
            self.check_file(path)
        return len(files)


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    checker = Checker(root)
    count = checker.run()
    for fault in checker.faults:
        print(fault, file=sys.stderr)
    if count == 0:
        print(f"{root}: no sources found", file=sys.stderr)
        return 1
    return 1 if checker.faults else 0


if __name__ == "__main__":
    sys.exit(main())
