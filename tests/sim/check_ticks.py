"""Owns the promises about schedules; the one rule: each tick is decided once, and what was started had its effect once.

A tick that was started is in the inbox; what was missed is in the journal, counted. Together they are all that the clock has shown.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from leh_guardian.rules.ruleset import Rule, RuleSet
from leh_guardian.rules.schedule import PROMPT, Schedule
from tests.sim.targets import Targets
from tests.sim.world import LEASE, World

Rows = Callable[[str], Iterable[Mapping[str, Any]]]

_ROUND = timedelta(seconds=10)
"""After which a tick has been decided, or keeps a run from being over."""
_CLOCKS = timedelta(seconds=2 * LEASE)
"""By how much a replica may misjudge the time that was stopped while it asked for it."""


def undecided(world: World, rows: Rows, rules: RuleSet) -> list[str]:
    """Return the ticks that keep a run from being over."""
    decided = {row["rule_id"]: row["decided_at"] for row in rows("schedule_ticks")}
    return [
        f"a tick of {rule.id}"
        for rule, schedule in _scheduled(rules)
        if schedule.cron.newest(decided[rule.id], world.now() - _ROUND) is not None
    ]


def check_ticks(world: World, rows: Rows, targets: Targets, rules: RuleSet) -> None:
    """I2: no tick is lost, none is decided twice; I4: what was started was done once."""
    taken = {row["event_key"] for row in rows("inbox")}
    decided = {row["rule_id"]: row["decided_at"] for row in rows("schedule_ticks")}
    effects = Counter((happened.rule, happened.what) for happened in targets.switched.values())
    for rule, schedule in _scheduled(rules):
        ticks = list(_between(schedule, world.begin, decided[rule.id]))
        events = [schedule.event(rule.id, at) for at in ticks]
        started = [event for event in events if event.key in taken]
        lines = [row for row in rows("journal") if row["rule_id"] == rule.id]
        missed = [json.loads(row["data"]) for row in lines if row["kind"] == "schedule.missed"]
        if len(started) + sum(line["missed"] for line in missed) != len(ticks):
            world.violated("I2", f"{len(ticks)} ticks of {rule.id}: {len(started)} started, missed {missed}")
        done = [effects[rule.id, event.envelope["detail"]["at"]] for event in started]
        beside = sum(row["kind"] == "incident.coalesced" for row in lines)
        if max(done, default=0) > 1 or sum(done) + beside != len(started):
            world.violated("I4", f"ticks of {rule.id} took effect {done} times, {beside} beside one under way")
        if sum(done) != sum(count for (name, _), count in effects.items() if name == rule.id):
            world.violated("I4", f"something was done for {rule.id} that no tick started")
        _check_times(world, rule, schedule, lines, missed)


def _check_times(
    world: World,
    rule: Rule,
    schedule: Schedule,
    lines: list[Mapping[str, Any]],
    missed: list[dict[str, Any]],
) -> None:
    """What is not too late is made up for, what is too late is not started, and nothing is early."""
    for line in missed:
        late = datetime.fromisoformat(line["at"]) - datetime.fromisoformat(line["newest"])
        if not line["started"] and late <= max(schedule.catch_up, PROMPT) - _CLOCKS:
            world.violated("I2", f"a tick of {rule.id} was let go {late} after its time")
    begun = {"incident.opened", "incident.run_again"}
    for row in lines:
        if row["kind"] in begun:
            late = row["at"] - datetime.fromisoformat(json.loads(row["data"])["occurred_at"])
            if not -_CLOCKS <= late <= max(schedule.catch_up, PROMPT) + _CLOCKS:
                world.violated("I2", f"a tick of {rule.id} was started {late} after its time")


def _scheduled(rules: RuleSet) -> Iterator[tuple[Rule, Schedule]]:
    for rule in rules.rules:
        if rule.schedule is not None:
            yield rule, rule.schedule


def _between(schedule: Schedule, since: datetime, until: datetime) -> Iterator[datetime]:
    at = schedule.cron.next(since)
    while at is not None and at <= until:
        yield at
        at = schedule.cron.next(at)
