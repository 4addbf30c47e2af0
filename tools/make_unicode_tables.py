#!/usr/bin/env python3
"""Writes src/tokenizer/unicode_tables.cpp and unicode_decompositions.cpp.

    pip install tokenizers==0.23.3 unicodedata2==16.0.0 regex
    python tools/make_unicode_tables.py

General categories come from Unicode 16.0 (unicodedata2), which is what the regular-expression engine inside Hugging
Face `tokenizers` uses. Some of its normalisers use crates with older Unicode data; those properties are read off the
library itself, one code point at a time, so that the tables state what it does.
"""
import pathlib

import regex
import unicodedata2 as ud
from tokenizers import normalizers, pre_tokenizers

ROOT = pathlib.Path(__file__).resolve().parent.parent
POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
LETTER, NUMBER, SPACE, WORD, PUNCTUATION, CONTROL, NONSPACING, COMBINING = (1 << i for i in range(8))


def read_off(function):
    """Code points for which `function` (a pass over a list of characters) reports True."""
    found = set()
    for start in range(0, len(POINTS), 8192):
        chunk = POINTS[start:start + 8192]
        found.update(c for c, hit in zip(chunk, function([chr(c) for c in chunk])) if hit)
    return found


def split_off(pre_tokenizer):
    """True where a pre-tokenizer sets the character apart from the letters around it."""
    def run(characters):
        text = "".join("a" + c + "a" for c in characters)
        starts = {span[0] for _, span in pre_tokenizer.pre_tokenize_str(text)}
        return [3 * i + 1 in starts or 3 * i + 2 in starts for i in range(len(characters))]
    return run


def removed(normalizer):
    """True where a normaliser drops the character."""
    def run(characters):
        return [normalizer.normalize_str("a" + c + "a") == "aa" for c in characters]
    return run


def properties():
    punctuation = read_off(split_off(pre_tokenizers.Punctuation()))
    not_word = read_off(split_off(pre_tokenizers.Whitespace()))
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    control = read_off(removed(clean))
    nonspacing = read_off(removed(strip))
    combining = read_off(removed(normalizers.StripAccents()))
    table = []
    for c in range(0x110000):
        category = "Cs" if 0xD800 <= c < 0xE000 else ud.category(chr(c))
        flags = 0
        if category[0] == "L":
            flags |= LETTER
        if category[0] == "N":
            flags |= NUMBER
        if category[0] == "Z" or c in (9, 10, 11, 12, 13, 0x85):
            flags |= SPACE
        if category != "Cs":
            flags |= 0 if c in not_word else WORD
            flags |= PUNCTUATION if c in punctuation else 0
            flags |= CONTROL if c in control else 0
            flags |= NONSPACING if c in nonspacing else 0
            flags |= COMBINING if c in combining else 0
        table.append(flags)
    return table


def runs(table):
    out = []
    for c, flags in enumerate(table):
        if not out or out[-1][1] != flags:
            out.append((c, flags))
    return out


def emit(name, kind, rows, note):
    lines = [f"/// {note}", f"const {kind} {name}[] = {{"]
    line = "   "
    for row in rows:
        item = " {" + ",".join(hex(x) if x > 9 else str(x) for x in row) + "}," if isinstance(row, tuple) else f" {row:#x},"
        if len(line) + len(item) > 120:
            lines.append(line)
            line = "   "
        line += item
    lines += [line, "};", f"const std::size_t {name}Size = {len(rows)};", ""]
    return lines


def decomposition(c):
    """First-level canonical decomposition as one or two code points, or None."""
    text = ud.decomposition(chr(c))
    return None if not text or text[0] == "<" else tuple(int(x, 16) for x in text.split())


def knows_class(c, k):
    """Whether the library's normaliser has the character's combining class: it then moves it past a lower one."""
    nfd = normalizers.NFD()
    pair = (chr(c), "\u0334") if k > 1 else ("\u0301", chr(c))
    return nfd.normalize_str("a" + pair[0] + pair[1]) == "a" + pair[1] + pair[0]


