"""A look at uploads changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.model.activity import Activity, Line
from tests.contracts.handlers.worlds.reconcile_case import UnkeyedCase


class Looked(UnkeyedCase):
    """The same outside, where only objects can be listed; LEH's log, whose faults are its adapter's tests', knows who uploaded."""

    handler, name = "upload_analysis", "look"
    writes: ClassVar = frozenset()

    def params(self) -> Mapping[str, Any]:
        """Look."""
        return {"key": "case_1"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters."""
        return replace(await super().capabilities(stack, clock), activities=_Log(clock))

    def expected(self) -> set[str]:
        """Nothing."""
        return set()

    def effects(self) -> Counter[str]:
        """What was asked for all the same."""
        return Counter(self.outside.desk.requests)


class _Log:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def around(self, objects: Collection[str], since: datetime, most: int) -> Activity:
        return Activity((Line("user_1", "VIEW", "case_1", self._clock.now()),))

    async def of(self, user: str, since: datetime, most: int) -> Activity:
        return await self.around((), since, most)


WORLDS = (Looked,)
