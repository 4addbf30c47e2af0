import openai
import pytest

from node import Node


@pytest.fixture(scope="session")
def node():
    running = Node()
    yield running
    running.close()


@pytest.fixture
def own_node():
    """A node that the test may stop."""
    running = Node()
    yield running
    running.close()


@pytest.fixture(scope="session")
def client(node):
    return openai.OpenAI(base_url=node.url + "/v1", api_key="none", max_retries=0, timeout=120)


@pytest.fixture(scope="session")
def model(client):
    return client.models.list().data[0].id


@pytest.fixture(scope="session")
def facts(client, model):
    return client.models.retrieve(model).model_dump()["assay"]


@pytest.fixture
def ask(client, model):
    """A greedy, short chat request with changes."""

    def run(content="Name three fruits.", **changes):
        options = {"model": model, "messages": [{"role": "user", "content": content}], "temperature": 0, "max_tokens": 24, **changes}
        return client.chat.completions.create(**options)

    return run
