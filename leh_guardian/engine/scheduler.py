"""Owns the ticks of schedule rules (T6); the one rule: a tick is decided once over all replicas, in the transaction that plans it.

Each replica knows when each rule ticks next and asks the store only then, and once a minute for what others have decided. A tick goes
through the planner as an event would, under its rule's lock, with a row that says up to when the rule is decided; its event has an id
made of rule and instant, which the inbox takes once, whatever became of the row or the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.matched import Matched
from leh_guardian.engine.planner import Planner
from leh_guardian.errors import StoreError
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import dump_json
from leh_guardian.rules.ruleset import Rule, RuleSet, tick
from leh_guardian.rules.schedule import MOST, Due, Schedule
from leh_guardian.store import inbox, incidents, schedule_ticks
from leh_guardian.store.pool import Pool
from leh_guardian.store.schedule_ticks import Decided
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.failpoints import failpoint
from leh_guardian.telemetry.metrics import Metrics

LOOK: Final = 1.0
"""Seconds between two looks at the clock."""
_ASK: Final = timedelta(minutes=1)
"""Between two looks at the store where nothing is due."""
_GONE: Final = timedelta(minutes=10)
"""How long nobody must have known a rule: replicas read a new file one after the other."""
_SKEW: Final = timedelta(days=1)
"""What is decided further ahead was decided by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class _Scheduled:
    """A rule that ticks."""

    rule: Rule
    schedule: Schedule

    def since(self, decided: Decided | None, now: datetime) -> datetime:
        """Return up to when all is decided: now where the rule, or its schedule, is new."""
        if decided is None or decided.schedule != str(self.schedule) or decided.at - now > _SKEW:
            return now
        return decided.at


class Scheduler:
    """Sets schedule rules off."""

    def __init__(
        self,
        pool: Pool,
        planner: Planner,
        rules: Callable[[], RuleSet],
        clock: Clock,
        metrics: Metrics,
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._planned = planned
        self._log = structlog.get_logger("scheduler")
        self._asked: tuple[RuleSet, datetime] | None = None
        self._next: dict[str, datetime | None] = {}
        """When each rule ticks next, as far as this replica knows."""

    async def run_once(self) -> int:
        """Decide what is due. Returns 0 in any case: the loop's pause is fine enough for a clock of minutes.

        Raises:
            StoreError: PostgreSQL is away: nothing was decided, or nobody can tell; the next round finds out.
        """
        rules, now = self._rules(), self._clock.now()
        if self._asked is None or self._asked[0] is not rules or not timedelta(0) <= now - self._asked[1] < _ASK:
            await self._ask(rules, now)
            self._asked = (rules, now)
        for one in self._ticking(rules):
            due_at = self._next.get(one.rule.id)
            if due_at is not None and due_at <= now:
                await self._decide(rules, one)
        return 0

    def _ticking(self, rules: RuleSet) -> list[_Scheduled]:
        found = [_Scheduled(rule, rule.schedule) for rule in rules.rules if rule.schedule is not None]
        return [one for one in found if self._planner.mode_of(one.rule) is not Mode.OFF]

    async def _ask(self, rules: RuleSet, now: datetime) -> None:
        """Learn what is decided; rules that are new, or tick otherwise than before, begin now."""
        ticking = {one.rule.id: one for one in self._ticking(rules)}
        new_rules = self._asked is None or self._asked[0] is not rules
        # Once: another replica may have the rule on.
        off = [rule.id for rule in rules.rules if rule.schedule and rule.id not in ticking] if new_rules else []
        async with transaction(self._pool) as tx:
            await incidents.lock_rules(tx, {*ticking, *off})
            known = await schedule_ticks.known(tx, ticking)
            decided = [
                Decided(rule_id, str(one.schedule), one.since(known.get(rule_id), now))
                for rule_id, one in ticking.items()
            ]
            await schedule_ticks.save(tx, now, decided)
            await schedule_ticks.forget(tx, off, list(ticking), now - _GONE)
        self._next = {one.rule_id: ticking[one.rule_id].schedule.cron.next(one.at) for one in decided}

    async def _decide(self, rules: RuleSet, one: _Scheduled) -> None:
        """Decide what is due of a rule; a defect in it stops no other rule's ticks."""
        rule_id = one.rule.id
        try:
            self._next[rule_id] = one.schedule.cron.next(await self._settle(rules, one))
        except StoreError:
            raise
        except Exception:
            self._next[rule_id] = self._clock.now() + _ASK
            self._log.exception("a tick could not be planned", rule=rule_id)

    async def _settle(self, rules: RuleSet, one: _Scheduled) -> datetime:
        """Start, miss or find decided what is due; returns up to when the rule is decided."""
        changes = Changes(self._clock.now())
        rule_id, now = one.rule.id, changes.now
        async with transaction(self._pool) as tx:
            await incidents.lock_rules(tx, [rule_id])
            since = one.since((await schedule_ticks.known(tx, [rule_id])).get(rule_id), now)
            due = one.schedule.due(since, now)
            if due is None:
                return since
            started = due.starts and await self._start(tx, changes, rules, one, due)
            if due.missed:
                changes.entries.append(_missed(rule_id, due, since, now))
            await schedule_ticks.save(tx, now, [Decided(rule_id, str(one.schedule), due.newest)])
            await changes.write(tx, self._replica)
            failpoint("scheduler.before_commit")
        failpoint("scheduler.committed")
        self._metrics.ticks.labels("missed").inc(due.missed)
        if started:
            self._metrics.ticks.labels("caught_up" if due.caught_up else "on_time").inc()
            self._planned()
        return due.newest

    async def _start(self, tx: Transaction, changes: Changes, rules: RuleSet, one: _Scheduled, due: Due) -> bool:
        """Plan a tick as the event that it is; returns whether it was new."""
        event = one.schedule.event(one.rule.id, due.newest, due.late)
        if not await inbox.take(tx, changes.now, [event.key]):
            return False
        await inbox.log_bodies(tx, changes.now, [(True, dump_json(event.envelope).encode())])
        await self._planner.plan(tx, changes, rules, [Matched(event, tick(one.rule, event))])
        return True


def _missed(rule_id: str, due: Due, since: datetime, now: datetime) -> Entry:
    number = f"{MOST} or more ticks" if due.before >= MOST else f"{due.missed} tick{'s' * (due.missed > 1)}"
    then = "the newest is made up for" if due.starts else "too late to start"
    data = {"missed": due.missed, "decided_before": since, "newest": due.newest, "started": due.starts, "at": now}
    return Entry(Kind.TICKS_MISSED, f"guardian was away at {number} of its schedule: {then}", None, None, rule_id, data)
