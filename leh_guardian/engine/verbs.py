"""Owns what people do to incidents, actions and modes; the one rule: who and why are in the journal, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.escalator import Escalator, at_console
from leh_guardian.language import Text
from leh_guardian.model import escalation as machine
from leh_guardian.model.action import ActionStatus
from leh_guardian.model.escalation import Escalation, Why
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions, approvals, control, incidents, journal
from leh_guardian.store.approvals import Approval
from leh_guardian.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Way:
    """By what way somebody answers, and what is known on that way."""

    name: str = ""
    """What people call whoever answers; empty where only an id is known."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For the journal: by link, by Slack, from which address."""
    silent: frozenset[str] = frozenset()
    """Channels that are not told, since it comes from there."""
    escalator: Escalator = field(default_factory=at_console)
    """Who knows the people that are told."""


COMMAND = Way()


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person's word for or against an action came to."""

    counted: bool
    """Whether it counted: the action waited for it, and this person had not said it before."""
    given: tuple[Approval, ...] = ()
    """Who has approved it, where several must."""
    needed: int = 1
    """How many different people must."""

    @property
    def missing(self) -> int:
        """How many words it still waits for."""
        return max(0, self.needed - len(self.given)) if self.given else 0


async def answer_proposal(
    tx: Transaction, action_id: UUID, now: datetime, who: str, reason: str, *, approve: bool, way: Way = COMMAND
) -> Decision:
    """Approve or reject a proposed action.

    Where its rule asks for several people it is scheduled with the last one's word; one rejection ends it.
    """
    incident_id = await actions.incident_of(tx, action_id)
    incident = await incidents.lock(tx, incident_id) if incident_id else None
    if incident is None:
        return Decision(counted=False)
    needed = incident.plan.approvals
    found = await actions.decided(tx, action_id)
    waits = found is not None and found[0] is ActionStatus.PROPOSED
    given = tuple(await approvals.of_action(tx, action_id)) if needed > 1 else ()
    if not waits or (approve and any(one.is_of(who, way.name) for one in given)):
        return Decision(False, given, needed)
    changes = Changes(now)
    if approve and needed > 1:
        given = (*given, Approval(who, way.name, now))
        await approvals.add(tx, action_id, given[-1])
        if len(given) < needed:
            _count(changes, incident, action_id, who, reason, way, given)
            await changes.write(tx, who)
            return Decision(True, given, needed)
    words = ", ".join(one.who for one in given) if approve and given else who
    await actions.decide(tx, action_id, now, words, approve=approve)
    kind = Kind.APPROVED if approve else Kind.REJECTED
    changes.note(kind, reason, incident=incident, action_id=action_id, data={"by": who, **_said(way)})
    if not approve and incident.ok_at is not None:
        # Its OK may have waited for this very action, and nothing else will look again.
        changes.set_timer(incident, TimerKind.RESOLVE, now)
    if incident.status is not IncidentStatus.RESOLVED:
        # Whoever decides is at it.
        changes.incidents.setdefault(incident.id, incident)
        _acknowledge(changes, incident, who, way)
    await changes.write(tx, who)
    return Decision(True, given, needed)


def _count(
    changes: Changes,
    incident: Incident,
    action_id: UUID,
    who: str,
    reason: str,
    way: Way,
    given: tuple[Approval, ...],
) -> None:
    """Write down one of several words, and tell the others; calls go on, since somebody else is needed."""
    needed = incident.plan.approvals
    data = {"by": who, "given": len(given), "needed": needed, **_said(way)}
    changes.note(Kind.APPROVAL_GIVEN, reason, incident=incident, action_id=action_id, data=data)
    changes.incidents.setdefault(incident.id, incident)
    approve = f"{len(given)}/{needed}: leh-guardian actions approve {action_id}"
    detail = Text(ko=f"승인 {approve}", en=f"approved {approve}")
    way.escalator.news(
        changes,
        incident,
        Kind.APPROVAL_GIVEN,
        who,
        detail,
        name=way.name,
        silent=way.silent,
        about=f"/{action_id}/{len(given)}",
    )


async def acknowledge(tx: Transaction, incident_id: UUID, now: datetime, who: str, way: Way = COMMAND) -> bool:
    """Say that a person is looking; False when the incident is resolved or unknown.

    Twice is once; a later press of the same person says that they are still at it.
    """
    incident = await incidents.lock(tx, incident_id)
    if incident is None or incident.status is IncidentStatus.RESOLVED:
        return False
    changes = Changes(now)
    _acknowledge(changes, incident, who, way)
    await changes.write(tx, who)
    return True


def _acknowledge(changes: Changes, incident: Incident, who: str, way: Way) -> None:
    escalation, now = incident.escalation, changes.now
    data = {"by": who, **_said(way)}
    if escalation is None:
        if incident.status is not IncidentStatus.ACKNOWLEDGED:
            changes.incidents[incident.id] = replace(incident, status=IncidentStatus.ACKNOWLEDGED)
            changes.note(Kind.ACKNOWLEDGED, f"by {who}", incident=incident, data=data)
        return
    move = machine.acknowledge(escalation, incident.status, incident.severity, who, now)
    if move is None:
        still = machine.active(escalation, incident.status, incident.severity, now)
        if still is not None:
            way.escalator.take(changes, incident, still)
        return
    acked = way.escalator.take(changes, incident, move)
    changes.note(Kind.ACKNOWLEDGED, f"by {who}", incident=acked, data=data)
    if acked.status is not incident.status:
        way.escalator.news(changes, acked, Kind.ACKNOWLEDGED, who, name=way.name, silent=way.silent)


