"""Owns the heartbeat to the outside; the one rule: it goes out only while everything is proved to work, silence is the alarm.

What it asks: a canary of this replica came through lately, no loop is stuck, the snapshot is fresh and has no overdue timer, the
audit of calls (engine/call_audit.py) is fresh and has found nobody forgotten, and there is a way to people that works.
It never blocks and never raises: where it cannot be sent, it is as if it were not sent, and somebody outside is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.auditor import STALE, Snapshot
from leh_guardian.engine.canary import Canary
from leh_guardian.errors import GuardianError
from leh_guardian.model.text import shown
from leh_guardian.ports import Pulse
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress

_DEADLINE = 10.0
"""Seconds for one heartbeat to one place."""
_AGAIN = 4
"""After a failure, the next try comes after this part of the period."""


class Heartbeat:
    """Tells the outside, every period, that this replica works."""

    def __init__(
        self,
        pulses: Mapping[str, Pulse],
        canary: Canary,
        progress: Progress,
        snapshot: Callable[[], Snapshot],
        people: Sequence[Callable[[], str | None]],
        clock: Clock,
        metrics: Metrics,
        monotonic: Callable[[], float],
        *,
        every: float,
    ) -> None:
        """`people` are to say why somebody who should be told is not, None where they are."""
        self.canary = canary
        self._pulses = pulses
        self._progress = progress
        self._snapshot = snapshot
        self._people = people
        self._clock = clock
        self._metrics = metrics
        self._now = monotonic
        self._every = every
        self._log = structlog.get_logger("heartbeat")
        self._began = monotonic()
        self._beat: dict[str, float] = {}
        """{place: when it last took a heartbeat}."""
        self._due = dict.fromkeys(pulses, self._began)
        self._failing: dict[str, str] = {}
        self._told = ""

    def why_not(self) -> str | None:
        """Return why no heartbeat may go out, None if one may."""
        if reason := self.canary.why_not():
            return reason
        if stuck := self._progress.stuck():
            return f"stuck: {', '.join(sorted(stuck))}"
        snapshot = self._snapshot()
        if (self._clock.now() - snapshot.taken_at).total_seconds() > STALE:
            return "the audit is overdue"
        if overdue := snapshot.counts.get("timers", {}).get("overdue"):
            return f"{overdue} timers are overdue"
        return next((reason for one in self._people if (reason := one())), None)

    def age(self) -> float:
        """Return seconds since the place that waits longest took a heartbeat; since the start, while one has taken none."""
        return self._now() - min(self._beat.get(place, self._began) for place in self._pulses)

    def report(self) -> dict[str, Any]:
        """Return what `/status` says."""
        return {
            "canary_age_seconds": round(self.canary.age(), 1),
            "heartbeat_age_seconds": round(self.age(), 1),
            "held_back": self.why_not(),
            "failing": dict(self._failing),
        }

    async def run_once(self) -> int:
        """Send what is due, if it may go out; returns 0, whatever came of it."""
        reason = self.why_not()
        self._say(reason)
        if reason is None:
            async with anyio.create_task_group() as tasks:
                for place, due in self._due.items():
                    if self._now() >= due:
                        tasks.start_soon(self._send, place, name=f"heartbeat to {place}")
        return 0

    async def _send(self, place: str) -> None:
        try:
            with anyio.fail_after(_DEADLINE):
                await self._pulses[place].beat()
        except (GuardianError, TimeoutError) as error:
            reason = shown(error, 300) if isinstance(error, GuardianError) else f"no answer within {_DEADLINE:g} s"
            if self._failing.get(place) != reason:
                # Each new reason once.
                self._log.error("heartbeat not sent: will try again", place=place, reason=reason)
            self._failing[place] = reason
            self._due[place] = self._now() + self._every / _AGAIN
            self._metrics.heartbeats.labels(place, "failed").inc()
            return
        if self._failing.pop(place, None):
            self._log.info("heartbeats are taken again", place=place)
        self._beat[place] = self._now()
        self._due[place] = self._now() + self._every
        self._metrics.heartbeats.labels(place, "sent").inc()

    def _say(self, reason: str | None) -> None:
        # A reason with an age in it changes at every look: what is told is that there is one.
        if bool(reason) != bool(self._told):
            if reason:
                self._log.warning("heartbeat held back", reason=reason)
            else:
                self._log.info("heartbeats go out")
        self._told = reason or ""
