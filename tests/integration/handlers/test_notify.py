"""Telling people: what a message quotes of an event holds no secrets."""

from __future__ import annotations

import json

import aiohttp

from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import Capabilities
from leh_guardian.handlers.notify import NotifyParams, notify
from leh_guardian.model.outcome import Done
from tests.faults.outside import OutsideWorld
from tests.support.attempt import attempt
from tests.support.clock import FakeClock


async def test_a_message_is_redacted_before_it_leaves() -> None:
    """A secret or a resident number in the title or a line does not reach the receiver; a long line is not cut."""
    text = f"주민번호900101-1234567입니다\npassword=hunter2\n{'x' * 5000}"
    with OutsideWorld() as outside:
        async with aiohttp.ClientSession() as session:
            hook = WebhookChannel(session, f"{outside.url}/notice", b"0" * 32, FakeClock())
            can = Capabilities(queues=SqsQueues(None, None), channels={"hook": hook}, letters=None)  # type: ignore[arg-type]
            outcome = await notify(attempt(can), NotifyParams(channel="hook", text=text))
        (call,) = outside.calls
    assert isinstance(outcome, Done)
    said = json.loads(call.body)
    assert said["title"] == "주민번호[주민번호]입니다"
    assert said["lines"] == ["password=[redacted]", "x" * 5000]
