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
from leh_guardian.engine.answering import STATES
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.directory import CHANNEL, PERSON, Directory, People
from leh_guardian.engine.wording import spoken
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
            more={"brief": brief},
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


def _text(turn: Turn, directory: Directory, open_now: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """Say who hands over to whom, until when, and what is open, in Korean."""
    leaving, coming = (_who(duty, directory) for duty in (turn.leaving, turn.coming))
    until = f" {_at(turn.until, turn)}까지" if turn.until else ""
    when = f"{spoken(turn.at - now)} 뒤 교대합니다" if turn.at > now else "이미 교대했습니다(늦은 알림)"
    lines = [
        f"[교대] {turn.schedule.name or turn.schedule.id}: {leaving} → {coming}",
        f"{_at(turn.at, turn)}부터{until} ({turn.schedule.zone.key}). {when}.",
    ]
    if turn.coming.fallback:
        lines.append(f"주의: {turn.coming.because}")
    lines.append(f"열린 장애 {len(open_now)}건:" if open_now else "열린 장애가 없습니다.")
    lines += [_line(row) for row in open_now[:_MOST]]
    if len(open_now) > _MOST:
        lines.append(f"· 그 밖에 {len(open_now) - _MOST}건: leh-guardian incidents list")
    return "\n".join(lines)


def _brief(turn: Turn, open_now: int) -> str:
    """Say it where others may read it: nothing of an event."""
    return f"[교대] {turn.schedule.id} {_at(turn.at, turn)}, 열린 장애 {open_now}건"


def _line(row: Mapping[str, Any]) -> str:
    about = f" ({told(row['dedup_key'], 120, phones=False)})" if row["dedup_key"] else ""
    level = f"·Lv{row['level']}" if row["level"] else ""
    state = STATES[IncidentStatus(row["status"])]
    return f"· INC-{row['number']} [{row['severity'].upper()}{level}] {row['rule']}{about}: {state}"


def _who(duty: Duty, directory: Directory) -> str:
    return ", ".join(directory.named(PERSON + one) for one in duty.people) or "없음"


def _at(at: datetime, turn: Turn) -> str:
    return f"{at.astimezone(turn.schedule.zone):%m-%d %H:%M}"
