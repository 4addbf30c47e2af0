#!/usr/bin/env python3
"""Four validators on this machine: CometBFT's built-in kvstore beside the same application behind our ABCI server, under
CometBFT's own load tool; then the real chain with signed transfers.

    ninja -C build/dev assay consensus_test_node chain_transfers
    bench/comet.py [--build build/dev] [--rounds 3] [--seconds 20] [--rate 4000] [--transfers 60000] [--note TEXT]

Everything runs on the same cores: four engines, four applications, the load. A round of one is followed by a round of the
other; medians of rounds. Both have the same settings (those of a node of ours), the same transaction size, and a new network
for every round. Where the time goes: the engines' own measure of each ABCI method (their Prometheus figures), and processor
time of engines and applications. Writes bench/results/<date>-comet-<CPU>.json and the table in docs/benchmarks.md.
Only the standard library is needed; CometBFT and `load` as scripts/lib.sh (need_cometbft) installs them.
"""
import argparse
import datetime
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "comet"))
from localnet import Localnet, configure, wait_until  # noqa: E402
from nodes import Load, Net, program  # noqa: E402

DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- comet.py: begin -->", "<!-- comet.py: end -->"
TRANSACTION_BYTES = 256
WARM_UP_S = 3
BATCH = 500
TICK = os.sysconf("SC_CLK_TCK")
# As consensus::engine_settings() has them.
SETTINGS = {("", "log_level"): '"*:error"', ("p2p", "send_rate"): "20480000", ("p2p", "recv_rate"): "20480000",
            ("p2p", "allow_duplicate_ip"): "true", ("p2p", "addr_book_strict"): "false",
            ("mempool", "size"): "20000", ("mempool", "cache_size"): "40000", ("consensus", "timeout_commit"): '"500ms"',
            ("consensus", "timeout_propose"): '"3s"', ("consensus", "peer_gossip_sleep_duration"): '"10ms"'}
METHODS = ("check_tx", "prepare_proposal", "process_proposal", "finalize_block", "commit", "flush")



def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def children(pid: int) -> list[int]:
    return [int(word) for task in Path(f"/proc/{pid}/task").glob("*/children") for word in task.read_text().split()]


