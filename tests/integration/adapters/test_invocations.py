"""Lambda over HTTP: what is said of a function, and an event that is queued."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.errors import HandlerError, NotFound, Refused, Throttled, Unavailable
from tests.support.faults import garbage, lose_reply, refuse
from tests.support.lambda_server import REGION, LambdaServer


@pytest.fixture
def server() -> Iterator[LambdaServer]:
    """A Lambda with a worker that has an alias."""
    with LambdaServer() as started:
        started.make_function("worker", "live", timeout=900)
        yield started


@pytest.fixture
async def functions(server: LambdaServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LambdaFunctions]:
    """The adapter."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    async with open_aws(REGION) as aws:
        yield LambdaFunctions(aws, await aws.client("lambda"))


async def test_what_is_said_of_a_function(server: LambdaServer, functions: LambdaFunctions) -> None:
    """By name, alias or ARN: what is invoked under it, and how long that may take."""
    arn = server.make_function("other", timeout=7, LastUpdateStatus="InProgress", LastUpdateStatusReason="new code")
    found = await functions.state("worker:live")
    assert (found.name, found.version, found.timeout, found.settled) == ("worker", "7", 900.0, True)
    assert found.modified_at == datetime(2026, 11, 22, 17, tzinfo=UTC)
    other = await functions.state(arn)
    assert (other.name, other.version, other.settled) == ("other", "$LATEST", False)
    assert "new code" in other.why
    with pytest.raises(NotFound, match="Function not found"):
        await functions.state("worker:dead")
    server.faults.script("GetFunctionConfiguration", garbage())
    with pytest.raises(HandlerError):
        await functions.state("worker")


async def test_an_event_is_queued_as_it_was(server: LambdaServer, functions: LambdaFunctions) -> None:
    """Byte for byte, under the alias that was named, in an ARN as well."""
    payload = '{"key": "계약서.pdf"}'.encode()
    for name in ("worker", "worker:live", "arn:aws:lambda:ap-northeast-2:123456789012:function:worker:live"):
        await functions.invoke(name, payload)
    assert server.invoked == [("worker", of, payload) for of in ("$LATEST", "live", "live")]


@pytest.mark.parametrize(
    ("function", "payload", "error"),
    [
        ("worker", b"no json", Refused),
        ("worker", b'"' + b"x" * (1 << 20) + b'"', Refused),
        ("nowhere", b"{}", NotFound),
    ],
)
async def test_what_lambda_does_not_take(
    server: LambdaServer, functions: LambdaFunctions, function: str, payload: bytes, error: type[Exception]
) -> None:
    """A payload that is no JSON or too large, or a function that is not there: said by a class of its own."""
    with pytest.raises(error):
        await functions.invoke(function, payload)
    assert server.invoked == []


@pytest.mark.parametrize(
    ("fault", "error", "queued"),
    [
        (refuse(429, "TooManyRequestsException"), Throttled, 0),
        (refuse(503), Unavailable, 0),
        (lose_reply(), Unavailable, 1),
        (garbage(applied=False), Unavailable, 0),
    ],
)
async def test_an_event_counts_as_queued_on_lambdas_word_alone(
    server: LambdaServer, functions: LambdaFunctions, fault: object, error: type[Exception], queued: int
) -> None:
    """Any answer but 202 is none; nothing is repeated here, since the caller alone knows what was confirmed."""
    server.faults.script("Invoke", fault)  # type: ignore[arg-type]
    with pytest.raises(error):
        await functions.invoke("worker", b"{}")
    assert len(server.invoked) == queued
