#!/usr/bin/env python3
"""Writes src/tokenizer/jinja_case_tables.cpp: how Python's str changes case, and which characters repr() shows as they are.

    python3.11 tools/make_case_tables.py && tools/format.sh src/tokenizer/jinja_case_tables.cpp     (Unicode 14.0, of CPython 3.11)

Read off str itself, one code point at a time, so that the tables state what Python does.
"""
import pathlib
import sys
import textwrap
import unicodedata

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/tokenizer/jinja_case_tables.cpp"
POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def runs(changes):
    """Merges c -> c + delta into (first, last, stride, delta)."""
    out = []
    for c, delta in changes:
        if out and out[-1][3] == delta and (
                c - out[-1][1] == out[-1][2] or (out[-1][0] == out[-1][1] and c - out[-1][1] in (1, 2))):
            out[-1] = (out[-1][0], c, c - out[-1][1], delta)
        else:
            out.append((c, c, 1, delta))
    return out


def rows(entries):
    """The entries of an array, as many a line as fit, and its end."""
    return textwrap.fill(", ".join(entries), 116, initial_indent="    ", subsequent_indent="    ", break_long_words=False) + "};\n"


def mapping(name, change):
    single = [(c, ord(change(chr(c))) - c) for c in POINTS if len(change(chr(c))) == 1 and change(chr(c)) != chr(c)]
    longer = [(c, change(chr(c))) for c in POINTS if len(change(chr(c))) > 1]
    text = f"constexpr CaseRun k{name}Runs[] = {{\n"
    text += rows(f"{{0x{a:X}, 0x{b:X}, {stride}, {delta}}}" for a, b, stride, delta in runs(single))
    text += f"constexpr CaseText k{name}Texts[] = {{\n"
    return text + rows(f'{{0x{c:X}, "' + "".join(f"\\x{b:02x}" for b in new.encode()) + '"}' for c, new in longer)


def ranges(name, holds):
    out = []
    for c in range(0x110000):
        if holds(chr(c)):
            if out and out[-1][1] == c - 1:
                out[-1][1] = c
            else:
                out.append([c, c])
    return f"constexpr CodeRange k{name}[] = {{\n" + rows(f"{{0x{a:X}, 0x{b:X}}}" for a, b in out)


def main():
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(f"needs Unicode 14.0.0, this Python has {unicodedata.unidata_version}")
    text = "// Written by tools/make_case_tables.py from Unicode 14.0 as CPython 3.11 has it; do not edit.\n"
    text += '#include "tokenizer/jinja_case_tables.h"\n\nnamespace assay::tokenizer::jinja {\nnamespace {\n\n'
    text += mapping("Upper", str.upper) + mapping("Lower", str.lower) + mapping("Title", str.title)
    text += ranges("Unprintable", lambda c: not c.isprintable()) + ranges("Decimal", str.isdecimal)
    text += "\n} // namespace\n\n"
    for name in ("Upper", "Lower", "Title"):
        text += f"CaseTable {name.lower()}_table() {{ return {{k{name}Runs, k{name}Texts}}; }}\n"
    text += "std::span<const CodeRange> unprintable_ranges() { return kUnprintable; }\n"
    text += "std::span<const CodeRange> decimal_ranges() { return kDecimal; }\n\n"
    OUT.write_text(text + "} // namespace assay::tokenizer::jinja\n")


if __name__ == "__main__":
    main()
