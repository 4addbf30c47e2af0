"""key, tx, query and chain, against a node of a chain only and against the folder that it leaves."""

import json
import re
import shutil
import sys

import pytest
from conftest import ROOT, run
from eth_account import Account

sys.path.append(str(ROOT / "tests" / "system"))
from node import Node, wait_for  # noqa: E402

NATIVE = "0x00000000000000000000000000000000000a55A1"
ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"
HASH = re.compile("[0-9a-f]{64}")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    running = Node("--no-model", data=tmp_path_factory.mktemp("node"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The folder of a node that made a block of genesis and five of transfers, and ended; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("stopped")
    running = Node("--no-model", data=folder)
    for amount in range(1, 6):
        run("tx", "transfer", "--from", "operator", "--to", ADDRESS, "--amount", amount, "--data-dir", folder, "--json").json()
    running.terminate()
    assert running.wait() == 0
    return folder


@pytest.fixture
def folder(stopped, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(stopped, copy)
    return copy


def balance(node, who):
    return int(run("query", "balance", who, "--data-dir", node.data, "--json").json()["balance"])


# Keys


def test_a_new_key_opens_with_eth_account(tmp_path):
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    made = run("key", "new", "alice", "--password-file", password, "--data-dir", tmp_path, "--json").json()
    assert set(made) == {"name", "address", "path"} and made["name"] == "alice"
    keystore = json.load(open(made["path"]))
    assert Account.from_key(Account.decrypt(keystore, "correct horse")).address == made["address"]
    with pytest.raises(ValueError):
        Account.decrypt(keystore, "wrong")
    assert oct((tmp_path / "keys" / "alice.json").stat().st_mode)[-3:] == "600"


def test_a_keystore_of_eth_account_can_be_imported(tmp_path):
    account = Account.create()
    keystore = tmp_path / "UTC--elsewhere"
    keystore.write_text(json.dumps(Account.encrypt(account.key, "geheim", kdf="scrypt", iterations=4096)))
    options = ["--keystore", keystore, "--data-dir", tmp_path]
    wrong = run("key", "import", "bob", *options, environment={"ASSAY_PASSWORD": "falsch"})
    assert wrong.code == 2 and str(keystore) in wrong.error() and "password" in wrong.error()
    assert run("key", "import", "bob", *options, "--json", environment={"ASSAY_PASSWORD": "geheim"}).json()["address"] == account.address
    stored = json.load(open(tmp_path / "keys" / "bob.json"))
    assert Account.decrypt(stored, "geheim") == account.key
    again = run("key", "import", "bob", *options, environment={"ASSAY_PASSWORD": "geheim"})
    assert again.code == 2 and "bob" in again.error()


def test_private_keys_come_in_by_file_and_by_standard_input(tmp_path):
    account = Account.create()
    file = tmp_path / "key.hex"
    file.write_text(account.key.hex() + "\n")
    first = run("key", "import", "one", "--private-key", file, "--data-dir", tmp_path, "--json").json()
    second = run("key", "import", "two", "--private-key", "-", "--data-dir", tmp_path, "--json", stdin="0x" + account.key.hex().removeprefix("0x")).json()
    assert first["address"] == second["address"] == account.address
    listed = run("key", "list", "--data-dir", tmp_path, "--json").json()
    assert [(entry["name"], entry["address"]) for entry in listed] == [("one", account.address), ("two", account.address)]
    assert run("key", "list", "--data-dir", tmp_path).out == f"{account.address}  one\n{account.address}  two\n"
    for text in ("", "0x12", "zz" * 32, "00" * 32, "ff" * 32):
        outcome = run("key", "import", "bad", "--private-key", "-", "--data-dir", tmp_path, stdin=text)
        assert outcome.code in (2, 3) and "key" in outcome.error()


@pytest.mark.parametrize("name", ["", "../up", "a b", ".hidden", "x" * 65])
def test_names_of_keys(tmp_path, name):
    outcome = run("key", "new", name, "--data-dir", tmp_path)
    assert outcome.code == 2 and "name" in outcome.error()
    assert not list(tmp_path.glob("**/*.json"))


def test_key_commands_that_are_wrong(tmp_path):
    assert run("key").code == 2
    assert run("key", "import", "x", "--data-dir", tmp_path).code == 2
    assert run("key", "list", "--data-dir", tmp_path / "none", "--json").json() == []
    outcome = run("key", "new", "x", "--data-dir", tmp_path, "--password-file", tmp_path / "none")
    assert outcome.code == 3 and "none" in outcome.error()


# Transactions


def test_transfer_tells_hash_and_height(node):
    to = Account.create().address
    sent = run("tx", "transfer", "--from", "operator", "--to", to, "--amount", "12345", "--memo", "für dich", "--data-dir", node.data, "--json").json()
    assert HASH.fullmatch(sent["hash"]) and sent["height"] >= 1
    assert balance(node, to) == 12345
    shown = run("query", "tx", sent["hash"], "--data-dir", node.data, "--json").json()
    assert shown["height"] == sent["height"] and shown["code"] == 0 and shown["body"]["memo"] == "für dich"
    assert shown["body"]["msgs"] == [{"@": "bank/transfer", "to": to, "token": NATIVE, "amount": "12345"}] or shown["body"]["msgs"][0]["to"] == to
    transfer = [event for event in shown["events"] if event["type"] == "bank.transfer"]
    assert transfer and transfer[0]["attributes"]["amount"] == "12345"
    human = run("tx", "transfer", "--from", "operator", "--to", to, "--amount", "1", "--data-dir", node.data)
    assert human.code == 0 and re.fullmatch(r"[0-9a-f]{64} in block \d+\n", human.out)


def test_amounts_with_a_unit(node):
    to = Account.create().address
    for text in ("1.5assay", "2assay", "0.000000001assay"):
        assert run("tx", "transfer", "--from", "operator", "--to", to, "--amount", text, "--data-dir", node.data).code == 0
    assert balance(node, to) == 1_500_000_000 + 2_000_000_000 + 1
    for text in ("1.5", "-1", "1e9", "assay", "0.0000000001assay", "1.assay", "x", str(2**128)):
        outcome = run("tx", "transfer", "--from", "operator", "--to", to, f"--amount={text}", "--data-dir", node.data)
        assert outcome.code == 2 and "amount" in outcome.error(), text


def test_a_key_with_a_password_and_names_as_addresses(node):
    made = run("key", "new", "carol", "--data-dir", node.data, "--json", environment={"ASSAY_PASSWORD": "pw"}).json()
    funding = ["tx", "transfer", "--from", "operator", "--to", "carol", "--amount", "1assay", "--data-dir", node.data]
    assert run(*funding, environment={"ASSAY_PASSWORD": "pw"}).code == 0, "operator has no password, and is not asked for one"
    back = ["tx", "transfer", "--from", "carol", "--to", "operator", "--amount", "5", "--data-dir", node.data]
    refused = run(*back)
    assert refused.code == 2 and "password" in refused.error()
    assert run(*back, environment={"ASSAY_PASSWORD": "pw"}).code == 0
    by_address = run(*back[:3], made["address"], *back[4:], environment={"ASSAY_PASSWORD": "pw"})
    assert by_address.code == 0
    assert run("query", "account", "carol", "--data-dir", node.data, "--json").json()["nonce"] == 2
    assert balance(node, "carol") < 1_000_000_000 - 10


def test_send_carries_any_message(node):
    operator = next(entry["address"] for entry in run("key", "list", "--data-dir", node.data, "--json").json() if entry["name"] == "operator")
    base = ["--from", "operator", "--data-dir", node.data, "--json"]
    issued = run("tx", "send", *base, "bank/issue_token", "name=Test Coin", "symbol=TEST", "decimals=6", "supply=1000000", f"mint_authority={operator}", "uri=").json()
    token = next(event["attributes"]["token"] for event in issued["events"] if "token" in event["attributes"])
    to = Account.create().address
    batch = [json.dumps({"@": "bank/transfer", "to": to, "token": token, "amount": "7"}), json.dumps({"@": "bank/mint", "token": token, "to": to, "amount": "3"})]
    assert run("tx", "send", *base, "--message", batch[0], "--message", batch[1]).json()["code"] == 0
    answer = run("query", "balance", to, "--token", token, "--data-dir", node.data, "--json").json()
    assert answer["balance"] == "10"
    assert run("tx", "transfer", "--from", "operator", "--to", to, "--token", token, "--amount", "1", "--data-dir", node.data).code == 0
    # A batch whose second message fails changes nothing but the fee.
    batch[1] = json.dumps({"@": "bank/burn", "token": token, "amount": "99999999"})
    for gas in ([], ["--gas", "400000"]): # found by the simulation; in a block
        failed = run("tx", "send", *base, *gas, "--message", batch[0], "--message", batch[1])
        assert failed.code == 1 and "message_failed" in failed.error() and "message 2" in failed.error()
    assert run("query", "balance", to, "--token", token, "--data-dir", node.data, "--json").json()["balance"] == "11"


def test_a_vote_follows_its_proposal(node):
    """Votes open in the block after: the simulation that finds their gas must begin that block."""
    base = ["--from", "operator", "--data-dir", node.data, "--json"]
    proposed = run("tx", "send", *base, "governance/propose_text", "title=Hello", "summary=There", "expedited=false", "deposit=10000000000").json()
    number = next(event["attributes"]["proposal"] for event in proposed["events"] if "proposal" in event["attributes"])
    assert run("tx", "send", *base, "governance/vote", f"proposal={number}", "option=1").json()["code"] == 0


@pytest.mark.parametrize(
    "words, code, named",
    [
        ([], 2, "message"),
        (["bank/transfer", "to"], 2, "'to'"),
        (["bank/transfer", "to=0x12"], 3, "to"),
        (["bank/fly"], 3, "bank/fly"),
        (["bank/burn", f"token={NATIVE}", "amount=1", "extra=1"], 3, "extra"),
        (["bank/burn", f"token={NATIVE}"], 3, "amount"),
        (["bank/burn", f"token={NATIVE}", "amount=-1"], 3, "amount"),
        (["--message", "[]"], 2, "message"),
        (["--message", "{"], 2, "message"),
    ],
)
def test_messages_that_are_wrong(node, words, code, named):
    outcome = run("tx", "send", "--from", "operator", "--data-dir", node.data, *words)
    assert outcome.code == code and named in outcome.error()


def test_refused_transactions(node):
    base = ["tx", "transfer", "--to", ADDRESS, "--data-dir", node.data]
    for options, named in [
        (["--from", "nobody", "--amount", "1"], "nobody"),
        (["--from", "operator", "--amount", "1", "--nonce", "99999"], "nonce 99999"),
        (["--from", "operator", "--amount", "1", "--nonce", "0"], "replayed"),
        (["--from", "operator", "--amount", "1", "--fee", "1"], "fee"),
        (["--from", "operator", "--amount", "1", "--gas", "5"], "gas"),
        (["--from", "operator", "--amount", str(2**127)], "message_failed"),
        (["--from", "operator", "--amount", "1", "--memo", "m" * 257], "memo"),
    ]:
        outcome = run(*base, *options)
        assert outcome.code != 0 and named in outcome.error(), options
    poor = run("key", "new", "poor", "--data-dir", node.data).code
    assert poor == 0
    outcome = run(*base, "--from", "poor", "--amount", "1")
    assert outcome.code == 2 and "fee" in outcome.error()
    bad = run("tx", "transfer", "--from", "operator", "--to", "0x52908400098527886E0F7030069857D2E4169Ee7", "--amount", "1", "--data-dir", node.data)
    assert bad.code == 2 and "0x52908400098527886E0F7030069857D2E4169Ee7" in bad.error()


def test_dry_run_signs_and_sends_nothing(node):
    before = run("query", "account", "operator", "--data-dir", node.data, "--json").json()
    dry = run("tx", "transfer", "--from", "operator", "--to", ADDRESS, "--amount", "1", "--dry-run", "--data-dir", node.data, "--json").json()
    assert {"hash", "transaction", "body", "typed_data"} <= set(dry)
    assert run("query", "account", "operator", "--data-dir", node.data, "--json").json() == before
    wire = bytes.fromhex(dry["transaction"][2:])
    status, _, text = node.request("POST", "/chain/transactions?wait=commit", wire, {"Content-Type": "application/cbor"})
    assert status == 200 and json.loads(text)["hash"] == dry["hash"]


def test_no_wait(node):
    sent = run("tx", "transfer", "--from", "operator", "--to", ADDRESS, "--amount", "1", "--no-wait", "--data-dir", node.data, "--json").json()
    assert HASH.fullmatch(sent["hash"]) and "height" not in sent
    status, _, text = node.get(f"/chain/transactions/{sent['hash']}?wait=commit")
    assert status == 200 and json.loads(text)["height"] >= 1


def test_types():
    types = run("tx", "types", "--json").json()
    assert types["bank/transfer"] == {"to": "address", "token": "address", "amount": "uint128"}
    assert {"bank/transfer_with_authorization", "staking/delegate"} <= set(types)
    text = run("tx", "types").out
    assert "bank/transfer\n    to " in text


# Queries


def test_balance_and_account(node):
    answer = run("query", "balance", "operator", "--data-dir", node.data, "--json").json()
    assert int(answer["balance"]) > 0 and answer["height"] >= 0
    assert run("query", "balance", ADDRESS.lower(), "--data-dir", node.data).out.strip().isdigit()
    assert run("query", "account", ADDRESS, "--node", node.url, "--json").json()["nonce"] == 0


def test_height_looks_back(node):
    to = Account.create().address
    heights = [run("tx", "transfer", "--from", "operator", "--to", to, "--amount", "4", "--data-dir", node.data, "--json").json()["height"] for _ in range(2)]
    at = [run("query", "balance", to, "--height", height, "--data-dir", node.data, "--json").json()["balance"] for height in heights]
    assert at == ["4", "8"]
    outcome = run("query", "balance", to, "--height", "999999", "--data-dir", node.data)
    assert outcome.code != 0 and "999999" in outcome.error()


def test_blocks(node):
    sent = run("tx", "transfer", "--from", "operator", "--to", ADDRESS, "--amount", "1", "--data-dir", node.data, "--json").json()
    node.get(f"/chain/transactions/{sent['hash']}")
    by_height = run("query", "block", sent["height"], "--data-dir", node.data, "--json").json()
    assert by_height["height"] == sent["height"] and sent["hash"] in by_height["transaction_hashes"]
    assert run("query", "block", by_height["hash"], "--data-dir", node.data, "--json").json() == by_height
    assert run("query", "block", "latest", "--data-dir", node.data, "--json").json()["height"] >= sent["height"]


def test_get_asks_any_module_and_proves(node):
    validators = run("query", "get", "staking/validators", "limit=5", "--data-dir", node.data, "--json").json()
    assert validators["height"] >= 0 and "value" in validators
    run("tx", "transfer", "--from", "operator", "--to", ADDRESS, "--amount", "1", "--data-dir", node.data)
    key = "0x80" + ADDRESS[2:].lower()
    proved = run("query", "get", "/store/bank/key", f"key={key}", "--prove", "--data-dir", node.data, "--json").json()
    assert proved["proof"].startswith("0x") and len(proved["proof"]) > 100 and proved["value"]
    absent = run("query", "get", "store/bank/key", "key=0x80" + "11" * 20, "--prove", "--data-dir", node.data, "--json").json()
    assert len(absent["proof"]) > 100 and absent["value"] is None


@pytest.mark.parametrize(
    "words, code, named",
    [
        (["balance", "nobody"], 3, "nobody"),
        (["balance", "0x12"], 2, "0x12"),
        (["tx", "zz"], 2, "zz"),
        (["tx", "00" * 32], 3, "00" * 32),
        (["block", "999999"], 3, "999999"),
        (["block", "x/../y"], 2, "x/../y"),
        (["get", "bank/fly"], 3, "fly"),
        (["get", "nowhere/at_all"], 3, "nowhere"),
        (["get", "bank/balance", "address"], 2, "address"),
        (["get", "bank/balance", "address=0x12"], 2, "address"),
        (["get", "bank/balance", f"address={ADDRESS}", "--height", "x"], 2, "height"),
    ],
)
def test_queries_that_are_wrong(node, words, code, named):
    outcome = run("query", *words, "--data-dir", node.data)
    assert outcome.code == code and named in outcome.error()


def test_without_a_node(tmp_path):
    for words in (["query", "balance", ADDRESS], ["chain", "status"]):
        outcome = run(*words, "--node", "http://127.0.0.1:1", "--data-dir", tmp_path)
        assert outcome.code == 1 and "http://127.0.0.1:1" in outcome.error() and "assay up" in outcome.error()
    outcome = run("chain", "status", "--node", "nonsense://x", "--data-dir", tmp_path)
    assert outcome.code in (1, 2) and "nonsense" in outcome.error()


# Proofs, checked without trusting the node


@pytest.fixture(scope="module")
def proven(node, tmp_path_factory):
    """A balance with its proof, from the block after a transfer; and the hash of the first header."""
    to = Account.create().address
    run("tx", "transfer", "--from", "operator", "--to", to, "--amount", "777", "--data-dir", node.data, "--json").json()
    file = tmp_path_factory.mktemp("proven") / "answer.json"
    told = run("query", "balance", to, "--proof", file, "--data-dir", node.data, "--json").json()
    assert told["balance"] == "777" and told["address"] == to and told["proof"] == str(file)
    first = run("query", "block", 1, "--data-dir", node.data, "--json").json()["hash"]
    return {"address": to, "file": file, "hash": first, "height": told["height"]}


def light_verify(file, height, trusted, *options):
    return run("light", "verify", file, "--trust-height", height, "--trust-hash", trusted, *options, "--json")


def test_a_balance_is_verified_from_the_first_header(node, proven):
    answer = light_verify(proven["file"], 1, proven["hash"]).json()
    assert answer["ok"] and answer["chain_id"] == "assay-local" and answer["headers"] == 2
    assert answer["account"] == {"address": proven["address"], "token": NATIVE, "balance": "777", "nonce": 0}
    assert answer["height"] == proven["height"]
    header = json.loads(node.get(f"/chain/headers/{proven['height'] + 1}")[2])["signed_header"]["header"]
    assert header["app_hash"].lower() == answer["app_hash"]
    block = run("query", "block", proven["height"], "--data-dir", node.data, "--json").json()
    assert block["app_hash"] == answer["app_hash"] and block["hash"] == header["last_block_id"]["hash"].lower()


def test_an_answer_that_was_tampered_with_is_refused(proven, tmp_path):
    bundle = json.loads(proven["file"].read_text())
    other = tmp_path / "other.json"

    def flip(text, at):
        digits = "0123456789abcdef"
        return text[:at] + digits[digits.index(text[at].lower()) ^ 1] + text[at + 1 :]

    def refusal(change):
        copy = json.loads(json.dumps(bundle))
        change(copy)
        other.write_text(json.dumps(copy))
        outcome = light_verify(other, 1, proven["hash"])
        assert outcome.code in (2, 3), change
        return outcome.error()

    for at in range(0, len(bundle["value"]), 5):
        assert "does not show" in refusal(lambda b: b.update(value=flip(b["value"], at)))
    assert "absent" in refusal(lambda b: b.update(value=None))
    for at in range(0, len(bundle["proof"]), 97):
        refusal(lambda b: b.update(proof=flip(b["proof"], at)))
    refusal(lambda b: b.update(key=flip(b["key"], 20)))
    refusal(lambda b: b.update(height=str(int(b["height"]) - 1)))
    refusal(lambda b: b["blocks"].pop())
    for which in (0, 1):
        header = bundle["blocks"][which]["signed_header"]["header"]
        for name, value in header.items():
            if isinstance(value, str) and re.fullmatch("[0-9A-F]{2,}", value):
                changed = flip(value, 3) if len(value) > 3 else str(int(value) + 1)
                refusal(lambda b: b["blocks"][which]["signed_header"]["header"].update({name: changed}))
        refusal(lambda b: b["blocks"][which]["signed_header"]["header"].update(height=str(int(header["height"]) + 1)))
        refusal(lambda b: b["blocks"][which]["signed_header"]["header"].update(time="2030-01-01T00:00:00Z"))
        signature = bundle["blocks"][which]["signed_header"]["commit"]["signatures"][0]["signature"]
        wrong = ("B" if signature[0] == "A" else "A") + signature[1:]
        assert "signature 0 is wrong" in refusal(lambda b: b["blocks"][which]["signed_header"]["commit"]["signatures"][0].update(signature=wrong))
    wrong_hash = light_verify(proven["file"], 1, flip(proven["hash"], 7))
    assert wrong_hash.code == 2 and "the trusted one" in wrong_hash.error()
    assert light_verify(proven["file"], 2, proven["hash"]).code == 2
    late = light_verify(proven["file"], 1, proven["hash"], "--trust-period", 0)
    assert late.code == 2 and "too old" in late.error()


def test_proofs_make_at_most_one_empty_block(node, proven):
    before = run("chain", "status", "--data-dir", node.data, "--json").json()
    for _ in range(3):
        run("query", "get", "store/bank/key", "key=0x80" + "11" * 20, "--prove", "--data-dir", node.data, "--json").json()
    settled = run("chain", "status", "--data-dir", node.data, "--json").json()
    assert settled["height"] <= before["height"] + 1
    run("query", "balance", "operator", "--proof", proven["file"].parent / "again.json", "--data-dir", node.data)
    after = run("chain", "status", "--data-dir", node.data, "--json").json()
    assert after["height"] == settled["height"] and HASH.fullmatch(after["block_hash"])
    tip = run("query", "block", after["height"], "--data-dir", node.data, "--json").json()
    assert tip["hash"] == after["block_hash"] and tip["transactions"] == 0
    ahead = run("query", "get", "store/bank/key", "key=0x80" + "11" * 20, "--prove", "--height", after["height"], "--data-dir", node.data)
    assert ahead.code == 3 and "no header names the state" in ahead.error()


def test_fetch_asks_the_node_for_any_key(node, proven, tmp_path):
    trust = ["--trust-height", 1, "--trust-hash", proven["hash"]]
    fetched = run("light", "fetch", "bank", "0x80" + "11" * 20, *trust, "--data-dir", node.data)
    file = tmp_path / "absent.json"
    file.write_text(fetched.out)
    answer = light_verify(file, 1, proven["hash"]).json()
    assert answer["value"] is None and answer["account"]["balance"] == "0"
    wrong = run("light", "fetch", "bank", "0x80" + "11" * 20, *trust[:3], "00" * 32, "--data-dir", node.data)
    assert wrong.code == 2 and "the trusted one" in wrong.error()
    nowhere = run("query", "balance", ADDRESS, "--proof", tmp_path / "x", "--trust-height", 99999, "--data-dir", node.data)
    assert nowhere.code == 3 and "99999" in nowhere.error() and not (tmp_path / "x").exists()


# The chain


def test_status(node):
    status = run("chain", "status", "--data-dir", node.data, "--json").json()
    assert status["chain_id"] == "assay-local" and status["height"] >= 0 and HASH.fullmatch(status["app_hash"])
    assert status["consensus"] == "embedded" and "trouble" not in status


def test_commands_at_rest_refuse_a_running_node(node):
    for words in (["verify"], ["export"], ["snapshot"], ["rollback", "--to", "1"]):
        outcome = run("chain", *words, "--data-dir", node.data)
        assert outcome.code == 1 and "stop" in outcome.error()
    second = run("up", "--no-model", "--port", "0", "--data-dir", node.data)
    assert second.code == 1 and node.data in second.error()


def verdict(folder):
    outcome = run("chain", "verify", "--data-dir", folder, "--json")
    answer = json.loads(outcome.out)
    assert answer["ok"] == (outcome.code == 0) == (not answer["faults"])
    return answer


def test_verify_of_a_whole_chain(folder):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name not in ("lock", "lock.mdb", "owner.lock")}
    answer = verdict(folder)
    assert answer["ok"] and answer["height"] == 6 and HASH.fullmatch(answer["app_hash"]) and answer["entries"] > 0
    assert before == {path: path.read_bytes() for path in before}
    assert run("chain", "verify", "--data-dir", folder).out.startswith("whole: ")


def damage_sites(file, stride):
    return range(7, file.stat().st_size, stride)


def test_verify_finds_flipped_bytes_in_the_logs(folder):
    for name in ("blocks", "results"):
        (file,) = [path for path in (folder / "chain" / name).iterdir() if path.is_file()]
        whole = file.read_bytes()
        for at in damage_sites(file, max(1, len(whole) // 6)):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
            assert not verdict(folder)["ok"], (name, at)
        for keep in (0, 1, len(whole) // 2, len(whole) - 1):
            file.write_bytes(whole[:keep])
            assert not verdict(folder)["ok"], (name, keep)
        file.unlink()
        assert not verdict(folder)["ok"], name
        file.write_bytes(whole)
        assert verdict(folder)["ok"]


def test_results_that_a_power_cut_took_are_made_again(folder):
    (file,) = (folder / "chain" / "results").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 2 // 3])
    answer = verdict(folder)
    assert not answer["ok"] and "'assay up' makes them again" in answer["faults"][-1]
    (folder / "chain" / "index.sqlite").unlink()
    node = Node("--no-model", data=folder)
    try:
        assert "executing these blocks again" in "".join(node.output)
        assert balance(node, ADDRESS) == 1 + 2 + 3 + 4 + 5
        assert wait_for(lambda: json.loads(node.get("/chain/status")[2])["index_height"] == 6)
        history = json.loads(node.get(f"/chain/accounts/{ADDRESS}/transactions")[2])["transactions"]
        assert [entry["height"] for entry in history] == [6, 5, 4, 3, 2]
    finally:
        node.close()
    assert verdict(folder)["ok"] and file.read_bytes() == whole


def test_a_lost_or_foreign_validator_key_is_not_replaced(folder):
    key = folder / "chain" / "validator.key"
    assert oct(key.stat().st_mode)[-3:] == "600"
    own = key.read_text()
    key.unlink()
    outcome = run("up", "--no-model", "--port", "0", "--data-dir", folder)
    assert outcome.code == 3 and str(key) in outcome.error() and not key.exists()
    key.write_text("07" * 32)
    outcome = run("up", "--no-model", "--port", "0", "--data-dir", folder)
    assert outcome.code == 3 and "signed by another key" in outcome.error()
    key.write_text(own)
    exported = run("chain", "export", "--data-dir", folder).out
    assert own.strip() not in exported
    told = run("chain", "snapshot", "--data-dir", folder, "--json").json()
    for file in (folder / "chain" / "snapshots").rglob("*"):
        assert file.is_dir() or bytes.fromhex(own) not in file.read_bytes()
    assert told["height"] == 6


def test_verify_finds_damage_in_the_state(folder):
    file = folder / "chain" / "state" / "data.mdb"
    whole = file.read_bytes()
    used = [page for page in range(0, len(whole), 4096) if any(whole[page : page + 4096])]
    found = 0
    for page in used[:: max(1, len(used) // 12)]:
        for at in (page + 200, page + 4000):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x04]) + whole[at + 1 :])
            answer = verdict(folder)
            if answer["ok"]:  # a byte that nothing points to: the state itself must be untouched
                file.write_bytes(whole)
                assert verdict(folder)["app_hash"] == answer["app_hash"]
            else:
                found += 1
    assert found > 0
    for keep in (0, 4096, 8192, len(whole) // 2 // 4096 * 4096, len(used) * 4096 - 4096, 5000):
        file.write_bytes(whole[:keep])
        assert not verdict(folder)["ok"], keep
    file.unlink()
    assert not verdict(folder)["ok"]
    file.write_bytes(whole)
    assert verdict(folder)["ok"]


def test_verify_finds_a_damaged_genesis(folder):
    file = folder / "chain" / "genesis.json"
    file.write_text(file.read_text()[:-40])
    answer = verdict(folder)
    assert not answer["ok"] and "genesis.json" in answer["faults"][0]


def test_verify_where_there_is_no_chain(tmp_path):
    outcome = run("chain", "verify", "--data-dir", tmp_path)
    assert outcome.code == 3 and str(tmp_path) in outcome.error()
    assert list(tmp_path.iterdir()) == []


def test_export_begins_a_chain_with_the_same_balances(folder, tmp_path):
    file = tmp_path / "genesis.json"
    assert run("chain", "export", "--data-dir", folder, "--out", file).code == 0
    assert run("chain", "export", "--data-dir", folder).out == file.read_text()
    again = tmp_path / "again"
    told = run("chain", "import", file, "--data-dir", again, "--json").json()
    assert told == {"chain_id": "assay-local", "initial_height": 7}
    shutil.copytree(folder / "keys", again / "keys")
    node = Node("--no-model", data=again)
    try:
        assert balance(node, ADDRESS) == 1 + 2 + 3 + 4 + 5
        assert run("tx", "transfer", "--from", "operator", "--to", ADDRESS, "--amount", "1", "--data-dir", again, "--json").json()["height"] == 8
        node.terminate()
        assert node.wait() == 0
    finally:
        node.close()
    assert verdict(again)["height"] == 8
    outcome = run("chain", "import", file, "--data-dir", again)
    assert outcome.code == 2 and "already" in outcome.error()
    file.write_text("{}")
    outcome = run("chain", "import", file, "--data-dir", tmp_path / "third")
    assert outcome.code == 3 and str(file) in outcome.error()


def test_snapshot(folder, tmp_path):
    out = tmp_path / "snapshot"
    told = run("chain", "snapshot", "--data-dir", folder, "--out", out, "--json").json()
    assert told["height"] == 6 and told["chunks"] >= 1 and HASH.fullmatch(told["hash"])
    assert sum(path.stat().st_size for path in out.glob("chunk-*")) == told["bytes"]
    usual = run("chain", "snapshot", "--data-dir", folder, "--json").json()
    assert usual["hash"] == told["hash"] and usual["path"] == str(folder / "chain" / "snapshots" / "6")


def test_rollback_goes_back_and_on(folder):
    before = verdict(folder)["app_hash"]
    told = run("chain", "rollback", "--to", 4, "--data-dir", folder, "--json").json()
    assert told["from"] == 6 and told["height"] == 4 and told["app_hash"] != before
    assert verdict(folder)["height"] == 4
    for height in (4, 5, 99):
        outcome = run("chain", "rollback", "--to", height, "--data-dir", folder)
        assert outcome.code == 2 and "--to" in outcome.error()
    node = Node("--no-model", data=folder)
    try:
        assert balance(node, ADDRESS) == 1 + 2 + 3
        sent = run("tx", "transfer", "--from", "operator", "--to", ADDRESS, "--amount", "10", "--data-dir", folder, "--json").json()
        assert sent["height"] == 5
        assert wait_for(lambda: json.loads(node.get("/chain/status")[2])["index_height"] == 5)
        history = json.loads(node.get(f"/chain/accounts/{ADDRESS}/transactions")[2])["transactions"]
        assert [entry["height"] for entry in history] == [5, 4, 3, 2]
    finally:
        node.close()
    assert verdict(folder)["ok"]
