"""Owns the planning of matched events (inside T1); the one rule: all of a batch is decided under its rules' locks, or none.

One transaction takes many events: the rules' locks make guards atomic over replicas, open incidents are read once, every
match is decided in order in memory, and the result is written in bulk. A storm of one alarm is one incident with a count.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from leh_guardian.engine import counting, expecting
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.classifying import Weight, weigh
from leh_guardian.engine.closing import drop, hold
from leh_guardian.engine.matched import Matched
from leh_guardian.engine.progression import Progression, Run
from leh_guardian.engine.wording import Cause
from leh_guardian.model.event import Event
from leh_guardian.model.guards import not_before, spent
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import shown, storable_key
from leh_guardian.model.timer import TimerKind
from leh_guardian.rules.ruleset import MatchKind, Rule, RuleSet
from leh_guardian.store import actions, early_oks, guards, incidents
from leh_guardian.store.incidents import RuleKey, RunEvent
from leh_guardian.store.transaction import Transaction

_LONGEST_REOPEN = timedelta(days=1)
"""How long after its end an incident can come back, whatever its policy says."""
_DECIDED = (MatchKind.TRIGGER, MatchKind.RESOLVE)
"""What an incident is decided by."""


@dataclass
class _Known:
    """What the store knew when the batch began, brought up to date as the batch is decided."""

    open: dict[RuleKey, Incident]
    runs: dict[str, list[datetime]]
    last_runs: dict[RuleKey, datetime]
    busy: set[uuid.UUID]
    """Incidents with unsettled actions."""
    early_oks: dict[RuleKey, datetime]
    """The newest OK of each key, which an alarm on its way may be older than."""
    told: set[tuple[str, str]] = field(default_factory=set)
    """(rule, window) of spent budgets that people have been told of."""
    ended: dict[RuleKey, Incident] = field(default_factory=dict)
    """Incidents that ended a while ago and come back where the trouble does."""
    again: dict[RuleKey, tuple[int, datetime]] = field(default_factory=dict)
    """More events of open incidents, and when the newest of them happened: a storm is counted, not rewritten for each."""

    def count(self, key: RuleKey, happened: datetime) -> None:
        """Count one more event of the open incident of `key`."""
        events, newest = self.again.get(key, (0, happened))
        self.again[key] = events + 1, max(newest, happened)

    def caught_up(self, key: RuleKey, incident: Incident) -> Incident:
        """Return the open incident of `key` with everything that was counted."""
        events, newest = self.again.pop(key, (0, incident.last_trigger_at))
        newest = max(newest, incident.last_trigger_at)
        return replace(incident, event_count=incident.event_count + events, last_trigger_at=newest)


class Planner:
    """Decides what matched events lead to."""

    def __init__(self, progression: Progression, modes: Mapping[str, Mode], hold: timedelta) -> None:
        self._progression = progression
        self._modes = modes
        self._hold = hold

    async def hear(self, tx: Transaction, changes: Changes, rules: RuleSet, events: Sequence[Event]) -> None:
        """Let rules decide events of guardian's own, which are new."""
        if batch := [Matched(event, match) for event in events for match in rules.match(event)]:
            await self.plan(tx, changes, rules, batch)

    async def plan(self, tx: Transaction, changes: Changes, rules: RuleSet, batch: Sequence[Matched]) -> None:
        """Decide `batch`, whose events are new, in order; what follows is in `changes`."""
        # Of all rules at once and first: two batches then wait for each other instead of deadlocking.
        await incidents.lock_rules(tx, {matched.match.rule.id for matched in batch})
        late = await expecting.take_in(tx, changes, self._modes, batch)
        too_much = await counting.take_in(tx, changes, self._modes, batch)
        batch = [*(matched for matched in batch if matched.match.kind in _DECIDED), *late, *too_much]
        if not batch:
            return
        known = await self._look_up(tx, changes.now, batch)
        for matched in batch:
            # An OK is taken whatever the mode: it changes nothing, and what is open would stay so for ever.
            if matched.match.kind is MatchKind.RESOLVE:
                self._take_ok(changes, known, matched)
            elif self.mode_of(matched.match.rule) is Mode.OFF:
                changes.count(Kind.RULE_OFF, matched.match.rule.id, "the rule's mode is off")
            else:
                self._take_trigger(changes, known, rules, matched)
        for key in list(known.again):
            incident = known.caught_up(key, known.open[key])
            changes.incidents[incident.id] = incident

    async def _look_up(self, tx: Transaction, now: datetime, batch: Sequence[Matched]) -> _Known:
        rules = {m.match.rule.id: m.match.rule for m in batch}
        keys = sorted({m.key for m in batch})
        open_ones = await incidents.lock_open(tx, keys)
        budgeted = [rule.id for rule in rules.values() if rule.guards.budgets]
        horizon = max((rule.guards.horizon for rule in rules.values()), default=timedelta(0))
        cooled = [k for k in keys if rules[k[0]].guards.cooldown]
        held = [i.id for i in open_ones.values() if i.ok_at is not None or rules[i.rule_id].schedule]
        spent = f"{Cause.BUDGET_SPENT.value}-"
        told = await incidents.causes(tx, budgeted, spent) if budgeted else set()
        triggered = {m.key for m in batch if m.match.kind is MatchKind.TRIGGER} - set(open_ones)
        opening = {m.key for m in batch if m.match.kind is MatchKind.TRIGGER and m.match.rule.resolve_on} - set(
            open_ones
        )
        return _Known(
            open=open_ones,
            runs=await guards.runs_since(tx, now - horizon, budgeted) if budgeted else {},
            last_runs=await guards.last_runs(tx, cooled) if cooled else {},
            busy=await actions.busy(tx, held) if held else set(),
            early_oks=await early_oks.newest(tx, opening) if opening else {},
            told={(rule_id, cause.removeprefix(spent)) for rule_id, cause in told},
            ended=await incidents.lock_ended(tx, triggered, now - _LONGEST_REOPEN) if triggered else {},
        )

    def mode_of(self, rule: Rule) -> Mode:
        """Return how far a rule goes in this installation."""
        return self._modes.get(rule.id, rule.mode)

    def _take_trigger(self, changes: Changes, known: _Known, rules: RuleSet, matched: Matched) -> None:
        happened = matched.happened(changes.now)
        incident = known.open.get(matched.key)
        if incident is not None:
            incident = self._weighed(changes, known, matched, incident)
        if incident is None:
            ended = known.ended.pop(matched.key, None)
            stale = known.early_oks.get(matched.key, happened) > happened
            # A tick says nothing of trouble, so none has come back.
            ticks = matched.match.rule.schedule is not None
            if ended is not None and not stale and not ticks and self._may_reopen(ended, changes.now):
                self._reopen(changes, known, rules, matched, ended, happened)
            else:
                self._open(changes, known, rules, matched, happened)
            return
        known.count(matched.key, happened)
        if incident.ok_at is not None and happened >= incident.ok_at:
            caught_up = known.caught_up(matched.key, incident)
            again = drop(changes, caught_up, "the trouble came back while its OK was being held")
            if incident.id not in known.busy:
                self._run_again(changes, known, rules, matched, again)
                return
            self._remember(changes, known, matched, again)
        reason = "the incident is open already"
        if matched.match.rule.schedule:
            if incident.id not in known.busy:
                # What the last run has found is still open: whether it is still so, another run must see.
                self._run_again(changes, known, rules, matched, known.caught_up(matched.key, incident))
                return
            reason = "its last run has not ended"
        changes.count(Kind.COALESCED, incident.rule_id, reason, incident=incident)

    def _weighed(self, changes: Changes, known: _Known, matched: Matched, incident: Incident) -> Incident:
        """Raise an open incident where an event says that it is worse than it was taken for."""
        rule, oncall = matched.match.rule, self._progression.escalator.directory.oncall
        if oncall.classification.index is None:
            return incident
        weight = weigh(oncall, rule.severity, rule.plan, matched.event.envelope)
        level = incident.plan.level or 1
        if not weight.worse_than(Weight(incident.severity, level, incident.plan.escalate)):
            return incident
        self._progression.escalator.worsen(changes, known.caught_up(matched.key, incident), weight)
        worse = changes.incidents[incident.id]
        self._remember(changes, known, matched, worse)
        return worse

    def _may_reopen(self, incident: Incident, now: datetime) -> bool:
        """Tell whether trouble that comes back now is the same incident."""
        if incident.escalation is None or incident.ended_at is None:
            return False
        within = timedelta(seconds=incident.escalation.policy.resolve.reopen_within)
        return now - incident.ended_at <= within

    def _reopen(
        self, changes: Changes, known: _Known, rules: RuleSet, matched: Matched, incident: Incident, happened: datetime
    ) -> None:
        back = replace(
            incident,
            status=IncidentStatus.TRIGGERED,
            ok_at=None,
            ended_at=None,
            event_count=incident.event_count + 1,
            last_trigger_at=max(happened, incident.last_trigger_at),
        )
        self._run_again(changes, known, rules, matched, self._progression.reopen(changes, back))

    def _open(self, changes: Changes, known: _Known, rules: RuleSet, matched: Matched, happened: datetime) -> None:
        rule = matched.match.rule
        ok_at = known.early_oks.get(matched.key)
        if ok_at is not None and ok_at <= happened:
            ok_at = None
        oncall = self._progression.escalator.directory.oncall
        weight = weigh(oncall, rule.severity, rule.plan, matched.event.envelope)
        incident = Incident(
            id=uuid.uuid4(),
            rule_id=rule.id,
            rule_revision=rules.revision,
            dedup_key=matched.match.dedup_key,
            status=IncidentStatus.TRIGGERED,
            severity=weight.severity,
            level=0,
            plan=replace(weight.applied(rule.plan), mode=self.mode_of(rule)),
            event_id=storable_key(matched.event.id),
            serialize_key=matched.match.serialize_key,
            opened_at=changes.now,
            last_trigger_at=happened,
            ok_at=ok_at,
            event_count=1,
            run=1,
        )
        event = RunEvent(storable_key(matched.event.id), matched.event.envelope)
        changes.opened[incident.id] = event
        changes.note(Kind.OPENED, rule.description, incident=incident, data=_about(matched, rules))
        if ok_at is not None:
            changes.set_timer(incident, TimerKind.RESOLVE, changes.now + self._hold)
            changes.note(Kind.OK_HELD, "its OK was here before it: SQS does not keep order", incident=incident)
        self._start(changes, known, matched, incident, event)

    def _run_again(self, changes: Changes, known: _Known, rules: RuleSet, matched: Matched, incident: Incident) -> None:
        rule = matched.match.rule
        rerun = replace(
            incident,
            run=incident.run + 1,
            event_id=storable_key(matched.event.id),
            rule_revision=rules.revision,
            # What it was raised to it stays: only people lower.
            plan=replace(
                rule.plan,
                mode=self.mode_of(rule),
                escalate=incident.plan.escalate,
                level=incident.plan.level,
                kind=incident.plan.kind,
            ),
        )
        event = RunEvent(storable_key(matched.event.id), matched.event.envelope)
        # An incident opened by this very transaction is not stored yet: it is stored with its newest run.
        (changes.opened if rerun.id in changes.opened else changes.reruns)[rerun.id] = event
        kind = Kind.RUN_AGAIN if rule.schedule else Kind.REOPENED
        changes.note(kind, f"run {rerun.run}", incident=rerun, data=_about(matched, rules))
        self._start(changes, known, matched, rerun, event)

    def _start(self, changes: Changes, known: _Known, matched: Matched, incident: Incident, event: RunEvent) -> None:
        """Start a run as far as the rule's guards let it."""
        rule, now = matched.match.rule, changes.now
        self._remember(changes, known, matched, incident)
        runs = known.runs.setdefault(rule.id, [])
        if overdrawn := spent(rule.guards.budgets, runs, now):
            follows = "this one and those that follow are neither acted on nor told singly"
            reason = f"the budget of rule {rule.id} is spent ({overdrawn}): {follows}"
            changes.note(Kind.BUDGET_SPENT, reason, incident=incident)
            # Once per window: a flood of keys with a spent budget is one message.
            window = f"{overdrawn}/{int(now.timestamp() // overdrawn.per.total_seconds())}"
            if (rule.id, window) not in known.told:
                known.told.add((rule.id, window))
                self._progression.escalate(changes, incident, Cause.BUDGET_SPENT, reason, about=window)
                self._remember(changes, known, matched, changes.incidents[incident.id])
            return
        start = not_before(rule.guards.cooldown, known.last_runs.get(matched.key), now)
        if start > now:
            reason = f"its last run is less than {rule.guards.cooldown} ago: this one starts at {start.isoformat()}"
            changes.note(Kind.COOLDOWN, reason, incident=incident)
        runs.append(now)
        known.last_runs[matched.key] = start
        changes.guard_runs.append((matched.key, start, incident.id))
        before = len(changes.planned)
        self._progression.go_on(changes, Run(incident, event, {}), 0, start)
        if any(action.keeps_busy for action in changes.planned[before:]):
            known.busy.add(incident.id)
        self._progression.await_remedy(changes, incident, start)
        # The progression may have closed the incident or called its people.
        self._remember(changes, known, matched, changes.incidents[incident.id])

    def _take_ok(self, changes: Changes, known: _Known, matched: Matched) -> None:
        incident = known.open.get(matched.key)
        happened = matched.happened(changes.now)
        # Whether or not it finds its incident: an alarm older than it may still be on its way, and no other OK will follow.
        newest = max(happened, known.early_oks.get(matched.key, happened))
        known.early_oks[matched.key] = changes.early_oks[matched.key] = newest
        if incident is None:
            changes.count(Kind.OK_UNMATCHED, matched.match.rule.id, "an OK without an open incident")
            return
        incident = known.caught_up(matched.key, incident)
        self._remember(changes, known, matched, incident)
        if happened < incident.last_trigger_at:
            changes.count(Kind.OK_STALE, incident.rule_id, "older than the newest alarm", incident=incident)
        else:
            self._remember(changes, known, matched, hold(changes, incident, happened, self._hold))

    @staticmethod
    def _remember(changes: Changes, known: _Known, matched: Matched, incident: Incident) -> None:
        changes.incidents[incident.id] = incident
        if incident.status is IncidentStatus.RESOLVED:
            known.open.pop(matched.key, None)
        else:
            known.open[matched.key] = incident


def _about(matched: Matched, rules: RuleSet) -> dict[str, object]:
    event = matched.event
    return {
        "event": storable_key(event.id),
        "source": shown(event.source, 200),
        "detail_type": shown(event.detail_type, 200),
        "occurred_at": event.occurred_at,
        "revision": rules.revision,
    }
