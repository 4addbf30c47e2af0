#!/usr/bin/env python3
"""Writes tests/golden/chain/authorizations.tsv: EIP-3009 authorisations with their digests and signatures.

Independent oracle: PyPI `eth-account` (its EIP-712 encoder and signer). The first two rows are real x402 payments, protocol
versions 1 and 2, as the packages x402-fetch 1.2.0 and @x402/fetch 2.27.0 made them; the oracle must agree with both.
Usage: make_authorization_golden.py (from the repository's root)
"""
import pathlib
import random

from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_utils import keccak, to_checksum_address

ROOT = pathlib.Path(__file__).resolve().parent.parent
RANDOM = random.Random(3009)
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
PAYER = keccak(text="x402 vector payer 1")
PAYEE = "0x881a05262bFD886b88a97e651b0970077944a84D"
REAL = [
    ({"name": "USDC", "version": "2", "chainId": 84532, "verifyingContract": USDC}, 1893459400, 1893460060,
     "e98c5f19f5af6956057791f1698540211a33d03ffc8c092dd2e6f2d3b669f65f",
     "0452dcb7ce1a3b2776e02cdc1918091fe3712ac397a23ccb65af2725d5abbfb4",
     "bbce7742a87deadb992056cc374c8cf1dd777c1b87e822888c2e33d53941bb1672f8f7f574c6f9efe2257347f447f53f5ed6e948c65210307a9da3d2efaa7f831c"),
    ({"name": "USDC", "version": "2", "chainId": 84532, "verifyingContract": USDC}, 0, 1893460060,
     "b851111ed81c8f2aaa348512b9e09da9c594e43027fdc884f321544bcdc8db4a",
     "79a4c2b6c19d0d3edf318b32ac83becd45807746c470391011e259efdc6cbc79",
     "87bb658fc64780187d61de48997e72eaaa3977a99f813409556d350d499d99466059f57dcff0bad4c32e3a50c2f3765b2f5172c5689d4beb9c85c19c6c5d61321c"),
]
TRANSFER = [("from", "address"), ("to", "address"), ("value", "uint256"), ("validAfter", "uint256"),
            ("validBefore", "uint256"), ("nonce", "bytes32")]
TYPES = {"TransferWithAuthorization": TRANSFER, "ReceiveWithAuthorization": TRANSFER,
         "CancelAuthorization": [("authorizer", "address"), ("nonce", "bytes32")]}
DOMAIN = [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")]


def members(pairs):
    return [{"name": name, "type": kind} for name, kind in pairs]


def sign(secret, kind, domain, message):
    signable = encode_typed_data(full_message={
        "types": {"EIP712Domain": members(DOMAIN), kind: members(TYPES[kind])}, "primaryType": kind, "domain": domain,
        "message": message})
    digest = _hash_eip191_message(signable)
    signature = Account.sign_message(signable, secret).signature
    return signable.header.hex(), digest.hex(), bytes(signature).hex()


def word(number):
    return number.to_bytes(32, "big").hex()


def row(secret, kind, domain, message):
    separator, digest, signature = sign(secret, kind, domain, message)
    cancels = kind == "CancelAuthorization"
    signer = message["authorizer" if cancels else "from"]
    rest = ["-"] * 4 if cancels else [message["to"], *(word(message[name]) for name in ("value", "validAfter", "validBefore"))]
    return [kind, domain["name"], domain["version"], str(domain["chainId"]), domain["verifyingContract"], signer, *rest,
            message["nonce"].hex(), separator, digest, signature]


def random_address():
    return to_checksum_address(RANDOM.randbytes(20))


def random_row(kind):
    secret = RANDOM.randbytes(32)
    signer = Account.from_key(secret).address
    domain = {"name": RANDOM.choice(["Assay", "USD Coin", "Wrapped Étoile ✦", "x" * 64]),
              "version": RANDOM.choice(["1", "2"]), "chainId": RANDOM.choice([1, 8453, 677281, 4503599627370476]),
              "verifyingContract": random_address()}
    nonce = RANDOM.randbytes(32)
    if kind == "CancelAuthorization":
        return row(secret, kind, domain, {"authorizer": signer, "nonce": nonce})
    numbers = [RANDOM.getrandbits(RANDOM.choice([1, 32, 64, 128, 256])) for _ in range(3)]
    return row(secret, kind, domain, {"from": signer, "to": random_address(), "value": numbers[0],
                                      "validAfter": numbers[1], "validBefore": numbers[2], "nonce": nonce})


def main():
    rows = []
    for domain, after, before, nonce, digest, signature in REAL:
        made = row(PAYER, "TransferWithAuthorization", domain,
                   {"from": Account.from_key(PAYER).address, "to": PAYEE, "value": 10000, "validAfter": after,
                    "validBefore": before, "nonce": bytes.fromhex(nonce)})
        if made[-2:] != [digest, signature]:
            raise SystemExit("the oracle disagrees with a real payment")
        rows.append(made)
    rows += [random_row(kind) for kind in TYPES for _ in range(12)]
    header = ["primary type", "domain: name", "version", "chainId", "verifyingContract", "from or authorizer", "to", "value",
              "validAfter", "validBefore", "nonce", "domain separator", "digest", "signature (r, s, v)"]
    path = ROOT / "tests" / "golden" / "chain" / "authorizations.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\t".join(cells) for cells in [["# " + header[0], *header[1:]], *rows]) + "\n")


if __name__ == "__main__":
    main()
