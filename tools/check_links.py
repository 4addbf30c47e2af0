#!/usr/bin/env python3
"""Checks that what the documents point at exists. Exit status 1, and a line for each fault.

    tools/check_links.py [ROOT]

In every *.md: relative links and their #anchors, and paths of this repository in backticks (`src/kernels/pack.cpp`, `tools/*.py`,
`docs/adr/`), wherever the first part names a folder of the repository. Fenced blocks are left out, and so is what lies in build/.
"""
import re
import subprocess
import sys
from pathlib import Path

MADE_LATER = {"bench/results/", "bench/peers/"}  # written by scripts there, named before they exist
FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
PATH = re.compile(r"`((?:apps|bench|cmake|docs|scripts|src|tests|tools|web)/[\w./*{},-]*)`")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


def anchor(heading: str) -> str:
    """As GitHub makes it: lower case, punctuation dropped, spaces to hyphens."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", text))


def blank_fences(text: str) -> str:
    return FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)


def alternatives(path: str) -> list[str]:
    """`a.{h,cpp}` -> a.h, a.cpp."""
    match = re.search(r"\{([^{}]*)\}", path)
    if not match:
        return [path]
    return [one for part in match[1].split(",") for one in alternatives(path[:match.start()] + part + path[match.end():])]


def link_fault(root: Path, document: Path, target: str) -> str | None:
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
        return None
    name, _, fragment = target.partition("#")
    file = (root / name.lstrip("/") if name.startswith("/") else document.parent / name) if name else document
    if not file.resolve().is_relative_to(root) or not file.exists():
        return f"link to '{target}': no such file"
    if fragment and file.suffix == ".md":
        anchors = {anchor(heading) for heading in HEADING.findall(blank_fences(file.read_text(encoding="utf-8")))}
        if fragment not in anchors:
            return f"link to '{target}': no such heading"
    return None


def path_fault(root: Path, path: str) -> str | None:
    if re.search(r"/[A-Z]+(/|$)", path):
        return None  # `tests/corpus/NAME/`: a name to fill in
    missing = [one for one in alternatives(path) if one not in MADE_LATER and not (any(root.glob(one)) if "*" in one else (root / one).exists())]
    return f"`{path}` does not exist" if missing else None


def documents(root: Path) -> list[Path]:
    """Files that git knows or would add; without git, all but build folders."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
                             capture_output=True, text=True)
    if listing.returncode == 0:
        return sorted(root / name for name in set(listing.stdout.split("\0")) if name and (root / name).exists())
    return sorted(path for path in root.rglob("*.md") if not {"build", "node_modules"} & set(path.relative_to(root).parts))


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    found = documents(root)
    faults = [] if found else [f"{root}: no documents found"]
    for document in found:
        text = blank_fences(document.read_text(encoding="utf-8"))
        for pattern, check in ((LINK, lambda target: link_fault(root, document, target)), (PATH, lambda path: path_fault(root, path))):
            for match in pattern.finditer(text):
                fault = check(match[1])
                if fault:
                    faults.append(f"{document.relative_to(root)}:{text.count(chr(10), 0, match.start()) + 1}: {fault}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
