"""Owns what would follow if nobody answered; the one rule: the engine's own calls are made, and kept from the store.

The escalator decides over `Changes` and writes nothing by itself. Asked with an instant to come it says whom it would call then, over
the people and the file of now. What only the store knows is not foreseen: throttles, storms, inhibition by other incidents.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.classifying import weigh
from leh_guardian.engine.directory import CHANNEL, PERSON, Directory, Way
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.suppression import silence_of
from leh_guardian.language import NOTHING, Text, count, time_of_day
from leh_guardian.model import escalation as machine
from leh_guardian.model.escalation import Call, Why
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.silence import Silence
from leh_guardian.model.timer import TimerKind
from leh_guardian.rules.ruleset import Rule

_NOBODY: Final = Text(ko="다음: 더 호출하지 않습니다.", en="Next: nobody else is called.")
_NAMED: Final = 3
"""People named in a message's line."""
_MOST: Final = 1000
"""Calls foreseen at most."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A call that would be made."""

    at: datetime
    call: Call
    ways: tuple[tuple[str, Way], ...]
    """(`person:ID` or `channel:NAME`, when and by which channel), in the order in which they were planned."""
    gaps: tuple[str, ...]
    """Who cannot be called, and why."""
    follows: datetime | None
    """When the next call would be due; None for never."""
    incident: Incident
    """As it would be then."""

    @property
    def targets(self) -> list[str]:
        """Everybody who would be called, once each."""
        return list(dict.fromkeys(target for target, _ in self.ways))


def imagined(rule: Rule, directory: Directory, at: datetime) -> Incident:
    """Return an incident of a rule as it would open for an event that `classify` knows nothing of."""
    weight = weigh(directory.oncall, rule.severity, rule.plan, {})
    return Incident(
        id=uuid.uuid4(),
        rule_id=rule.id,
        rule_revision="",
        dedup_key="",
        status=IncidentStatus.TRIGGERED,
        severity=weight.severity,
        level=0,
        plan=weight.applied(rule.plan),
        event_id="",
        serialize_key="",
        opened_at=at,
        last_trigger_at=at,
        ok_at=None,
        event_count=1,
        run=1,
    )


def unanswered(incident: Incident, directory: Directory, until: datetime) -> Iterator[Foreseen]:
    """Yield the calls of an incident that has just opened and that nobody answers; its remedy takes all the time it is given."""
    escalator = Escalator(lambda: directory)
    begins = incident.opened_at
    if incident.plan.steps:
        begins += timedelta(seconds=escalator.grace(incident))
    changes = Changes(begins)
    escalator.tell(changes, incident, Text.same(incident.rule_id), "foreseen")
    found = _foreseen(changes, incident)
    for _ in range(_MOST):
        if found is None or found.at > until:
            return
        yield found
        found = following(found.incident, directory, found.follows) if found.follows else None


def following(incident: Incident, directory: Directory, due_at: datetime) -> Foreseen | None:
    """Return the call that would be made if nobody had answered until `due_at`; None where there would be none."""
    escalation = incident.escalation
    if escalation is None:
        return None
    changes = Changes(due_at)
    Escalator(lambda: directory).take(changes, incident, machine.due(escalation, due_at, due_at))
    return _foreseen(changes, incident)


def next_line(incident: Incident, directory: Directory, now: datetime, silences: Sequence[Silence] = ()) -> Text:
    """Return who is called next unless somebody answers; nothing where nobody waits for an answer.

    Where one of `silences` withholds that call, it says until when.
    """
    escalation = incident.escalation
    if incident.status is not IncidentStatus.TRIGGERED or escalation is None or not escalation.begun:
        return NOTHING
    patience = escalation.policy.pause(escalation.step, escalation.repeats)
    if patience is None or escalation.planned is None:
        return _NOBODY
    due_at = escalation.planned + timedelta(seconds=patience)
    if due_at <= now:
        # It was late: what follows it counts from when it was made.
        due_at = now + timedelta(seconds=patience)
    found = following(replace(incident, escalation=replace(escalation, pending=None, goal=None)), directory, due_at)
    if found is None:
        return _NOBODY
    zone, level = directory.oncall.timezone, found.call.level
    at, who, quiet = time_of_day(due_at, now, zone), _who(found.targets, directory), NOTHING
    silence = silence_of(silences, found.incident, level)
    if silence is not None and silence.holds(due_at):
        until = time_of_day(silence.ends, now, zone)
        quiet = Text(ko=f" (무음: {until.ko}까지 보류)", en=f" (silenced: withheld until {until.en})")
    return Text(ko=f"다음: {at.ko} Lv{level} {who.ko}{quiet.ko}", en=f"Next: {at.en} Lv{level} {who.en}{quiet.en}")


def _who(targets: list[str], directory: Directory) -> Text:
    """Name people, or the places where there are none."""
    people = [directory.named(target) for target in targets if target.startswith(PERSON)]
    named = people or [target.removeprefix(CHANNEL) for target in targets]
    first, left = ", ".join(named[:_NAMED]), len(named) - _NAMED
    if left <= 0:
        return Text.same(first)
    more = Text(ko=f"{left}곳", en=f"{count(left, 'more place')}")
    if people:
        more = Text(ko=f"{left}명", en=f"{count(left, 'more person', 'more people')}")
    return Text(ko=f"{first} 외 {more.ko}", en=f"{first} and {more.en}")


def _foreseen(changes: Changes, incident: Incident) -> Foreseen | None:
    """Read from what would be written whom a move calls."""
    called = next((entry.data for entry in changes.entries if entry.kind is Kind.CALLED), None)
    if called is None:
        return None
    follows = changes.timers.get((incident.id, TimerKind.ESCALATE))
    after = changes.incidents[incident.id]
    escalation = after.escalation
    assert escalation is not None  # noqa: S101 - it was just called
    pages = [action for action in changes.planned if action.params["kind"] == "page"]
    return Foreseen(
        changes.now,
        _call(called, escalation.step),
        tuple(
            (str(page.params["target"]), Way(page.due_at, str(page.params["channel"])))
            for page in pages
            # Who would be called later than others are is not: they were called since (engine/outgoing.py). At once, both may be.
            if not page.params.get("nth") or follows is None or page.due_at <= follows
        ),
        tuple(entry.reason for entry in changes.entries if entry.kind is Kind.ON_CALL_GAP),
        follows,
        after,
    )


def _call(said: Any, step: int) -> Call:
    return Call(step, said["level"], Why(said["why"]), said["planned"], tuple(said["passed"]), said["waited"])
