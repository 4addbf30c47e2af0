#!/usr/bin/env python3
"""Measures Assay beside the engines it is compared with: same machine, same file, same threads, interleaved, medians.

    bench/build_peers.sh
    bench/compare.py --assay build/release/apps/assay/assay --model FILE.gguf [--threads T] [--rounds N] [--ik DIR]

Runs prompts of 512 tokens and 128 generated ones (`assay bench`, `llama-bench`; ik_llama.cpp with -rtr 1 -fa 0), then
8 and 32 sequences (`assay bench --batch`, `llama-batched-bench`), a round of everybody before the next round. Peak
memory is the kernel's count for the whole process. Memory bandwidth is read before and after by bench/bandwidth.cpp.
Writes bench/results/<date>-<CPU>.json and the table of docs/benchmarks.md. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- compare.py: begin -->", "<!-- compare.py: end -->"


def run(command: list[str]) -> tuple[str, int]:
    """Standard output and peak resident bytes of a command; its failure ends the measurement with what it said."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            tail = errors.read().decode(errors="replace")[-1500:]
            raise SystemExit(f"error: exit {process.returncode} from {shlex.join(command)}\n{tail}")
        return out.read().decode(errors="replace"), usage.ru_maxrss * 1024


# --- the engines: each returns a command and reads its output into named numbers -----------------------------------


def assay_bench(arguments, batch: int):
    prompt = arguments.prompt if batch == 1 else arguments.batch_prompt
    command = [arguments.assay, "bench", "--model", arguments.model, "--threads", str(arguments.threads),
               "--prompt", str(prompt), "--generate", str(arguments.generate), "--json"]
    command += ["--batch", str(batch)] if batch > 1 else []

    def read(text: str) -> dict:
        return {key: value for key, value in json.loads(text).items() if isinstance(value, (int, float))}

    return command, read


def llama_bench(binary: pathlib.Path, arguments, extra: list[str]):
    command = [str(binary), "-m", arguments.model, "-p", str(arguments.prompt), "-n", str(arguments.generate),
               "-t", str(arguments.threads), "-r", "1", "-o", "json", *extra]

    def read(text: str) -> dict:
        found = {}
        for test in json.loads(text[text.index("["):]):
            if test["n_prompt"] > 0 and test["n_gen"] == 0:
                found["prefill_tok_s"] = test["avg_ts"]
            if test["n_gen"] > 0 and test["n_prompt"] == 0:
                found["decode_tok_s"] = test["avg_ts"]
        return found

    return command, read


def llama_batched(binary: pathlib.Path, arguments, batch: int):
    context = batch * (arguments.batch_prompt + arguments.generate)
    command = [str(binary), "-m", arguments.model, "-t", str(arguments.threads), "-c", str(context),
               "-npp", str(arguments.batch_prompt), "-ntg", str(arguments.generate), "-npl", str(batch),
               "--output-format", "jsonl"]

    def read(text: str) -> dict:
        (line,) = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return {"decode_tok_s": line["speed_tg"], "prefill_tok_s": line["speed_pp"]}

    return command, read


def cases(arguments) -> dict[str, dict]:
    """case -> engine -> (command, reader)."""
    bin_dir = pathlib.Path(arguments.peers) / "llama.cpp-build" / "bin"
    found: dict[str, dict] = {"single": {}}
    if arguments.assay:
        found["single"]["assay"] = assay_bench(arguments, 1)
    found["single"]["llama.cpp"] = llama_bench(bin_dir / "llama-bench", arguments, [])
    if arguments.ik:
        found["single"]["ik_llama.cpp"] = llama_bench(pathlib.Path(arguments.ik) / "llama-bench", arguments,
                                                      ["-rtr", "1", "-fa", "0"])
    for batch in arguments.batches:
        found[f"batch {batch}"] = {"assay": assay_bench(arguments, batch)} if arguments.assay else {}
        found[f"batch {batch}"]["llama.cpp"] = llama_batched(bin_dir / "llama-batched-bench", arguments, batch)
    return found


def measure(arguments) -> dict:
    """Every engine's numbers of every round, and their medians, by case."""
    samples: dict = {}
    chosen = cases(arguments)
    for number in range(arguments.rounds):
        for case, engines in chosen.items():
            for engine, (command, read) in engines.items():
                text, peak = run(command)
                numbers = {**read(text), "peak_resident_bytes": peak}
                samples.setdefault(case, {}).setdefault(engine, []).append(numbers)
                shown = {key: round(numbers[key], 1) for key in ("prefill_tok_s", "decode_tok_s") if key in numbers}
                print(f"round {number + 1}/{arguments.rounds}  {case:9} {engine:13} {shown}", file=sys.stderr)
    return {case: {engine: {"command": shlex.join(anonymous(chosen[case][engine][0])),
                            "median": {key: statistics.median(row[key] for row in rows) for key in rows[0]},
                            "rounds": rows} for engine, rows in engines.items()}
            for case, engines in samples.items()}


def anonymous(command: list[str]) -> list[str]:
    """File names without the folders of this machine."""
    return [pathlib.Path(word).name if word.startswith("/") else word for word in command]


# --- the machine ---------------------------------------------------------------------------------------------------


