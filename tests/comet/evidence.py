"""Two conflicting votes of one validator, signed with its key: the evidence of an equivocation, for broadcast_evidence.

Ed25519 by RFC 8032, in plain Python: slow, and for tests only.
"""
import base64
import hashlib
import json
from datetime import datetime, timezone
from pathlib import Path

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def _recover_x(y: int) -> int:
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x % 2 == 0 else P - x


def _add(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P) % P)


def _times(scalar: int, point):
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result


def _encode(point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def sign(seed: bytes, message: bytes) -> bytes:
    base = (_recover_x(BASE_Y), BASE_Y)
    digest = hashlib.sha512(seed).digest()
    secret = (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | (1 << 254)
    public = _encode(_times(secret, base))
    nonce = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % L
    point = _encode(_times(nonce, base))
    challenge = int.from_bytes(hashlib.sha512(point + public + message).digest(), "little") % L
    return point + ((nonce + challenge * secret) % L).to_bytes(32, "little")


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def _field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def _timestamp(text: str) -> bytes:
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = int(datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp())
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    return (b"\x08" + varint(seconds) if seconds else b"") + (b"\x10" + varint(nanos) if nanos else b"")


def _sign_bytes(chain_id: str, height: int, block_hash: bytes, parts_hash: bytes, time: str) -> bytes:
    block_id = _field(1, block_hash) + _field(2, b"\x08\x01" + _field(2, parts_hash))
    vote = b"\x08\x02\x11" + height.to_bytes(8, "little") + _field(4, block_id) + _field(5, _timestamp(time)) + _field(6, chain_id.encode())
    return varint(len(vote)) + vote


def equivocation(validator, home: Path, height: int) -> dict:
    """Evidence that the validator whose key lies in `home` precommitted to two blocks at `height`."""
    key = json.loads((home / "config" / "priv_validator_key.json").read_text())
    seed = base64.b64decode(key["priv_key"]["value"])[:32]
    block = validator.call("block", height=str(height))["block"]["header"]
    signers = validator.call("validators", height=str(height), per_page="100")["validators"]
    index = [entry["address"] for entry in signers].index(key["address"])
    votes = []
    for name in (b"one", b"two"):
        block_hash, parts_hash = hashlib.sha256(name).digest(), hashlib.sha256(name + b" parts").digest()
        signature = sign(seed, _sign_bytes(block["chain_id"], height, block_hash, parts_hash, block["time"]))
        votes.append({"type": 2, "height": str(height), "round": 0,
                      "block_id": {"hash": block_hash.hex().upper(), "parts": {"total": 1, "hash": parts_hash.hex().upper()}},
                      "timestamp": block["time"], "validator_address": key["address"], "validator_index": index,
                      "signature": base64.b64encode(signature).decode()})
    votes.sort(key=lambda vote: vote["block_id"]["hash"])
    return {"type": "tendermint/DuplicateVoteEvidence",
            "value": {"vote_a": votes[0], "vote_b": votes[1], "Timestamp": block["time"],
                      "TotalVotingPower": str(sum(int(entry["voting_power"]) for entry in signers)),
                      "ValidatorPower": signers[index]["voting_power"]}}
