#!/usr/bin/env python3
"""Measures the kernels and writes the table of docs/benchmarks.md.

    bench/kernels.py [--seconds S] [--build DIR] [--no-page]

Builds kernels_bench (the "bench" preset; Debian: libopenblas-dev, libdnnl-dev), runs it, keeps everything it printed in
bench/results/<date>-kernels-<CPU>.json and replaces the section between the markers. Measure on an idle machine: the
script warns when it is not. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- kernels.py: begin -->", "<!-- kernels.py: end -->"


def build(folder: pathlib.Path) -> pathlib.Path:
    subprocess.run(["cmake", "--preset", "bench", "-B", folder, "-DASSAY_ROOMS=base;tensor;kernels"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder, "--target", "kernels_bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder / "bench" / "kernels_bench"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(row) + " |" for row in rows), ""]


def section(result: dict, name: str) -> list[dict]:
    return [line for line in result["results"] if line["section"] == name]


def peers(result: dict) -> list[str]:
    """One line a kernel and size, one row beside the square."""
    lines: dict[tuple, dict] = {}
    for line in section(result, "peer"):
        shape = "one" if line["rows"] == 1 else "square"
        lines.setdefault((line["kernel"], line["peer"].split()[0], line["n"]), {})[shape] = line
    rows = []
    for (kernel, peer, n), shapes in lines.items():
        row = [kernel, peer, str(n)]
        for shape in ("square", "one"):
            line = shapes.get(shape)
            row += [f"{line['gmac_s']:.1f}", f"{line['peer_gmac_s']:.1f}", f"{line['time_ratio']:.2f}"] if line else ["–"] * 3
        rows.append(row)
    return table(["kernel", "peer", "n", "n rows: GMAC/s", "peer", "time ÷ peer's", "1 row: GMAC/s", "peer", "time ÷ peer's"], rows)


def peaks(result: dict) -> list[str]:
    rows = [[line["isa"], line["kernel"], f"{line['gmac_s']:.1f}", f"{line['peak_gmac_s']:.1f}" if "peak_gmac_s" in line else "–",
             f"{100 * line['share']:.0f} %" if "share" in line else "–"] for line in section(result, "peak")]
    return table(["back end", "weights", "GMAC/s", "peak", "share"], rows)


def model(result: dict) -> list[str]:
    lines = section(result, "model")
    cases = list(dict.fromkeys(line["case"] for line in lines))
    rows = []
    for threads in sorted({line["threads"] for line in lines}):
        speeds = {line["case"]: line for line in lines if line["threads"] == threads}
        rows.append([str(threads), *(f"{speeds[case]['tok_s']:,.0f}" for case in cases), f"{speeds['decode']['read_gb_s']:.1f}"])
    return table(["threads", *(f"{case} tok/s" for case in cases), "decode reads GB/s"], rows)


def layers(result: dict) -> list[str]:
    shapes: dict[tuple, dict] = {}
    for line in section(result, "layer"):
        shapes.setdefault((line["kernel"], line["outputs"], line["inputs"]), {})[line["rows"]] = line
    rows = [[kernel, f"{outputs} × {inputs}", *(f"{lines[r]['gmac_s']:.0f}" if r in lines else "–" for r in (512, 32, 8, 1)),
             f"{lines[1]['read_gb_s']:.0f}"] for (kernel, outputs, inputs), lines in shapes.items()]
    return table(["weights", "outputs × inputs", "512 rows", "32 rows", "8 rows", "1 row", "1 row reads GB/s"], rows)


def others(result: dict) -> list[str]:
    rows = [[f"attention, {line['rows']} row(s) at the end of {line['length']} positions, all layers", f"{line['gmac_s']:.1f} GMAC/s",
             f"{line['model_ms']:.2f} ms"] for line in section(result, "attention")]
    rows += [[f"{line['operator']}, {line['n']} elements", f"{line['ns_per_element']:.2f} ns an element",
              f"{line['model_us_per_token']:.1f} µs a token"] for line in section(result, "elements")]
    return table(["operator", "speed", "in the model, one thread"], rows)


def page(result: dict) -> str:
    about = result["about"]
    return "\n".join([
        f"{result['cpu']}, {result['compiler']}, back end {result['isa']}; OpenBLAS runs its {result['openblas_core']} kernels; {about['date']}, "
        f"commit `{about['commit'][:12]}`. One thread unless the table says otherwise, by the fastest of interleaved rounds. Weights "
        "are packed beforehand on both sides where the peer has a packed form (oneDNN). f32 and bf16 include gathering and "
        "rounding the activations; oneDNN gets them rounded.", "",
        "Against the peers:", "", *peers(result),
        "Shares of each back end's peak (a register-only loop of its widest multiply-add), 512 rows of 1024 × 1024, activations "
        "rounded within the time:", "", *peaks(result),
        "The default model's linear layers alone, every matrix in order, a barrier after each:", "", *model(result),
        "Its shapes one by one, GMAC/s:", "", *layers(result), *others(result),
        f"Command: `{about['command']}`, of {about['file']}"])


def update_page(text: str) -> None:
    whole = DOCUMENT.read_text()
    if BEGIN not in whole or END not in whole:
        raise SystemExit(f"error: {DOCUMENT} lacks the markers {BEGIN} and {END}")
    head, rest = whole.split(BEGIN, 1)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each measurement")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench")
    parser.add_argument("--no-page", action="store_true", help="print the page's section; write neither results nor the page")
    arguments = parser.parse_args()
    binary = build(arguments.build)
    load = os.getloadavg()[0]
    if load > 0.3:
        print(f"warning: other work is running (load {load:.2f})", file=sys.stderr)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OPENBLAS_", "ASSAY_ISA"))}
    run = subprocess.run([binary, "--seconds", str(arguments.seconds)], check=True, capture_output=True, text=True, env=environment)
    result = json.loads(run.stdout)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    slug = re.sub(r"[^a-z0-9]+", "-", result["cpu"].lower()).strip("-")
    date = datetime.date.today().isoformat()
    file = f"bench/results/{date}-kernels-{slug}.json"
    result["about"] = {"date": date, "commit": commit, "load_average_before": round(load, 2), "file": file,
                       "command": f"bench/kernels.py --seconds {arguments.seconds:g}"}
    if not arguments.no_page:
        (ROOT / file).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / file).write_text(json.dumps(result, indent=1) + "\n")
        update_page(page(result))
    print(page(result))


if __name__ == "__main__":
    main()
