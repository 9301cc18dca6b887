"""Owns what every source is read by; the one rule: each source has its share of the time, and never that of the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import anyio.to_thread

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import Covered
from leh_guardian.checks.audit.sightings import Sightings
from leh_guardian.checks.audit.sizes import Design

Result = TypeVar("Result")

DAY: Final = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the check, as one source sees it."""

    design: Design
    seed: str
    since: datetime
    until: datetime
    seen: Sightings
    monotonic: Callable[[], float]
    ends: float
    """By `monotonic`."""

    @property
    def left(self) -> float:
        """How many seconds there still are."""
        return self.ends - self.monotonic()

    def over(self, covered: Covered) -> bool:
        """Tell whether the time is over, which is then a gap."""
        if self.left > 0:
            return False
        covered.gap(say.cut_by_time(covered.place, covered.looked), say.MORE_TIME)
        return True


async def in_thread(look: Callable[..., Result], *given: Any) -> Result:
    """Look at lines beside the event loop, which goes on: a breaker may have to open meanwhile."""
    return await anyio.to_thread.run_sync(look, *given, abandon_on_cancel=True)