async def unacknowledge(tx: Transaction, incident_id: UUID, now: datetime, who: str, way: Way = COMMAND) -> bool:
    """Take an acknowledgement or a snooze back; people are called again. False when there is none."""
    incident = await incidents.lock(tx, incident_id)
    move = machine.take_back(incident.escalation, incident.status, now) if incident and incident.escalation else None
    if incident is None or move is None:
        return False
    changes = Changes(now)
    back = way.escalator.take(changes, incident, move)
    changes.note(Kind.ACK_ENDED, f"taken back by {who}", incident=back, data={"by": who, **_said(way)})
    way.escalator.news(changes, back, Kind.ACK_ENDED, who, name=way.name, silent=way.silent)
    await changes.write(tx, who)
    return True


def moved_on(escalation: Escalation, as_of: int, who: str = "") -> bool:
    """Tell whether people have been called, or are about to be, since the move `as_of` that a person saw.

    An acknowledgement since does not count, nor does a call that the same person had asked for: they know of it.
    """
    if escalation.pending is Why.ASKED:
        return escalation.asked_by != who or not who
    return as_of < escalation.called and not (who and escalation.asked_by == who)


async def escalate(
    tx: Transaction,
    incident_id: UUID,
    now: datetime,
    who: str,
    reason: str,
    *,
    to_level: int | None = None,
    as_of: int | None = None,
    way: Way = COMMAND,
) -> bool:
    """Have the next level called, or the one named; False when it is resolved or unknown, or has no people to call.

    `as_of` is what the person saw (`Escalation.seq`): if people have been called since, it is not raised a second time.
    """
    incident = await incidents.lock(tx, incident_id)
    if incident is None or incident.status is IncidentStatus.RESOLVED or incident.escalation is None:
        return False
    if as_of is not None and moved_on(incident.escalation, as_of):
        return False
    changes = Changes(now)
    raised = way.escalator.take(changes, incident, machine.raised(incident.escalation, who, now, to_level))
    data = {"by": who, "to_level": to_level, **_said(way)}
    changes.note(Kind.RAISED, reason or f"by {who}", incident=raised, data=data)
    await changes.write(tx, who)
    return True


async def snooze(
    tx: Transaction,
    incident_id: UUID,
    now: datetime,
    who: str,
    length: timedelta,
    reason: str,
    *,
    as_of: int | None = None,
    way: Way = COMMAND,
) -> bool:
    """Call nobody for a while; False when it is resolved or unknown, or at a level that knows no quiet, or has moved on since."""
    incident = await incidents.lock(tx, incident_id)
    escalation = incident.escalation if incident else None
    if escalation is not None and as_of is not None and moved_on(escalation, as_of, who):
        return False
    move = machine.snooze(escalation, incident.status, now + length) if incident and escalation else None
    if incident is None or move is None:
        return False
    changes = Changes(now)
    quiet = way.escalator.take(changes, incident, move)
    data = {"by": who, "until": now + length, **_said(way)}
    changes.note(Kind.SNOOZED, reason or f"by {who}", incident=quiet, data=data)
    way.escalator.news(changes, quiet, Kind.SNOOZED, who, reason, name=way.name, silent=way.silent)
    await changes.write(tx, who)
    return True


async def resolve(
    tx: Transaction,
    incident_id: UUID,
    now: datetime,
    who: str,
    reason: str,
    *,
    as_of: int | None = None,
    way: Way = COMMAND,
) -> bool:
    """Close an incident by hand; what is not running this moment is withdrawn. False when it is closed, unknown or has moved on."""
    incident = await incidents.lock(tx, incident_id)
    if incident is None or incident.status is IncidentStatus.RESOLVED:
        return False
    if as_of is not None and incident.escalation is not None and moved_on(incident.escalation, as_of, who):
        return False
    changes = Changes(now)
    pending = [row["id"] for row in await actions.open_actions(tx, incident.id) if row["status"] != "running"]
    await actions.withdraw(tx, now, pending, f"resolved by {who}")
    closed = replace(incident, status=IncidentStatus.RESOLVED, ok_at=None)
    changes.incidents[incident.id] = closed
    changes.set_timer(closed, TimerKind.RESOLVE, None)
    changes.note(Kind.RESOLVED, reason or f"by {who}", incident=closed, data={"by": who, **_said(way)})
    way.escalator.over(changes, closed, reason, who, name=way.name, silent=way.silent)
    await changes.write(tx, who)
    return True


async def set_mode(tx: Transaction, scope: str, mode: Mode, now: datetime, who: str, reason: str) -> None:
    """Move the kill switch of `scope` ('*' or a handler's name), for every replica."""
    await control.set_mode(tx, scope, mode, reason, who, now)
    data = {"scope": scope, "mode": mode.value, "by": who}
    await journal.append(tx, who, now, [Entry(Kind.MODE_SET, reason, data=data)])


def _said(way: Way) -> dict[str, Any]:
    return {**({"name": way.name} if way.name else {}), **way.facts}
