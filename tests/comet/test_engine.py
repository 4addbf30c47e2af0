#!/usr/bin/env python3
"""The ABCI server under a real CometBFT: abci-cli's view, a node that is killed, four validators that agree, evidence.

    test_engine.py CONSENSUS_TEST_NODE

Looks for cometbft and abci-cli on PATH, then where scripts/lib.sh installs them; exits with 77 (skipped) without.
"""
import base64
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from evidence import equivocation
from localnet import Localnet, Validator, configure, rpc, wait_until

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "assay" / "cometbft" / "v0.38.25"
NODE = ""
BATCH = """echo hello
info
check_tx "abc"
check_tx "abc=1"
prepare_proposal "abc=123"
process_proposal "abc==456"
process_proposal "abc=123"
finalize_block "abc=123" "d=e"
commit
info
query "abc"
query "nothing"
finalize_block "def=xyz" "ghi=123"
commit
query "def"
"""


def program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=str(CACHE))


def runs(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="assay-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


class AbciCli(WithFolder):
    def answers(self, server: list[str], address: str) -> str:
        with subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: Path(address[7:]).is_socket(), "the server listens")
                done = subprocess.run([program("abci-cli"), "--address", address, "--log_level=error", "--verbose", "batch"],
                                      input=BATCH, capture_output=True, text=True, timeout=60)
                return done.stdout + done.stderr
            finally:
                process.terminate()

    def test_same_answers_as_the_engines_own_server(self):
        ours, theirs = (f"unix://{self.folder}/{name}.sock" for name in ("ours", "theirs"))
        expected = self.answers([program("abci-cli"), "--address", theirs, "kvstore"], theirs)
        self.assertIn("value: 123", expected)
        self.assertEqual(self.answers([NODE, "kvstore", ours], ours), expected)


