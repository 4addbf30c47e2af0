#!/usr/bin/env python3
"""Judges the grammars of src/engine with an independent validator.

    check_grammar.py SAMPLES SCHEMAS... [--samples N] [--tokenizer NAME]

SAMPLES is the built program grammar_samples. SCHEMAS are files of JSON-Schema-Test-Suite (lists of {schema, tests}), of
JSONSchemaBench (one schema), or folders of either. Every random text of a grammar must parse and validate; no text of an
invalid instance may be accepted; texts of instances that are valid even when the schema is read as docs/structured-output.md
says (undeclared members and types left out) must be. Needs jsonschema 4.26.0.
"""
import argparse
import collections
import copy
import json
import pathlib
import subprocess
import sys

import jsonschema

STRUCTURE = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "pattern"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


def narrowed(schema):
    """The schema with what Assay never writes ruled out."""
    if isinstance(schema, list):
        return [narrowed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: part if name in ("enum", "const", "required") else narrowed(part) for name, part in schema.items()}
    meant = [name for name, keywords in STRUCTURE.items() if any(word in schema for word in keywords)]
    if meant and "type" not in schema and all(not isinstance(schema[w], dict) or w in ("items", "additionalProperties")
                                              or name == "object" for name in meant for w in STRUCTURE[name] if w in schema):
        schema["type"] = meant
    if ("properties" in schema or "required" in schema) and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    return schema


def plain(value, schema):
    """Whether the value is one whose spelling Assay does not narrow: no 1.0 for 1, no members of constants out of order."""
    if isinstance(value, float):
        return value != int(value)
    if isinstance(value, (list, dict)) and ("const" in schema or "enum" in schema):
        known = [schema["const"]] if "const" in schema else schema["enum"]
        return json.dumps(value) in map(json.dumps, known)
    return all(plain(part, {}) for part in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else []))


def in_order(value, schema):
    """Whether members stand as declared, as far as can be seen without following references."""
    if not isinstance(schema, dict):
        return True
    if isinstance(value, list):
        return all(in_order(part, schema.get("items")) for part in value)
    if not isinstance(value, dict):
        return True
    declared = schema.get("properties", {})
    order = [name for name in declared if name in value] + [name for name in value if name not in declared]
    return order == list(value) and all(in_order(part, declared.get(name)) for name, part in value.items())


def spellings(value):
    return list(dict.fromkeys([
        json.dumps(value), json.dumps(value, separators=(",", ":"), ensure_ascii=False), json.dumps(value, indent=2)]))


def cases(paths):
    for path in paths:
        files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        for file in files:
            content = json.loads(file.read_text())
            groups = content if isinstance(content, list) else [content if "schema" in content and "tests" in content else {"schema": content, "tests": []}]
            for group in groups:
                yield f"{file.name}: {group.get('description', '')}", group["schema"], group.get("tests", [])


def validator(schema):
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    return cls(schema)


def valid(schema, instance):
    try:
        return validator(schema).is_valid(instance)
    except Exception:
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("schemas", nargs="+", type=pathlib.Path)
    parser.add_argument("--samples", default="5")
    parser.add_argument("--tokenizer", default="gpt2")
    options = parser.parse_args()
    asked = list(cases(options.schemas))
    lines = []
    for _, schema, tests in asked:
        texts = [text for test in tests for text in spellings(test["data"])]
        lines.append(json.dumps({"schema": schema, "texts": texts}))
    result = subprocess.run([options.program, options.tokenizer, options.samples], input="\n".join(lines) + "\n", text=True,
                            capture_output=True)
    answers = result.stdout.rstrip("\n").split("\n")
    if result.returncode != 0 or len(answers) != len(asked):
        print(f"{options.program} stopped at {asked[len(answers)][0]}: {result.stderr}", file=sys.stderr)
        return 1
    counts, wrong = collections.Counter(), 0
    for (name, schema, tests), line in zip(asked, answers):
        answer = json.loads(line)
        if "error" in answer:
            counts["refused"] += 1
            counts["refused: " + answer["error"].split(": ", 1)[-1][:60]] += 1
            continue
        counts["compiled"] += 1
        problems = []
        for text in answer["samples"]:
            if not text:  # random choice found no end
                continue
            counts["samples"] += 1
            try:
                instance = json.loads(text)
            except ValueError as error:
                problems.append(f"does not parse ({error}): {text}")
                continue
            if valid(schema, instance) is False:
                problems.append(f"does not validate: {text}")
        accepted = iter(answer["accepted"])
        for test in tests:
            must_not = not test["valid"] and valid(schema, test["data"]) is not True  # formats are not looked at
            must = valid(narrowed(copy.deepcopy(schema)), test["data"]) is True and plain(test["data"], schema if isinstance(schema, dict) else {}) and in_order(test["data"], schema)
            counts["texts that must be accepted" if must else "texts that must not" if must_not else "texts left open"] += 1
            for text in spellings(test["data"]):
                took = next(accepted)
                counts["texts"] += 1
                if must_not and took:
                    problems.append(f"accepts the invalid {text}")
                if test["valid"] and must and took != 3:
                    problems.append(f"rejects the valid {text} ({took})")
        wrong += len(problems)
        for problem in problems[:3]:
            print(f"{name}\n  {json.dumps(schema)[:300]}\n  {problem[:300]}")
    for what, number in counts.most_common(40):
        print(f"{number:7} {what}")
    print(f"{wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