def canonical_rows():
    """{code point, first, second or 0, whether the pair composes}; only what the library's normaliser knows."""
    nfd, nfc = normalizers.NFD(), normalizers.NFC()
    rows = []
    for c in POINTS:
        parts = decomposition(c)
        if parts is None or nfd.normalize_str(chr(c)) == chr(c):
            continue
        text = "".join(map(chr, parts))
        composes = len(parts) == 2 and nfc.normalize_str(text) == chr(c)
        rows.append((c, parts[0], parts[1] if len(parts) == 2 else 0, int(composes)))
    return rows


def compatibility_rows():
    """{code point, offset, length} into a pool of full decompositions, where those differ from the canonical ones."""
    nfd, nfkd = normalizers.NFD(), normalizers.NFKD()
    rows, pool, seen = [], [], {}
    for c in POINTS:
        full = nfkd.normalize_str(chr(c))
        if 0xAC00 <= c <= 0xD7A3 or full == nfd.normalize_str(chr(c)):
            continue
        if full not in seen:
            seen[full] = len(pool)
            pool.extend(map(ord, full))
        rows.append((c, seen[full], len(full)))
    return rows, pool


def class_rows():
    table = [0] * 0x110000
    for c in POINTS:
        k = ud.combining(chr(c))
        if k and knows_class(c, k):
            table[c] = k
    return runs(table)


def lower_rows():
    """{first, last, step, what to add}; the dotted capital I, which becomes two characters, is left to the code."""
    lower = normalizers.Lowercase()
    rows = []
    for c in POINTS:
        text = lower.normalize_str(chr(c))
        if text == chr(c) or len(text) != 1:
            continue
        delta = ord(text) - c
        if rows and rows[-1][3] == delta and rows[-1][0] == rows[-1][1] and c - rows[-1][1] <= 2:
            rows[-1] = [rows[-1][0], c, c - rows[-1][1], delta]
        elif rows and rows[-1][3] == delta and c - rows[-1][1] == rows[-1][2] != 0:
            rows[-1][1] = c
        else:
            rows.append([c, c, 0, delta])
    return [tuple(r[:2]) + (r[2] or 1, r[3]) for r in rows]


def grapheme_rows():
    """Classes of grapheme-cluster rules that can join characters of together less than six bytes."""
    names = ["Control|CR|LF", "Extend", "ZWJ", "SpacingMark", "Prepend"]
    table = [0] * 0x110000
    for value, name in enumerate(names, 1):
        pattern = regex.compile("|".join(rf"\p{{GCB={n}}}" for n in name.split("|")))
        for c in POINTS:
            if pattern.match(chr(c)):
                table[c] = value
    pictographic = regex.compile(r"\p{Extended_Pictographic}")
    for c in POINTS:
        if table[c] == 0 and pictographic.match(chr(c)):
            table[c] = 6
    return runs(table)


def write(name, sections, header="tokenizer/unicode_tables.h"):
    lines = ["// Generated by tools/make_unicode_tables.py; do not edit.", f'#include "{header}"', "",
             "namespace assay::tokenizer::tables {", "", "// clang-format off"]
    for section in sections:
        lines += emit(*section)
    lines += ["// clang-format on", "", "} // namespace assay::tokenizer::tables", ""]
    path = ROOT / "src/tokenizer" / name
    path.write_text("\n".join(lines))
    print(path.name, path.stat().st_size, "bytes")


def main():
    note = "Each run holds from its first code point to the next run's."
    write("unicode_tables.cpp", [
        ("kPropertyRuns", "PropertyRun", runs(properties()), note),
        ("kClassRuns", "PropertyRun", class_rows(), "Canonical combining classes. " + note),
        ("kGraphemeRuns", "PropertyRun", grapheme_rows(), "Grapheme-cluster classes. " + note),
        ("kLowerRuns", "LowerRun", lower_rows(), "Lower-case mappings: first, last, step, what to add."),
    ])
    compatibility, pool = compatibility_rows()
    write("unicode_decompositions.cpp", [
        ("kCanonical", "Canonical", canonical_rows(), "Canonical decompositions, and whether they compose."),
        ("kCompatibility", "Compatibility", compatibility, "Full compatibility decompositions, into the pool."),
        ("kCompatibilityPool", "std::uint32_t", pool, "Code points of the compatibility decompositions."),
    ])


if __name__ == "__main__":
    main()
