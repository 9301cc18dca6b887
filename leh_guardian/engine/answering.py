"""Owns an answer from its way in to the words that whoever gave it reads; the one rule: what is not done says what is the case now.

Buttons, the acknowledge page, the HTTP API, PagerDuty and the commands all come through here, so that the same word does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from leh_guardian.engine import verbs
from leh_guardian.engine.directory import PERSON, Directory
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.verbs import Way
from leh_guardian.model.action import ActionStatus
from leh_guardian.model.answer_token import CODE_FROM
from leh_guardian.model.escalation import Why
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.text import told
from leh_guardian.store import actions, deliveries, incidents, journal
from leh_guardian.store.transaction import Transaction
from leh_guardian.telemetry.failpoints import failpoint

SNOOZE: Final = timedelta(minutes=30)
"""How long a snooze is that names no length."""
LONGEST_SNOOZE: Final = timedelta(hours=24)
STATES: Final = {
    IncidentStatus.TRIGGERED: "응답 필요",
    IncidentStatus.ACKNOWLEDGED: "확인됨",
    IncidentStatus.SNOOZED: "보류",
    IncidentStatus.RESOLVED: "해결됨",
}
_ACTIONS: Final = {
    ActionStatus.PROPOSED: "승인 대기",
    ActionStatus.SCHEDULED: "승인됨, 실행 예정",
    ActionStatus.RUNNING: "실행 중",
    ActionStatus.WAITING: "기다리는 중",
    ActionStatus.SUCCEEDED: "성공",
    ActionStatus.SKIPPED: "건너뜀",
    ActionStatus.FAILED: "실패",
    ActionStatus.NEEDS_HUMAN: "결과를 알 수 없음",
    ActionStatus.REJECTED: "거절됨",
}
_UNKNOWN: Final = "그런 장애가 없습니다."
_MOST_NAMED: Final = 10
_SEOUL: Final = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says."""

    verb: str
    """`ack`, `unack`, `resolve`, `escalate`, `snooze`, `approve` or `reject`."""
    who: str
    """A person's id, or whatever name was given."""
    way: Way = verbs.COMMAND
    reason: str = ""
    level: int | None = None
    """Of `escalate`: the level to call; None: the next one."""
    length: timedelta = SNOOZE
    """Of `snooze`."""
    as_of: int | None = None
    """Which move of the escalation they saw; None: whatever it is now."""
    told: str = ""
    """Of `ack`: whom the message was for; what it told of beside its own incident is acknowledged with it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it."""

    done: bool
    text: str
    """One line, in Korean, for whoever said it."""
    now: dict[str, Any] | None = None
    """What is the case now: of the incident or the action; None for an unknown one."""


async def answer(tx: Transaction, incident_id: UUID | None, word: Word, now: datetime) -> Answered:
    """Do what a person says about an incident."""
    if incident_id is None:
        return Answered(False, _UNKNOWN)
    beside = await deliveries.together(tx, incident_id, word.told) if word.told else {}
    # In one order, as everywhere: two that lock several wait for each other instead of deadlocking.
    locked = {one: await incidents.lock(tx, one) for one in sorted({incident_id, *beside})}
    before = locked[incident_id]
    if before is None:
        return Answered(False, _UNKNOWN)
    acked = await journal.newest(tx, before.id, Kind.ACKNOWLEDGED)
    done = await _do(tx, before, word, now)
    also = [one for other, seq in beside.items() if (one := _unanswered(locked[other], seq))]
    for one in also:
        await _do(tx, one, word, now)
    after = await incidents.get(tx, before.id) or before
    closed = await journal.newest(tx, before.id, Kind.RESOLVED) if after.status is IncidentStatus.RESOLVED else None
    text = _said(before, after, word, done, acked, closed, now)
    if also:
        text += f" 같은 메시지로 호출한 장애 {len(also)}건({_numbers(also)})도 함께 확인했습니다."
    failpoint("answer.before_commit")
    return Answered(done, f"INC-{before.number}: {text}", facts(after))


