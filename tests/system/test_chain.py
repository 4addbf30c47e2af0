"""A node of a chain only: wallets, refusals, events, the explorer, crashes and ends."""

import json
import os
import pathlib
import subprocess
import threading
import time

import pytest
from chain_client import EventStream, Signer, operator_of, submit, submit_many
from eth_account import Account

from node import Node, wait_for

CHAIN = ("--no-model",)
FRIEND = "0x52908400098527886E0F7030069857D2E4169EE7"


@pytest.fixture(scope="module")
def chain_node():
    running = Node(*CHAIN)
    yield running
    running.close()


@pytest.fixture
def fresh(tmp_path):
    """Starts a node on the test's folder, and again after it ended."""
    running = []

    def start(*options):
        running.append(Node(*CHAIN, *options, data=tmp_path))
        return running[-1]

    yield start
    for node in running:
        node.close()


def get(node, path):
    status, _, text = node.get(path)
    return status, json.loads(text)


def status_of(node):
    return get(node, "/chain/status")[1]


def signer_of(node, account=None):
    status = status_of(node)
    signer = Signer(account or operator_of(node.data), status["evm_chain_id"], status["height"])
    signer.nonce = get(node, f"/chain/accounts/{signer.account.address}")[1]["nonce"]
    return signer


def verify(folder):
    outcome = subprocess.run([os.environ["ASSAY_BINARY"], "chain", "verify", "--data-dir", str(folder), "--json"], capture_output=True, text=True, timeout=120, check=False)
    answer = json.loads(outcome.stdout)
    assert outcome.returncode == 0 and answer["ok"], answer
    return answer


def balance(node, address):
    return int(get(node, f"/chain/query/bank/balance?address={address}")[1]["value"]["balance"])


