#!/usr/bin/env python3
"""What hashing the logits costs, and what prompt-lookup drafting brings: the same answers with and without, interleaved.

    bench/decoding.py --assay build/release/apps/assay/assay [--model FILE] [--threads T] [--rounds N]

Runs `assay complete --json` in rounds, every variant once a round; medians of its decode_tok_s. Drafting is measured on a
task that quotes its prompt and on one that does not. Fails when two variants differ in their tokens, or in their hash.
Writes the section between the decoding.py markers of docs/benchmarks.md. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- decoding.py: begin -->", "<!-- decoding.py: end -->"

QUOTE = """Repeat the following text exactly, then stop.

The quick brown fox jumps over the lazy dog near the river bank. The committee approved the annual budget of the city library \
on Tuesday, and the librarian thanked every member for the support. In the afternoon, the children read stories about ships, \
whales and distant islands, and the rain tapped softly on the windows."""
STORY = "Write a short story about a lighthouse keeper and a storm."

HASH_TASK = ["--prompt", "Once upon a time", "--max-tokens", "256", "--ignore-end", "--no-speculation"]
QUOTE_TASK = ["--chat", "--prompt", QUOTE, "--max-tokens", "140", "--no-hash"]
STORY_TASK = ["--chat", "--prompt", STORY, "--max-tokens", "250", "--temperature", "0.8", "--seed", "3", "--no-hash"]
# Name of a comparison: the options of its task, those of its plain variant, those of the other.
COMPARISONS = {
    "hashing the logits, 256 tokens": (HASH_TASK, ["--no-hash"], []),
    "drafting, text quoted from the prompt": (QUOTE_TASK, ["--no-speculation"], []),
    "drafting, a story at temperature 0.8": (STORY_TASK, ["--no-speculation"], []),
}


def complete(arguments, options: list[str]) -> dict:
    command = [arguments.assay, "complete", "--threads", str(arguments.threads), "--json", *options]
    command += ["--model", arguments.model] if arguments.model else []
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(arguments) -> dict:
    samples: dict = {name: ([], []) for name in COMPARISONS}
    last: dict = {}
    for number in range(arguments.rounds):
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
        for name, (task, *variants) in COMPARISONS.items():
            answers = [complete(arguments, task + options) for options in variants]
            if answers[0]["tokens"] != answers[1]["tokens"]:
                raise SystemExit(f"error: {name}: the variants differ in their tokens")
            for side, answer in zip(samples[name], answers):
                side.append(answer["decode_tok_s"])
            last[name] = answers[1]
    return {name: {"without": sides[0], "with": sides[1], "generated": last[name]["generated_tokens"],
                   "drafted": last[name]["drafted_tokens"], "accepted": last[name]["accepted_tokens"]}
            for name, sides in samples.items()}


def machine(arguments) -> str:
    text = pathlib.Path("/proc/cpuinfo").read_text()
    cpu = (re.search(r"^model name\s*: (.*)$", text, re.M) or ["", "unknown"])[1]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout[:12]
    return (f"{cpu}, {arguments.threads} of {os.cpu_count()} cores; default model; medians of {arguments.rounds} interleaved "
            f"rounds; {datetime.date.today().isoformat()}, commit `{commit or 'unknown'}`.")


def table(arguments, measured: dict) -> str:
    lines = [machine(arguments), "", "| | without tok/s | with tok/s | with over without | drafted, accepted of generated |",
             "|---|---:|---:|---:|---:|"]
    for name, result in measured.items():
        without, with_ = statistics.median(result["without"]), statistics.median(result["with"])
        paired = statistics.median(b / a for a, b in zip(result["without"], result["with"]))
        drafts = f"{result['drafted']}, {result['accepted']} of {result['generated']}" if result["drafted"] else "–"
        lines.append(f"| {name} | {without:,.0f} | {with_:,.0f} | {paired:.3f} | {drafts} |")
    return "\n".join([*lines, "", f"*With over without* is the median over rounds. Command: `bench/decoding.py --rounds {arguments.rounds}`"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay", required=True, help="the assay binary")
    parser.add_argument("--model", help="a model file; the default model when left out")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-page", action="store_true", help="print the table; leave the page as it is")
    arguments = parser.parse_args()
    section = table(arguments, measure(arguments))
    print(section)
    if arguments.no_page:
        return
    page = DOCUMENT.read_text()
    before, rest = page.split(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{section}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