def bandwidth(threads: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        binary = pathlib.Path(folder) / "bandwidth"
        subprocess.run(["g++", "-std=c++20", "-O3", "-march=native", "-pthread", "-o", binary,
                        ROOT / "bench" / "bandwidth.cpp"], check=True)
        return json.loads(run([str(binary), str(threads)])[0])


def first_line(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def machine(arguments) -> dict:
    text = pathlib.Path("/proc/cpuinfo").read_text()
    field = lambda name: (re.search(rf"^{name}\s*: (.*)$", text, re.M) or [None, "unknown"])[1]  # noqa: E731
    wanted = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16", "sha_ni")
    flags = set(field("flags").split())
    return {
        "date": datetime.date.today().isoformat(), "cpu": field("model name"),
        "cpu_family": f"{field('cpu family')}/{field('model')}/{field('stepping')}", "cores": os.cpu_count(),
        "flags": [flag for flag in wanted if flag in flags], "kernel": platform.release(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_average_before": round(os.getloadavg()[0], 2), "compiler": first_line(["g++", "--version"]),
        "commit": first_line(["git", "rev-parse", "HEAD"]),
        "uncommitted_changes": subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT, check=False).returncode != 0,
        "model": pathlib.Path(arguments.model).name, "threads": arguments.threads, "rounds": arguments.rounds,
        "prompt": arguments.prompt, "generate": arguments.generate, "batch_prompt": arguments.batch_prompt,
    }


# --- the page ------------------------------------------------------------------------------------------------------


def table(result: dict) -> str:
    """The Markdown between the markers."""
    about, measured = result["machine"], result["measured"]
    engines = sorted({engine for case in measured.values() for engine in case},
                     key=lambda name: (name != "assay", name))
    batches = [case for case in measured if case != "single"]
    value = lambda case, engine, key: measured.get(case, {}).get(engine, {}).get("median", {}).get(key)  # noqa: E731
    show = lambda number, scale=1: f"{number / scale:,.0f}" if number is not None else "–"  # noqa: E731
    lines = [
        f"{about['cpu']}, {about['threads']} of {about['cores']} cores ({', '.join(about['flags'])}), "
        f"{about['compiler']}; `{about['model']}`; medians of {about['rounds']} interleaved rounds; "
        f"{about['date']}, commit `{about['commit'][:12]}`.", "",
        f"| | prefill {about['prompt']} tok/s | decode tok/s | "
        + "".join(f"{case.split()[1]} sequences tok/s | " for case in batches) + "peak memory MB |",
        "|---|" + "---:|" * (3 + len(batches))]
    for engine in engines:
        row = [show(value("single", engine, "prefill_tok_s")), show(value("single", engine, "decode_tok_s"))]
        row += [show(value(case, engine, "decode_tok_s")) for case in batches]
        row.append(show(value("single", engine, "peak_resident_bytes"), 1e6))
        lines.append(f"| {engine} | " + " | ".join(row) + " |")
    for peer in engines:
        columns = [("single", "prefill_tok_s"), ("single", "decode_tok_s"), *((case, "decode_tok_s") for case in batches)]
        ratios = [(value(case, "assay", key), value(case, peer, key)) for case, key in columns]
        if peer != "assay" and any(ours for ours, _ in ratios):
            cells = [f"{ours / theirs:.2f} ×" if ours and theirs else "–" for ours, theirs in ratios]
            lines.append(f"| Assay over {peer} | " + " | ".join(cells) + " | |")
    speed = result["bandwidth"]["best_bytes_s"]
    lines += ["", f"Read bandwidth: {speed / 1e9:.1f} GB/s ({result['bandwidth']['loads']}, best of 30 passes)."]
    weight, decode = (value("single", "assay", key) for key in ("weight_bytes", "decode_tok_s"))
    if weight and decode:
        lines[-1] += f" Decoding reads {weight / 1e6:.0f} MB a token: {100 * weight * decode / speed:.0f} % of it."
    return "\n".join([*lines, "", f"Command: `{result['command']}`, of {result['file']}"])


def update_page(text: str) -> None:
    page = DOCUMENT.read_text() if DOCUMENT.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    if BEGIN not in page or END not in page:
        page += f"\n{BEGIN}\n{END}\n"
    head, rest = page.split(BEGIN, 1)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}")


def parse() -> argparse.Namespace:
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", help="the assay binary; without it only the peers are measured")
    parser.add_argument("--model", required=True, help="a GGUF file")
    parser.add_argument("--peers", default=str(cache / "assay" / "peers"), help="what bench/build_peers.sh built")
    parser.add_argument("--ik", help="folder with ik_llama.cpp's llama-bench")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--batches", type=int, nargs="*", default=[8, 32], help="numbers of sequences decoded together")
    parser.add_argument("--batch-prompt", type=int, default=128, help="prompt tokens of each of those sequences")
    parser.add_argument("--no-page", action="store_true", help="print the result; write neither results nor the page")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    about = machine(arguments)
    if about["load_average_before"] > 0.3:
        print(f"warning: other work is running (load {about['load_average_before']})", file=sys.stderr)
    before = bandwidth(arguments.threads)
    measured = measure(arguments)
    after = bandwidth(arguments.threads)
    slug = re.sub(r"[^a-z0-9]+", "-", about["cpu"].lower()).strip("-")
    file = f"bench/results/{about['date']}-{slug}-{about['threads']}t.json"
    result = {"machine": about, "command": shlex.join(["bench/compare.py", *anonymous(sys.argv[1:])]), "file": file,
              "bandwidth": max(before, after, key=lambda probe: probe["best_bytes_s"]),
              "bandwidth_probes": [before, after], "measured": measured}
    if arguments.no_page:
        print(json.dumps(result, indent=2))
        return
    path = ROOT / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    update_page(table(result))
    print(table(result))


if __name__ == "__main__":
    main()
