"""Makes and signs transactions without the node's help, and follows its events."""

import json
import socket
from urllib.parse import urlparse

import cbor2
from eth_account import Account
from eth_account.messages import encode_typed_data

NATIVE = "0x00000000000000000000000000000000000a55a1"


def operator_of(data):
    """The funded account of a development chain."""
    with open(f"{data}/keys/operator.json", encoding="utf-8") as file:
        return Account.from_key(Account.decrypt(json.load(file), ""))


def minimal(amount):
    return amount.to_bytes((amount.bit_length() + 7) // 8, "big")


def address_bytes(address):
    return bytes.fromhex(address[2:])


class Signer:
    """Transfers of the native coin by one account, each with the next nonce."""

    def __init__(self, account, chain, height=0):
        self.account, self.chain, self.nonce, self.expiry = account, chain, 0, height + 1000

    def transfer(self, to, amount=1, **changes):
        """Wire bytes: DAG-CBOR [body, signature]."""
        body = {"nonce": self.nonce, "expiry": self.expiry, "fee": 10**9, "gas": 10**6, "memo": "", "chain": self.chain, **changes}
        self.nonce += 1
        document = {
            "types": {
                "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}, {"name": "chainId", "type": "uint256"}],
                "Transaction": [{"name": name, "type": kind} for kind, name in [("address", "from"), ("uint64", "nonce"), ("uint64", "expiry"), ("uint128", "fee"), ("uint64", "gas"), ("string", "memo"), ("BankTransfer", "message1")]],
                "BankTransfer": [{"name": "to", "type": "address"}, {"name": "token", "type": "address"}, {"name": "amount", "type": "uint128"}],
            },
            "primaryType": "Transaction",
            "domain": {"name": "Assay", "version": "1", "chainId": body["chain"]},
            "message": {**{name: body[name] for name in ("nonce", "expiry", "fee", "gas", "memo")}, "from": self.account.address, "message1": {"to": to, "token": NATIVE, "amount": amount}},
        }
        signature = self.account.sign_message(encode_typed_data(full_message=document)).signature
        message = {"@": "bank/transfer", "to": address_bytes(to), "token": address_bytes(NATIVE), "amount": minimal(amount)}
        wire = {**body, "from": address_bytes(self.account.address), "fee": minimal(body["fee"]), "msgs": [message]}
        return cbor2.dumps([cbor2.dumps(wire, canonical=True), bytes(signature)], canonical=True)


def submit(node, wire, wait=True):
    """(status, answer)"""
    status, _, text = node.request("POST", "/chain/transactions" + ("?wait=commit" if wait else ""), wire, {"Content-Type": "application/cbor"})
    return status, json.loads(text)


def submit_many(node, wires):
    status, _, text = node.request("POST", "/chain/transactions", b"".join(wires), {"Content-Type": "application/cbor-seq"})
    return status, json.loads(text)


class EventStream:
    """GET /chain/events, read as a browser's EventSource does."""

    def __init__(self, node, query="", last_id=None):
        parsed = urlparse(node.url)
        self.socket = socket.create_connection((parsed.hostname, parsed.port), timeout=20)
        head = f"GET /chain/events{query} HTTP/1.0\r\nHost: node\r\nAccept: text/event-stream\r\n"
        head += f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        self.socket.sendall((head + "\r\n").encode())
        self.file = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass
        self.last_id = last_id
        self.ended = None

    def __iter__(self):
        """Events as JSON, until the stream ends."""
        kind, data = "message", []
        for line in self.file:
            name, _, value = line.rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data.append(value)
            elif not line.strip():
                if data and kind == "end":
                    self.ended = "\n".join(data)
                elif data:
                    yield json.loads("\n".join(data))
                kind, data = "message", []

    def take(self, count):
        """The next `count` events, and the id after them."""
        events = []
        for event in self:
            events.append(event)
            if len(events) == count:
                break
        return events

    def close(self):
        self.socket.close()
