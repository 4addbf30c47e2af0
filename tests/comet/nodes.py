"""A network of real nodes: `assay localnet --init-only` makes the homes, and each node runs a CometBFT of its own.

For tests (test_nodes.py) and bench/comet.py. Needs nothing but Python.
"""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

from localnet import configure, rpc, wait_until

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "assay" / "cometbft" / "v0.38.25"
SUBNET = "127.77.0"  # not the one of `assay localnet`, so that both can run


def program(name: str) -> str | None:
    installed = CACHE / name
    return shutil.which(name) or (str(installed) if installed.exists() else None)


def free_port() -> int:
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    def __init__(self, assay: str, home: Path, address: str):
        self.assay, self.home, self.address = assay, home, address
        self.engine_home = home / "chain" / "cometbft"
        self.rpc_url = f"http://{address}:26657"
        self.port = free_port()
        self.options: list[str] = []
        self.process = None

    def command(self) -> list[str]:
        return [self.assay, "up", "--no-model", "--consensus", "cometbft", "--data-dir", str(self.home), "--port",
                str(self.port), "--comet-binary", program("cometbft"), "--comet-rpc", f"tcp://{self.address}:26657",
                "--comet-p2p", f"tcp://{self.address}:26656", *self.options]

    def start(self, **environment: str) -> None:
        with open(self.home / "node.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True, env=os.environ | environment)

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def wait_stopped(self, timeout_s: float = 30) -> int:
        try:
            return self.process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.process.wait()
            raise

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait_stopped()

    def log(self) -> str:
        return (self.home / "node.log").read_text(errors="replace")

    def engine_log(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", (self.engine_home / "engine.log").read_text(errors="replace"))

    def call(self, method: str, **parameters):
        return rpc(self.rpc_url, method, **parameters)

    def height(self) -> int:
        """Of the application, over HTTP."""
        return self.get("/chain/status")["height"]

    def answers(self) -> bool:
        """Both over HTTP and the engine's RPC."""
        try:
            return self.height() >= 0 and self.engine_height() >= 0
        except (OSError, RuntimeError):
            return False

    def engine_height(self) -> int:
        return int(self.call("status")["sync_info"]["latest_block_height"])

    def app_hash(self, height: int) -> str:
        return base64.b64decode(self.call("block_results", height=str(height))["app_hash"]).hex()

    def http(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json", timeout_s: float = 60):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, {"Content-Type": kind}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            return json.load(opener.open(request, timeout=timeout_s))
        except urllib.error.HTTPError as error:
            return json.load(error)

    def get(self, path: str):
        return self.http("GET", path)

    def post_transactions(self, wires: list[bytes]):
        return self.http("POST", "/chain/transactions?answer=refusals", b"".join(wires), "application/cbor-seq")

    def post_transaction(self, wire: bytes):
        """Answers once it is in a block."""
        return self.http("POST", "/chain/transactions?wait=commit&timeout_ms=60000", wire, "application/cbor", 90)

    def run(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess:
        """The command line on this node."""
        return subprocess.run([self.assay, *arguments, "--data-dir", str(self.home)], capture_output=True, text=True,
                              timeout=timeout_s, stdin=subprocess.DEVNULL)

    def run_json(self, *arguments: str):
        done = self.run(*arguments, "--json")
        if done.returncode != 0:
            raise RuntimeError(f"assay {' '.join(arguments)}: {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)


def make_homes(assay: str, folder: Path, addresses: list[str], accounts: list[str] = [], params: dict | None = None,
               settings: dict | None = None) -> list[Path]:
    """Homes of validators that listen on `addresses`; the genesis funds `accounts` and sets `params` of modules."""
    made = subprocess.run([assay, "localnet", "--init-only", "--dir", str(folder), "--validators", str(len(addresses)),
                           "--comet-binary", program("cometbft")], capture_output=True, text=True)
    if made.returncode != 0:
        raise RuntimeError(f"assay localnet --init-only: {made.stderr}")
    homes = [folder / f"node{i}" for i in range(len(addresses))]
    for home in homes:
        engine = home / "chain" / "cometbft" / "config"
        text = (engine / "config.toml").read_text()
        for i, address in enumerate(addresses):
            text = text.replace(f"@127.0.0.{2 + i}:", f"@{address}:")
        (engine / "config.toml").write_text(text)
        configure(home / "chain" / "cometbft", settings or {})
        genesis = json.loads((engine / "genesis.json").read_text())
        funded = genesis["app_state"]["bank"]["accounts"]
        funded += [{"address": account, "balance": "1000000000000000"} for account in accounts]
        for module, values in (params or {}).items():
            genesis["app_state"].setdefault("params", {}).setdefault(module, {}).update(values)
        (engine / "genesis.json").write_text(json.dumps(genesis))
    return homes


class Net:
    def __init__(self, assay: str, folder: Path, count: int = 4, options: list[str] = [], **homes):
        self.assay, self.folder = assay, folder
        addresses = [f"{SUBNET}.{2 + i}" for i in range(count)]
        self.nodes = [Node(assay, home, address)
                      for home, address in zip(make_homes(assay, folder, addresses, **homes), addresses)]
        for node in self.nodes:
            node.options = list(options)

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            self.wait_for_height(2)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.signal(signal.SIGTERM)
        for node in self.nodes:
            if node.process is not None:
                node.stop()

    def wait_for_height(self, height: int, timeout_s: float = 60) -> float:
        return wait_until(lambda: all(node.height() >= height for node in self.nodes), f"height {height}", timeout_s)

    def agreed_hash(self, height: int) -> str:
        """The hash that all have after a block that all have. ValueError when they differ."""
        hashes = [node.app_hash(height) for node in self.nodes]
        if len(set(hashes)) != 1:
            raise ValueError(f"height {height}: the application hashes differ: {hashes}")
        return hashes[0]

    def extra_node(self, number: int, peers: list[Node], state_sync_from: int | None = None) -> Node:
        """A node that is no validator; with `state_sync_from` it begins with a snapshot, trusting that height's header."""
        node = Node(self.assay, self.folder / f"extra{number}", f"{SUBNET}.{20 + number}")
        node.engine_home.mkdir(parents=True)
        comet = program("cometbft")
        subprocess.run([comet, "init", "--home", str(node.engine_home)], check=True, capture_output=True)
        for name in ("genesis.json", "config.toml"):
            shutil.copy(self.nodes[0].engine_home / "config" / name, node.engine_home / "config" / name)
        settings = {("p2p", "pex"): "false"}
        if state_sync_from is not None:
            trusted = self.nodes[0].call("block", height=str(state_sync_from))["block_id"]["hash"]
            settings |= {("statesync", "enable"): "true", ("statesync", "discovery_time"): '"5s"',
                         ("statesync", "rpc_servers"): f'"{self.nodes[0].rpc_url},{self.nodes[1].rpc_url}"',
                         ("statesync", "trust_height"): str(state_sync_from), ("statesync", "trust_hash"): f'"{trusted}"'}
        configure(node.engine_home, settings)
        self.set_peers(node, peers)
        return node

    @staticmethod
    def set_peers(node: Node, peers: list[Node]) -> None:
        names = []
        for peer in peers:
            shown = subprocess.run([program("cometbft"), "show-node-id", "--home", str(peer.engine_home)], check=True,
                                   capture_output=True, text=True)
            names.append(f"{shown.stdout.strip()}@{peer.address}:26656")
        configure(node.engine_home, {("p2p", "persistent_peers"): f'"{",".join(names)}"'})


class Load:
    """Signed transfers from chain_transfers: of account i % accounts, in order."""

    def __init__(self, chain_transfers: str, accounts: int, transfers: int):
        text = subprocess.run([chain_transfers, str(accounts), str(transfers)], check=True, capture_output=True, text=True).stdout
        first, *rest = text.split("\n")
        self.accounts = first.split()
        self.wires = [bytes.fromhex(line) for line in rest if line]

    def of(self, account: int) -> list[bytes]:
        return self.wires[account::len(self.accounts)]
