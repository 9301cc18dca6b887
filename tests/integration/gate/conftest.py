"""What the gate's tests share: moto's server, the two tables, and gates that are a container each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from leh_guardian.gate import Gate
from leh_guardian.local.aws import EmbeddedAws
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import EventBus, Tables, tables


@pytest.fixture
def store(aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    """The tables, where the SDK finds them."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    with tables(aws_server.environment()) as made:
        yield made


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[EventBus]:
    """EventBridge."""
    with EventBus() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", server.url)
        yield server


@pytest.fixture
def between(store: Tables, aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forwarder]:
    """What goes wrong between a gate and DynamoDB."""
    with Forwarder(aws_server.url) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        yield server


@pytest.fixture
def container(store: Tables, bus: EventBus) -> Iterator[Callable[..., Gate]]:
    """Make gates; what they have opened is closed."""
    made: list[Gate] = []

    def make(**more: object) -> Gate:
        made.append(store.gate(**more))
        return made[-1]

    yield make
    for gate in made:
        for client in gate._clients.values():
            client.close()
