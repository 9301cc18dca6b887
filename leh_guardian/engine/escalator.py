"""Owns how an incident's people are called, from a move to messages, timers and journal; the one rule: no call without its reason.

It is the only place where a move of an escalation (model/escalation.py) becomes something.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.engine import pages
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.classifying import Weight
from leh_guardian.engine.directory import CHANNEL, PERSON, Directory, Reached
from leh_guardian.engine.wording import called, deadline, news, passed_on, reminder
from leh_guardian.language import Text
from leh_guardian.model import escalation as machine
from leh_guardian.model.escalation import Call, Escalation, Move, Why
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.oncall import OnCall, built_in
from leh_guardian.model.policy import GRAVE, OnEmpty, Policy
from leh_guardian.model.timer import TimerKind
from leh_guardian.telemetry.failpoints import failpoint

LATE: Final = timedelta(minutes=2)
"""From when on a call that is late says so."""
LOOK: Final = timedelta(seconds=60)
"""Between two looks at whether a remedy that calls are held back for is really at work."""
OK_WITHIN: Final = timedelta(minutes=15)
"""How long after a remedy that went well its alarm may take to be over, before people are called all the same."""


class Escalator:
    """Calls people."""

    def __init__(self, directory: Callable[[], Directory]) -> None:
        self._directory = directory

    @property
    def directory(self) -> Directory:
        """The people of now."""
        return self._directory()

    def wait(self, changes: Changes, incident: Incident, since: datetime) -> None:
        """Hold calls back while the remedy is at work, as long as its policy says; `since` is when the remedy begins."""
        known = incident.escalation
        if known is not None and known.begun:
            return
        until = since + timedelta(seconds=self.grace(incident))
        policy = self._policy(incident)
        escalation = known or Escalation(policy, self._start(incident, policy))
        waiting = replace(escalation, pending=Why.BEGUN, until=until, healed=False)
        due_at = max(changes.now, min(until, since + LOOK))
        move = Move(waiting, IncidentStatus.TRIGGERED, {TimerKind.ESCALATE: due_at})
        self.take(changes, incident, move)

    def grace(self, incident: Incident) -> float:
        """Return the seconds for which calls wait for a remedy that is at work."""
        policy = incident.escalation.policy if incident.escalation else self._policy(incident)
        if incident.plan.grace is not None:
            return incident.plan.grace
        return policy.grace if self._start(incident, policy) < 2 else 0.0

    def expect_ok(self, changes: Changes, incident: Incident) -> None:
        """The remedy went well: its OK is to follow."""
        escalation = incident.escalation
        if escalation is None or escalation.begun:
            return
        waiting = replace(escalation, pending=Why.BEGUN, until=changes.now + OK_WITHIN, healed=True)
        timers = {TimerKind.ESCALATE: changes.now + OK_WITHIN}
        self.take(changes, incident, Move(waiting, incident.status, timers))

    def tell(self, changes: Changes, incident: Incident, text: Text, cause: str, approves: str = "") -> None:
        """Call people with `text`, or tell those who have been called already; once for each `cause` of a run."""
        known = incident.escalation
        if known is None or not known.begun:
            policy = self._policy(incident)
            fresh = known or Escalation(policy, self._start(incident, policy))
            about = replace(fresh, **self._said(text), cause=cause, approves=approves, until=None)
            self.take(changes, incident, machine.begin(about, changes.now))
            return
        about = replace(known, **self._said(text), cause=cause, approves=approves or known.approves)
        told = replace(incident, escalation=about)
        changes.incidents[incident.id] = told
        if known.planned == changes.now:
            # Called in this very transaction: nobody needs a second message.
            return
        self._tell(changes, told, about.engaged, f"cause/{incident.run}/{cause}", "update", text, approves=approves)

    def take(self, changes: Changes, incident: Incident, move: Move, by: str = "") -> Incident:
        """Make a move: state, timers, and its call if it has one. Returns the incident as it is then."""
        escalation = move.escalation
        changed = replace(incident, status=move.status, escalation=escalation)
        for kind, due_at in move.timers.items():
            changes.set_timer(changed, kind, due_at)
        changes.incidents[changed.id] = changed
        if move.call is not None:
            changed = self._call(changes, changed, move.call, by)
        return changed

    def news(
        self,
        changes: Changes,
        incident: Incident,
        what: Kind,
        by: str = "",
        detail: str | Text = "",
        *,
        name: str = "",
        silent: Collection[str] = (),
        about: str = "",
    ) -> None:
        """Tell everybody who has been told of it what became of it, but who did it.

        `name` is what people call whoever did it. Channels that are `silent` are not told: they know. `about` tells apart what is
        said of one kind as of one move.
        """
        escalation = incident.escalation
        if escalation is None or not escalation.engaged:
            return
        text = news(what, incident, name or self._directory().named(PERSON + by) if by else "", detail)
        left = [entry for entry in escalation.engaged if entry.rpartition("|")[2] not in silent]
        self._tell(changes, incident, left, f"{escalation.seq}/{what}{about}", "status", text, by=by)

    def remind(self, changes: Changes, incident: Incident) -> None:
        """Tell those who have acknowledged that it is about to run out."""
        escalation = incident.escalation
        assert escalation is not None  # noqa: S101 - there is an acknowledgement
        text = reminder(incident, timedelta(seconds=escalation.policy.ack.remind_before))
        people = {PERSON + who for who in escalation.acked_by}
        mine = [entry for entry in escalation.engaged if entry.partition("|")[0] in people]
        # Who acknowledged by command alone has no channel of their own: whoever was told hears it.
        among = mine or escalation.engaged
        self._tell(changes, incident, among, f"{escalation.epoch}.{escalation.seq}/remind", "reminder", text)
        changes.note(Kind.REMINDED, "an acknowledgement is about to run out", incident=incident)

    def over(
        self,
        changes: Changes,
        incident: Incident,
        how: str | Text,
        by: str = "",
        *,
        name: str = "",
        silent: Collection[str] = (),
    ) -> Incident:
        """The incident is resolved: no call is due any more, and whoever was told hears of it."""
        if incident.escalation is None:
            return incident
        ended = self.take(changes, incident, machine.over(incident.escalation))
        self.news(changes, ended, Kind.RESOLVED, by, how, name=name, silent=silent)
        return ended

    def worsen(self, changes: Changes, incident: Incident, weight: Weight) -> None:
        """It is worse than it was taken for: people are called at the level that it is worth now, whoever is at it."""
        policy = self._directory().policy(weight.policy)
        heavier = replace(incident, severity=weight.severity, plan=weight.applied(incident.plan))
        known = incident.escalation
        if known is None:
            changes.incidents[incident.id] = heavier
        else:
            moved = known if policy.name == known.policy.name else _under(known, policy)
            self.take(changes, heavier, machine.worse(moved, changes.now, weight.level))
        data = {"severity": weight.severity.value, "level": weight.level, "because": list(weight.because)}
        changes.note(Kind.WORSE, "it is worse than it was taken for", incident=heavier, data=data)

    def _call(self, changes: Changes, incident: Incident, call: Call, by: str) -> Incident:
        """Call the people of a step; where there is nobody, those of the next one at once, and the console at last."""
        escalation = incident.escalation
        assert escalation is not None  # noqa: S101 - a call is a move of it
        directory, policy = self._directory(), escalation.policy
        passed = list(call.passed)
        for index in range(call.step, len(policy.steps)):
            step = policy.steps[index]
            first = () if escalation.engaged else policy.also
            reached = directory.reach((*step.notify, *first), changes.now, incident.severity, step.on_empty)
            for gap in reached.gaps:
                changes.note(Kind.ON_CALL_GAP, gap, incident=incident, data={"level": step.level})
            if reached.anybody:
                break
            changes.note(Kind.STEP_SKIPPED, "nobody can be called", incident=incident, data={"level": step.level})
            passed.append(step.level)
        else:
            index, step = len(policy.steps) - 1, policy.steps[-1]
            reached = Reached(places=(pages.CONSOLE,))
        if index != call.step:
            # Its time counts from now, as if the ones that were skipped had not been there.
            patience = policy.pause(index, escalation.repeats)
            due_at = None if patience is None else call.planned + timedelta(seconds=patience)
            changes.set_timer(incident, TimerKind.ESCALATE, due_at)
        called_now = replace(call, step=index, level=step.level, passed=tuple(passed))
        escalation = replace(escalation, step=index, awaited=reached.people)
        incident = replace(incident, level=max(incident.level, step.level), escalation=escalation)
        return self._ring(changes, incident, called_now, reached, directory, by)

    def _ring(
        self, changes: Changes, incident: Incident, call: Call, reached: Reached, directory: Directory, by: str
    ) -> Incident:
        escalation = incident.escalation
        assert escalation is not None  # noqa: S101 - as above
        step = escalation.policy.steps[call.step]
        late = changes.now - call.planned if changes.now - call.planned >= LATE else None
        text = called(call, incident, step.ack_within, late, directory.named(PERSON + by) if by else "")
        decision = f"{escalation.epoch}.{escalation.seq}"
        # For AlimTalk alone, whose templates are Korean as they were registered.
        until = deadline(step.ack_within).ko
        more: dict[str, Any] = {"approves": escalation.approves, "why": call.why.value, "deadline": until}
        # Only the first call waits for more of its kind, and the gravest waits for nothing.
        wait = timedelta(seconds=escalation.policy.group_wait if call.why is Why.BEGUN and call.level < GRAVE else 0)
        if wait:
            more["grouped"] = True
        called_now = {*(CHANNEL + place for place in reached.places), *(PERSON + person for person in reached.people)}
        engaged = dict.fromkeys((*escalation.engaged, *self._kept(changes, incident, call, directory)))
        if call.why is not Why.REPEATED:
            self._tell_others(changes, incident, call, tuple(engaged), called_now, by)
        for place in reached.places:
            target = CHANNEL + place
            pages.page(
                changes,
                incident,
                directory,
                decision,
                target=target,
                channel=place,
                kind="page",
                text=text,
                due_at=changes.now + wait,
                more=more,
            )
            engaged[f"{target}|{place}"] = None
        for person in reached.people:
            target = PERSON + person
            for number, way in enumerate(directory.ways(person, incident.severity, changes.now)):
                pages.page(
                    changes,
                    incident,
                    directory,
                    f"{decision}.{number}",
                    target=target,
                    channel=way.channel,
                    kind="page",
                    text=text,
                    due_at=way.due_at + wait,
                    more={**more, "nth": number},
                )
            if (hears := directory.told_by(person)) is not None:
                engaged[f"{target}|{hears}"] = None
        rung = replace(incident, escalation=replace(escalation, engaged=tuple(engaged)))
        changes.incidents[incident.id] = rung
        changes.note(
            Kind.CALLED,
            f"level {call.level}: {call.why.value}",
            incident=rung,
            data={
                "level": call.level,
                "why": call.why.value,
                "planned": call.planned,
                "passed": list(call.passed),
                "waited": call.waited,
                "people": list(reached.people),
                "places": list(reached.places),
                "policy": escalation.policy.name,
                "by": by,
            },
        )
        failpoint("calling.planned")
        return rung

    def _kept(self, changes: Changes, incident: Incident, call: Call, directory: Directory) -> list[str]:
        """Return who is told of a step without being called, and has not been: those on duty for the levels that it `keep`s."""
        escalation = incident.escalation
        assert escalation is not None  # noqa: S101 - as above
        steps = escalation.policy.steps
        targets = [target for step in steps if step.level in steps[call.step].keep for target in step.notify]
        found = directory.reach(targets, changes.now, incident.severity, OnEmpty.SKIP)
        hearing = [(PERSON + one, directory.told_by(one)) for one in found.people]
        places = [f"{CHANNEL}{place}|{place}" for place in found.places]
        return [*places, *(f"{target}|{hears}" for target, hears in hearing if hears is not None)]

    def _tell_others(
        self, changes: Changes, incident: Incident, call: Call, engaged: tuple[str, ...], called_now: set[str], by: str
    ) -> None:
        """Tell those of other steps that people are called now; whoever is among these hears it anyway."""
        escalation = incident.escalation
        assert escalation is not None  # noqa: S101 - as above
        left = [entry for entry in engaged if entry.partition("|")[0] not in called_now]
        text = passed_on(call, incident, self._directory().named(PERSON + by) if by else "")
        self._tell(changes, incident, left, f"{escalation.seq}/passed-on", "status", text, by=by)

    def _tell(
        self,
        changes: Changes,
        incident: Incident,
        among: Iterable[str],
        decision: str,
        kind: str,
        text: Text,
        by: str = "",
        approves: str = "",
    ) -> None:
        """Tell those `among` (`Escalation.engaged`) without calling them, but whoever did it."""
        directory = self._directory()
        for entry in among:
            target, _, channel = entry.partition("|")
            if by and target == PERSON + by:
                continue
            pages.page(
                changes,
                incident,
                directory,
                decision,
                target=target,
                channel=channel,
                kind=kind,
                text=text,
                more={"approves": approves},
            )

    def _said(self, text: Text) -> dict[str, Any]:
        """Return what is kept of what people were told: in the languages that anybody is told in now."""
        directory = self._directory()
        mine = directory.locale()
        others = sorted(directory.languages - {mine})
        return {"about": text.of(mine), "about_in": {locale.value: text.of(locale) for locale in others}}

    def _policy(self, incident: Incident) -> Policy:
        return self._directory().policy(incident.plan.escalate)

    def _start(self, incident: Incident, policy: Policy) -> int:
        return policy.start_level if incident.plan.level is None else max(incident.plan.level, policy.start_level)


def _under(escalation: Escalation, policy: Policy) -> Escalation:
    """Return an escalation as it goes on under another policy: at the level that it had reached."""
    step = policy.at_level(escalation.level) if escalation.begun else escalation.step
    return replace(escalation, policy=policy, step=step)


def at_console(spoken: OnCall | None = None) -> Escalator:
    """Return one for commands, which know no people: the calls that they lead to are the daemon's, when their timers are due.

    Of `spoken` it knows what each is told in.
    """
    directory = Directory(built_in(pages.CONSOLE), pages.CONSOLE, spoken)
    return Escalator(lambda: directory)
