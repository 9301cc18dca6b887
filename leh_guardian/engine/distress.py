"""Owns the cry for help: people are told directly that guardian itself cannot work; the one rule: at least once, whatever is away.

It is the only effect without an action row, since the row's store may be the very thing that failed. It asks no store: an outage
is what the audit's snapshot and the canary say. Each replica tells for itself; a repeated notice has the same id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import anyio
import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.distress_wording import Outage, distress
from leh_guardian.errors import GuardianError
from leh_guardian.language import Locale
from leh_guardian.model.identity import key
from leh_guardian.model.plan import Severity
from leh_guardian.model.text import told
from leh_guardian.ports import Channel, Notice
from leh_guardian.telemetry.metrics import Metrics

PATIENCE: Final = 120.0
"""Seconds for which what guardian needs may be away before people are told."""
RULE: Final = "guardian.distress"
"""What a notice calls its rule."""
_REPEAT = 3600.0
"""Seconds after which people are told again."""
_AGAIN = 60.0
"""Seconds until a channel that did not take a notice is tried again, with the same id."""
_DEADLINE = 15.0
"""Seconds for one notice over one channel."""
_CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Watch:
    """Something that guardian cannot do without."""

    outage: Outage
    failing: Callable[[], str | None]
    """Why it cannot be used now, None if it can."""
    patience: float = PATIENCE
    """Seconds for which it may be away."""


@dataclass
class _Case:
    """An outage that lasts, or is over and people are still to be told so."""

    began: datetime
    since: float
    reason: str
    over: bool = False
    told: int = 0
    """Notices that the channel took."""
    next_try: float = 0.0
    first_told: float | None = None
    on_console: str = ""
    """The id of the last notice that was said on the console in the channel's place."""


class Distress:
    """Looks every few seconds whether people must be told that guardian cannot work."""

    def __init__(
        self,
        watches: Sequence[Watch],
        channels: Mapping[str, Channel],
        channel: str,
        clock: Clock,
        metrics: Metrics,
        monotonic: Callable[[], float],
        *,
        replica: str,
        locale: Callable[[], Locale] = lambda: Locale.KO,
    ) -> None:
        """Watch; `locale` is what the channel's readers are told in."""
        self._watches = watches
        self._channels = channels
        self._channel = channel if channel in channels else _CONSOLE
        self._clock = clock
        self._metrics = metrics
        self._now = monotonic
        self._replica = replica
        self._locale = locale
        self._log = structlog.get_logger("distress")
        self._cases: dict[Outage, _Case] = {}
        for watch in watches:
            metrics.distress.labels(watch.outage.value).set(0)

    def report(self) -> list[dict[str, Any]]:
        """Return what `/status` says: each outage that people were told of, or are about to be."""
        return [
            {"outage": outage.value, "since": case.began, "reason": case.reason, "told": case.told, "over": case.over}
            for outage, case in self._cases.items()
        ]

    async def run_once(self) -> int:
        """Take note of what fails, and tell people of what has failed for long; returns 0, whatever came of it."""
        for watch in self._watches:
            case = self._note(watch)
            if case is not None and self._is_due(watch, case):
                await self._tell(watch.outage, case)
            current = self._cases.get(watch.outage)
            ringing = current is not None and not current.over and current.first_told is not None
            self._metrics.distress.labels(watch.outage.value).set(ringing)
        return 0

    def _note(self, watch: Watch) -> _Case | None:
        failing, case = watch.failing(), self._cases.get(watch.outage)
        # It quotes other people's answers, and is shown by /status, too.
        reason = None if failing is None else told(failing, 600)
        if reason is not None and (case is None or case.over):
            case = self._cases[watch.outage] = _Case(self._clock.now(), self._now(), reason)
        elif case is not None and reason is not None:
            case.reason = reason
        elif case is not None and not case.over:
            if case.first_told is None:
                # It was short, and nobody has heard of it.
                del self._cases[watch.outage]
                return None
            case.over, case.next_try = True, 0.0
        return case

    def _is_due(self, watch: Watch, case: _Case) -> bool:
        now = self._now()
        if case.first_told is None:
            return now - case.since >= watch.patience
        return now >= case.next_try

    async def _tell(self, outage: Outage, case: _Case) -> None:
        notice = self._notice(outage, case)
        if case.first_told is None:
            case.first_told = self._now()
        taken = await self._send(self._channel, notice)
        if not taken and self._channel != _CONSOLE and case.on_console != notice.id:
            case.on_console = notice.id
            await self._send(_CONSOLE, notice)
        if taken:
            case.told += 1
            case.next_try = self._now() + _REPEAT
            if case.over:
                del self._cases[outage]
        else:
            case.next_try = self._now() + _AGAIN

    def _notice(self, outage: Outage, case: _Case) -> Notice:
        text = distress(outage, case.reason, case.began, self._replica, over=case.over)
        locale = self._locale()
        title, *lines = text.of(locale).splitlines()
        # The same for every try, and for a process that met the same outage in the same minute and was started anew.
        name = f"distress/{self._replica.partition(':')[0]}/{outage}/{case.began:%Y-%m-%dT%H:%M}"
        return Notice(
            id=str(key(f"{name}/{'over' if case.over else case.told}")),
            title=title,
            lines=lines,
            incident="",
            rule=RULE,
            severity=Severity.SEV1.value,
            facts={"outage": outage.value, "over": case.over},
            locale=locale,
        )

    async def _send(self, channel: str, notice: Notice) -> bool:
        reason = f"no answer within {_DEADLINE:g} s"
        with anyio.move_on_after(_DEADLINE):
            try:
                await self._channels[channel].send(notice)
            except GuardianError as error:
                reason = told(error, 300)
            else:
                self._metrics.distress_notices.labels(channel, "told").inc()
                self._log.warning("people were told directly", title=notice.title, channel=channel, notice=notice.id)
                return True
        self._metrics.distress_notices.labels(channel, "failed").inc()
        self._log.error("people could not be told directly", title=notice.title, channel=channel, reason=reason)
        return False
