#!/usr/bin/env python3
"""Writes tests/golden/grammar/: texts that a grammar must accept or reject, as jsonschema 4.26.0 judges them.

The cases are JSON-Schema-Test-Suite's (draft 2020-12, MIT licence, Julian Berman), taken from jsonschema's source
distribution, for the keywords that src/engine supports, and the schemas below. Run in an environment with
jsonschema==4.26.0; pip downloads the sources.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from check_grammar import in_order, narrowed, plain, spellings, valid

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "grammar"
PACKAGE = "jsonschema-4.26.0"
KEYWORDS = ("additionalProperties allOf anyOf boolean_schema const default defs enum exclusiveMaximum exclusiveMinimum format "
            "infinite-loop-detection items maxItems maxLength maximum minItems minLength minimum oneOf pattern prefixItems "
            "properties ref required type").split()

OWN = [
    ({"type": "number", "minimum": 0, "maximum": 1}, [0, 1, 0.5, 1.01, -0.1, 0.999, 1e-3, 2]),
    ({"type": "number", "exclusiveMinimum": -2.5, "exclusiveMaximum": -0.25}, [-2.5, -2.49, -0.25, -0.251, -0.2, 1.5, -1]),
    ({"type": "number", "exclusiveMinimum": 0}, [0, 0.001, -0.5, 12345.5]),
    ({"type": "number", "maximum": 99.95}, [99.96, 99.95, -1000, 100.5, 99.9]),
    ({"type": "integer", "minimum": -17, "maximum": 1234}, [-18, -17, -9, 0, 7, 999, 1234, 1235, 9999]),
    ({"type": "integer", "exclusiveMinimum": 99, "maximum": 100.5}, [99, 100, 101, 1000, 10]),
    ({"type": "string", "pattern": r"^\d{3}-[A-F]+(x|yz)?$"}, ["123-A", "123-ABCDEFyz", "12-A", "123-", "123-Ax ", "123-ax"]),
    ({"type": "string", "pattern": "é|\"q\"", "maxLength": 6}, ["caféé", "a \"q\" b", "\"q\"", "cafe", "éééééé"]),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ["", "a", "ab", "abc", "abcd", "é😀", "😀😀😀😀", "\n\t"]),
    ({"type": ["string", "null"], "enum": ["a", "b\n", None]}, ["a", "b\n", "c", None]),
    ({"type": "object", "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}}, "required": ["kind", "r"],
      "additionalProperties": {"type": "boolean"}},
     [{"kind": "circle", "r": 1.5}, {"kind": "circle", "r": 2, "extra": True}, {"kind": "circle", "r": 2, "extra": 1}, {"kind": "square", "r": 1},
      {"kind": "circle"}]),
    ({"oneOf": [
        {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind", "x"], "additionalProperties": False},
        {"type": "object", "properties": {"kind": {"const": "b"}, "x": {"type": "string"}}, "required": ["kind", "x"], "additionalProperties": False}]},
     [{"kind": "a", "x": 1}, {"kind": "b", "x": "1"}, {"kind": "a", "x": "1"}, {"kind": "b", "x": 1}, {"kind": "c", "x": 1}]),
    ({"$defs": {"tree": {"type": "object", "properties": {"v": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}},
                         "required": ["v", "kids"], "additionalProperties": False}}, "$ref": "#/$defs/tree"},
     [{"v": 1, "kids": []}, {"v": 1, "kids": [{"v": 2, "kids": []}, {"v": 3, "kids": [{"v": 4, "kids": []}]}]}, {"v": 1, "kids": [1]}, {"v": 1},
      {"v": 1, "kids": [{"v": 2, "kids": []}] * 3}]),
    ({"allOf": [{"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"]},
                {"properties": {"a": {"maximum": 5}, "b": {"type": "null"}}}]},
     [{"a": 3}, {"a": 5, "b": None}, {"a": 2}, {"a": 6}, {"b": None}]),
    ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False, "minItems": 2}, [[1, "a"], [1], [1, "a", 2], ["a", 1]]),
    ({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 4}, [[True], [True, False], [True] * 4, [True] * 5, [1, 2]]),
]


def line(source, schema, instances):
    texts = []
    for instance in instances:
        verdict = valid(schema, instance)
        sure = valid(narrowed(copy.deepcopy(schema)), instance) is True and in_order(instance, schema)
        sure = sure and plain(instance, schema if isinstance(schema, dict) else {})
        if verdict is True and sure:
            texts += [[text, True] for text in spellings(instance)]
        elif verdict is False:
            texts += [[text, False] for text in spellings(instance)]
    return json.dumps({"source": source, "schema": schema, "texts": texts}, ensure_ascii=False)


def main():
    lines = [line("own", schema, instances) for schema, instances in OWN]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", folder, PACKAGE.replace("-", "==")],
                       check=True)
        with tarfile.open(pathlib.Path(folder) / f"{PACKAGE}.tar.gz") as archive:
            for keyword in KEYWORDS:
                groups = json.load(archive.extractfile(f"{PACKAGE}/json/tests/draft2020-12/{keyword}.json"))
                for group in groups:
                    source = f"{keyword}: {group['description']}"
                    lines.append(line(source, group["schema"], [test["data"] for test in group["tests"]]))
            licence = archive.extractfile(f"{PACKAGE}/json/LICENSE").read()
    ROOT.mkdir(parents=True, exist_ok=True)
    (ROOT / "cases.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (ROOT / "LICENSE.JSON-Schema-Test-Suite").write_bytes(licence)


if __name__ == "__main__":
    main()
