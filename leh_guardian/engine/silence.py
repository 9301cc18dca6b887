"""Owns what must be heard of again and again; the one rule: silence beyond its time opens one incident, the next beat ends it.

`heartbeats.inbound` of `oncall.yaml` says what, how often, and who is called. Every look is one transaction under the lock of the
rule `guardian.heartbeat`, so of several replicas one opens the incident. Time in which no replica looked is not counted against
anybody: beats may have been lost in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.wording import Cause
from leh_guardian.language import Text, day_and_time, length
from leh_guardian.model.heartbeat import DETAIL_TYPE, RULE, SOURCE, STANDSTILL, Heard, missed
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Kind
from leh_guardian.model.oncall.terms import Heartbeat
from leh_guardian.store import heartbeats, incidents
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

LOOK: Final = 10.0
"""Seconds between two looks."""
_GONE: Final = timedelta(minutes=5)
"""How long nobody must have looked at what is in no file any more: replicas read a new file one after the other."""

_GONE_FROM_FILE: Final = Text(
    ko="oncall.yaml에서 빠져 더 기다리지 않습니다", en="it was taken out of oncall.yaml and is not waited for any more"
)


class Silence:
    """Looks whether everything is heard of that must be."""

    def __init__(
        self, pool: Pool, progression: Progression, clock: Clock, *, replica: str, planned: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._progression = progression
        self._clock = clock
        self._replica = replica
        self._planned = planned

    async def run_once(self) -> int:
        """Look once; returns 0, whatever was found."""
        oncall = self._progression.escalator.directory.oncall
        entries = {entry.name: entry for entry in oncall.heartbeats}
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            gone = await heartbeats.forget(tx, list(entries), changes.now - _GONE)
            if entries or gone:
                await self._look(tx, changes, entries, gone, oncall.timezone)
            await changes.write(tx, self._replica)
        if changes.planned:
            self._planned()
        return 0

    async def _look(
        self, tx: Transaction, changes: Changes, entries: Mapping[str, Heartbeat], gone: list[str], zone: ZoneInfo
    ) -> None:
        now = changes.now
        await incidents.lock_rules(tx, [RULE])
        known = await heartbeats.expect(tx, now, list(entries))
        back = {heard.name for heard in known if now - heard.looked_at > STANDSTILL}
        await heartbeats.looked(tx, now, list(entries), back)
        found = await incidents.lock_open(tx, [(RULE, name) for name in (*entries, *gone)])
        known = [replace(one, back_at=now) if one.name in back else one for one in known]
        closed = await self._closed_by_hand(tx, now, entries, [one for one in known if (RULE, one.name) not in found])
        for heard in known:
            if heard.name not in closed:
                self._judge(changes, entries[heard.name], heard, found.get((RULE, heard.name)), zone)
        for name in gone:
            if (incident := found.get((RULE, name))) is not None:
                self._progression.resolve(changes, incident, _GONE_FROM_FILE)

    @staticmethod
    async def _closed_by_hand(
        tx: Transaction, now: datetime, entries: Mapping[str, Heartbeat], known: list[Heard]
    ) -> set[str]:
        """Return what is silent while a person has closed the incident about it: left alone for as long as after a beat."""
        silent = {(RULE, one.name): one for one in known if one.silent_at(entries[one.name]) <= now}
        if not silent:
            return set()
        ended = await incidents.lock_ended(tx, list(silent), min(one.heard_at for one in silent.values()))
        return {
            name
            for (_, name), incident in ended.items()
            # One that was there before the newest beat was ended by that.
            if incident.ended_at is not None
            and incident.opened_at > silent[RULE, name].heard_at
            and incident.ended_at + timedelta(seconds=entries[name].every + entries[name].grace) > now
        }

    def _judge(
        self, changes: Changes, entry: Heartbeat, heard: Heard, incident: Incident | None, zone: ZoneInfo
    ) -> None:
        silent = heard.silent_at(entry) <= changes.now
        if silent and incident is None:
            self._open(changes, entry, heard, zone)
        elif silent and incident is not None and incident.ok_at is not None:
            # It waited for a person to close it, and is silent again.
            changes.incidents[incident.id] = replace(incident, ok_at=None)
            changes.note(Kind.OK_DROPPED, "it is silent again", incident=incident)
        elif not silent and incident is not None and incident.ok_at is None:
            # Noted in the incident, so that one which only a person closes says once that its beats are back.
            changes.incidents[incident.id] = replace(incident, ok_at=heard.seen_at or changes.now)
            self._progression.resolve(changes, incident, _back(entry))

    def _open(self, changes: Changes, entry: Heartbeat, heard: Heard, zone: ZoneInfo) -> None:
        incident = missed(entry, changes.now)
        detail = {"name": entry.name, "every": entry.every, "grace": entry.grace, "seen_at": heard.seen_at}
        envelope = {"source": SOURCE, "detail-type": f"{DETAIL_TYPE} Missed", "time": changes.now, "detail": detail}
        changes.opened[incident.id] = RunEvent(incident.event_id, {"id": incident.event_id, **envelope})
        reason = _silence(entry, heard, changes.now, zone)
        changes.note(Kind.OPENED, self._progression.written(reason), incident=incident, data=detail)
        self._progression.escalate(changes, incident, Cause.SILENT, reason)


def _back(entry: Heartbeat) -> Text:
    return Text(ko=f"{entry.name}: 신호가 다시 옵니다", en=f"{entry.name}: its heartbeats come again")


def _silence(entry: Heartbeat, heard: Heard, now: datetime, zone: ZoneInfo) -> Text:
    """Say how long nothing was heard."""
    last = Text(ko="아직 한 번도 받지 못함", en="never") if heard.seen_at is None else day_and_time(heard.seen_at, zone)
    every, silent = length(timedelta(seconds=entry.every)), length(now - (heard.seen_at or heard.since))
    return Text(
        ko=f"{entry.name}: {every.ko}마다 와야 하는 신호가 {silent.ko}째 없음 (마지막 신호: {last.ko})",
        en=f"{entry.name}: a heartbeat due every {every.en} has been missing for {silent.en} (last one: {last.en})",
    )
