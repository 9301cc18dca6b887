"""Owns the promises, checked against what the targets and the queues counted; the one rule: guardian's own word proves nothing alone.

The numbers are those of docs/reliability.md. Safety is checked at each effect and each delete, and again at the end; that all
comes to its end is checked once everything is calm.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from leh_guardian.model.event import parse_body
from leh_guardian.rules.ruleset import RuleSet
from tests.sim.amounts import BLOCKS
from tests.sim.check_amounts import check_amounts, restless
from tests.sim.check_ticks import check_ticks, undecided
from tests.sim.targets import Happened, Targets
from tests.sim.workload import BUDGET, Workload
from tests.sim.world import World

Rows = Callable[[str], Iterable[Mapping[str, Any]]]
"""The committed rows of a table."""

_CLOCKS = timedelta(seconds=1)
"""By how much two clocks may differ that have agreed on the time."""
_SWITCHES = {"switch", "block"}
_ENDED = {"succeeded", "skipped", "failed", "needs_human", "rejected"}


class Checker:
    """Holds a run against its promises."""

    def __init__(self, world: World, rows: Rows, targets: Targets, load: Workload, rules: RuleSet) -> None:
        self._world = world
        self._rows = rows
        self._targets = targets
        self._load = load
        self._rules = rules
        targets.on_effect = self.at_effect

    def at_delete(self, body: bytes) -> None:
        """I1: what is deleted from the queue is committed: in the event log, and in the inbox if a rule matches it."""
        if not any(row["body"] == body for row in self._rows("event_log")):
            self._world.violated("I1", f"deleted before it was committed: {body[:80]!r}")
        taken = {row["event_key"] for row in self._rows("inbox")}
        for event in parse_body(body):
            if self._rules.match(event) and event.key not in taken:
                self._world.violated("I1", f"deleted before it was planned: {event.id}")

    def at_effect(self, happened: Happened) -> None:
        """I10: an effect has a committed intent; I6: the lever is pulled at most once."""
        row = self._action(happened.action)
        if row is None or row["attempt"] < 1:
            self._world.violated("I10", f"{happened.what} without a committed attempt")
        self._check_switch(happened, row)
        pulls = sum(other.action == happened.action for other in self._targets.pulled)
        if pulls > 1:
            self._world.violated("I6", f"{happened.what} was pulled {pulls} times")

    def _check_switch(self, happened: Happened, row: Mapping[str, Any] | None) -> None:
        """I9: with the switch at off nothing starts, and what runs ends within its timeout."""
        off = next((r for r in self._rows("control") if r["scope"] == "*" and r["mode_rank"] == 0), None)
        if off is None or row is None:
            return
        if happened.allowed_at > off["set_at"] and row["handler"] in _SWITCHES:
            self._world.violated("I9", f"{happened.what} went on at a checkpoint after everything was switched off")
        lines = [r for r in self._rows("journal") if r["action_id"] == row["id"] and r["kind"] == "attempt.started"]
        if max(line["at"] for line in lines) > off["set_at"] + _CLOCKS:
            self._world.violated("I9", f"{happened.what} was started after everything was switched off")
        if happened.at > off["set_at"] + timedelta(seconds=row["timeout"]):
            self._world.violated("I9", f"{happened.what} happened long after everything was switched off")

    def _action(self, action_id: UUID) -> Mapping[str, Any] | None:
        return next((row for row in self._rows("actions") if row["id"] == action_id), None)

    def unsettled(self) -> list[str]:
        """Return what keeps the run from being over."""
        waiting = [
            f"action {row['step_id']} {row['status']}" for row in self._rows("actions") if row["status"] not in _ENDED
        ]
        held = [
            f"OK of {row['dedup_key']}"
            for row in self._rows("incidents")
            if row["status"] != "resolved" and row["ok_at"]
        ]
        expected = [f"expected {row['key']}" for row in self._rows("expectations") if row["due_at"] is not None]
        return (
            waiting
            + held
            + expected
            + undecided(self._world, self._rows, self._rules)
            + restless(self._rows)
            + self._unsaid()
        )

    def _unsaid(self) -> list[str]:
        """Return the ways to people of which it is not told yet that they are broken, or work again."""
        told = {row["dedup_key"]: row for row in self._rows("incidents") if row["rule_id"] == "guardian.channel"}
        is_open = {channel for channel, row in told.items() if row["status"] != "resolved" and row["ok_at"] is None}
        return [
            f"channel {row['channel']}"
            for row in self._rows("channel_outages")
            if (row["opened_at"] is not None) != (row["channel"] in is_open)
        ]

    def at_end(self) -> None:
        """Check everything once more, and what only the end can tell."""
        actions = list(self._rows("actions"))
        self._check_planning(actions)
        self._check_effects(actions)
        self._check_fences(actions)
        self._check_told(actions)
        self._check_final_states()
        self._check_budgets()
        self._check_absence()
        self._check_called()
        check_ticks(self._world, self._rows, self._targets, self._rules)
        check_amounts(self._world, self._rows, self._load.amounts, self._rules)

    def _check_called(self) -> None:
        """I16: who is to answer an incident will be called, and it never took the audit to see to that."""
        timers = {(row["incident_id"], row["kind"]) for row in self._rows("timers")}
        for row in self._rows("incidents"):
            calls = row["status"] == "triggered" and row["escalation"] is not None
            if calls and (row["id"], "escalate") not in timers:
                self._world.violated("I16", f"nobody would be called any more for {row['dedup_key']}")
        for row in self._rows("journal"):
            if row["kind"] == "audit.repaired":
                self._world.violated("I16", f"the audit had to set a timer: {row['data']}")

    def _check_planning(self, actions: list[Mapping[str, Any]]) -> None:
        """I2: each key's incident is there, no action is planned twice; I3: each has ended."""
        opened = {(row["rule_id"], row["dedup_key"]) for row in self._rows("incidents")}
        wanted = {("fix", name) for name in self._load.fixes} | {("limited", name) for name in self._load.limited}
        if self._load.letters:
            wanted.add(("redrive", "redrive"))
        for missing in sorted(wanted - opened):
            self._world.violated("I2", f"no incident for {missing}")
        planned = Counter(row["action_id"] for row in self._rows("journal") if row["kind"] == "action.planned")
        for action_id, times in planned.items():
            if times > 1:
                self._world.violated("I2", f"action {action_id} was planned {times} times")
        for row in actions:
            if row["status"] not in _ENDED:
                self._world.violated(
                    "I3", f"{row['rule'] if 'rule' in row else row['step_id']} is still {row['status']}"
                )

    def _check_effects(self, actions: list[Mapping[str, Any]]) -> None:
        """I4: once, if it succeeded; I5 and I6 for the others; and all that should have been done was done."""
        pulls = Counter(pulled.action for pulled in self._targets.pulled)
        for row in actions:
            done = row["status"] == "succeeded"
            if row["handler"] in _SWITCHES and done and row["id"] not in self._targets.switched:
                self._world.violated("I4", f"{row['step_id']} is said to have succeeded and did nothing")
            if row["handler"] == "pull" and done and pulls[row["id"]] != 1:
                self._world.violated(
                    "I6", f"{row['step_id']} is said to have succeeded and was pulled {pulls[row['id']]} times"
                )
            if row["handler"] == "pull" and not done and row["status"] != "needs_human" and pulls[row["id"]]:
                self._world.violated("I6", f"a pulled lever is {row['status']}, and nobody is asked")
        switched = {happened.what for happened in self._targets.switched.values()}
        needed = {f"{name}/first" for name in self._load.fixes}
        for missing in sorted(needed - switched):
            self._world.violated("I3", f"{missing} was never switched")

    def _check_fences(self, actions: list[Mapping[str, Any]]) -> None:
        """F3: an overtaken attempt writes nothing, and with nobody killed or frozen none is overtaken."""
        newest: dict[UUID, int] = {}
        for line in sorted(self._rows("journal"), key=lambda row: row["id"]):
            attempt = json.loads(line["data"]).get("attempt")
            if attempt is None:
                continue
            if line["kind"] == "attempt.started":
                newest[line["action_id"]] = attempt
            elif line["kind"] == "attempt.lost":
                if self._world.weather.orderly:
                    self._world.violated("F3", f"attempt {attempt} of {line['action_id']} lost its lease for nothing")
            elif attempt != newest.get(line["action_id"]):
                self._world.violated("F3", f"attempt {attempt} wrote {line['kind']}, though it was overtaken")
        for row in actions:
            remembered = json.loads(row["checkpoints"]).get("attempt")
            if row["handler"] in _SWITCHES and row["status"] == "succeeded" and remembered != row["attempt"]:
                self._world.violated("F3", f"attempt {remembered} left its checkpoint over that of {row['attempt']}")

    def _check_told(self, actions: list[Mapping[str, Any]]) -> None:
        """I5: a message that is said to have been told was told; I13: what needs a person has told one."""
        told = {notice.id for _, notice in self._targets.notices}
        for row in actions:
            if row["handler"] in {"notify", "page"} and row["status"] == "succeeded" and str(row["id"]) not in told:
                self._world.violated("I5", f"message {row['id']} reached nobody")
        asking = {
            row["incident_id"]
            for row in actions
            if row["status"] in {"needs_human", "failed"} and row["role"] != "tell"
        }
        heard = {row["incident_id"] for row in actions if row["role"] == "tell" and row["status"] == "succeeded"}
        for silent in sorted(asking - heard):
            self._world.violated("I13", f"nobody was told of incident {silent}")

    def _check_final_states(self) -> None:
        """I7: what the newest event by its own time says holds, whatever the order of arrival."""
        for name, trouble in self._load.flaps.items():
            is_open = any(row["dedup_key"] == name and row["status"] != "resolved" for row in self._rows("incidents"))
            if is_open is not trouble:
                self._world.violated("I7", f"{name} is {'open' if is_open else 'closed'}")

    def _check_absence(self) -> None:
        """I2: an upload on which nothing follows is missed once, with its remedy; what was finished is never open in the end."""
        lines = Counter(
            json.loads(row["data"])["key"] for row in self._rows("journal") if row["kind"] == "expectation.missed"
        )
        rows = [row for row in self._rows("incidents") if row["rule_id"] == "missed"]
        is_open = {row["dedup_key"] for row in rows if row["status"] != "resolved"}
        done = Counter(h.what for h in self._targets.switched.values() if h.rule == "missed")
        for name, fate in self._load.uploads.items():
            if fate == "missed" and (lines[name], done[name], name in is_open) != (1, 1, True):
                self._world.violated("I2", f"{name} was missed {lines[name]} times, and remedied {done[name]} times")
            if fate == "found" and lines[name]:
                self._world.violated("I2", f"{name} is there, and was missed")
            if fate == "told" and (name in is_open or lines[name] > 1):
                self._world.violated("I2", f"{name} is finished; open {name in is_open}, missed {lines[name]} times")

    def _check_budgets(self) -> None:
        """I8: in no hour more runs of `limited`, and no more blocks of one account, than their budgets, over all replicas."""
        for rule, most, wanted in (
            ("limited", BUDGET, len(self._load.limited)),
            ("block", BLOCKS, len(self._load.blocks)),
        ):
            times = sorted(happened.at for happened in self._targets.switched.values() if happened.rule == rule)
            if any(sum(first <= at < first + timedelta(hours=1) for at in times) > most for first in times):
                self._world.violated("I8", f"{len(times)} runs of `{rule}`, its budget is {most}")
            elif len(times) < min(most, wanted):
                self._world.violated("I3", f"{len(times)} runs of `{rule}` took place")


def letters_lost(before: int, source: Iterable[bytes], dead: Iterable[bytes]) -> tuple[list[str], int]:
    """Return which dead letters are nowhere any more, and how many are there twice."""
    there = Counter([*source, *dead])
    wanted = [f"letter {number}".encode() for number in range(before)]
    lost = [letter.decode() for letter in wanted if not there[letter]]
    return lost, sum(count - 1 for count in there.values() if count > 1)


def described(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as one text, for the digest of a run."""
    return json.dumps(list(rows), default=str, sort_keys=True)
