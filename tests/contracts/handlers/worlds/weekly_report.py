"""The weekly report: an effect is a report that reaches a place, by the id that a place knows it by."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import aiohttp

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.faults import refuse
from tests.support.webhook_receiver import HOOK, SECRET, WebhookReceiver

_REPORT = "report"


class Reported(World):
    """A receiver that does not deduplicate, and checks that never ran: they are UNKNOWN, and it goes out at once."""

    handler, name = "weekly_report", "webhook"
    writes = frozenset({HOOK})
    # Between sending it and writing that down: it goes out again, under the same id.
    windows: ClassVar = {HOOK: 1, "weekly_report.sent": 1}
    throttle = refuse(429, "slow down", retry_after=5)
    believed = True

    def open(self) -> None:
        """Start the receiver."""
        self.receiver = WebhookReceiver().__enter__()
        self.faults = self.receiver.faults

    def close(self) -> None:
        """End it."""
        self.receiver.__exit__(None, None, None)
        assert self.receiver.forged == 0

    def params(self) -> Mapping[str, Any]:
        """Report at once."""
        return {"channels": ["hook"], "checks": ["check_s3_tmp"], "patience": "0s"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the channel; guardian's own messages go to a console that nobody looks at."""
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hook = WebhookChannel(session, f"{self.receiver.url}/hook", SECRET, clock)
        console = ConsoleChannel(io.StringIO())
        return Capabilities(queues=None, channels={"hook": hook, "console": console}, letters=None)  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """One report."""
        return {_REPORT}

    def effects(self) -> Counter[str]:
        """How often it came, if always under one id and as one document."""
        notices = self.receiver.notices
        assert len({notice["id"] for notice in notices}) <= 1, "a repeated report has another id"
        assert len({notice["facts"]["generated_at"] for notice in notices}) <= 1, "a repeated report is another one"
        return Counter(_REPORT for _ in notices)

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.receiver.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.receiver.let_go()


WORLDS = (Reported,)
