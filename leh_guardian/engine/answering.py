"""Owns an answer from its way in to the words that whoever gave it reads; the one rule: what is not done says what is the case now.

Buttons, the acknowledge page, the HTTP API, PagerDuty and the commands all come through here, so that the same word does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from leh_guardian.engine import verbs
from leh_guardian.engine.directory import PERSON, Directory
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.verbs import Way
from leh_guardian.engine.wording import ACTION_WORDS, STATES
from leh_guardian.language import NOTHING, Locale, Text, count, time_of_day
from leh_guardian.model.action import ActionStatus
from leh_guardian.model.escalation import Why
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.policy import GRAVE
from leh_guardian.model.text import told
from leh_guardian.store import actions, deliveries, incidents, journal
from leh_guardian.store.transaction import Transaction
from leh_guardian.telemetry.failpoints import failpoint

SNOOZE: Final = timedelta(minutes=30)
"""How long a snooze is that names no length."""
LONGEST_SNOOZE: Final = timedelta(hours=24)
_SCHEDULED: Final = Text(ko="승인됨, 실행 예정", en="approved, about to be carried out")
_UNKNOWN: Final = Text(ko="그런 장애가 없습니다.", en="There is no such incident.")
_UNKNOWN_ACTION: Final = Text(ko="그런 조치가 없습니다.", en="There is no such action.")
_MOST_NAMED: Final = 10


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
    reads: Locale | None = None
    """What the answer is said in; None: what whoever says it is told in."""

    @property
    def locale(self) -> Locale:
        """What whoever says it is answered in."""
        return self.reads or self.way.escalator.directory.locale(PERSON + self.who)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it."""

    done: bool
    text: str
    """One line for whoever said it, in their language."""
    now: dict[str, Any] | None = None
    """What is the case now: of the incident or the action; None for an unknown one."""


async def answer(tx: Transaction, incident_id: UUID | None, word: Word, now: datetime) -> Answered:
    """Do what a person says about an incident."""
    locale = word.locale
    if incident_id is None:
        return Answered(False, _UNKNOWN.of(locale))
    beside = await deliveries.together(tx, incident_id, word.told) if word.told else {}
    # In one order, as everywhere: two that lock several wait for each other instead of deadlocking.
    locked = {one: await incidents.lock(tx, one) for one in sorted({incident_id, *beside})}
    before = locked[incident_id]
    if before is None:
        return Answered(False, _UNKNOWN.of(locale))
    acked = await journal.newest(tx, before.id, Kind.ACKNOWLEDGED)
    done = await _do(tx, before, word, now)
    also = [one for other, seq in beside.items() if (one := _unanswered(locked[other], seq))]
    for one in also:
        await _do(tx, one, word, now)
    after = await incidents.get(tx, before.id) or before
    closed = await journal.newest(tx, before.id, Kind.RESOLVED) if after.status is IncidentStatus.RESOLVED else None
    text = _said(before, after, word, done, acked, closed, now).of(locale)
    if also:
        text += _with_it(also).of(locale)
    failpoint("answer.before_commit")
    return Answered(done, f"INC-{before.number}: {text}", facts(after))


def _unanswered(incident: Incident | None, seq: int) -> Incident | None:
    """Return an incident that a message took along, if it still waits for the answer to that very call.

    Not one that needs more than a press: its own message shows the code.
    """
    if incident is None or incident.status is not IncidentStatus.TRIGGERED or incident.escalation is None:
        return None
    return incident if incident.escalation.called == seq and incident.level < GRAVE else None


def _with_it(those: Sequence[Incident]) -> Text:
    numbers = ", ".join([f"INC-{one.number}" for one in those][:_MOST_NAMED])
    more = Text(ko=" 등", en=" …") if len(those) > _MOST_NAMED else NOTHING
    return Text(
        ko=f" 같은 메시지로 호출한 장애 {len(those)}건({numbers}{more.ko})도 함께 확인했습니다.",
        en=f" Acknowledged with it, since the same message told of them: {count(len(those), 'incident')} ({numbers}{more.en}).",
    )


