#!/usr/bin/env python3
"""Headers of a real CometBFT v0.38.25 network for the light client: tests/golden/consensus/light_blocks.json.

    make_light_golden.py CONSENSUS_TEST_NODE [--cometbft PROGRAM]

Four validators on loopback; at some height one of them gets ten times the power, so that sets and next sets differ. Writes
the blocks as {"signed_header", "validators"}, the engine's own JSON, and each one's hash as the engine names it.
"""
import argparse
import base64
import json
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "comet"))
from localnet import Localnet  # noqa: E402

HEIGHTS = 14


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("node")
    parser.add_argument("--cometbft", default="cometbft")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="assay-", dir="/tmp"))
    try:
        with Localnet(folder, given.cometbft, f"{given.node} file {{address}} {{data}}") as net:
            net.wait_for_height(3)
            first = net.validators[0]
            key = first.call("validators")["validators"][0]["pub_key"]["value"]
            first.submit(f"validator {base64.b64decode(key).hex()} 1000000000".encode())
            net.wait_for_height(HEIGHTS + 1)
            blocks = []
            for height in range(1, HEIGHTS + 1):
                commit = first.call("commit", height=str(height))
                blocks.append({"hash": first.call("block", height=str(height))["block_id"]["hash"].lower(),
                               "signed_header": commit["signed_header"],
                               "validators": first.call("validators", height=str(height), per_page="100")["validators"]})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    path = ROOT / "tests" / "golden" / "consensus" / "light_blocks.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(blocks, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(blocks)} blocks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