def _unanswered(incident: Incident | None, seq: int) -> Incident | None:
    """Return an incident that a message took along, if it still waits for the answer to that very call.

    Not one that needs more than a press: its own message shows the code.
    """
    if incident is None or incident.status is not IncidentStatus.TRIGGERED or incident.escalation is None:
        return None
    return incident if incident.escalation.called == seq and incident.level < CODE_FROM else None


def _numbers(those: Sequence[Incident]) -> str:
    numbers = [f"INC-{one.number}" for one in those]
    return ", ".join(numbers[:_MOST_NAMED]) + (" 등" if len(numbers) > _MOST_NAMED else "")


async def decide(tx: Transaction, action_id: UUID | None, word: Word, now: datetime) -> Answered:
    """Do what a person says about a proposed action."""
    known = await actions.decided(tx, action_id) if action_id else None
    if known is None or action_id is None:
        return Answered(False, "그런 조치가 없습니다.")
    approve = word.verb == "approve"
    decision = await verbs.answer_proposal(tx, action_id, now, word.who, word.reason, approve=approve, way=word.way)
    status, by = await actions.decided(tx, action_id) or known
    given = [one.name or named(word.way.escalator.directory, one.who) for one in decision.given]
    facts_now = {"status": status.value, "approved_by": by or None, "approvals": given, "needed": decision.needed}
    count = f"{len(given)}/{decision.needed}"
    if decision.counted and not approve:
        text = "거절했습니다. 실행되지 않습니다."
    elif decision.counted and status is ActionStatus.PROPOSED:
        text = f"승인 {count}: 다른 사람의 승인이 {decision.needed - len(given)}명 더 필요합니다."
    elif decision.counted:
        text = "승인했습니다. 곧 실행됩니다."
    elif status is ActionStatus.PROPOSED:
        text = f"이미 승인하셨습니다 ({count}). 다른 사람의 승인이 필요합니다."
    elif by:
        people = ", ".join(given) or named(word.way.escalator.directory, by)
        text = f"이미 {people} 님이 승인한 조치입니다 (현재 상태: {_ACTIONS[status]}, {status.value})."
    else:
        text = f"승인을 기다리는 조치가 아닙니다 (현재 상태: {_ACTIONS[status]}, {status.value})."
    return Answered(decision.counted, text, facts_now)


def facts(incident: Incident) -> dict[str, Any]:
    """Return what programs are told of an incident after an answer."""
    escalation = incident.escalation
    return {
        "id": str(incident.id),
        "number": incident.number,
        "rule": incident.rule_id,
        "dedup_key": incident.dedup_key,
        "opened_at": incident.opened_at,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "level": incident.level,
        "acknowledged_by": list(escalation.acked_by) if escalation else [],
        "as_of": escalation.seq if escalation else None,
    }


def named(directory: Directory, who: str) -> str:
    """Return what people call somebody."""
    return told(directory.named(PERSON + who), 60, phones=False)


def clock_time(at: datetime, now: datetime) -> str:
    """Return an instant as people in Korea say it: 14:03, and with the day where that is another one."""
    there, here = at.astimezone(_SEOUL), now.astimezone(_SEOUL)
    return f"{there:%H:%M}" if there.date() == here.date() else f"{there:%m-%d %H:%M}"


def through(directory: Callable[[], Directory], **facts_: Any) -> Way:
    """Return the way of an answer that the daemon takes: its people are those of now."""
    return Way(facts=facts_, escalator=Escalator(directory))


def as_person(way: Way, given: str) -> tuple[str, Way]:
    """Return the id of whoever calls themselves `given`, and the way with their name on it."""
    who, name = way.escalator.directory.identified(given)
    return who, replace(way, name=name)