def abci_seconds(address: str) -> dict[str, float]:
    """What the engine has waited for each method of its application."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    text = opener.open(f"http://{address}:26660/metrics", timeout=10).read().decode()
    found: dict[str, float] = {}
    for method, value in re.findall(r'abci_connection_method_timing_seconds_sum\{[^}]*method="(\w+)"[^}]*\} (\S+)', text):
        found[method] = found.get(method, 0.0) + float(value)
    return found


def block_times(call, first: int, last: int) -> list[tuple[float, int]]:
    """Time and transactions of each block of the range."""
    found = []
    for low in range(first, last + 1, 20):
        high = min(low + 19, last)
        for meta in call("blockchain", minHeight=str(low), maxHeight=str(high))["block_metas"]:
            stamp = meta["header"]["time"]
            whole, _, fraction = stamp.rstrip("Z").partition(".")
            at = datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction or 0}")
            found.append((at, int(meta["num_txs"])))
    return sorted(found)


def rate_of(blocks: list[tuple[float, int]]) -> dict:
    """From the first full block to the last: the first only marks the beginning."""
    full = [i for i, (_, count) in enumerate(blocks) if count > 0]
    if len(full) < 3:
        raise SystemExit("error: fewer than three blocks had transactions")
    inside = blocks[full[0]:full[-1] + 1]
    took = inside[-1][0] - inside[0][0]
    return {"tx_per_s": sum(count for _, count in inside[1:]) / took,
            "block_s": took / (len(inside) - 1), "tx_per_block": statistics.mean(count for _, count in inside[1:]),
            "blocks": len(inside) - 1}


def load_round(arguments, node: str | None) -> dict:
    """One network under `load`. `node`: command of the application; None: the engine's own kvstore, inside it."""
    folder = Path(tempfile.mkdtemp(prefix="assay-b", dir="/tmp"))
    try:
        settings = SETTINGS | {("instrumentation", "prometheus"): "true"}
        net = Localnet(folder, program("cometbft"), node or "", settings=settings)
        for validator in net.validators:
            configure(validator.home, {("instrumentation", "prometheus_listen_addr"): f'"{validator.address}:26660"'})
            if node is None:
                validator.socket = "kvstore"
                validator.start_application = lambda: None
        with net:
            net.wait_for_height(2)
            first = net.validators[0].height()
            before = usage(net)
            endpoints = ",".join(f"ws://{v.address}:26657/websocket" for v in net.validators)
            sent = subprocess.run([program("load"), "-c", "1", "-T", str(arguments.seconds), "-r",
                                   str(arguments.rate // len(net.validators)), "-s", str(TRANSACTION_BYTES),
                                   "--broadcast-tx-method", "async", "--endpoints", endpoints], capture_output=True, text=True)
            if sent.returncode != 0:
                raise SystemExit(f"error: load: {sent.stderr[-800:]}")
            wait_until(lambda: net.validators[0].call("num_unconfirmed_txs")["total"] == "0", "the mempool empties", 60)
            after = usage(net)
            result = rate_of(block_times(net.validators[0].call, first, net.validators[0].height()))
            result |= {name: round(after[name] - before.get(name, 0.0), 3) for name in after}
            return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def usage(net: Localnet) -> dict[str, float]:
    out = {"engine_cpu_s": 0.0, "application_cpu_s": 0.0}
    for validator in net.validators:
        out["engine_cpu_s"] += cpu_seconds(validator.engine.pid)
        if validator.application:
            out["application_cpu_s"] += cpu_seconds(validator.application.pid)
        for method, seconds in abci_seconds(validator.address).items():
            if method in METHODS:
                out[f"abci_{method}_s"] = out.get(f"abci_{method}_s", 0.0) + seconds / len(net.validators)
    return out


def chain_round(arguments, load: Load) -> dict:
    """Signed transfers handed to the HTTP intake of all four nodes, a quarter of the accounts to each."""
    folder = Path(tempfile.mkdtemp(prefix="assay-b", dir="/tmp"))
    try:
        net = Net(arguments.assay, folder / "net", accounts=load.accounts, settings=SETTINGS)
        with net:
            count = len(net.nodes)
            first = net.nodes[0].engine_height()
            done, failures = [], []

            def send(node, wires: list[bytes]) -> None:
                at, patience = 0, time.monotonic() + 300
                while at < len(wires):
                    batch = wires[at:at + BATCH]
                    answer = node.post_transactions(batch)
                    refused = answer.get("refused", [])
                    full = [entry for entry in refused if entry["code"] == 13]
                    if len(full) != len(refused) or "refused" not in answer:
                        failures.append(f"a transfer was refused: {[e for e in refused if e not in full][:1] or answer}")
                        return
                    if full:
                        if time.monotonic() > patience:
                            failures.append("the mempool stays full")
                            return
                        time.sleep(0.1)
                        kept = {entry["index"] for entry in full}
                        wires = wires[:at] + [w for i, w in enumerate(batch) if i in kept] + wires[at + len(batch):]
                        continue
                    at += len(batch)
                done.append(at)

            pools = [[wire for i, wire in enumerate(load.wires) if i % len(load.accounts) % count == node] for node in range(count)]
            threads = [threading.Thread(target=send, args=pair) for pair in zip(net.nodes, pools)]
            begin = {node: [cpu_seconds(node.process.pid), sum(map(cpu_seconds, children(node.process.pid)))] for node in net.nodes}
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if len(done) != count:
                raise SystemExit(f"error: not everything was accepted: {failures}")
            wait_until(lambda: all(n.call("num_unconfirmed_txs")["total"] == "0" for n in net.nodes), "the mempools empty", 120)
            last = net.nodes[0].engine_height()
            net.wait_for_height(last)
            net.agreed_hash(last)
            blocks = block_times(net.nodes[0].call, first, last)
            if sum(size for _, size in blocks) != len(load.wires):
                raise SystemExit(f"error: {sum(size for _, size in blocks)} of {len(load.wires)} transfers are in blocks")
            result = rate_of(blocks)
            result["application_cpu_s"] = round(sum(cpu_seconds(n.process.pid) - begin[n][0] for n in net.nodes), 3)
            result["engine_cpu_s"] = round(sum(sum(map(cpu_seconds, children(n.process.pid))) - begin[n][1] for n in net.nodes), 3)
            return result | {"bytes": len(load.wires[-1])}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def median_of(rounds: list[dict]) -> dict:
    return {name: statistics.median(entry[name] for entry in rounds) for name in rounds[0] if all(name in r for r in rounds)}


def cpu_name() -> str:
    return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1].strip()


