"""assay tool: JSON lines and single operations."""

import json

from conftest import run

EMPTY_KECCAK = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def lines(*requests):
    """Requests are objects, or text that is sent as it is."""
    text = "".join((request if isinstance(request, str) else json.dumps(request)) + "\n" for request in requests)
    outcome = run("tool", "run", stdin=text)
    assert outcome.code == 0 and outcome.err == ""
    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(answers) == len(requests)
    return answers


def test_lines_are_answered_in_order_and_bad_ones_do_no_harm():
    answers = lines({"op": "keccak256", "hex": ""}, "nonsense", {"op": "dance"}, "", {"op": "sha256", "hex": "0x616263"})
    assert [answer["ok"] for answer in answers] == [True, False, False, False, True]
    assert answers[0]["hash"] == EMPTY_KECCAK
    assert answers[4]["hash"] == "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert all(answer["error"] and "\n" not in answer["error"] for answer in answers[1:4])


def test_a_line_of_many_megabytes():
    answers = lines({"op": "keccak256", "hex": "00" * 5_000_000}, {"op": "keccak256", "hex": ""})
    assert answers[0]["ok"] and answers[1]["hash"] == EMPTY_KECCAK


def test_encodings_come_back():
    value = {"a": [1, -1, 1.5, None, True, "é"], "big": 2**64 - 1}
    encoded = lines({"op": "dag-cbor.encode", "json": value})[0]
    decoded = lines({"op": "dag-cbor.decode", "hex": encoded["hex"]})[0]
    assert decoded["json"] == value and decoded["cid"] == encoded["cid"]
    items = ["0x", "0x00", ["0x7f", ["0x80"], []]]
    encoded = lines({"op": "rlp.encode", "json": items})[0]
    assert lines({"op": "rlp.decode", "hex": encoded["hex"]})[0]["json"] == items


def test_single_operations(tmp_path):
    assert run("tool", "keccak256", "0x").out == EMPTY_KECCAK + "\n"
    assert run("tool", "keccak256", "--text", "transfer(address,uint256)").out.startswith("0xa9059cbb")
    assert run("tool", "rlp", "decode", "-", stdin="c88363617483646f67\n").out == '["0x636174","0x646f67"]\n'
    assert run("tool", "dag-cbor", "encode", '{"a":1}', "--json").json()["hex"] == "0xa1616101"
    file = tmp_path / "hello.txt"
    file.write_text("hello world\n")
    assert run("tool", "cid", file).out == "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4\n"


def test_wrong_arguments():
    assert run("tool", "rlp", "decode", "zz").code == 2
    assert "hexadecimal" in run("tool", "rlp", "decode", "zz").error()
    assert run("tool", "cid", "/nowhere").code == 3
    assert run("tool").code == 2