class OneValidator(WithFolder):
    """The node supervises its engine."""

    URL = "http://127.0.0.2:26657"

    def start(self, *more: str) -> subprocess.Popen:
        log = open(self.folder / "node.log", "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen([NODE, "file", f"unix://{self.folder}/abci.sock", str(self.folder / "data"),
                                    program("cometbft"), str(self.folder / "home"), self.URL, *more], stdout=log, stderr=log)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def setUp(self):
        super().setUp()
        (self.folder / "data").mkdir()
        subprocess.run([program("cometbft"), "init", "--home", str(self.folder / "home")], check=True, capture_output=True)
        configure(self.folder / "home", Localnet.FAST | {("", "proxy_app"): f'"unix://{self.folder}/abci.sock"',
                                                         ("rpc", "laddr"): f'"{self.URL.replace("http", "tcp")}"',
                                                         ("rpc", "max_request_batch_size"): "100",
                                                         ("p2p", "laddr"): '"tcp://127.0.0.2:26656"'})

    def height(self) -> int:
        return int(rpc(self.URL, "status")["sync_info"]["latest_block_height"])

    def engine_id(self) -> int:
        """The one process whose command line has this test's home."""
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if entry.name.isdigit() and b"start" in command and str(self.folder / "home").encode() in command:
                return int(entry.name)
        raise RuntimeError("no engine runs")

    def test_kills_at_any_moment_lose_nothing(self):
        seed = int(os.environ.get("ASSAY_SEED", time.time_ns() % 1_000_000))
        print(f"ASSAY_SEED={seed}", flush=True)
        random.seed(seed)
        sent = []
        for round_number in range(4):
            process = self.start()
            before = 0
            wait_until(lambda: self.height() > before, "blocks come")
            before = self.height()
            for i in range(20):
                key = f"k{round_number}-{i}"
                rpc(self.URL, "broadcast_tx_sync", tx=base64.b64encode(f"set {key} {round_number}".encode()).decode())
                sent.append(key)
            wait_until(lambda: self.height() > before + 2, "these are in blocks")
            time.sleep(random.random() * 0.4)
            if round_number == 3:
                break
            engine = self.engine_id()
            process.kill()  # the engine loses its application and ends by itself
            process.wait()
            wait_until(lambda: not runs(engine), "the engine ends")
        height = self.height()
        process.terminate()
        self.assertEqual(process.wait(timeout=30), 0, "SIGTERM ends node and engine in order")
        state = (self.folder / "data" / "state.txt").read_text()
        self.assertGreaterEqual(int(state.split("\n")[1]), height)
        self.assertEqual([key for key in sent if f"p {key} " not in state], [])

    def test_a_killed_engine_is_started_again(self):
        process = self.start()
        wait_until(lambda: self.height() > 1, "blocks come")
        engine, before = self.engine_id(), self.height()
        os.kill(engine, signal.SIGKILL)
        took = wait_until(lambda: self.height() > before + 1, "blocks come again")
        self.assertNotEqual(self.engine_id(), engine)
        print(f"back after {took:.1f} s", flush=True)
        process.terminate()
        self.assertEqual(process.wait(timeout=30), 0)

    def test_transactions_are_submitted_many_at_once(self):
        process = self.start("2000")
        wait_until(lambda: "accepted" in (self.folder / "node.log").read_text(), "the node has handed them over")
        line = next(line for line in (self.folder / "node.log").read_text().split("\n") if line.startswith("accepted"))
        print(line, flush=True)
        self.assertRegex(line, r"^accepted 2000 of 2001 in \d+ ms, the last: no such verb$")
        state = self.folder / "data" / "state.txt"
        wait_until(lambda: state.read_text().count("p submitted") == 2000, "all are committed")
        process.terminate()
        self.assertEqual(process.wait(timeout=30), 0)

    def test_a_genesis_that_the_application_refuses_is_explained(self):
        path = self.folder / "home" / "config" / "genesis.json"
        path.write_text(re.sub(r'"app_hash": ""', '"app_hash": "", "app_state": {"refuse": "x"}', path.read_text()))
        process = self.start()
        self.assertNotEqual(process.wait(timeout=60), 0)
        log = (self.folder / "node.log").read_text()
        self.assertIn("CometBFT ended while starting", log)
        self.assertIn("'refuse' is not allowed", log)


class FourValidators(WithFolder):
    def test_they_agree_and_punish_once(self):
        with Localnet(self.folder, program("cometbft"), f"{NODE} file {{address}} {{data}}") as net:
            for i, validator in enumerate(net.validators):
                validator_ready = lambda v=validator: v.height() > 0
                wait_until(validator_ready, "blocks come")
                self.assertEqual(validator.submit(f"set key{i} value".encode())["code"], 0)
            self.assertEqual(net.validators[0].submit(b"nonsense")["code"], 1)
            start = max(v.height() for v in net.validators)
            evidence = equivocation(net.validators[0], net.validators[3].home, start)
            for validator in net.validators[:3]:
                try:
                    validator.call("broadcast_evidence", evidence=evidence)
                except RuntimeError as error:  # those that heard of it by gossip
                    self.assertIn("already", str(error).lower() + "already" * ("evidence" in str(error).lower()))
            slashed = lambda v: base64.b64decode(v.call("abci_query", path="/slashed")["response"]["value"])
            wait_until(lambda: all(slashed(v) == b"\x611" for v in net.validators), "one punishment everywhere")
            net.wait_for_height(start + 5)
            for height in range(1, start + 6):
                net.agreed_hash(height)
            self.assertTrue(all(slashed(v) == b"\x611" for v in net.validators), "still one")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    NODE = str(Path(sys.argv.pop(1)).resolve())
    if not program("cometbft") or not program("abci-cli"):
        print("skipped: there is no cometbft; scripts/test installs it, or: go install "
              "github.com/cometbft/cometbft/cmd/cometbft@v0.38.25 github.com/cometbft/cometbft/abci/cmd/abci-cli@v0.38.25")
        sys.exit(77)
    unittest.main(verbosity=2)