async def decide(tx: Transaction, action_id: UUID | None, word: Word, now: datetime) -> Answered:
    """Do what a person says about a proposed action."""
    known = await actions.decided(tx, action_id) if action_id else None
    if known is None or action_id is None:
        return Answered(False, _UNKNOWN_ACTION.of(word.locale))
    approve = word.verb == "approve"
    decision = await verbs.answer_proposal(tx, action_id, now, word.who, word.reason, approve=approve, way=word.way)
    status, by = await actions.decided(tx, action_id) or known
    given = [one.name or named(word.way.escalator.directory, one.who) for one in decision.given]
    facts_now = {"status": status.value, "approved_by": by or None, "approvals": given, "needed": decision.needed}
    people = (", ".join(given) or named(word.way.escalator.directory, by)) if by else ""
    text = _decided(decision, status, people, approve=approve)
    return Answered(decision.counted, text.of(word.locale), facts_now)


def _decided(decision: verbs.Decision, status: ActionStatus, people: str, *, approve: bool) -> Text:
    """Return what whoever approved or rejected reads."""
    waits, given = status is ActionStatus.PROPOSED, f"{len(decision.given)}/{decision.needed}"
    word = _SCHEDULED if status is ActionStatus.SCHEDULED else ACTION_WORDS[status.value]
    state = Text(ko=f"현재 상태: {word.ko}, {status.value}", en=f"now: {word.en}, {status.value}")
    if decision.counted and not approve:
        return Text(ko="거절했습니다. 실행되지 않습니다.", en="Rejected. It is not carried out.")
    if decision.counted and waits:
        left = decision.needed - len(decision.given)
        return Text(
            ko=f"승인 {given}: 다른 사람의 승인이 {left}명 더 필요합니다.",
            en=f"Approved, {given}: {count(left, 'more person has', 'more people have')} to approve it.",
        )
    if decision.counted:
        return Text(ko="승인했습니다. 곧 실행됩니다.", en="Approved. It is carried out in a moment.")
    if waits:
        return Text(
            ko=f"이미 승인하셨습니다 ({given}). 다른 사람의 승인이 필요합니다.",
            en=f"You have approved it already ({given}). Somebody else has to approve it.",
        )
    if people:
        return Text(
            ko=f"이미 {people} 님이 승인한 조치입니다 ({state.ko}).",
            en=f"{people} has approved it already ({state.en}).",
        )
    return Text(
        ko=f"승인을 기다리는 조치가 아닙니다 ({state.ko}).", en=f"This action does not wait for approval ({state.en})."
    )


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


def _said(before: Incident, after: Incident, word: Word, done: bool, acked: Line, closed: Line, now: datetime) -> Text:
    """Return what whoever said it reads."""
    directory = word.way.escalator.directory
    if not done:
        return _not_done(before, word, closed, now, directory)
    match word.verb:
        case "ack":
            return _acked(before, after, word, acked, now, directory)
        case "unack":
            return Text(
                ko="확인을 취소했습니다. 곧 다시 호출합니다.",
                en="The acknowledgement is taken back. People are called again in a moment.",
            )
        case "resolve":
            return Text(ko="해결 처리했습니다.", en="Resolved.")
        case "escalate":
            level = _next_level(after)
            return Text(
                ko=f"상위 보고했습니다. 곧 Lv{level}을(를) 호출합니다.",
                en=f"Escalated. Lv{level} is called in a moment.",
            )
        case _:
            until = time_of_day(now + word.length, now, directory.oncall.timezone)
            return Text(
                ko=f"{until.ko}까지 보류합니다. 그때까지 해결되지 않으면 다시 호출합니다.",
                en=f"Snoozed until {until.en}. If it is not resolved by then, people are called again.",
            )


