"""Waiting for a provider: an effect is an announcement that reaches the team or LEH's users, by its id."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import aiohttp

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.adapters.status_page import HttpStatusPage, status_session
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.store.provider_outages import StoreOutages
from tests.contracts.handlers.world import World
from tests.support.faults import refuse
from tests.support.provider_outside import ProviderOutside
from tests.support.webhook_receiver import HOOK, SECRET


class Away(World):
    """A provider that is away for some minutes, in the eyes of its page and of the worker, before it comes back."""

    handler, name = "await_provider", "away"
    writes = frozenset({HOOK})
    # Between sending an announcement and writing it down: it goes out again, under the same id.
    windows: ClassVar = {HOOK: 1, "provider.announced": 1}
    throttle = refuse(429, "slow down", retry_after=5)
    believed = True

    def open(self) -> None:
        """Start page and receiver."""
        self.outside = ProviderOutside(bad=200).__enter__()
        self.faults = self.outside.faults

    def close(self) -> None:
        """End them."""
        self.outside.__exit__(None, None, None)
        assert self.outside.forged == 0

    def params(self) -> Mapping[str, Any]:
        """Wait for it."""
        share = {"attempts": 20, "external": 20, "cases": 9}
        announce = {"team": "team", "users": "users"}
        return {"provider": "openai", "share": share, "stable_for": "1m", "update_every": "110s", "announce": announce}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open page, channels and record."""
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hook = WebhookChannel(session, f"{self.outside.url}/hook", SECRET, clock)
        page = HttpStatusPage(await stack.enter_async_context(status_session()), self.outside.url, ["Responses"], clock)
        pool = await self.pools.of("world")
        channels = {"team": hook, "users": hook, "console": ConsoleChannel(io.StringIO())}
        return Capabilities(None, channels, None, {"openai": page}, StoreOutages(pool))  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """Start, updates and end, for both; trouble that delays the start makes the first update another number."""
        wanted = {f"{who}/{what}/0" for who in ("team", "users") for what in ("start", "end")}
        for who in ("team", "users"):
            wanted |= {name for name in self.effects() if name.startswith(f"{who}/update/")} or {f"{who}/update/1"}
        return wanted

    def effects(self) -> Counter[str]:
        """How often each came."""
        return self.outside.announced()

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.outside.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.outside.let_go()

    def advance(self, seconds: float) -> None:
        """Let time pass for the page."""
        self.outside.passed += seconds


WORLDS = (Away,)
