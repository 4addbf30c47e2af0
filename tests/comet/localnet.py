#!/usr/bin/env python3
"""Several validators on loopback: a CometBFT each, and an ABCI application each.

    localnet.py --cometbft PROGRAM --node COMMAND [--validators 4] [--folder DIR] [--blocks N] [--load]

COMMAND starts one application and has the placeholders {address}, which it must serve ABCI on, {data}, its folder, and {ip},
which its engine listens on:
    "build/dev/src/consensus/consensus_test_node file {address} {data}"
Shows, height by height, that all agree on the application's hash, until Ctrl-C or N blocks; then ends everything.
Also a module: tests use Localnet. Needs nothing but Python.
"""
import argparse
import base64
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

TIMEOUT_S = 60


def rpc(url: str, method: str, **parameters):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = json.load(opener.open(request, timeout=10))
    except urllib.error.HTTPError as error:  # the engine's own errors come with status 500
        answer = json.load(error)
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error'].get('message')}: {answer['error'].get('data')}")
    return answer["result"]


class Validator:
    """One application and one engine. `wrap` is put before both commands: ip netns exec NAME, say."""

    def __init__(self, home: Path, cometbft: str, node: str, address: str, wrap: list[str] = [], data: Path | None = None):
        self.home, self.cometbft, self.node, self.address, self.wrap = home, cometbft, node, address, wrap
        self.data = data or home / "app"
        self.socket = f"unix://{home}/abci.sock"
        self.url = f"http://{address}:26657"
        self.application = self.engine = None

    def start(self) -> None:
        self.start_application()
        self.start_engine()

    def start_application(self) -> None:
        self.data.mkdir(exist_ok=True)
        command = [part.format(address=self.socket, data=self.data, ip=self.address) for part in shlex.split(self.node)]
        self.application = self._spawn(command, "app.log")
        wait_until(lambda: Path(self.socket[7:]).is_socket(), f"the application serves {self.socket}")

    def start_engine(self) -> None:
        command = [self.cometbft, "start", "--home", str(self.home), "--proxy_app", self.socket,
                   "--p2p.laddr", f"tcp://{self.address}:26656", "--rpc.laddr", f"tcp://{self.address}:26657"]
        self.engine = self._spawn(command, "engine.log")

    def _spawn(self, command: list[str], log: str) -> subprocess.Popen:
        with open(self.home / log, "ab") as output:
            return subprocess.Popen([*self.wrap, *command], stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                                    start_new_session=True)  # Ctrl-C is for this script alone

    def processes(self) -> list[subprocess.Popen]:
        return [process for process in (self.engine, self.application) if process is not None]

    def signal(self, number: int) -> None:
        for process in self.processes():
            if process.poll() is None:
                os.killpg(process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        for process in self.processes():
            process.wait()
        Path(self.socket[7:]).unlink(missing_ok=True)

    def stop(self) -> None:
        self.signal(signal.SIGCONT)
        for process in self.processes():  # the engine first: it would call a lost application a crash
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def call(self, method: str, **parameters):
        return rpc(self.url, method, **parameters)

    def height(self) -> int:
        return int(self.call("status")["sync_info"]["latest_block_height"])

    def app_hash(self, height: int) -> str:
        """After block `height`: as header height + 1 will have it."""
        return base64.b64decode(self.call("block_results", height=str(height))["app_hash"]).hex()

    def submit(self, transaction: bytes) -> dict:
        return self.call("broadcast_tx_sync", tx=base64.b64encode(transaction).decode())


def wait_until(holds, what: str, timeout_s: float = TIMEOUT_S) -> float:
    """Seconds that it took."""
    begin = time.monotonic()
    while True:
        try:
            if holds():
                return time.monotonic() - begin
        except (OSError, RuntimeError, KeyError):
            pass
        if time.monotonic() - begin > timeout_s:
            raise TimeoutError(f"not within {timeout_s} s: {what}")
        time.sleep(0.1)


def configure(home: Path, settings: dict[tuple[str, str], str]) -> None:
    path = home / "config" / "config.toml"
    section, lines, left = "", [], dict(settings)
    for line in path.read_text().split("\n"):
        if line.startswith("["):
            section = line.strip("[]")
        name = line.split("=")[0].strip()
        if (section, name) in left:
            line = f"{name} = {left.pop((section, name))}"
        lines.append(line)
    if left:
        raise KeyError(f"{path} has no {sorted(left)}")
    path.write_text("\n".join(lines))


class Localnet:
    """Makes the homes of `count` validators below `folder` and starts them. `data`: they are made already, each a node's
    data folder with the engine's home in chain/cometbft."""

    FAST = {("consensus", "timeout_commit"): '"200ms"', ("consensus", "timeout_propose"): '"1s"',
            ("consensus", "peer_gossip_sleep_duration"): '"10ms"', ("", "log_level"): '"main:info,state:info,*:error"'}

    def __init__(self, folder: Path, cometbft: str, node: str, count: int = 4, addresses: list[str] | None = None,
                 wraps: list[list[str]] | None = None, settings: dict | None = None, app_state=None,
                 data: list[Path] | None = None):
        addresses = addresses or [f"127.0.0.{2 + i}" for i in range(count)]
        if data is not None:
            self.validators = [Validator(home / "chain" / "cometbft", cometbft, node, address, wrap, home)
                               for home, address, wrap in zip(data, addresses, wraps or [[]] * count)]
            for validator in self.validators:
                configure(validator.home, self.FAST | (settings or {}))
            return
        first, homes = addresses[0], folder / "net"
        made = subprocess.run([cometbft, "testnet", "--v", str(count), "--o", str(homes), "--starting-ip-address", first],
                              capture_output=True, text=True)
        if made.returncode != 0:
            raise RuntimeError(f"cometbft testnet: {made.stdout}{made.stderr}")
        self.validators = []
        for i in range(count):
            home = homes / f"node{i}"
            configure(home, self.FAST | (settings or {}))
            if app_state is not None:
                genesis = json.loads((home / "config" / "genesis.json").read_text())
                genesis["app_state"] = app_state
                (home / "config" / "genesis.json").write_text(json.dumps(genesis))
            self.validators.append(Validator(home, cometbft, node, addresses[i], wraps[i] if wraps else []))

    def __enter__(self):
        try:
            for validator in self.validators:
                validator.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for validator in self.validators:
            validator.signal(signal.SIGCONT)
            if validator.engine and validator.engine.poll() is None:
                os.killpg(validator.engine.pid, signal.SIGTERM)
        for validator in self.validators:
            validator.stop()

    def wait_for_height(self, height: int, timeout_s: float = TIMEOUT_S) -> float:
        return wait_until(lambda: all(v.height() >= height for v in self.validators), f"height {height}", timeout_s)

    def agreed_hash(self, height: int) -> str:
        """The hash that all have after a block that all have. ValueError when they differ."""
        hashes = [validator.app_hash(height) for validator in self.validators]
        if len(set(hashes)) != 1:
            raise ValueError(f"height {height}: the application hashes differ: {hashes}")
        return hashes[0]


def watch(net: Localnet, blocks: int, load: bool) -> None:
    """One line a height, in place on a terminal."""
    net.wait_for_height(1)
    height, count = 1, len(net.validators)
    while blocks == 0 or height <= blocks:
        if load:
            net.validators[height % count].submit(f"set key{height % 100} {time.time_ns()}".encode())
        net.wait_for_height(height)
        found = net.agreed_hash(height)
        transactions = net.validators[0].call("block", height=str(height))["block"]["data"]["txs"]
        end = "\r" if sys.stdout.isatty() and height != blocks else "\n"
        print(f"height {height}: {count} of {count} agree on {found[:16]}…, {len(transactions)} transactions", end=end, flush=True)
        height += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cometbft", default="cometbft")
    parser.add_argument("--node", required=True)
    parser.add_argument("--validators", type=int, default=4)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--blocks", type=int, default=0)
    parser.add_argument("--load", action="store_true", help="send a `set` transaction each block (test application)")
    parser.add_argument("--app-state", type=Path, help="JSON file for the genesis document's app_state")
    given = parser.parse_args()
    if shutil.which(given.cometbft) is None:
        print(f"error: there is no program '{given.cometbft}'; scripts/localnet installs it", file=sys.stderr)
        return 1
    folder = given.folder or Path(tempfile.mkdtemp(prefix="assay-net-", dir="/tmp"))
    if len(str(folder)) > 60 or re.search(r"\s", str(folder)):
        print(f"error: {folder}: unix sockets need a path below 60 characters, without white space", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    status = 0
    try:
        state = json.loads(given.app_state.read_text()) if given.app_state else None
        with Localnet(folder, given.cometbft, given.node, given.validators, app_state=state) as net:
            for i, validator in enumerate(net.validators):
                print(f"validator {i}: {validator.url}, logs in {validator.home}", flush=True)
            watch(net, given.blocks, given.load)
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
    except (TimeoutError, ValueError, RuntimeError) as error:
        print(f"error: {error}; see the logs below {folder}", file=sys.stderr)
        status = 1
    if status == 0 and given.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
