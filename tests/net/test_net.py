#!/usr/bin/env python3
"""Four validators in network namespaces: kill, pause, partition, a clock that is wrong, equivocation. After each fault all
must make blocks again within 20 s, with one application hash.

    test_net.py CONSENSUS_TEST_NODE
    test_net.py --assay ASSAY     real nodes, with transfers by the command line

As root, with iproute2; exits with 77 (skipped) otherwise. The wrong clock needs an engine built by build_skewed_engine
(ASSAY_SKEWED_COMETBFT, or its default folder); that one test is skipped without.
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "comet"))
from evidence import equivocation  # noqa: E402
from localnet import Localnet, wait_until  # noqa: E402
from nodes import make_homes  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "assay" / "cometbft"
SKEWED = os.environ.get("ASSAY_SKEWED_COMETBFT", str(CACHE / "skewed" / "cometbft"))
RECOVERY_S = 20
FAULT_S = 6
COUNT = 4
TAG = f"as{os.getpid() % 10000}"
SUBNET = "10.77.0"
NODE = ""
ASSAY = ""  # empty: the test application
PAYEE = "0x52908400098527886E0F7030069857D2E4169EE7"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Wires:
    """A bridge, and a namespace for each validator at the other end of a cable."""

    def __init__(self):
        self.bridges, self.names = [f"{TAG}a", f"{TAG}b"], [f"{TAG}n{i}" for i in range(COUNT)]
        self.addresses = [f"{SUBNET}.{2 + i}" for i in range(COUNT)]

    def __enter__(self):
        for bridge in self.bridges:
            ip("link", "add", bridge, "type", "bridge")
            ip("link", "set", bridge, "up")
        ip("address", "add", f"{SUBNET}.1/24", "dev", self.bridges[0])
        for name, address in zip(self.names, self.addresses):
            ip("netns", "add", name)
            ip("link", "add", f"{name}v", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"{name}v", "master", self.bridges[0], "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        for bridge in self.bridges:
            subprocess.run(["ip", "link", "del", bridge], capture_output=True)

    def side(self, index: int, bridge: int) -> None:
        """Which of the two halves of the network a validator is in; the test itself sees half 0."""
        ip("link", "set", f"{self.names[index]}v", "master", self.bridges[bridge])


class Net(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="assay-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.wires = self.enterContext(Wires())
        cometbft = shutil.which("cometbft") or str(CACHE / "v0.38.25" / "cometbft")
        data = make_homes(ASSAY, self.folder / "net", self.wires.addresses) if ASSAY else None
        self.made = Localnet(self.folder, cometbft, NODE, COUNT, self.wires.addresses,
                             [["ip", "netns", "exec", name] for name in self.wires.names], self.settings(), data=data)
        self.paid = 0

    def settings(self) -> dict:
        return {("p2p", "persistent_peers_max_dial_period"): '"2s"'}

    def start(self) -> Localnet:
        net = self.enterContext(self.made)
        net.wait_for_height(3)
        return net

    def recovered(self, net: Localnet, what: str) -> None:
        """All are two blocks beyond the highest of now, in time, and agree on every block so far."""
        goal = max(self.known_heights(net)) + 2
        took = net.wait_for_height(goal, RECOVERY_S)
        hashes = [net.agreed_hash(height) for height in range(max(1, goal - 30), goal + 1)]
        if self.paid:
            for index in range(COUNT):
                wait_until(lambda: self.assay(net, index, "query", "balance", PAYEE)["balance"] == str(self.paid), "all is paid")
        print(f"{what}: all at height {goal} after {took:.1f} s, hash {hashes[-1][:16]}…", flush=True)

    @staticmethod
    def known_heights(net: Localnet) -> list[int]:
        heights = [0]
        for validator in net.validators:
            try:
                heights.append(validator.height())
            except (OSError, RuntimeError):
                pass
        return heights

    def load(self, net: Localnet, index: int, name: str) -> None:
        """Something that changes the state; with real nodes from the validator itself, whether it can reach others or not."""
        if not ASSAY:
            net.validators[index].submit(f"set {name} {time.time_ns()}".encode())
            return
        self.paid += 7
        self.assay(net, index, "tx", "transfer", "--from", "operator", "--to", PAYEE, "--amount", "7", "--no-wait")

    @staticmethod
    def assay(net: Localnet, index: int, *arguments: str) -> dict:
        validator = net.validators[index]
        done = subprocess.run([*validator.wrap, ASSAY, *arguments, "--data-dir", str(validator.data), "--json"],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
        return json.loads(done.stdout)

    def test_kill(self):
        net = self.start()
        for round_number in range(2 if ASSAY else 3):  # a real node takes longer to start
            victim = net.validators[round_number + 1]
            self.load(net, 0, f"kill{round_number}")
            before = net.validators[0].height()
            victim.kill()
            wait_until(lambda: net.validators[0].height() > before + 2, "three go on without the fourth")
            victim.start()
            self.recovered(net, f"validator {round_number + 1} killed and started again")

    def test_pause(self):
        net = self.start()
        for victim in net.validators[1:2 if ASSAY else 3]:
            victim.signal(signal.SIGSTOP)
            self.load(net, 0, "pause")
            time.sleep(FAULT_S)
            victim.signal(signal.SIGCONT)
            self.recovered(net, f"paused for {FAULT_S} s")

    def test_minority_cut_off(self):
        net = self.start()
        self.wires.side(3, 1)
        self.load(net, 0, "majority")
        before = net.validators[0].height()
        wait_until(lambda: net.validators[0].height() > before + 3, "three go on without the fourth")
        time.sleep(FAULT_S)
        self.wires.side(3, 0)
        self.recovered(net, "one cut off and back")

    def test_halves(self):
        net = self.start()
        for index in (2, 3):
            self.wires.side(index, 1)
        time.sleep(2)  # what was on its way arrives
        self.load(net, 0, "half")
        before = net.validators[0].height()
        time.sleep(FAULT_S)
        self.assertLessEqual(net.validators[0].height(), before + 1, "no half has two thirds")
        for index in (2, 3):
            self.wires.side(index, 0)
        self.recovered(net, "two halves joined")

    def test_clock_skew(self):
        if not Path(SKEWED).exists():
            self.skipTest(f"no {SKEWED}: build it with tests/net/build_skewed_engine {Path(SKEWED).parent}")
        for index, skew in ((2, 30), (3, -30)):
            self.made.validators[index].cometbft = SKEWED
            self.made.validators[index].wrap = [*self.made.validators[index].wrap, "env", f"ASSAY_CLOCK_SKEW_S={skew}"]
        net = self.start()
        self.load(net, 2, "skewed")
        self.recovered(net, "clocks 30 s ahead and 30 s behind")
        header = lambda height: net.validators[0].call("block", height=str(height))["block"]["header"]["time"]
        times = [header(height) for height in range(2, net.validators[0].height())]
        self.assertEqual(times, sorted(times), "block time never goes back")
        age = time.time() - time.mktime(time.strptime(times[-1][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone
        self.assertLess(abs(age), 10, "the median of the votes is near the honest clocks")

    def test_equivocation_is_punished_once(self):
        if ASSAY:
            self.skipTest("tests/comet/test_nodes.py has it for real nodes")
        net = self.start()
        evidence = equivocation(net.validators[0], net.validators[3].home, 2)
        net.validators[0].call("broadcast_evidence", evidence=evidence)
        slashed = lambda v: base64.b64decode(v.call("abci_query", path="/slashed")["response"]["value"])
        wait_until(lambda: all(slashed(v) == b"\x611" for v in net.validators), "punished everywhere")
        with self.assertRaises(RuntimeError):
            net.validators[1].call("broadcast_evidence", evidence=equivocation(net.validators[0], net.validators[3].home, 10**9))
        self.recovered(net, "equivocation")
        self.assertTrue(all(slashed(v) == b"\x611" for v in net.validators), "punished once")


def obstacle() -> str:
    if os.geteuid() != 0:
        return "it needs root, for network namespaces"
    if shutil.which("ip") is None:
        return "there is no `ip` (package iproute2)"
    if shutil.which("cometbft") is None and not (CACHE / "v0.38.25" / "cometbft").exists():
        return "there is no cometbft; scripts/test installs it"
    if subprocess.run(["ip", "netns", "add", TAG], capture_output=True).returncode != 0:
        return "this machine does not allow network namespaces"
    subprocess.run(["ip", "netns", "del", TAG], capture_output=True)
    return ""


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--assay":
        ASSAY = str(Path(sys.argv[2]).resolve())
        NODE = (f"{ASSAY} up --no-model --consensus cometbft --comet-attach --abci {{address}} --data-dir {{data}} --port 0 "
                "--comet-rpc tcp://{ip}:26657")
        del sys.argv[1:3]
    elif len(sys.argv) > 1:
        NODE = f"{Path(sys.argv.pop(1)).resolve()} file {{address}} {{data}}"
    else:
        sys.exit(__doc__)
    if reason := obstacle():
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(verbosity=2)