async def _do(tx: Transaction, incident: Incident, word: Word, now: datetime) -> bool:
    way, who = word.way, word.who
    match word.verb:
        case "ack":
            return await verbs.acknowledge(tx, incident.id, now, who, way)
        case "unack":
            return await verbs.unacknowledge(tx, incident.id, now, who, way)
        case "resolve":
            return await verbs.resolve(tx, incident.id, now, who, word.reason, as_of=word.as_of, way=way)
        case "escalate":
            return await verbs.escalate(
                tx, incident.id, now, who, word.reason, to_level=word.level, as_of=word.as_of, way=way
            )
        case "snooze":
            return await verbs.snooze(tx, incident.id, now, who, word.length, word.reason, as_of=word.as_of, way=way)
    raise ValueError(word.verb)


Line = tuple[datetime, dict[str, Any]] | None


def _said(before: Incident, after: Incident, word: Word, done: bool, acked: Line, closed: Line, now: datetime) -> str:
    """Return what whoever said it reads."""
    directory = word.way.escalator.directory
    if not done:
        return _not_done(before, word, closed, now, directory)
    match word.verb:
        case "ack":
            return _acked(before, after, word, acked, now, directory)
        case "unack":
            return "확인을 취소했습니다. 곧 다시 호출합니다."
        case "resolve":
            return "해결 처리했습니다."
        case "escalate":
            return f"상위 보고했습니다. 곧 Lv{_next_level(after)}을(를) 호출합니다."
        case _:
            return f"{clock_time(now + word.length, now)}까지 보류합니다. 그때까지 해결되지 않으면 다시 호출합니다."


def _acked(before: Incident, after: Incident, word: Word, acked: Line, now: datetime, directory: Directory) -> str:
    if before.status is not IncidentStatus.ACKNOWLEDGED:
        if after.status is IncidentStatus.ACKNOWLEDGED:
            return "확인했습니다. 더 호출하지 않습니다. 해결되면 해결 처리해 주세요."
        return "확인했습니다. 다른 담당자의 확인을 더 기다립니다."
    at = f"{clock_time(acked[0], now)}에 " if acked else ""
    by = before.escalation.acked_by if before.escalation else ()
    if word.who in by:
        return f"이미 {at}확인하셨습니다. 계속 대응 중인 것으로 기록했습니다."
    first = (acked[1].get("name") or named(directory, str(acked[1].get("by", "")))) if acked else ""
    joined = " 함께 대응하는 것으로 기록했습니다." if by else ""
    return f"이미 {first or '다른'} 님이 {at}확인했습니다.{joined}"


def _not_done(before: Incident, word: Word, closed: Line, now: datetime, directory: Directory) -> str:
    if before.status is IncidentStatus.RESOLVED:
        by = named(directory, str(closed[1]["by"])) if closed and closed[1].get("by") else ""
        name = (closed[1].get("name") or by) if closed else ""
        who, at = f"{name} 님이 " if name else "", f"{clock_time(closed[0], now)}에 " if closed else ""
        return f"이미 {who}{at}해결된 장애입니다." if not who else f"이미 {who}{at}해결 처리한 장애입니다."
    state = STATES[before.status]
    escalation = before.escalation
    if word.verb == "unack":
        return f"확인하거나 보류한 상태가 아닙니다 (현재 상태: {state})."
    if escalation is None:
        return "호출할 담당자가 없는 장애입니다 (관찰만 하는 규칙)."
    if word.verb == "snooze" and escalation.needs_person:
        return f"Lv{escalation.level} 장애는 보류할 수 없습니다."
    if escalation.pending is Why.ASKED:
        return f"이미 {named(directory, escalation.asked_by)} 님이 상위 보고하여 곧 Lv{_next_level(before)}을(를) 호출합니다."
    return (
        f"그 사이 이미 Lv{escalation.level}을(를) 호출했습니다 (현재 상태: {state}). 최신 메시지에서 다시 눌러 주세요."
    )


def _next_level(incident: Incident) -> int:
    escalation = incident.escalation
    assert escalation is not None  # noqa: S101 - only such have a call that was asked for
    index = escalation.step if escalation.goal is None else escalation.goal
    return escalation.policy.steps[max(0, index)].level
