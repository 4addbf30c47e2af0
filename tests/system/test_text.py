"""/v1/completions and /v1/embeddings through OpenAI's Python client."""

import openai
import pytest


def complete(client, model, **changes):
    options = {"model": model, "prompt": "Once upon a time", "temperature": 0, "max_tokens": 12, **changes}
    return client.completions.create(**options)


def test_one_prompt_and_its_stream(client, model):
    answer = complete(client, model)
    assert answer.choices[0].text and answer.usage.completion_tokens <= 12
    chunks = list(complete(client, model, stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].text for c in chunks if c.choices) == answer.choices[0].text
    assert chunks[-1].usage.total_tokens == answer.usage.total_tokens


def test_sixteen_tokens_unless_told_otherwise(client, model):
    answer = client.completions.create(model=model, prompt="1 2 3 4 5 6", temperature=0, extra_body={"ignore_eos": True})
    assert answer.usage.completion_tokens == 16 and answer.choices[0].finish_reason == "length"


def test_several_prompts_and_choices(client, model):
    both = complete(client, model, prompt=["Once upon a time", "The capital of France is"], n=2, seed=5, temperature=1)
    assert [choice.index for choice in both.choices] == [0, 1, 2, 3]
    second = complete(client, model, prompt="The capital of France is", seed=6, temperature=1)
    assert both.choices[3].text == second.choices[0].text


def test_echo_puts_the_prompt_first(client, model):
    plain = complete(client, model)
    assert complete(client, model, echo=True).choices[0].text == "Once upon a time" + plain.choices[0].text
    streamed = "".join(chunk.choices[0].text for chunk in complete(client, model, echo=True, stream=True))
    assert streamed == "Once upon a time" + plain.choices[0].text


def test_token_ids_as_prompt(client, model):
    answer = complete(client, model, prompt=[10, 11, 12])
    assert answer.usage.prompt_tokens == 3
    assert len(complete(client, model, prompt=[[10, 11], [12]]).choices) == 2
    with pytest.raises(openai.BadRequestError) as error:
        complete(client, model, prompt=[2000000000])
    assert error.value.param == "prompt"


def test_logprobs_in_the_older_shape(client, model):
    answer = complete(client, model, logprobs=2)
    lists = answer.choices[0].logprobs
    assert len(lists.tokens) == len(lists.token_logprobs) == len(lists.text_offset) == len(lists.top_logprobs)
    assert lists.text_offset[0] == 0 and all(value <= 0 for value in lists.token_logprobs)
    assert "".join(lists.tokens).startswith(answer.choices[0].text)


def test_context_overflow_is_named(client, model, facts):
    with pytest.raises(openai.BadRequestError) as error:
        complete(client, model, prompt=[10] * facts["context_length"])
    assert error.value.code == "context_length_exceeded"


def test_embeddings(client, model, facts):
    if facts["embeds"]:
        answer = client.embeddings.create(model=model, input=["a cat", "a dog"])  # the client asks for base64
        floats = client.embeddings.create(model=model, input=["a cat", "a dog"], encoding_format="float")
        assert [item.index for item in answer.data] == [0, 1]
        assert answer.data[1].embedding == pytest.approx(floats.data[1].embedding)
        assert len(answer.data[0].embedding) == facts["embedding_dimensions"]
        with pytest.raises(openai.BadRequestError) as error:
            client.embeddings.create(model=model, input="a cat", dimensions=3)
        assert error.value.param == "dimensions"
        return
    with pytest.raises(openai.BadRequestError) as error:
        client.embeddings.create(model=model, input="a cat")
    assert error.value.param == "model"
