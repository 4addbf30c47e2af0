"""Clients that misbehave, leave, crowd in or are cut off; the JavaScript client; the page in a browser."""

import json
import os
import subprocess
import threading

import openai
import pytest

from node import read_all, wait_for

CHAT = "/v1/chat/completions"


def long_request(model, **changes):
    """An answer that takes long: no end before the limit."""
    return {"model": model, "messages": [{"role": "user", "content": "Count upwards."}], "temperature": 0, "max_tokens": 1500, "ignore_eos": True, "stream": True, **changes}


def idle(node):
    return node.metric("assay_requests_running") == 0 and node.metric("assay_requests_waiting") == 0


def test_client_that_hangs_up_frees_its_slot(node, model):
    for stream in (True, False):
        before = node.metric("assay_http_clients_gone_total")
        client = node.raw_post(CHAT, long_request(model, stream=stream))
        assert wait_for(lambda: not idle(node))
        if stream:
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        client.close()
        assert wait_for(lambda: idle(node))
        assert wait_for(lambda: node.metric("assay_http_clients_gone_total") == before + 1)


def test_client_that_does_not_read_frees_its_slot(node, model):
    before = node.metric("assay_http_clients_gone_total")
    client = node.raw_post(CHAT, long_request(model, n=16, logprobs=True, top_logprobs=20), receive_buffer=4096)
    assert wait_for(lambda: not idle(node))
    assert wait_for(lambda: node.metric("assay_http_clients_gone_total") == before + 1, seconds=240)
    assert wait_for(lambda: idle(node))
    client.close()


def test_client_that_sends_slowly_is_served(node, model):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}).encode()
    client = node.raw(f"POST {CHAT} HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Type: application/json\r\n")
    client.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode())
    for i in range(0, len(body), 7):
        client.sendall(body[i : i + 7])
    assert b'"finish_reason"' in read_all(client)


def test_pipelined_requests_are_answered_in_order(node, model):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2})
    post = f"POST {CHAT} HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    client = node.raw(post + "GET /healthz HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
    answers = read_all(client)
    assert answers.index(b"chat.completion") < answers.index(b'{"status":"ok"}')


@pytest.mark.parametrize(
    "text, status",
    [
        ("NONSENSE\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: node\r\nX: " + "x" * 40000 + "\r\n\r\n", 431),
        (f"POST {CHAT} HTTP/1.1\r\nHost: node\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (f"POST {CHAT} HTTP/1.1\r\nHost: node\r\nContent-Length: abc\r\n\r\n", 400),
    ],
)
def test_malformed_requests_are_refused(node, text, status):
    answer = read_all(node.raw(text))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert b'"error"' in answer


def test_full_queue_answers_429(node, model):
    clients = []
    refused = []

    def crowd():
        client = node.raw_post(CHAT, long_request(model, n=64))
        clients.append(client)
        head = client.recv(4096)
        if head.startswith(b"HTTP/1.1 429"):
            refused.append(head)

    threads = []
    for _ in range(12):
        threads.append(threading.Thread(target=crowd))
        threads[-1].start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert refused, "768 requests fitted into the queue"
    assert b"Retry-After: " in refused[0] and b'"queue_full"' in refused[0]
    assert wait_for(lambda: idle(node))


def test_many_at_once_all_get_their_own_answer(client, model):
    def answer(i):
        return client.completions.create(model=model, prompt=f"The number {i} is", temperature=0, max_tokens=8).choices[0].text

    alone = [answer(i) for i in range(12)]
    together = [None] * 12

    def run(i):
        together[i] = answer(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_sigterm_drains(own_node):
    node = own_node
    client = openai.OpenAI(base_url=node.url + "/v1", api_key="none", max_retries=0)
    model = client.models.list().data[0].id
    request = long_request(model, max_tokens=300)
    stream = client.chat.completions.create(**{key: value for key, value in request.items() if key != "ignore_eos"}, extra_body={"ignore_eos": True})
    chunks = [next(stream)]
    node.terminate()
    statuses = set()

    def refused():
        try:
            statuses.add(node.post(CHAT, long_request(model))[0])
        except OSError:
            return True  # it has already gone
        return 503 in statuses

    assert wait_for(refused)
    chunks += list(stream)
    assert chunks[-1].choices[0].finish_reason == "length"
    assert node.wait() == 0


def test_sigterm_while_idle(own_node):
    own_node.terminate()
    assert own_node.wait() == 0


def run_script(name, url):
    work = os.environ["ASSAY_SYSTEM_WORK"]
    result = subprocess.run(["node", os.path.join(work, name), url], cwd=work, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_javascript_client(node):
    run_script("client.mjs", node.url)


def test_chat_page_in_a_browser(node):
    run_script("page.mjs", node.url)
