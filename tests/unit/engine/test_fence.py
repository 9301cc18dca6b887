"""The fence between an attempt and the outside."""

from __future__ import annotations

from typing import Any

import pytest

from leh_guardian.context import Capabilities
from leh_guardian.engine.fence import fenced
from leh_guardian.engine.lease import Lease
from leh_guardian.errors import LeaseLost
from leh_guardian.ports import Notice, Sent
from tests.support.clock import FakeClock

NOTICE = Notice("id", "title", [], "incident", "rule", "sev2")


class Passing(FakeClock):
    """A clock whose seconds a test moves."""

    passed = 0.0

    def monotonic(self) -> float:
        """Return them."""
        return self.passed


class Port:
    """Anything outside."""

    address: str = ""
    confirms: bool = False
    strict: bool = False

    name = "port"
    calls = 0

    async def send(self, notice: Notice) -> Sent:
        """Count."""
        self.calls += 1
        return Sent(notice.id)

    async def info(self, queue: str) -> str:
        """Count."""
        self.calls += 1
        return queue


async def test_no_call_starts_once_the_lease_is_over() -> None:
    """Each port, channels too, works while the lease is trusted and is closed from the instant at which it is not."""
    clock, queues, channel = Passing(), Port(), Port()
    lease = Lease(None, None, clock, trusted=10.0)  # type: ignore[arg-type]
    outside: Any = Capabilities(queues=queues, channels={"console": channel}, letters=Port())  # type: ignore[arg-type, dict-item]
    can: Any = fenced(outside, lease)
    assert await can.queues.info("q") == "q"
    assert await can.channels["console"].send(NOTICE) == Sent("id")
    assert can.channels["console"].name == "port"
    assert can.channels.get("nowhere") is None
    assert (can.errors, can.outages, can.pages) == (None, None, {})
    clock.passed = 10.0
    for late in (can.queues.info("q"), can.channels["console"].send(NOTICE)):
        with pytest.raises(LeaseLost):
            await late
    assert (queues.calls, channel.calls) == (1, 1)
