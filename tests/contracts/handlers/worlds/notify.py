"""Telling people: an effect is a notice that reaches them, by its id where the channel has ids."""

from __future__ import annotations

import io
import threading
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
from tests.support.faults import Faults, Kind, refuse
from tests.support.webhook_receiver import HOOK, SECRET, WebhookReceiver

_TITLE = "DLQ에 메시지가 남아 있습니다"


class Webhook(World):
    """A receiver of signed notices that does not deduplicate, the worst that may be expected."""

    handler, name = "notify", "webhook"
    writes = frozenset({HOOK})
    # Between sending a notice and writing it down: it goes out again, under the same id.
    windows: ClassVar = {HOOK: 1, "executor.before_settle": 1}
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
        """Tell it something."""
        return {"channel": "hook", "text": f"{_TITLE}\n둘째 줄"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the channel; guardian's own messages go to a console that nobody looks at."""
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hook = WebhookChannel(session, f"{self.receiver.url}/hook", SECRET, clock)
        console = ConsoleChannel(io.StringIO())
        return Capabilities(queues=None, channels={"hook": hook, "console": console}, letters=None)  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """One notice."""
        return {_TITLE}

    def effects(self) -> Counter[str]:
        """How often it came, if always under one id."""
        assert len({notice["id"] for notice in self.receiver.notices}) <= 1, "a repeated notice has another id"
        return Counter(notice["title"] for notice in self.receiver.notices)

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.receiver.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.receiver.let_go()


class _Terminal(io.StringIO):
    """A stream that goes wrong on demand: full, blocked, or broken after the text has gone out."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults
        self._go = threading.Event()
        self.hung = 0

    def write(self, text: str) -> int:
        """Write, or not."""
        fault = self._faults.decide("write")
        if fault is None:
            return super().write(text)
        if fault.applied:
            super().write(text)
        if fault.kind is Kind.HANG:
            self.hung += 1
            self._go.wait(60)
            self.hung -= 1
            return len(text) if fault.applied else super().write(text)
        raise OSError(fault.code)

    def let_go(self) -> None:
        """Let blocked writers go on."""
        self._go.set()


class Console(World):
    """A terminal."""

    handler, name = "notify", "console"
    writes = frozenset({"write"})
    windows: ClassVar = {"write": 1, "executor.before_settle": 1}
    throttle = refuse(503, "full")
    believed = True
    serial = True

    def open(self) -> None:
        """Make the terminal."""
        self.faults = Faults()
        self.terminal = _Terminal(self.faults)

    def close(self) -> None:
        """Let blocked writers end."""
        self.terminal.let_go()

    def params(self) -> Mapping[str, Any]:
        """Tell it something."""
        return {"channel": "console", "text": f"{_TITLE}\n둘째 줄"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the channel."""
        return Capabilities(queues=None, channels={"console": ConsoleChannel(self.terminal)}, letters=None)  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """One notice."""
        return {_TITLE}

    def effects(self) -> Counter[str]:
        """How often its title is on the terminal."""
        times = self.terminal.getvalue().count(f"📣 {_TITLE}\n")
        return Counter({_TITLE: times} if times else {})

    @property
    def hung(self) -> int:
        """Writers that are blocked."""
        return self.terminal.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.terminal.let_go()


WORLDS = (Webhook, Console)
