"""Requests that are wrong: each gets an OpenAI error object that names the field."""

import json

import pytest
from openapi_spec_validator import validate

CHAT = "/v1/chat/completions"
USER = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    "change, param",
    [
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"top_k": 1.5}, "top_k"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": 1000}, "n"),
        ({"seed": "x"}, "seed"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["a"] * 17}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logit_bias": {"x": 1}}, "logit_bias"),
        ({"logit_bias": {"1": 101}}, "logit_bias"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": USER + [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages[1].content[0].type"),
        ({"tools": [{"type": "retrieval"}]}, "tools[0].type"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"temprature": 1}, "temprature"),
        ({"model": None}, "model"),
    ],
)
def test_field_is_named(node, model, change, param):
    status, error = node.error(CHAT, {"model": model, "messages": USER, **change})
    assert status == 400 and error["type"] == "invalid_request_error" and error["param"] == param
    assert param.split("[")[0] in error["message"]


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/embeddings"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"model":' + b"[" * 100 + b"]" * 100 + b"}", b"nul"])
def test_bodies_that_are_not_json_objects(node, path, body):
    status, _, text = node.post(path, body)
    assert status == 400 and json.loads(text)["error"]["code"] == "invalid_json"


def test_unknown_model(node):
    assert node.error(CHAT, {"model": "gpt-9", "messages": USER})[1]["code"] == "model_not_found"
    assert node.error("/v1/completions", {"model": "gpt-9", "prompt": "x"})[0] == 404
    assert node.error("/v1/embeddings", {"model": "gpt-9", "input": "x"})[0] == 404


def test_unknown_path_and_method(node):
    assert node.get("/v2/chat")[0] == 404
    status, headers, _ = node.get(CHAT)
    assert status == 405 and "POST" in headers["Allow"]
    status, headers, _ = node.post("/v1/models", {})
    assert status == 405 and "GET" in headers["Allow"]


def test_only_json_bodies(node):
    assert node.post(CHAT, b"{}", headers={"Content-Type": "text/plain"})[0] == 415


def test_browser_pages_elsewhere_are_refused(node, model):
    body = {"model": model, "messages": USER, "max_tokens": 1}
    status, headers, _ = node.post(CHAT, body, headers={"Origin": "http://localhost:3000"})
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert node.post(CHAT, body, headers={"Origin": "https://evil.example"})[0] == 403
    status, headers, _ = node.request("OPTIONS", CHAT, headers={"Origin": "http://127.0.0.1:1", "Access-Control-Request-Method": "POST"})
    assert status == 204 and "POST" in headers["Access-Control-Allow-Methods"]


def test_health(node):
    status, _, text = node.get("/healthz")
    assert status == 200 and json.loads(text) == {"status": "ok"}


def test_metrics_are_well_formed(node, model):
    node.post(CHAT, {"model": model, "messages": USER, "max_tokens": 4})
    status, headers, text = node.get("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    declared = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert declared == {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}
    for line in text.splitlines():
        if not line.startswith("#"):
            name = line.split("{")[0].split(" ")[0]
            family = [name.removesuffix(suffix) for suffix in ("_bucket", "_sum", "_count", "")]
            assert declared & set(family), line
            float(line.rsplit(" ", 1)[1])
    assert node.metric('assay_http_requests_total{route="/v1/chat/completions",status="200"}') >= 1 or "assay_http_requests_total" in text
    assert node.metric("assay_tokens_generated_total") >= 1
    assert node.metric("assay_time_to_first_token_seconds_count") >= 1


def test_description_is_valid_and_complete(node):
    description = json.loads(node.get("/openapi.json")[2])
    validate(description)
    openai = {"/v1/models", "/v1/models/{model}", CHAT, "/v1/completions", "/v1/embeddings"}
    chain = {"/chain/status", "/chain/blocks", "/chain/blocks/{block}", "/chain/headers/{height}", "/chain/transactions", "/chain/transactions/{hash}", "/chain/prepare", "/chain/simulate", "/chain/accounts/{address}",
             "/chain/accounts/{address}/transactions", "/chain/query/{path}", "/chain/history", "/chain/events", "/eth"}
    assert openai | chain | {"/healthz", "/metrics", "/openapi.json"} == set(description["paths"])