def _acked(before: Incident, after: Incident, word: Word, acked: Line, now: datetime, directory: Directory) -> Text:
    if before.status is not IncidentStatus.ACKNOWLEDGED:
        if after.status is IncidentStatus.ACKNOWLEDGED:
            return Text(
                ko="확인했습니다. 더 호출하지 않습니다. 해결되면 해결 처리해 주세요.",
                en="Acknowledged. Nobody else is called. Resolve it once it is over.",
            )
        return Text(
            ko="확인했습니다. 다른 담당자의 확인을 더 기다립니다.",
            en="Acknowledged. The others still have to acknowledge it, too.",
        )
    at = _at(acked, now, directory)
    by = before.escalation.acked_by if before.escalation else ()
    if word.who in by:
        return Text(
            ko=f"이미 {at.ko}확인하셨습니다. 계속 대응 중인 것으로 기록했습니다.",
            en=f"You have acknowledged it already{at.en}. It is noted that you are still at it.",
        )
    name = (acked[1].get("name") or named(directory, str(acked[1].get("by", "")))) if acked else ""
    first = Text.same(name) if name else Text(ko="다른", en="Somebody else")
    joined = NOTHING
    if by:
        joined = Text(ko=" 함께 대응하는 것으로 기록했습니다.", en=" It is noted that you are at it, too.")
    return Text(
        ko=f"이미 {first.ko} 님이 {at.ko}확인했습니다.{joined.ko}",
        en=f"{first.en} has acknowledged it already{at.en}.{joined.en}",
    )


def _not_done(before: Incident, word: Word, closed: Line, now: datetime, directory: Directory) -> Text:
    if before.status is IncidentStatus.RESOLVED:
        return _over(closed, now, directory)
    state = STATES[before.status.value]
    escalation = before.escalation
    if word.verb == "unack":
        return Text(
            ko=f"확인하거나 보류한 상태가 아닙니다 (현재 상태: {state.ko}).",
            en=f"It is neither acknowledged nor snoozed (now: {state.en}).",
        )
    if escalation is None:
        return Text(
            ko="호출할 담당자가 없는 장애입니다 (관찰만 하는 규칙).",
            en="Nobody is called for this incident (its rule only observes).",
        )
    if word.verb == "snooze" and escalation.needs_person:
        return Text(
            ko=f"Lv{escalation.level} 장애는 보류할 수 없습니다.",
            en=f"An incident of Lv{escalation.level} cannot be snoozed.",
        )
    if escalation.pending is Why.ASKED:
        who, level = named(directory, escalation.asked_by), _next_level(before)
        return Text(
            ko=f"이미 {who} 님이 상위 보고하여 곧 Lv{level}을(를) 호출합니다.",
            en=f"{who} has escalated it already: Lv{level} is called in a moment.",
        )
    return Text(
        ko=f"그 사이 이미 Lv{escalation.level}을(를) 호출했습니다 (현재 상태: {state.ko}). 최신 메시지에서 다시 눌러 주세요.",
        en=f"Lv{escalation.level} has been called meanwhile (now: {state.en}). Press again in the newest message.",
    )


def _over(closed: Line, now: datetime, directory: Directory) -> Text:
    """Return what is said of an incident that is over."""
    by = named(directory, str(closed[1]["by"])) if closed and closed[1].get("by") else ""
    name, at = (closed[1].get("name") or by) if closed else "", _at(closed, now, directory)
    if not name:
        return Text(ko=f"이미 {at.ko}해결된 장애입니다.", en=f"The incident was resolved already{at.en}.")
    return Text(
        ko=f"이미 {name} 님이 {at.ko}해결 처리한 장애입니다.", en=f"{name} has resolved the incident already{at.en}."
    )


def _at(line: Line, now: datetime, directory: Directory) -> Text:
    """Return when something was written down, as a part of a sentence."""
    if not line:
        return NOTHING
    at = time_of_day(line[0], now, directory.oncall.timezone)
    return Text(ko=f"{at.ko}에 ", en=f" at {at.en}")


def _next_level(incident: Incident) -> int:
    escalation = incident.escalation
    assert escalation is not None  # noqa: S101 - only such have a call that was asked for
    index = escalation.step if escalation.goal is None else escalation.goal
    return escalation.policy.steps[max(0, index)].level
