"""Owns the telling of handovers before they are; the one rule: once over all replicas, whoever looks first.

A handover is an incident of the rule `guardian.handover` that is over as soon as it is there: its message is an action like any other,
with lease, retries and fail-over. Its id is made of the schedule and the instant, so that it is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from leh_guardian.clock import Clock
from leh_guardian.engine import pages
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.directory import CHANNEL, PERSON, Directory, People
from leh_guardian.engine.wording import STATES
from leh_guardian.language import Text, count, day_and_time, length, lines_of
from leh_guardian.model.identity import key
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.oncall.duty import Duty
from leh_guardian.model.oncall.turns import Turn, turns_to_tell
from leh_guardian.model.plan import OnFailure, Plan, Severity
from leh_guardian.model.text import told
from leh_guardian.store import incidents, overview
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

LOOK: Final = 10.0
"""Seconds between two looks."""
RULE: Final = "guardian.handover"
"""The rule id of handovers; no operator's rule can have a dot in its id."""
_MOST: Final = 20
"""Open incidents named in a message."""
_OPEN: Final = ("triggered", "acknowledged", "snoozed")
_COUNTED: Final = 1000
_PLAN: Final = Plan(Mode.ACT, (), None, OnFailure.ESCALATE, "default", {}, resolves_on_event=False)


class Handovers:
    """Looks every few seconds whether a handover is to be told."""

    def __init__(self, pool: Pool, people: People, clock: Clock, *, replica: str, planned: Callable[[], None]) -> None:
        self._pool = pool
        self._people = people
        self._clock = clock
        self._replica = replica
        self._planned = planned
        self._told: set[UUID] = set()
        """Those of now that are told already, by whichever replica."""

    async def run_once(self) -> int:
        """Look once; returns 0, whatever was found."""
        now, directory = self._clock.now(), self._people.directory()
        schedules = directory.oncall.schedules.values()
        due = {_id(turn): turn for schedule in schedules for turn in turns_to_tell(schedule, now)}
        for incident_id, turn in due.items():
            if incident_id not in self._told:
                await self._tell(incident_id, turn, directory, now)
        self._told = set(due)
        return 0

    async def _tell(self, incident_id: UUID, turn: Turn, directory: Directory, now: datetime) -> None:
        async with transaction(self._pool) as tx:
            await incidents.lock_rules(tx, [RULE])
            if await incidents.get(tx, incident_id) is not None:
                return
            open_now = await overview.list_incidents(tx, statuses=_OPEN, limit=_COUNTED)
            await self._write(tx, incident_id, turn, directory, open_now, now)
        self._planned()

    async def _write(
        self,
        tx: Transaction,
        incident_id: UUID,
        turn: Turn,
        directory: Directory,
        open_now: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        announce = turn.schedule.announce
        assert announce is not None  # noqa: S101 - else it were not to be told
        facts = {
            "schedule": turn.schedule.id,
            "at": turn.at,
            "until": turn.until,
            "leaving": list(turn.leaving.people),
            "coming": list(turn.coming.people),
        }
        incident = _incident(incident_id, turn, now)
        opened = Changes(now, {incident.id: incident}, {incident.id: RunEvent(incident.event_id, facts)})
        channel = directory.channel(announce.channel)
        text, brief = _text(turn, directory, open_now, now), _brief(turn, len(open_now))
        pages.page(
            opened,
            incident,
            directory,
            "handover",
            target=CHANNEL + channel,
            channel=channel,
            kind="handover",
            text=text,
            more={"brief": brief.of(directory.locale(CHANNEL + channel))},
        )
        opened.note(Kind.HANDOVER, f"{turn.schedule.id}: told before it is", incident=incident, data=facts)
        await opened.write(tx, self._replica)
        over = Changes(now, {incident.id: replace(incident, status=IncidentStatus.RESOLVED)})
        await over.write(tx, self._replica)


def _id(turn: Turn) -> UUID:
    return key(f"handover/{turn.schedule.id}/{turn.at.isoformat()}")


def _incident(incident_id: UUID, turn: Turn, now: datetime) -> Incident:
    return Incident(
        id=incident_id,
        rule_id=RULE,
        rule_revision="",
        dedup_key=turn.schedule.id,
        status=IncidentStatus.TRIGGERED,
        severity=Severity.SEV5,
        level=0,
        plan=_PLAN,
        event_id=f"guardian:{incident_id}",
        serialize_key=f"{RULE}/{turn.schedule.id}",
        opened_at=now,
        last_trigger_at=now,
        ok_at=None,
        event_count=1,
        run=1,
    )


def _text(turn: Turn, directory: Directory, open_now: Sequence[Mapping[str, Any]], now: datetime) -> Text:
    """Say who hands over to whom, until when, and what is open."""
    zone, name, number = turn.schedule.zone, turn.schedule.name or turn.schedule.id, len(open_now)
    leaving, coming = (_who(duty, directory) for duty in (turn.leaving, turn.coming))
    at, until = day_and_time(turn.at, zone), day_and_time(turn.until, zone) if turn.until else None
    ahead = length(turn.at - now)
    lines = [
        Text(ko=f"[교대] {name}: {leaving.ko} → {coming.ko}", en=f"[handover] {name}: {leaving.en} → {coming.en}"),
        Text(
            ko=f"{at.ko}부터{f' {until.ko}까지' if until else ''} ({zone.key}). "
            + (f"{ahead.ko} 뒤 교대합니다." if turn.at > now else "이미 교대했습니다(늦은 알림)."),
            en=f"From {at.en}{f' until {until.en}' if until else ''} ({zone.key}). "
            + (f"In {ahead.en}." if turn.at > now else "It has taken place already (told late)."),
        ),
    ]
    if turn.coming.fallback:
        because = turn.coming.because
        lines.append(Text(ko=f"주의: {because.ko}", en=f"Note: {because.en}"))
    lines.append(
        Text(ko=f"열린 장애 {number}건:", en=f"{count(number, 'open incident')}:")
        if open_now
        else Text(ko="열린 장애가 없습니다.", en="No open incidents.")
    )
    lines += [_line(row) for row in open_now[:_MOST]]
    if (left := number - _MOST) > 0:
        list_ = "leh-guardian incidents list"
        lines.append(Text(ko=f"· 그 밖에 {left}건: {list_}", en=f"· and {left} more: {list_}"))
    return lines_of(*lines)


def _brief(turn: Turn, open_now: int) -> Text:
    """Say it where others may read it: nothing of an event."""
    at = day_and_time(turn.at, turn.schedule.zone)
    return Text(
        ko=f"[교대] {turn.schedule.id} {at.ko}, 열린 장애 {open_now}건",
        en=f"[handover] {turn.schedule.id} {at.en}, {count(open_now, 'open incident')}",
    )


def _line(row: Mapping[str, Any]) -> Text:
    about = f" ({told(row['dedup_key'], 120, phones=False)})" if row["dedup_key"] else ""
    level = f"·Lv{row['level']}" if row["level"] else ""
    state = STATES[row["status"]]
    what = f"· INC-{row['number']} [{row['severity'].upper()}{level}] {row['rule']}{about}: "
    return Text(ko=f"{what}{state.ko}", en=f"{what}{state.en}")


def _who(duty: Duty, directory: Directory) -> Text:
    names = ", ".join(directory.named(PERSON + one) for one in duty.people)
    return Text.same(names) if names else Text(ko="없음", en="nobody")
