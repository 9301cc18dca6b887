"""Owns how an incident's escalation moves; the one rule: a function of state, instant and word, that does nothing itself.

An incident has two machines. Its alarm is on or off (`Incident.ok_at`); its people have been called, have acknowledged, sleep
or are done (`IncidentStatus` and the `Escalation` here). Every function returns a `Move`: the new state, the timers to set, and
whom to call. Levels never fall by themselves, and while an incident is triggered a timer is always set, unless its policy ends.

Semantics of calls that are late: a step's time counts from when the step before was due, not from when somebody got round to
it, and what was missed is one call at the highest level that is due by now, not one for each step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from leh_guardian.language import Locale
from leh_guardian.model.incident_status import IncidentStatus
from leh_guardian.model.plain import plain
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import AckBy, Policy
from leh_guardian.model.timer import CALLS, TimerKind

UNACK_PAUSE = timedelta(seconds=10)
"""Between taking an acknowledgement back and the call: who only corrects a slip calls nobody."""

_UNTOLD: Final[dict[str, Any]] = {"about": "", "about_in": {}, "cause": "", "approves": ""}


class Why(StrEnum):
    """Why people are called."""

    BEGUN = "begun"
    UNANSWERED = "unanswered"
    REPEATED = "repeated"
    UNRESOLVED = "unresolved"
    EXPIRED = "ack-expired"
    TAKEN_BACK = "ack-taken-back"
    ASKED = "asked"
    WORSE = "worse"
    REOPENED = "reopened"
    WOKEN = "snooze-over"


@dataclass(frozen=True, slots=True)
class Call:
    """People are to be called now."""

    step: int
    level: int
    why: Why
    planned: datetime
    """When it was due; long before now after a standstill of guardian."""
    passed: tuple[int, ...] = ()
    """Levels that were due meanwhile and were not called one by one."""
    waited: float = 0.0
    """Seconds that the step before had been given."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """How far an incident's people have been called; its policy is the one of when it opened."""

    policy: Policy
    start: int
    """The level at which it begins."""
    step: int = -1
    """Index of the step called last; -1 while nobody has been."""
    seq: int = 0
    """Rises with every move: what a person saw is named by it ("escalate as of")."""
    called: int = 0
    """`seq` of the last call."""
    epoch: int = 0
    """Rises whenever it begins anew: an acknowledgement ended, trouble came back or got worse."""
    repeats: int = 0
    """Calls of the last step beyond its first."""
    pending: Why | None = None
    """Why the present step (or the first) is called when the timer fires, instead of the next."""
    planned: datetime | None = None
    """When the last call was due."""
    acked_by: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    """People of the step called last."""
    engaged: tuple[str, ...] = ()
    """Everybody who has been told: `person:ID`, `channel:NAME`. They are told how it goes on."""
    resolve_by: datetime | None = None
    """Until when it is to be solved; set by the level's first acknowledgement."""
    until: datetime | None = None
    """Until when calls are held back while the remedy, or its OK, is under way."""
    healed: bool = False
    """Whether it is the OK alone that is waited for: the remedy went well."""
    goal: int | None = None
    """The step that is called when `pending` fires; None: the present one, or the first."""
    asked_by: str = ""
    """Who asked for the pending call."""
    cause: str = ""
    """Why people were told last: a name, so that one cause is told once."""
    about: str = ""
    """What they were told: a title and lines, in the installation's language. Later calls say it again."""
    about_in: Mapping[str, str] = field(default_factory=dict)
    """The same in the other languages that anybody is told in: {locale: text}."""
    approves: str = ""
    """The action that waits for a person's word, if one does."""
    covers: Mapping[str, str] = field(default_factory=dict)
    """What that word is asked for beside it: {step id: digest of what it would do}."""

    def said(self, locale: Locale) -> str:
        """Return what they were told, in a language; in the installation's of that time where it was not kept in this one."""
        return self.about_in.get(locale.value, self.about)

    @property
    def begun(self) -> bool:
        """Whether anybody has been called."""
        return self.step >= 0

    @property
    def level(self) -> int:
        """The level called last; 0 while nobody has been."""
        return self.policy.steps[self.step].level if self.begun else 0

    @property
    def only_people_close(self) -> bool:
        """Whether no OK and no remedy closes the incident."""
        return not self.policy.resolve.on_ok or self.needs_person

    @property
    def needs_person(self) -> bool:
        """Whether its level is one that only people deal with: nothing closes it by itself, and nobody may have it quiet."""
        least = self.policy.resolve.human_from_level
        return least is not None and self.level >= least

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON, the policy left out: it never changes and is kept beside."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__ if name != "policy"}

    @classmethod
    def from_json(cls, policy: Policy, data: Mapping[str, Any]) -> Self:
        """Read a state back; keys of a newer program are left alone."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        for name in ("planned", "resolve_by", "until"):
            known[name] = datetime.fromisoformat(known[name]) if known.get(name) else None
        for name in ("acked_by", "awaited", "engaged"):
            known[name] = tuple(known.get(name, ()))
        pending = known.get("pending")
        return cls(**{**known, "policy": policy, "pending": Why(pending) if pending else None})


@dataclass(frozen=True, slots=True)
class Move:
    """What follows."""

    escalation: Escalation
    status: IncidentStatus
    timers: Mapping[TimerKind, datetime | None] = field(default_factory=dict)
    """None takes a timer away."""
    call: Call | None = None


def wait(policy: Policy, start: int, until: datetime) -> Move:
    """Begin with nobody called until `until`."""
    escalation = Escalation(policy, start, pending=Why.BEGUN)
    return Move(escalation, IncidentStatus.TRIGGERED, {TimerKind.ESCALATE: until})


def begin(escalation: Escalation, now: datetime, why: Why = Why.BEGUN) -> Move:
    """Call the first step now."""
    return _call(escalation, escalation.policy.at_level(escalation.start), why, now)


def due(escalation: Escalation, due_at: datetime, now: datetime) -> Move:
    """Do what follows when nobody has answered until `due_at`, or a pause before a call is over."""
    if escalation.pending is not None:
        index = _present(escalation) if escalation.goal is None else escalation.goal
        return _overdue(replace(escalation, pending=None, goal=None), index, escalation.pending, due_at, now)
    following = _following(escalation, escalation.step)
    if following is None:
        return Move(escalation, IncidentStatus.TRIGGERED, {TimerKind.ESCALATE: None})
    index, repeated = following
    if repeated:
        # A repeat that is late is one repeat.
        again = replace(escalation, repeats=escalation.repeats + 1)
        return _call(again, index, Why.REPEATED, due_at, now=now)
    return _overdue(escalation, index, Why.UNANSWERED, due_at, now)


def acknowledge(
    escalation: Escalation, status: IncidentStatus, severity: Severity, who: str, now: datetime
) -> Move | None:
    """Take an acknowledgement; None when it is nothing new: the second press is a success that changes nothing."""
    if status is IncidentStatus.RESOLVED or (status is IncidentStatus.ACKNOWLEDGED and who in escalation.acked_by):
        return None
    acked_by = (*escalation.acked_by, *(() if who in escalation.acked_by else (who,)))
    step = escalation.policy.steps[max(0, escalation.step)]
    missing = set(escalation.awaited) - set(acked_by)
    everybody = step.ack_by is AckBy.ALL and escalation.begun and bool(escalation.awaited)
    if everybody and missing:
        if acked_by == escalation.acked_by:
            return None
        return Move(replace(escalation, acked_by=acked_by, seq=escalation.seq + 1), status)
    resolve_by = escalation.resolve_by
    if resolve_by is None and step.resolve_within is not None:
        resolve_by = now + timedelta(seconds=step.resolve_within)
    acked = replace(
        escalation,
        acked_by=acked_by,
        resolve_by=resolve_by,
        pending=None,
        goal=None,
        until=None,
        seq=escalation.seq + 1,
    )
    timers = {
        TimerKind.ESCALATE: None,
        TimerKind.SNOOZE: None,
        TimerKind.OVERDUE: resolve_by,
        **_ack_timers(acked, severity, now),
    }
    return Move(acked, IncidentStatus.ACKNOWLEDGED, timers)


def active(escalation: Escalation, status: IncidentStatus, severity: Severity, now: datetime) -> Move | None:
    """Somebody is at work on it: what runs out because nobody seems to be begins anew."""
    if status is not IncidentStatus.ACKNOWLEDGED or not escalation.policy.ack.extend_on_activity:
        return None
    return Move(escalation, status, _ack_timers(escalation, severity, now))


def ack_expired(escalation: Escalation, due_at: datetime, now: datetime) -> Move:
    """Call the same step again: who acknowledged has gone quiet. Where its time to be solved is over as well, the next one."""
    if escalation.resolve_by is not None and escalation.resolve_by <= now:
        return unresolved(escalation, escalation.resolve_by, now)
    anew = replace(escalation, epoch=escalation.epoch + 1)
    return _overdue(anew, max(0, escalation.step), Why.EXPIRED, due_at, now)


def take_back(escalation: Escalation, status: IncidentStatus, now: datetime) -> Move | None:
    """Take an acknowledgement or a snooze back; None when there is none. The call follows after a short pause."""
    if status not in {IncidentStatus.ACKNOWLEDGED, IncidentStatus.SNOOZED}:
        return None
    anew = replace(escalation, epoch=escalation.epoch + 1, seq=escalation.seq + 1, pending=Why.TAKEN_BACK, acked_by=())
    timers = {**_no_ack(), TimerKind.ESCALATE: now + UNACK_PAUSE}
    return Move(anew, IncidentStatus.TRIGGERED, timers)


def raised(escalation: Escalation, who: str, now: datetime, to_level: int | None = None) -> Move:
    """A person has the next level called, or the one named; where that is below the present one, the present one again.

    The call itself is the timer's, which knows who is on call: it is due at once.
    """
    last = len(escalation.policy.steps) - 1
    wanted = escalation.step + 1 if to_level is None else escalation.policy.at_level(to_level)
    asked = replace(
        escalation,
        epoch=escalation.epoch + 1,
        seq=escalation.seq + 1,
        pending=Why.ASKED,
        goal=min(last, max(wanted, escalation.step, 0)),
        asked_by=who,
        acked_by=(),
    )
    timers = {**_no_ack(), TimerKind.ESCALATE: now, TimerKind.SNOOZE: None}
    return Move(asked, IncidentStatus.TRIGGERED, timers)


def unresolved(escalation: Escalation, due_at: datetime, now: datetime) -> Move:
    """Call the next level: somebody acknowledged, and it is not solved in its time."""
    index = min(len(escalation.policy.steps) - 1, escalation.step + 1)
    return _overdue(replace(escalation, epoch=escalation.epoch + 1), index, Why.UNRESOLVED, due_at, now)


def snooze(escalation: Escalation, status: IncidentStatus, until: datetime) -> Move | None:
    """Be quiet until `until`; None where it must not be: at a level that needs a person, or when it is over."""
    if status is IncidentStatus.RESOLVED or escalation.needs_person:
        return None
    quiet = replace(escalation, seq=escalation.seq + 1, pending=None)
    timers = {**_no_ack(), TimerKind.ESCALATE: None, TimerKind.SNOOZE: until}
    return Move(quiet, IncidentStatus.SNOOZED, timers)


def woken(escalation: Escalation, due_at: datetime, now: datetime) -> Move:
    """The quiet is over and the trouble is not: call the same step."""
    return _overdue(replace(escalation, epoch=escalation.epoch + 1), _present(escalation), Why.WOKEN, due_at, now)


def worse(escalation: Escalation, now: datetime, level: int) -> Move:
    """It got worse: whoever is at it, people are called again, at `level` at least."""
    first = escalation.policy.at_level(max(level, escalation.start))
    anew = replace(escalation, epoch=escalation.epoch + 1, start=max(level, escalation.start))
    return _call(anew, max(first, escalation.step), Why.WORSE, now)


def reopened(escalation: Escalation, now: datetime, until: datetime) -> Move:
    """It came back: at the level that it had reached, at once; where nobody had been called, from `until` on."""
    # What was told of the run before is over with it: it would be quoted as this one's cause, its action as waiting for a word.
    anew = replace(escalation, epoch=escalation.epoch + 1, acked_by=(), resolve_by=None, **_UNTOLD)
    if not escalation.begun:
        waiting = replace(anew, pending=Why.BEGUN)
        return Move(waiting, IncidentStatus.TRIGGERED, {TimerKind.ESCALATE: until})
    return _call(anew, escalation.step, Why.REOPENED, now)


def over(escalation: Escalation) -> Move:
    """It is resolved."""
    ended = replace(
        escalation, seq=escalation.seq + 1, pending=None, goal=None, until=None, acked_by=(), resolve_by=None
    )
    return Move(ended, IncidentStatus.RESOLVED, dict.fromkeys(CALLS))


def _present(escalation: Escalation) -> int:
    return escalation.step if escalation.begun else escalation.policy.at_level(escalation.start)


def _following(escalation: Escalation, step: int) -> tuple[int, bool] | None:
    """Return the step after `step` and whether that is a repeat; None when the policy ends."""
    steps, after = escalation.policy.steps, escalation.policy.after_last
    if step < len(steps) - 1:
        return step + 1, False
    if after.times is not None and escalation.repeats >= after.times:
        return None
    again = len(steps) - 1 if after.repeat_from is None else escalation.policy.at_level(after.repeat_from)
    return again, True


def _overdue(escalation: Escalation, index: int, why: Why, due_at: datetime, now: datetime) -> Move:
    """Call the highest step that is due by now, in the time that its steps would have taken."""
    planned, passed, waited = due_at, [], 0.0
    while index < len(escalation.policy.steps) - 1:
        patience = escalation.policy.pause(index, escalation.repeats) or 0.0
        if planned + timedelta(seconds=patience) > now:
            break
        passed.append(escalation.policy.steps[index].level)
        planned += timedelta(seconds=patience)
        index, why, waited = index + 1, Why.UNANSWERED, patience
    return _call(escalation, index, why, planned, tuple(passed), waited or None, now)


def _call(
    escalation: Escalation,
    index: int,
    why: Why,
    planned: datetime,
    passed: tuple[int, ...] = (),
    waited: float | None = None,
    now: datetime | None = None,
) -> Move:
    policy = escalation.policy
    if waited is None and why in {Why.UNANSWERED, Why.REPEATED} and escalation.begun:
        before = max(0, escalation.repeats - 1) if why is Why.REPEATED else escalation.repeats
        waited = policy.pause(escalation.step, before)
    rises = not escalation.begun or policy.steps[index].level > escalation.level
    patience = policy.pause(index, escalation.repeats)
    follows = None if patience is None else planned + timedelta(seconds=patience)
    if follows is not None and now is not None and follows <= now:
        # The last step was due long ago: what follows it counts from now.
        follows = now + timedelta(seconds=patience or 0.0)
    called = replace(
        escalation,
        step=index,
        seq=escalation.seq + 1,
        called=escalation.seq + 1,
        pending=None,
        goal=None,
        asked_by=escalation.asked_by if why is Why.ASKED else "",
        until=None,
        planned=planned,
        acked_by=(),
        resolve_by=None if rises else escalation.resolve_by,
    )
    timers: dict[TimerKind, datetime | None] = {**_no_ack(), TimerKind.ESCALATE: follows, TimerKind.SNOOZE: None}
    if called.resolve_by is not None and why is not Why.UNRESOLVED:
        # The level's time to solve it goes on, whoever lets go of it.
        timers[TimerKind.OVERDUE] = called.resolve_by
    elif why is Why.UNRESOLVED:
        called = replace(called, resolve_by=None)
    call = Call(index, policy.steps[index].level, why, planned, passed, waited or 0.0)
    return Move(called, IncidentStatus.TRIGGERED, timers, call)


def _no_ack() -> dict[TimerKind, datetime | None]:
    return {TimerKind.UNACK: None, TimerKind.REMIND: None, TimerKind.OVERDUE: None}


def _ack_timers(escalation: Escalation, severity: Severity, now: datetime) -> dict[TimerKind, datetime | None]:
    terms = escalation.policy.ack
    holds = terms.holds(severity)
    if holds is None:
        return {TimerKind.UNACK: None, TimerKind.REMIND: None}
    ends = now + timedelta(seconds=holds)
    reminds = 0 < terms.remind_before < holds
    return {
        TimerKind.UNACK: ends,
        TimerKind.REMIND: ends - timedelta(seconds=terms.remind_before) if reminds else None,
    }
