"""The places that take heartbeats: a healthchecks-type address, and CloudWatch."""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp
import anyio
import pytest

from leh_guardian.adapters import heartbeat
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.heartbeat import CloudWatchPulse, HttpPulse
from leh_guardian.errors import HandlerError, Refused, Unavailable
from tests.support.posts import Receiver
from tests.support.slow import slow_server

SECRET = "/ping/0c4f2a7e-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server of the kind."""
    with Receiver() as one:
        yield one


async def beat(url: str) -> None:
    """Send one heartbeat."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        await HttpPulse(session, url).beat()


async def test_an_address_is_posted_to(receiver: Receiver) -> None:
    """One empty POST to the very address."""
    await beat(receiver.url + SECRET)
    assert (receiver.paths, receiver.bodies) == ([SECRET], [b""])


@pytest.mark.parametrize(
    ("status", "kind"), [(500, Unavailable), (429, Unavailable), (404, Refused), (302, Refused), (307, Refused)]
)
async def test_other_answers_are_no_heartbeat(receiver: Receiver, status: int, kind: type[HandlerError]) -> None:
    """A refusal, a breakdown and a redirect, which is not followed, are failures whose text holds no address."""
    receiver.status = status
    with pytest.raises(kind) as raised:
        await beat(receiver.url + SECRET)
    assert receiver.paths == [SECRET]
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid", "http://[::1", "http://a b"])
async def test_nobody_there(url: str) -> None:
    """An address at which nobody listens, or that is none, is a failure, too."""
    with pytest.raises(Unavailable) as raised:
        await beat(url + SECRET)
    assert "secret" not in str(raised.value)


async def test_an_answer_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs costs a heartbeat its deadline."""
    monkeypatch.setattr(heartbeat, "_DEADLINE", 0.3)
    async with slow_server("hangs") as url:
        with anyio.fail_after(20), pytest.raises(Unavailable):
            await beat(url)


async def test_cloudwatch_is_given_a_metric(aws: Aws) -> None:
    """The metric `Heartbeat` with the installation as its dimension, as the alarm of docs/deploy.md looks for it."""
    client = await aws.client("cloudwatch")
    await CloudWatchPulse(aws, client, "LEH/Guardian", "alerts").beat()
    listed = await client.list_metrics(Namespace="LEH/Guardian")
    seen = {(m["MetricName"], m["Dimensions"][0]["Name"], m["Dimensions"][0]["Value"]) for m in listed["Metrics"]}
    assert ("Heartbeat", "Installation", "alerts") in seen
