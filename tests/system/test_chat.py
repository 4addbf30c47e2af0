"""/v1/models and /v1/chat/completions through OpenAI's Python client."""

import json

import openai
import pytest


def test_models_are_listed_and_shown(client, model):
    shown = client.models.retrieve(model)
    assert shown.id == model and shown.object == "model" and shown.owned_by == "assay" and shown.created > 0
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("no-such-model")
    assert error.value.code == "model_not_found"


def test_answer_has_text_usage_and_fingerprint(ask, facts):
    answer = ask()
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 0 < answer.usage.completion_tokens <= 24
    assert answer.system_fingerprint.startswith(facts["arithmetic"])


def test_stream_says_the_same_as_the_whole_answer(ask):
    whole = ask()
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens


def test_stream_without_usage_has_none(ask):
    assert all(chunk.usage is None and chunk.choices for chunk in ask(stream=True))


def test_same_seed_same_answer(ask):
    first = ask(temperature=1, seed=7).choices[0].message.content
    assert ask(temperature=1, seed=7).choices[0].message.content == first
    others = {ask(temperature=1, seed=seed).choices[0].message.content for seed in range(8, 14)}
    assert others != {first}


def test_several_choices_follow_their_seeds(ask):
    answer = ask(n=3, temperature=1, seed=100)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    single = ask(temperature=1, seed=102)
    assert answer.choices[2].message.content == single.choices[0].message.content
    assert answer.usage.prompt_tokens == single.usage.prompt_tokens
    pieces = {0: "", 1: "", 2: ""}
    for chunk in ask(n=3, temperature=1, seed=100, stream=True):
        pieces[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert [pieces[i] for i in range(3)] == [choice.message.content for choice in answer.choices]


def test_token_limit_under_both_names(ask, client, model):
    short = ask(max_tokens=3)
    assert short.usage.completion_tokens == 3 and short.choices[0].finish_reason == "length"
    messages = [{"role": "user", "content": "Name three fruits."}]
    newer = client.chat.completions.create(model=model, messages=messages, temperature=0, max_completion_tokens=3)
    assert newer.choices[0].message.content == short.choices[0].message.content


def test_stop_text_ends_the_answer(ask):
    whole = ask().choices[0].message.content
    cut = whole[len(whole) // 3 : len(whole) // 3 + 4]
    answer = ask(stop=[cut])
    assert answer.choices[0].message.content == whole[: whole.index(cut)]
    assert answer.choices[0].finish_reason == "stop"
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in ask(stop=cut, stream=True))
    assert streamed == answer.choices[0].message.content


def test_logprobs_spell_the_answer(ask):
    answer = ask(logprobs=True, top_logprobs=3)
    entries = answer.choices[0].logprobs.content
    assert len(entries) in (answer.usage.completion_tokens, answer.usage.completion_tokens - 1)
    spelled = b"".join(bytes(entry.bytes) for entry in entries).decode("utf-8", "replace")
    assert spelled.startswith(answer.choices[0].message.content)
    for entry in entries:
        assert entry.logprob <= 0 and len(entry.top_logprobs) == 3
        assert max(top.logprob for top in entry.top_logprobs) == pytest.approx(entry.logprob)  # greedy
    streamed = [entry for chunk in ask(logprobs=True, top_logprobs=3, stream=True) if chunk.choices[0].logprobs for entry in chunk.choices[0].logprobs.content]
    assert [entry.logprob for entry in streamed] == [entry.logprob for entry in entries]


def test_logit_bias_and_penalties_change_the_answer(ask, client, model):
    plain = ask(logprobs=True)
    first = plain.choices[0].logprobs.content[0]
    token = client.completions.create(model=model, prompt=first.token, max_tokens=1).usage.prompt_tokens
    assert token >= 1
    assert ask(frequency_penalty=2, presence_penalty=2, max_tokens=60).choices[0].message.content != ask(max_tokens=60).choices[0].message.content
    extra = ask(extra_body={"top_k": 1, "min_p": 0.0, "repetition_penalty": 1.0}, temperature=1.5, seed=3)
    assert extra.choices[0].message.content == plain.choices[0].message.content  # top_k 1 is greedy


def test_content_parts_and_roles(ask, client, model):
    messages = [{"role": "developer", "content": "Answer briefly."}, {"role": "user", "content": [{"type": "text", "text": "Name "}, {"type": "text", "text": "a colour."}]}]
    parts = client.chat.completions.create(model=model, messages=messages, temperature=0, max_tokens=8)
    messages = [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": "Name a colour."}]
    plain = client.chat.completions.create(model=model, messages=messages, temperature=0, max_tokens=8)
    assert parts.choices[0].message.content == plain.choices[0].message.content


def test_json_object_parses(ask):
    answer = ask("Describe a cat as JSON.", response_format={"type": "json_object"}, max_tokens=200)
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content), dict)
    else:
        assert answer.choices[0].message.content.lstrip().startswith("{")


def test_json_schema_is_followed(ask):
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green"]}, "count": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["colour", "count"],
        "additionalProperties": False,
    }
    answer = ask("Pick.", response_format={"type": "json_schema", "json_schema": {"name": "pick", "schema": schema, "strict": True}}, max_tokens=120)
    value = json.loads(answer.choices[0].message.content)
    assert value["colour"] in ("red", "green") and 1 <= value["count"] <= 9 and len(value) == 2


def test_schema_that_is_not_understood_is_refused(ask):
    bad = {"name": "x", "schema": {"type": "object", "properties": {"a": {"not": {"type": "string"}}}}}
    with pytest.raises(openai.BadRequestError) as error:
        ask(response_format={"type": "json_schema", "json_schema": bad})
    assert error.value.param == "response_format"


WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a city", "parameters": {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}}, "required": ["city"], "additionalProperties": False}}}


def test_tools_are_called_or_refused_by_name(ask, facts):
    forced = {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "get_weather"}}, "max_tokens": 200}
    if not facts["tools"]:
        with pytest.raises(openai.BadRequestError) as error:
            ask("Weather in Oslo?", **forced)
        assert error.value.param == "tools"
        return
    answer = ask("Weather in Oslo?", **forced).choices[0]
    assert answer.finish_reason == "tool_calls"
    call = answer.message.tool_calls[0]
    assert call.function.name == "get_weather" and json.loads(call.function.arguments)["city"] in ("Oslo", "Rome")
    streamed = [chunk.choices[0].delta.tool_calls for chunk in ask("Weather in Oslo?", stream=True, **forced) if chunk.choices[0].delta.tool_calls]
    assert streamed[0][0].function.name == "get_weather" and streamed[0][0].index == 0


def test_tools_hidden_by_tool_choice_none(ask):
    assert ask(tools=[WEATHER], tool_choice="none").choices[0].message.tool_calls is None
