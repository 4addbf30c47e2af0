#!/usr/bin/env python3
"""Transfers a second of a whole node, and how they change as the state grows.

    bench/chain.py --assay build/release/apps/assay/assay [--accounts 10000,100000,1000000] [--transfers N] [--rounds N]

Runs `assay bench chain --json` in rounds, every number of accounts once a round. A row shows the run of the median
transfers a second. Ten million accounts take some minutes to make. Writes the section between
the chain.py markers of docs/benchmarks.md. Only the standard library is needed.
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
BEGIN, END = "<!-- chain.py: begin -->", "<!-- chain.py: end -->"
BUSY_LOAD = 0.5


def measure(arguments) -> dict:
    samples: dict = {accounts: [] for accounts in arguments.accounts}
    for number in range(arguments.rounds):
        for accounts in arguments.accounts:
            print(f"round {number + 1} of {arguments.rounds}: {accounts:,} accounts", file=sys.stderr)
            command = [arguments.assay, "bench", "chain", "--json", "--accounts", str(accounts), "--transfers",
                       str(arguments.transfers)]
            samples[accounts].append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout))
    return {accounts: sorted(runs, key=lambda run: run["transfers_per_s"])[len(runs) // 2]
            for accounts, runs in samples.items()}


def machine(arguments, load: float) -> str:
    text = pathlib.Path("/proc/cpuinfo").read_text()
    cpu = (re.search(r"^model name\s*: (.*)$", text, re.M) or ["", "unknown"])[1]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout[:12]
    busy = f" **Busy machine**: load average {load:.1f} before the first run." if load > BUSY_LOAD else ""
    return (f"{cpu}, {os.cpu_count()} cores; {arguments.transfers:,} transfers; medians of {arguments.rounds} interleaved "
            f"rounds; {datetime.date.today().isoformat()}, commit `{commit or 'unknown'}`.{busy}")


def table(arguments, measured: dict, load: float) -> str:
    lines = [machine(arguments, load), "",
             "| accounts | transfers/s | recoveries/s/core | share of limit | CPU µs a transfer | batch p50 / p99 ms "
             "| one alone p50 / p99 ms | bytes | state MB | index caught up after s |",
             "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for accounts, run in measured.items():
        lines.append(f"| {accounts:,} | {run['transfers_per_s']:,.0f} | {run['recoveries_per_s_per_core']:,.0f} "
                     f"| {run['share_of_limit']:.2f} | {run['cpu_us_per_transfer']:.1f} "
                     f"| {run['p50_ms']:.0f} / {run['p99_ms']:.0f} | {run['single_p50_ms']:.1f} / {run['single_p99_ms']:.1f} "
                     f"| {run['bytes_per_transfer']} | {run['state_bytes'] / 1e6:,.0f} | {run['index_catch_up_s']:.1f} |")
    accounts = ",".join(str(number) for number in measured)
    return "\n".join([*lines, "", f"Command: `bench/chain.py --assay build/release/apps/assay/assay --accounts {accounts} "
                                  f"--transfers {arguments.transfers} --rounds {arguments.rounds}`"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay", required=True, help="the assay binary")
    parser.add_argument("--accounts", default="10000,100000,1000000", help="numbers of accounts, separated by commas")
    parser.add_argument("--transfers", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-page", action="store_true", help="print the table; leave the page as it is")
    arguments = parser.parse_args()
    arguments.accounts = [int(number) for number in arguments.accounts.split(",")]
    load = os.getloadavg()[0]
    section = table(arguments, measure(arguments), load)
    print(section)
    if arguments.no_page:
        return
    page = DOCUMENT.read_text()
    before, rest = page.split(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{section}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
