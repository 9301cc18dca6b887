"""Every call that leaves the process ends in time, also where the other side hangs, or drips its answer for ever."""

from __future__ import annotations

import io
import threading
from typing import Any

import aiohttp
import anyio
import pytest

from leh_guardian.adapters import aws as aws_module
from leh_guardian.adapters import sqs
from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels import http
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.sqs import SqsAlertQueue
from leh_guardian.errors import Unavailable
from leh_guardian.local.aws import REGION
from leh_guardian.ports import Notice
from leh_guardian.store import pool as pools
from leh_guardian.store.pool import Pool
from tests.support.clock import FakeClock
from tests.support.slow import slow_server

NOTICE = Notice(id="1", title="t", lines=[], incident="i", rule="r", severity="sev1")
HOW = pytest.mark.parametrize("how", ["hangs", "drips"])


@HOW
async def test_aws(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long poll and a plain request each have a deadline as a whole; the SDK's own begin anew with every byte."""
    monkeypatch.setattr(sqs, "POLL_MARGIN", -0.5)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    async with slow_server(how) as url, open_aws(REGION) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        client = await aws.client("sqs", read_timeout=30)
        queue = SqsAlertQueue(aws, client, f"{url}/1/q", wait=1, visibility=5)
        with anyio.fail_after(20):
            with pytest.raises(Unavailable, match=r"no answer within 0\.5 s"):
                await queue.receive()
            with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
                await aws.call("look", client.list_queues, tries=1, deadline=0.3)


async def test_credentials_that_never_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are looked for at the start, from a role's server say: where that hangs, the start ends and says so."""
    monkeypatch.setattr(aws_module, "_OPENING", 0.3)
    async with slow_server("hangs") as url, open_aws(REGION) as aws:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        with anyio.fail_after(20), pytest.raises(aws_module.SettingsError, match="no credentials within"):
            await aws.client("sqs")


@HOW
async def test_webhook(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that does not answer, or never ends its answer, costs a message its deadline."""
    monkeypatch.setattr(http, "DEADLINE", 0.3)
    async with slow_server(how) as url, aiohttp.ClientSession() as session:
        channel = WebhookChannel(session, url, b"x" * 16, FakeClock())
        with anyio.fail_after(20):
            if how == "hangs":
                with pytest.raises(Unavailable):
                    await channel.send(NOTICE)
            else:
                # The head says 200, and of the body a few hundred bytes are read, or what has come by then.
                await channel.send(NOTICE)


@HOW
async def test_opensearch(how: str) -> None:
    """The look at OpenSearch ends after three seconds in all."""
    async with slow_server(how) as url:
        search = OpenSearch(url)
        with anyio.fail_after(20), pytest.raises(Unavailable):
            await search.ping()
        await search.close()


async def test_a_full_pool(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every connection is taken, the next one who asks is told so in time."""
    monkeypatch.setattr(pools, "_ACQUIRE_TIMEOUT", 0.2)

    async def all_taken(left: int) -> Any:
        async with pool.connection():
            if left:
                return await all_taken(left - 1)
            return await pool.ping()

    with anyio.fail_after(20), pytest.raises(pools.StoreUnavailable):
        await all_taken(9)
    await pool.ping()


async def test_messages_at_once_take_turns_on_the_console() -> None:
    """Several notices at the same time are all written, each whole."""
    stream = io.StringIO()
    console = ConsoleChannel(stream)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(console.send, NOTICE)
    assert stream.getvalue() == "\n📣 t\n\n" * 5


async def test_a_blocked_console_costs_one_thread() -> None:
    """A pipe that nobody reads holds up one write; the messages after it are refused at once, and work again later."""

    class Blocked(io.StringIO):
        gate = threading.Event()

        def write(self, text: str) -> int:
            self.gate.wait()
            return super().write(text)

    stream = Blocked()
    console = ConsoleChannel(stream)
    with anyio.move_on_after(0.1):
        await console.send(NOTICE)
    for _ in range(3):
        with pytest.raises(Unavailable, match="blocked"):
            await console.send(NOTICE)
    stream.gate.set()
    with anyio.fail_after(10):
        while console._writing:  # noqa: ASYNC110 - a thread ends it
            await anyio.sleep(0.01)
        await console.send(NOTICE)
    assert stream.getvalue().count("📣") == 2
