#!/usr/bin/env python3
"""Four real nodes on loopback, each with its CometBFT: transfers, a flood, state sync with a poisoned chunk, an index that is
built again, rollback, the light client, kills between the steps of a block, equivocation, an upgrade by vote.

    test_nodes.py ASSAY ASSAY_NEXT CHAIN_TRANSFERS

ASSAY_NEXT is the program whose rules call themselves version 2.

Exits with 77 (skipped) where there is no CometBFT. Folders that ASSAY_KEEP is set for stay.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from evidence import equivocation  # noqa: E402
from localnet import wait_until  # noqa: E402
from nodes import Load, Net, program  # noqa: E402

ASSAY = ASSAY_NEXT = CHAIN_TRANSFERS = ""
MEMPOOL_FULL = 13
SNAPSHOT_BLOCKS = 30
PLEDGED = ("tokens", "jailed")


def make_folder(test) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="assay-", dir="/tmp"))
    if "ASSAY_KEEP" in os.environ:
        print(f"kept: {folder}", flush=True)
    else:
        test.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder


class LivingNet(unittest.TestCase):
    """Tests that leave the network as it was: all four agree."""

    @classmethod
    def setUpClass(cls):
        cls.load = Load(CHAIN_TRANSFERS, 4, 16_000)
        cls.net = cls.enterClassContext(Net(ASSAY, make_folder(cls) / "net", options=["--snapshot-interval", str(SNAPSHOT_BLOCKS)],
                                            accounts=cls.load.accounts))
        cls.nodes = cls.net.nodes

    def agreed(self, what: str) -> None:
        goal = max(node.height() for node in self.nodes) + 2
        took = self.net.wait_for_height(goal, 20)
        hashes = [self.net.agreed_hash(height) for height in range(max(1, goal - 20), goal + 1)]
        print(f"{what}: all at height {goal} after {took:.1f} s, hash {hashes[-1][:16]}…", flush=True)

    def test_a_transfer_of_the_command_line_is_everywhere(self):
        to = "0x52908400098527886E0F7030069857D2E4169EE7"
        sent = self.nodes[0].run_json("tx", "transfer", "--from", "operator", "--to", to, "--amount", "5")
        for node in self.nodes:
            node_has = lambda n=node: n.get("/chain/status")["height"] >= sent["height"]
            wait_until(node_has, "the block is everywhere")
            self.assertEqual(node.run_json("query", "balance", to)["balance"], "5")

    def test_a_flood_of_one_key_does_not_starve_another(self):
        flood, honest = self.load.of(0), self.load.of(1)
        over = threading.Event()
        refused = []

        def send() -> None:
            at = 0
            while not over.is_set() and at + 500 <= len(flood):
                answer = self.nodes[0].post_transactions(flood[at:at + 500])
                if answer.get("accepted", 0) == 0:
                    refused.extend(answer["refused"])
                    time.sleep(0.05)
                    continue
                refused.extend(answer["refused"])
                at += answer["accepted"]

        flooder = threading.Thread(target=send)
        flooder.start()
        try:
            waited = []
            for wire in honest[:5]:
                begin = time.monotonic()
                answer = self.nodes[1].post_transaction(wire)
                waited.append(time.monotonic() - begin)
                self.assertEqual(answer.get("code"), 0, answer)
                self.assertIn("height", answer)
        finally:
            over.set()
            flooder.join()
        print(f"another key's transfers committed in {', '.join(f'{s:.1f}' for s in waited)} s; of the flood {len(refused)} "
              "were refused", flush=True)
        self.assertLess(max(waited), 20)
        self.assertTrue(any(entry["code"] == MEMPOOL_FULL and "has 1000" in entry["log"] for entry in refused), refused[:3])
        self.agreed("flood")

    def test_a_lost_index_is_read_from_the_engine(self):
        answer = self.nodes[2].post_transaction(self.load.of(2)[0])
        self.assertEqual(answer["code"], 0)
        height, hash_ = answer["height"], answer["hash"]
        paths = [f"/chain/transactions/{hash_}", f"/chain/blocks/{height}", f"/chain/history?from={height}&limit=5"]
        node = self.nodes[3]
        wait_until(lambda: node.get(paths[0]).get("hash") == hash_, "the index has it")
        before = [node.get(path) for path in paths]
        self.assertEqual(node.stop(), 0)
        for file in (node.home / "chain").glob("index.sqlite*"):
            file.unlink()
        node.start()
        wait_until(lambda: node.get(paths[0]).get("hash") == hash_, "the index has it again")
        self.assertEqual([node.get(path) for path in paths], before)
        blocks = node.get("/chain/blocks/1")
        self.assertEqual(blocks["height"], 1)
        self.agreed("index built again")

    def test_a_node_that_was_rolled_back_agrees_again(self):
        node = self.nodes[2]
        self.assertEqual(node.stop(), 0)
        before = json.loads(node.run("chain", "verify", "--json").stdout)["height"]
        # With one block taken back, then another: the engine names the height that the state must go to.
        done = subprocess.run([program("cometbft"), "rollback", "--home", str(node.engine_home)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        height = int(re.search(r"Rolled back state to height (\d+)", done.stdout)[1])
        if height < before:
            rolled = json.loads(node.run("chain", "rollback", "--to", str(height), "--json").stdout)
            self.assertEqual((rolled["from"], rolled["height"]), (before, height))
        self.assertEqual(json.loads(node.run("chain", "verify", "--json").stdout)["height"], height)
        node.start()
        wait_until(lambda: node.height() > before, "it goes on")
        self.agreed(f"rolled back from {before} to {height}")

    def test_state_sync_refuses_a_poisoned_chunk(self):
        wait_until(lambda: all(list((node.home / "chain" / "snapshots").glob("*/description")) for node in self.nodes),
                   "snapshots are made", 90)
        self.nodes[1].post_transaction(self.load.of(3)[0])  # the state has something that only a transaction brought
        height = self.nodes[0].height()
        wait_until(lambda: all(max(int(d.parent.name) for d in (node.home / "chain" / "snapshots").glob("*/description"))
                               > height for node in self.nodes), "a snapshot with it is made", 90)
        poisoned = self.nodes[:3]
        for node in poisoned:
            for chunk in (node.home / "chain" / "snapshots").glob("*/chunk-*"):
                content = bytearray(chunk.read_bytes())
                content[len(content) // 2] ^= 1
                chunk.write_bytes(content)
        fresh = self.net.extra_node(0, poisoned[:1], state_sync_from=2)
        fresh.options = ["--snapshot-interval", "0"]
        self.addCleanup(fresh.stop)
        fresh.start()
        try:
            wait_until(lambda: "refused chunk 0 of a snapshot" in fresh.log(), "the poisoned chunk is refused", 40)
            self.assertEqual(fresh.engine_height(), 0)
            fresh.stop()
            self.net.set_peers(fresh, self.nodes)
            fresh.start()
            took = wait_until(lambda: fresh.engine_height() > height, "it has synced", 60)
        except BaseException:
            print(fresh.log()[-3000:], fresh.engine_log()[-6000:])
            raise
        at = fresh.engine_height()
        self.net.wait_for_height(at)
        hashes = {node.app_hash(at) for node in [fresh, *self.nodes]}
        self.assertEqual(len(hashes), 1)
        first = int(fresh.call("status")["sync_info"]["earliest_block_height"])
        self.assertGreater(first, 1, "it began with a snapshot, not with block 1")
        print(f"synced to {at} in {took:.1f} s from a snapshot, first block {first}", flush=True)
        account = f"/chain/accounts/{self.load.accounts[3]}"
        self.assertEqual(fresh.get(account)["nonce"], self.nodes[0].get(account)["nonce"])

    def test_light_client(self):
        node, key = self.nodes[0], "0x80" + self.load.accounts[2][2:]
        trusted = node.call("block", height="2")["block_id"]["hash"]
        trust = ["--trust-height", "2", "--trust-hash", trusted]
        urls = [word for other in self.nodes[:2] for word in ("--rpc", other.rpc_url)]
        run = lambda *words: subprocess.run([ASSAY, "light", *words], capture_output=True, text=True, timeout=60)
        for asked, absent in ((key, False), ("0x80" + "11" * 20, True)):
            fetched = run("fetch", *urls, *trust, "bank", asked)
            self.assertEqual(fetched.returncode, 0, fetched.stderr)
            file = self.net.folder / "bundle.json"
            file.write_text(fetched.stdout)
            verified = run("verify", str(file), *trust, "--json")
            self.assertEqual(verified.returncode, 0, verified.stderr)
            answer = json.loads(verified.stdout)
            self.assertEqual(answer["value"] is None, absent)
            self.assertEqual(answer["app_hash"], node.app_hash(answer["height"]))
        by_node = node.run_json("query", "balance", self.load.accounts[2], "--proof", str(file), *trust)
        verified = run("verify", str(file), *trust, "--json")
        self.assertEqual(verified.returncode, 0, verified.stderr)
        account = json.loads(verified.stdout)["account"]
        self.assertEqual((account["address"].lower(), account["balance"]), (by_node["address"].lower(), by_node["balance"]))
        bundle = json.loads(run("fetch", *urls, *trust, "bank", key).stdout)

        def refused(change, trusting=trust) -> str:
            forged = json.loads(json.dumps(bundle))
            change(forged)
            file.write_text(json.dumps(forged))
            done = run("verify", str(file), *trusting, "--json")
            self.assertNotEqual(done.returncode, 0, done.stdout)
            return done.stderr

        flipped = lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")
        last = lambda forged: forged["blocks"][-1]["signed_header"]
        print(refused(lambda forged: forged.update(value=flipped(forged["value"]))), end="")
        print(refused(lambda forged: forged.update(value=None)), end="")
        print(refused(lambda forged: forged.update(proof=flipped(forged["proof"]))), end="")
        print(refused(lambda forged: last(forged)["header"].update(app_hash=flipped(last(forged)["header"]["app_hash"]))), end="")
        present = lambda forged: next(s for s in last(forged)["commit"]["signatures"] if s["block_id_flag"] == 2)
        print(refused(lambda forged: present(forged).update(signature="A" * 86 + "==")), end="")
        print(refused(lambda forged: None, [*trust[:3], flipped(trusted)]), end="")


class Kills(unittest.TestCase):
    """A lone validator killed between the steps of a block, by name (src/base/fault_point.h): the engine and we agree again."""

    STEPS = ("finalize", "finalized", "finalize unanswered", "commit", "committed", "taken up", "commit unanswered")

    def test_kills_between_the_steps_of_a_block(self):
        with Net(ASSAY, make_folder(type(self)) / "net", 1) as net:
            node = net.nodes[0]
            hashes = {}
            for step in self.STEPS:
                self.assertEqual(node.stop(), 0)
                node.start(ASSAY_FAULT_POINT=f"{step}:2")
                self.assertEqual(node.wait_stopped(60), -signal.SIGKILL, f"{step}: it never came there")
                node.start()
                wait_until(node.answers, f"{step}: it answers")
                height = node.height()
                wait_until(lambda: node.height() >= height + 2, f"{step}: it goes on")
                for at in range(1, height + 1):
                    self.assertEqual(hashes.setdefault(at, node.app_hash(at)), node.app_hash(at), f"{step}: height {at}")
            sent = node.run_json("tx", "transfer", "--from", "operator", "--to",
                                 "0x52908400098527886E0F7030069857D2E4169EE7", "--amount", "5")
            self.assertGreater(sent["height"], height)
            self.assertEqual(node.stop(), 0)
            self.assertTrue(json.loads(node.run("chain", "verify", "--json").stdout)["ok"])


class Punishment(unittest.TestCase):
    def test_equivocation(self):
        with Net(ASSAY, make_folder(type(self)) / "net") as net:
            self.equivocate(net)

    def equivocate(self, net: Net) -> None:
        guilty = json.loads((net.nodes[3].home / "keys" / "operator.json").read_text())["address"]
        guilty = guilty if guilty.startswith("0x") else "0x" + guilty

        def look(node) -> tuple[int, dict]:
            validator = node.get(f"/chain/query/staking/validator?validator={guilty}")["value"]
            signing = node.get(f"/chain/query/staking/signing?validator={guilty}")["value"]
            return int(validator["tokens"]), validator | signing

        net.wait_for_height(5)
        before, _ = look(net.nodes[0])
        evidence = equivocation(net.nodes[0], net.nodes[3].engine_home, 2)
        again = equivocation(net.nodes[0], net.nodes[3].engine_home, 3)
        for node in net.nodes[:3]:
            try:
                node.call("broadcast_evidence", evidence=evidence)
            except RuntimeError:
                pass  # it has heard of it by gossip
        wait_until(lambda: all(look(node)[0] < before for node in net.nodes), "it is slashed everywhere")
        after, details = look(net.nodes[0])
        try:
            net.nodes[1].call("broadcast_evidence", evidence=again)
        except RuntimeError as error:
            print(f"the second evidence: {error}", flush=True)
        height = net.nodes[0].height()
        net.wait_for_height(height + 4)
        print(f"stake {before} → {after}; {details}", flush=True)
        self.assertEqual(look(net.nodes[0]), (after, look(net.nodes[1])[1]), "punished once")
        self.assertTrue(details["jailed"])
        self.assertTrue(details["tombstoned"])
        params = net.nodes[0].get("/chain/query/staking/params")["value"]
        self.assertEqual(before - after, before * int(params["slash_double_sign_ppm"]) // 1_000_000)
        for at in range(1, height + 4):
            net.agreed_hash(at)
        powers = {entry["address"] for entry in net.nodes[0].call("validators")["validators"]}
        self.assertEqual(len(powers), 3, "it no longer votes")


class Upgrade(unittest.TestCase):
    """Version 2, decided by vote: old programs stop voting at its height, new ones go on, and nobody goes back."""

    VOTE_MS = 4_000
    NOTICE = 20  # blocks, of at least a second each

    def test_upgrade_by_vote(self):
        voting = {"voting_period_ms": self.VOTE_MS, "expedited_voting_period_ms": self.VOTE_MS // 2}
        with Net(ASSAY, make_folder(type(self)) / "net", params={"governance": voting}) as net:
            height = self.decide(net)
            self.start_again(net, [net.nodes[0]])  # one is early, and goes by the old rules
            self.wait_for_halt(net, height)
            self.start_again(net, net.nodes[1:3])  # three of four are enough
            wait_until(lambda: all(node.height() >= height + 2 for node in net.nodes[:3]), "the new ones go on", 120)
            self.left_behind(net.nodes[3], height)
            net.wait_for_height(height + 4)
            net.agreed_hash(height + 4)
            self.look_at_versions(net.nodes[3], height)
            self.no_way_back(net.nodes[3])

    @staticmethod
    def start_again(net: Net, nodes: list) -> None:
        for node in nodes:
            node.stop()
            node.assay = ASSAY_NEXT
            node.start()
        wait_until(lambda: all(node.answers() for node in nodes), "they answer")

    def decide(self, net: Net) -> int:
        height = net.nodes[0].height() + self.NOTICE
        plan = json.dumps({"name": "second", "height": height, "app_version": 2})
        net.nodes[0].run_json("tx", "send", "--from", "operator", "governance/propose_upgrade", "title=Second",
                              "summary=Rules of version 2", "expedited=false", "deposit=10000000000", f"plan={plan}")
        for node in net.nodes[:3]:
            node.run_json("tx", "send", "--from", "operator", "governance/vote", "proposal=1", "option=1")
        planned = lambda: net.nodes[1].get("/chain/query/governance/upgrade")["value"]
        wait_until(lambda: (planned() or {}).get("height") == height, "the vote has passed", 30)
        return height

    def wait_for_halt(self, net: Net, height: int) -> None:
        text = (f"upgrade 'second' is due at height {height}: blocks from there on need application version 2, this program is "
                "version 1; install the new version and start again")
        for node in net.nodes[1:]:
            wait_until(lambda n=node: text in n.log(), "it says that it waits", 120)
            self.assertIn(text, node.get("/chain/status")["trouble"])
        time.sleep(5)  # rounds go by
        for node in net.nodes:
            self.assertEqual(node.height(), height - 1, "nobody votes for a block of rules it does not have")
            self.assertIsNone(node.process.poll(), "they go on answering")

    def left_behind(self, node, height: int) -> None:
        """The others have decided the block: an old program ends rather than ask its engine again and again."""
        self.assertEqual(node.wait_stopped(), 1)
        self.assertIn("the chain cannot go on: upgrade 'second' is due", node.log())
        verified = json.loads(node.run("chain", "verify", "--json").stdout)
        self.assertEqual((verified["ok"], verified["height"]), (True, height - 1))
        node.assay = ASSAY_NEXT
        node.start()
        wait_until(node.answers, "it answers")

    def look_at_versions(self, node, height: int) -> None:
        """The engine's headers say the new version from the block after on."""
        said = {at: node.call("block", height=str(at))["block"]["header"]["version"].get("app", "0")
                for at in (height - 1, height, height + 1, height + 2)}
        self.assertEqual(said, {height - 1: "1", height: "1", height + 1: "2", height + 2: "2"})
        self.assertEqual(node.get("/chain/status")["app_version"], 2)

    def no_way_back(self, node) -> None:
        self.assertEqual(node.stop(), 0)
        node.assay = ASSAY
        node.start()
        self.assertNotEqual(node.wait_stopped(), 0)
        self.assertIn("the state was made by application version 2, this program is version 1", node.log())


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    ASSAY, ASSAY_NEXT, CHAIN_TRANSFERS = (str(Path(sys.argv.pop(1)).resolve()) for _ in range(3))
    if not program("cometbft"):
        print("skipped: there is no cometbft; scripts/test installs it")
        sys.exit(77)
    unittest.main(verbosity=2)