def row(name: str, size: int, entry: dict, share: str) -> str:
    return (f"| {name} | {size:.0f} | {entry['tx_per_s']:,.0f} | {share} | {entry['block_s']:.2f} | {entry['tx_per_block']:,.0f} | "
            f"{entry['engine_cpu_s']:.1f} | {entry['application_cpu_s']:.1f} |")


def table(report: dict) -> str:
    kvstore, ours, chain = (report["medians"].get(name) for name in ("kvstore", "abci", "chain"))
    lines = [f"{report['cpu']}, {report['cores']} cores, CometBFT v0.38.25, {report['date']}. `{report['command']}`"
             + (f" {report['note']}" if report["note"] else ""), "",
             "| application | bytes | transactions/s | of kvstore | block, s | transactions a block | CPU of engines, s | of applications, s |",
             "|---|---:|---:|---:|---:|---:|---:|---:|",
             row("kvstore inside CometBFT", TRANSACTION_BYTES, kvstore, "1"),
             row("the same behind our ABCI server", TRANSACTION_BYTES, ours, f"{ours['tx_per_s'] / kvstore['tx_per_s']:.2f}")]
    if chain:
        lines.append(row("our chain, signed transfers", chain["bytes"], chain, f"{chain['tx_per_s'] / kvstore['tx_per_s']:.2f}"))
    lines += ["", "What an engine waited for its application in a round, seconds:", "",
              "| application | " + " | ".join(METHODS) + " |", "|---|" + "---:|" * len(METHODS)]
    for name, entry in (("kvstore inside CometBFT", kvstore), ("behind our ABCI server", ours)):
        lines.append(f"| {name} | " + " | ".join(f"{entry.get(f'abci_{m}_s', 0):.2f}" for m in METHODS) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "dev")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20, help="of load in a round")
    parser.add_argument("--rate", type=int, default=4000, help="transactions offered a second")
    parser.add_argument("--transfers", type=int, default=60_000, help="for the real chain; 0 = leave it out")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--note", default="", help="what a reader should know of the machine")
    parser.add_argument("--no-document", action="store_true", help="leave docs/benchmarks.md as it is")
    arguments = parser.parse_args()
    arguments.assay = str(arguments.build / "apps/assay/assay")
    node = f"{arguments.build / 'src/consensus/consensus_test_node'} kvstore {{address}}"
    for name in ("cometbft", "load"):
        if program(name) is None:
            print(f"error: there is no '{name}'; scripts/localnet installs it", file=sys.stderr)
            return 1
    rounds: dict[str, list[dict]] = {"kvstore": [], "abci": [], "chain": []}
    load = Load(str(arguments.build / "src/chain/chain_transfers"), arguments.accounts, arguments.transfers) \
        if arguments.transfers else None
    for number in range(arguments.rounds):
        rounds["kvstore"].append(load_round(arguments, None))
        rounds["abci"].append(load_round(arguments, node))
        if load:
            rounds["chain"].append(chain_round(arguments, load))
        for name in rounds:
            if rounds[name]:
                print(f"round {number + 1}: {name}: {json.dumps(rounds[name][-1])}", file=sys.stderr, flush=True)
    report = {"date": datetime.date.today().isoformat(), "cpu": cpu_name(), "cores": os.cpu_count(), "note": arguments.note,
              "command": f"bench/comet.py --rounds {arguments.rounds} --seconds {arguments.seconds} --rate {arguments.rate} "
                         f"--transfers {arguments.transfers} --accounts {arguments.accounts}",
              "load_average": os.getloadavg(), "medians": {name: median_of(found) for name, found in rounds.items() if found},
              "rounds": rounds}
    slug = re.sub(r"[^a-z0-9]+", "-", cpu_name().lower()).strip("-")[:40]
    file = ROOT / "bench" / "results" / f"{report['date']}-comet-{slug}.json"
    file.write_text(json.dumps(report, indent=1) + "\n")
    text = table(report)
    if not arguments.no_document:
        document = DOCUMENT.read_text()
        begin, end = document.index(BEGIN) + len(BEGIN), document.index(END)
        DOCUMENT.write_text(document[:begin] + "\n" + text + "\n" + document[end:])
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
