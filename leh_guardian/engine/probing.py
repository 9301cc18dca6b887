"""Owns guardian's own looks at the service; the one rule: so many failures in a row open one incident, and its recovery is held.

One replica looks at a probe at a time (`store/probes.py`). A look that nothing answered counts against the service only where this
replica can reach something else outside; else it is this replica that has lost its network, and it leaves the probe to the others
until it can. That it cannot reach the alert queue is told by `engine/distress`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.closing import drop, hold
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.wording import Cause
from leh_guardian.language import Text
from leh_guardian.model import probe_wording
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.probe import DETAIL_TYPE, RULE, SOURCE, Probe, StepLook, Track, down, failed_in
from leh_guardian.model.text import told
from leh_guardian.ports import ServiceProbe
from leh_guardian.store import incidents, probes
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.metrics import Metrics

TIDY: Final = 60.0
"""Seconds between two looks for what is in no settings any more."""
_MARGIN: Final = 30.0
"""Seconds that a look may take beyond its own longest, until somebody else takes the probe."""
_GONE: Final = timedelta(minutes=10)
"""How long nobody must have looked at what is in no settings any more: replicas are started anew one after the other."""
_LEFT_ALONE: Final = timedelta(minutes=30)
"""How long after a person has closed its incident a probe that goes on failing opens none."""


class Probing:
    """Looks at the service with one probe, again and again."""

    def __init__(
        self,
        probe: Probe,
        service: ServiceProbe,
        pool: Pool,
        progression: Progression,
        clock: Clock,
        metrics: Metrics,
        reaches_others: Callable[[], bool],
        default_hold: timedelta,
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        self._probe = probe
        self._service = service
        self._pool = pool
        self._progression = progression
        self._clock = clock
        self._metrics = metrics
        self._reaches_others = reaches_others
        self._hold = default_hold
        self._replica = replica
        self._planned = planned
        self._log = structlog.get_logger("probe").bind(probe=probe.name)
        self._blind = False

    async def run_once(self) -> int:
        """Look if it is time to, and no other replica does; returns 0 in any case.

        Raises:
            StoreError: PostgreSQL is away: what was seen is forgotten, and looked at again.
        """
        if self._blind and not self._reaches_others():
            return 0
        now = self._clock.now()
        until = now + timedelta(seconds=self._probe.longest + _MARGIN)
        async with transaction(self._pool) as tx:
            taken = await probes.take(tx, self._probe.name, now, until)
        if taken is None:
            return 0
        failed = failed_in(await self._service.look())
        self._blind = failed is not None and not failed.answered and not self._reaches_others()
        await self._record(until, now, failed)
        return 0

    async def _record(self, until: datetime, began: datetime, failed: StepLook | None) -> None:
        changes = Changes(self._clock.now())
        every = timedelta(seconds=self._probe.every)
        async with transaction(self._pool) as tx:
            await incidents.lock_rules(tx, [RULE])
            track = await probes.lock(tx, self._probe.name)
            # Else this process stood still, and somebody else has taken the probe meanwhile.
            if track is None or track.next_at != until:
                return
            if self._blind:
                # For the others at once; this one stays away.
                await probes.save(tx, replace(track, next_at=changes.now))
            else:
                locale = self._progression.escalator.directory.locale()
                after = replace(track.after(self._probe, failed, changes.now, locale), next_at=began + every)
                await probes.save(tx, after)
                await self._follow(tx, changes, track, after, failed)
                await changes.write(tx, self._replica)
        self._measure(failed)
        if changes.planned:
            self._planned()

    def _measure(self, failed: StepLook | None) -> None:
        outcome = "ok" if failed is None else "blind" if self._blind else "failed"
        self._metrics.probe_looks.labels(self._probe.name, outcome).inc()
        if self._blind:
            step = failed and failed.named.en
            self._log.error("this replica reaches nothing outside: the probe is left to others", step=step)
            return
        self._metrics.probe_up.labels(self._probe.name).set(failed is None)
        if failed is not None:
            step, expected, seen = failed.named.en, failed.expected.en, failed.seen.en
            self._log.warning("a probe failed", step=step, expected=expected, seen=seen)

    async def _follow(
        self, tx: Transaction, changes: Changes, before: Track, track: Track, failed: StepLook | None
    ) -> None:
        """Open, keep open or close the incident, as the look asks for."""
        key = (RULE, self._probe.name)
        incident = (await incidents.lock_open(tx, [key])).get(key)
        if incident is None:
            if track.down and failed is not None and await self._wanted(tx, changes, before, track):
                self._open(changes, track, failed)
        elif failed is not None:
            again = replace(incident, event_count=incident.event_count + 1, last_trigger_at=changes.now)
            changes.incidents[again.id] = again
            if again.ok_at is not None:
                drop(changes, again, "the probe fails again while its recovery was being held")
        elif not track.down and incident.ok_at is None:
            hold(changes, incident, changes.now, self._hold)

    async def _wanted(self, tx: Transaction, changes: Changes, before: Track, track: Track) -> bool:
        """Tell whether an incident is to be opened: nobody says it already, and no person has just said that it is known."""
        if covering := await incidents.open_among(tx, self._probe.covers):
            if not before.down:
                reason = f"{self._probe.name} fails, which the open incident of {', '.join(covering)} says already"
                changes.entries.append(Entry(Kind.COVERED, reason, None, None, RULE, _about(track)))
            return False
        key = (RULE, self._probe.name)
        ended = (await incidents.lock_ended(tx, [key], changes.now - _LEFT_ALONE)).get(key)
        since = track.failing_since
        return ended is None or since is None or ended.opened_at < since

    def _open(self, changes: Changes, track: Track, failed: StepLook) -> None:
        incident = down(self._probe, changes.now)
        envelope = {"source": SOURCE, "detail-type": DETAIL_TYPE, "time": changes.now, "detail": _about(track)}
        changes.opened[incident.id] = RunEvent(incident.event_id, {"id": incident.event_id, **envelope})
        zone = self._progression.escalator.directory.oncall.timezone
        since, seen = (
            track.failing_since or changes.now,
            Text.each(lambda locale: told(failed.compared.of(locale), 400)),
        )
        reason = probe_wording.failing(track.name, failed.named, seen, track.failures, since, changes.now, zone)
        changes.note(Kind.OPENED, self._progression.written(reason), incident=incident, data=_about(track))
        self._progression.escalate(changes, incident, Cause.PROBE, reason)


class ProbesGone:
    """Closes what was opened by probes that are in no settings any more."""

    def __init__(
        self, names: Collection[str], pool: Pool, progression: Progression, clock: Clock, *, replica: str
    ) -> None:
        self._names = sorted(names)
        self._pool = pool
        self._progression = progression
        self._clock = clock
        self._replica = replica

    async def run_once(self) -> int:
        """Look once; returns 0, whatever was found."""
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            gone = await probes.forget(tx, self._names, changes.now - _GONE)
            if gone:
                await incidents.lock_rules(tx, [RULE])
                for incident in (await incidents.lock_open(tx, [(RULE, name) for name in gone])).values():
                    self._end(changes, incident)
                await changes.write(tx, self._replica)
        return 0

    def _end(self, changes: Changes, incident: Incident) -> None:
        self._progression.resolve(changes, incident, probe_wording.GONE_FROM_FILE)


def _about(track: Track) -> Mapping[str, object]:
    return {
        "name": track.name,
        "step": track.step,
        "seen": track.seen,
        "failures": track.failures,
        "failing_since": track.failing_since,
    }