def test_wallets_in_javascript(chain_node):
    work = os.environ["ASSAY_SYSTEM_WORK"]
    key = "0x" + operator_of(chain_node.data).key.hex().removeprefix("0x")
    result = subprocess.run(["node", os.path.join(work, "wallets.mjs"), chain_node.url, key], cwd=work, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


# Refusals


def refusals(signer):
    poor = Signer(Account.create(), signer.chain)
    good = signer.transfer(FRIEND)
    signer.nonce -= 1
    flipped = good[:-10] + bytes([good[-10] ^ 1]) + good[-9:]
    cases = {
        "empty": (b"", "malformed", "transaction"),
        "noise": (b"\x00\x01\x02", "malformed", "transaction"),
        "truncated": (good[:-5], "malformed", "transaction"),
        "trailing": (good + b"\x00", "malformed", "transaction"),
        "huge": (b"\x82\x5a\x00\x20\x00\x00" + bytes(2 << 20), "too_large", "bytes"),
        "forged": (flipped, "bad_signature", "sign"),
        "wrong chain": (signer.transfer(FRIEND, chain=signer.chain + 1), "wrong_chain", str(signer.chain + 1)),
        "expired": (signer.transfer(FRIEND, expiry=0), "expired", "expir"),
        "replayed": (signer.transfer(FRIEND, nonce=0), "bad_nonce", "replayed"),
        "ahead": (signer.transfer(FRIEND, nonce=10**6), "bad_nonce", "ahead"),
        "unfunded": (poor.transfer(FRIEND), "insufficient_funds", poor.account.address),
        "low fee": (signer.transfer(FRIEND, fee=1), "fee_too_low", "fee"),
        "little gas": (signer.transfer(FRIEND, gas=10), "out_of_gas", "gas"),
        "much gas": (signer.transfer(FRIEND, gas=10**15, fee=10**16), "block_full", "gas"),
    }
    return cases


def test_refusals_are_readable(chain_node):
    signer = signer_of(chain_node)
    submit(chain_node, signer.transfer(FRIEND))
    start = signer.nonce
    cases = refusals(signer)
    for name, (wire, code, words) in cases.items():
        status, answer = submit(chain_node, wire)
        assert status == 400, (name, answer)
        assert answer["error"]["code"] == code and words in answer["error"]["message"], (name, answer)
        assert "\n" not in answer["error"]["message"] and len(answer["error"]["message"]) < 400
    signer.nonce = start
    assert submit(chain_node, signer.transfer(FRIEND))[0] == 200, "the refusals have left nothing behind"
    # The same in one batch: an answer for each, in order, and the good one among them commits.
    batch = {name: case for name, case in cases.items() if name not in ("empty", "noise", "truncated", "trailing", "huge", "forged")}
    status, answer = submit_many(chain_node, [*(wire for wire, _, _ in batch.values()), signer.transfer(FRIEND)])
    assert status == 200
    assert [result["code_name"] for result in answer["results"]] == [*(code for _, code, _ in batch.values()), "ok"]


@pytest.mark.parametrize(
    "body, headers, words",
    [
        (b"{", {}, "JSON"),
        (b"[]", {}, "JSON"),
        (b"{}", {}, "transaction"),
        (b'{"transaction":"zz"}', {}, "transaction"),
        (b'{"transaction":7}', {}, "transaction"),
        (b'{"transactions":["0x00",7]}', {}, "transactions[1]"),
        (b'{"body":{},"signature":"0x00"}', {}, "transaction"),
        (b'{"body":{},"signature":7}', {}, "transaction"),
        (b"\x82", {"Content-Type": "text/plain"}, "Content-Type"),
        (b"", {"Content-Type": "application/cbor-seq"}, "transaction"),
        (b"\x82\x41", {"Content-Type": "application/cbor-seq"}, "byte 0"),
        (b"\x9b" + b"\xff" * 8, {"Content-Type": "application/cbor-seq"}, "byte 0"),
        (b"\x01\xf8\xff\x00", {"Content-Type": "application/cbor-seq"}, "byte 0"),
    ],
)
def test_bodies_that_are_wrong(chain_node, body, headers, words):
    status, _, text = chain_node.post("/chain/transactions", body, headers)
    error = json.loads(text)["error"]
    assert status == 400 and words in error["message"], text


@pytest.mark.parametrize(
    "form, words",
    [
        ({}, "from"),
        ({"from": "0x12"}, "from"),
        ({"from": FRIEND}, "msgs"),
        ({"from": FRIEND, "msgs": []}, "msgs"),
        ({"from": FRIEND, "msgs": [{"@": 7}]}, "@"),
        ({"from": FRIEND, "msgs": [{"@": "bank/burn", "amount": "1"}]}, "token"),
        ({"from": FRIEND, "msgs": [{"@": "bank/burn", "amount": "x", "token": FRIEND}]}, "amount"),
        ({"from": FRIEND, "msgs": [{"@": "bank/burn", "amount": "1", "token": FRIEND}], "gaz": 1}, "gaz"),
        ({"from": FRIEND, "msgs": [{"@": "bank/burn", "amount": "1", "token": FRIEND}], "nonce": -1}, "nonce"),
        ({"from": FRIEND, "msgs": [{"@": "bank/burn", "amount": "1", "token": FRIEND}], "fee": "1.5"}, "fee"),
    ],
)
def test_forms_that_are_wrong(chain_node, form, words):
    status, _, text = chain_node.post("/chain/prepare", form)
    assert status == 400 and words in json.loads(text)["error"]["message"], text


def test_a_huge_request_is_refused_before_it_is_read(chain_node):
    client = chain_node.raw("POST /chain/transactions HTTP/1.1\r\nHost: node\r\nContent-Type: application/cbor\r\nContent-Length: 99999999999\r\n\r\n")
    assert client.recv(100).startswith(b"HTTP/1.1 413 ")
    client.close()


def test_batches_mix_both_kinds_of_transactions(chain_node):
    signer = signer_of(chain_node)
    to = Account.create().address
    own = [signer.transfer(to, 3), signer.transfer(to, 4)]
    raw = []
    for kind in ({"gasPrice": 10**12}, {"maxFeePerGas": 10**12, "maxPriorityFeePerGas": 0}):
        raw.append(bytes(signer.account.sign_transaction({"nonce": signer.nonce, "to": to, "value": 5 * 10**9, "gas": 90_000, "chainId": signer.chain, **kind}).raw_transaction))
        signer.nonce += 1
    status, answer = submit_many(chain_node, own + raw + [signer.transfer(to, 6)])
    assert status == 200, answer
    refused = [result for result in answer.get("results", []) if result["code"] != 0]
    assert not refused, refused
    assert wait_for(lambda: balance(chain_node, to) == 3 + 4 + 5 + 5 + 6)


# Events


def test_events_while_sending(chain_node):
    signer = signer_of(chain_node)
    to, other = Account.create().address, Account.create().address
    everything = EventStream(chain_node)
    transfers = EventStream(chain_node, "?type=bank.transfer")
    module = EventStream(chain_node, "?type=bank.*&type=staking.*")
    mine = EventStream(chain_node, f"?account={to}")
    assert {stream.status for stream in (everything, transfers, module, mine)} == {200}
    heights = []
    for i in range(4):
        heights.append(submit(chain_node, signer.transfer(to if i % 2 else other, 10 + i))[1]["height"])
    told = []
    while len(told) < 4:  # a block moves its fees too: without a transaction
        told += [event for event in transfers.take(1) if "transaction" in event]
    assert [event["attributes"]["amount"] for event in told] == ["10", "11", "12", "13"]
    assert [event["height"] for event in told] == heights and all(event["type"] == "bank.transfer" for event in told)
    assert [event["attributes"]["amount"] for event in mine.take(2)] == ["11", "13"]
    assert all(event["type"].split(".")[0] in ("bank", "staking") for event in module.take(4))
    assert {"bank.transfer"} <= {event["type"] for event in everything.take(4)}
    # What came is in the history too, and a stream from the first height tells it again.
    history = get(chain_node, f"/chain/history?account={to}&type=bank.transfer")[1]["events"]
    assert [event["attributes"]["amount"] for event in history] == ["11", "13"]
    again = EventStream(chain_node, f"?account={to}&type=bank.transfer&from={heights[0]}")
    assert again.take(2) == history
    for stream in (everything, transfers, module, mine, again):
        stream.close()


def test_a_stream_resumes_where_it_broke(chain_node):
    signer = signer_of(chain_node)
    to = Account.create().address
    stream = EventStream(chain_node, f"?account={to}")
    submit(chain_node, signer.transfer(to, 1))
    (first,) = stream.take(1)
    stream.close()  # before the id that follows
    for amount in (2, 3):
        submit(chain_node, signer.transfer(to, amount))
    resumed = EventStream(chain_node, f"?account={to}", last_id=first["height"])
    assert [event["attributes"]["amount"] for event in resumed.take(2)] == ["2", "3"]
    submit(chain_node, signer.transfer(to, 4))
    assert resumed.take(1)[0]["attributes"]["amount"] == "4"
    resumed.close()


def test_streams_under_load_tell_everything_once(chain_node):
    """Live, from the beginning while blocks come, and broken off again and again."""
    signer = signer_of(chain_node)
    to = Account.create().address
    wires = [signer.transfer(to, i + 1) for i in range(400)]
    first = status_of(chain_node)["height"] + 1
    query = f"?account={to}&type=bank.transfer"
    live = EventStream(chain_node, query)
    amounts = {}

    def follow(name, stream):
        amounts[name] = [event["attributes"]["amount"] for event in stream.take(len(wires))]

    def follow_with_breaks():
        seen, last = {}, first - 1
        while len(seen) < len(wires):
            stream = EventStream(chain_node, query, last_id=last)
            for event in stream:
                seen[event["height"], event["transaction"], event["index"]] = event["attributes"]["amount"]
                if len(seen) == len(wires) or int(stream.last_id) > last:
                    break  # in the middle of a block, which is told again
            last = int(stream.last_id)
            stream.close()
        amounts["broken"] = list(seen.values())

    def send():
        for at in range(0, len(wires), 20):
            status, answer = submit_many(chain_node, wires[at : at + 20])
            assert status == 200 and all(result["code"] == 0 for result in answer["results"]), answer

    threads = [threading.Thread(target=follow, args=("live", live)), threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    assert wait_for(lambda: balance(chain_node, to) > 0)
    threads.append(threading.Thread(target=follow, args=("late", EventStream(chain_node, f"{query}&from={first}"))))
    threads.append(threading.Thread(target=follow_with_breaks))
    for thread in threads[2:]:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [str(i + 1) for i in range(len(wires))]
    assert amounts == {"live": expected, "late": expected, "broken": expected}


def test_subscriptions_that_are_wrong(chain_node):
    assert get(chain_node, "/chain/events?account=0x12")[0] == 400
    assert get(chain_node, "/chain/events?from=x")[0] == 400
    assert get(chain_node, "/chain/history?limit=0")[0] == 400


# The explorer


def explorer(node, address):
    blocks = get(node, "/chain/blocks?limit=50")[1]["blocks"]
    transactions = get(node, f"/chain/accounts/{address}/transactions?limit=50")[1]["transactions"]
    return {
        "blocks": blocks,
        "each": [get(node, f"/chain/blocks/{block['hash']}")[1] for block in blocks],
        "account": transactions,
        "each transaction": [get(node, f"/chain/transactions/{transaction['hash']}")[1] for transaction in transactions],
        "events": get(node, "/chain/history?from=1&limit=500")[1]["events"],
    }


def test_the_explorer_is_rebuilt_from_the_logs(fresh, tmp_path):
    node = fresh()
    signer = signer_of(node)
    for i in range(12):
        assert submit(node, signer.transfer(FRIEND, i + 1))[0] == 200
    assert wait_for(lambda: status_of(node)["index_height"] == status_of(node)["height"])
    before = explorer(node, FRIEND)
    assert len(before["account"]) == 12 and len(before["blocks"]) == status_of(node)["height"]
    pages = []
    cursor = ""
    while cursor is not None:
        page = get(node, f"/chain/accounts/{FRIEND}/transactions?limit=5&before={cursor}")[1]
        pages += page["transactions"]
        cursor = page.get("before")
    assert pages == before["account"]
    node.terminate()
    assert node.wait() == 0
    for file in (tmp_path / "chain").glob("index.sqlite*"):
        file.unlink()
    node = fresh()
    assert wait_for(lambda: status_of(node)["index_height"] == status_of(node)["height"])
    assert explorer(node, FRIEND) == before


# Ends


def test_sigterm_with_listeners_ends_with_0(fresh, tmp_path):
    node = fresh()
    signer = signer_of(node)
    stream = EventStream(node)
    submit(node, signer.transfer(FRIEND))
    begin = time.monotonic()
    node.terminate()
    assert node.wait() == 0
    assert time.monotonic() - begin < 20, "it waited for a stream that never ends"
    list(stream)
    assert stream.ended == "the node stops"
    verify(tmp_path)


def test_a_second_node_is_refused(fresh, tmp_path):
    node = fresh()
    second = subprocess.run([os.environ["ASSAY_BINARY"], "up", *CHAIN, "--port", "0", "--data-dir", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1 and str(tmp_path) in second.stderr and second.stderr.count("\n") == 1
    assert submit(node, signer_of(node).transfer(FRIEND))[0] == 200


def test_nothing_acknowledged_is_lost_to_kill_9(fresh, tmp_path):
    node = fresh()
    signer = signer_of(node)
    accounts = [Account.create() for _ in range(4)]
    for account in accounts:
        assert submit(node, signer.transfer(account.address, 10**13))[0] == 200
    signers = [Signer(account, signer.chain) for account in accounts]
    prepared = [[each.transfer(FRIEND, 1) for _ in range(60)] for each in signers]
    acknowledged, sent = [], []
    stop = threading.Event()

    def one_by_one(queue):
        """Waits for each transaction's block before it sends the next."""
        for wire in queue:
            try:
                status, answer = submit(node, wire)
            except OSError:
                return
            if status == 200:
                acknowledged.append((answer["hash"], answer["height"]))

    def in_batches(queue):
        for at in range(0, len(queue), 10):
            try:
                status, answer = submit_many(node, queue[at : at + 10])
            except OSError:
                return
            if status == 200:
                sent.append(at)
            stop.wait(0.02)

    threads = [threading.Thread(target=one_by_one, args=(queue,)) for queue in prepared[:2]]
    threads += [threading.Thread(target=in_batches, args=(queue,)) for queue in prepared[2:]]
    for thread in threads:
        thread.start()
    assert wait_for(lambda: len(acknowledged) >= 10 and sent)
    node.process.kill()
    node.process.wait()
    stop.set()
    for thread in threads:
        thread.join()
    verdict = verify(tmp_path)
    assert verdict["height"] >= max(height for _, height in acknowledged)
    node = fresh()
    assert status_of(node)["height"] >= verdict["height"]
    assert wait_for(lambda: status_of(node)["index_height"] == status_of(node)["height"])
    for hash, height in acknowledged:
        assert get(node, f"/chain/transactions/{hash}")[1]["height"] == height
    counted = sum(get(node, f"/chain/accounts/{account.address}")[1]["nonce"] for account in accounts)
    assert balance(node, FRIEND) == counted >= len(acknowledged)
    for account in accounts:  # and it goes on
        assert submit(node, signer_of(node, account).transfer(FRIEND, 1))[0] == 200
    node.terminate()
    assert node.wait() == 0
    verify(tmp_path)


def test_what_ethereum_clients_ask_for_is_bounded(chain_node):
    def ask(percentiles):
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_feeHistory", "params": ["0x400", "latest", percentiles]}
        return json.loads(chain_node.post("/eth", call)[2])

    blocks = ask([50])["result"]["reward"]
    assert blocks and all(len(block) == 1 for block in blocks)
    assert len(ask([1] * 100)["result"]["reward"][0]) == 100
    refused = ask([1] * 101)["error"]
    assert refused["code"] == -32602 and "percentiles" in refused["message"]


def test_the_url_file_comes_and_goes(fresh, tmp_path):
    node = fresh()
    assert pathlib.Path(tmp_path, "url").read_text().strip() == node.url
    node.terminate()
    assert node.wait() == 0
    assert not pathlib.Path(tmp_path, "url").exists()
