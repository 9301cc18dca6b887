"""Owns the end of an expectation's time: a last look, then the rule fires; the one rule: what a look found is settled once.

What is due is taken as from a queue: its due time moves on, so that nobody else looks meanwhile, and whoever dies leaves it to
the next. What follows is one transaction that also ends the expectation. A missed one goes through the planner like any event:
guards, incident, actions.

When the worker is down, files are missed by the thousand. So looks are taken at a bounded rate, one batch a round, and a rule opens
but a few incidents an hour by name: all others are counted by one more, whose key is `*`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import anyio
import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.look import LastLook, Seen
from leh_guardian.engine.matched import Matched
from leh_guardian.engine.planner import Planner
from leh_guardian.errors import RightsMissing, StoreUnavailable
from leh_guardian.model.event import Event
from leh_guardian.model.expectation import MANY, Expectation
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.text import told
from leh_guardian.rules.ruleset import Expect, Rule, RuleSet, missed
from leh_guardian.store import expectations, incidents
from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.failpoints import failpoint
from leh_guardian.telemetry.metrics import Metrics

LIMIT: Final = 150.0
"""Seconds one round may take: every look at its deadline, and two transactions at theirs."""
BATCH: Final = 25
"""Expectations looked after in one round: with the loop's pause, what bounds the rate of looks."""
_AT_ONCE: Final = 8
HIDDEN: Final = timedelta(seconds=LIMIT)
"""How long what was taken is left alone by others."""
PATIENCE: Final = timedelta(minutes=15)
"""How long a look that fails is tried again before the rule fires without it."""
_SHORTEST, _LONGEST = timedelta(seconds=5), timedelta(minutes=2)
"""Between two looks that fail."""
_GONE: Final = timedelta(hours=1)
"""After which an expectation that no replica settles belongs to a rule that nobody knows any more."""
BY_NAME: Final = 5
"""Incidents that a rule opens singly ..."""
PERIOD: Final = timedelta(hours=1)
"""... in this time."""


@dataclass(frozen=True, slots=True)
class _Due:
    """An expectation whose time is over, and its rule."""

    one: Expectation
    rule: Rule
    expect: Expect

    @property
    def key(self) -> RuleKey:
        return self.one.rule_id, self.one.key

    def missed(self) -> Matched:
        """Return what the rule fires with: the event on which nothing followed."""
        envelope = dict(self.one.envelope or {})
        return Matched(Event(self.one.event_id or "", envelope), missed(self.rule, self.one.key, envelope))


class Absence:
    """Fires the rules whose expectations were not met."""

    def __init__(
        self,
        pool: Pool,
        planner: Planner,
        look: LastLook,
        rules: Callable[[], RuleSet],
        clock: Clock,
        metrics: Metrics,
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._look = look
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._planned = planned
        self._log = structlog.get_logger("absence")

    async def run_once(self) -> int:
        """Look after one batch of what is due. Returns 0 in any case: the loop's pause is part of the rate.

        Raises:
            StoreUnavailable: what was taken comes back by itself.
        """
        rules = self._rules()
        due = await self._take(rules)
        if due:
            failpoint("absence.taken")
            seen = await self._look_at_all(due)
            failpoint("absence.looked")
            await self._settle_or_isolate(list(zip(due, seen, strict=True)), rules)
            failpoint("absence.settled")
            self._planned()
        return 0

    async def _take(self, rules: RuleSet) -> list[_Due]:
        now = self._clock.now()
        known = {rule.id: (rule, rule.expect) for rule in rules.rules if rule.expect is not None}
        changes = Changes(now)
        async with transaction(self._pool) as tx:
            taken = await expectations.take_due(tx, now, now + HIDDEN, list(known), now - _GONE, BATCH)
            gone = [one for one in taken if one.rule_id not in known]
            for one in gone:
                changes.count(Kind.DROPPED, one.rule_id, "no rule of this name expects anything any more")
            await expectations.drop(tx, [(one.rule_id, one.key) for one in gone])
            await changes.write(tx, self._replica)
        self._metrics.expectations.labels("dropped").inc(len(gone))
        return [_Due(one, *known[one.rule_id]) for one in taken if one.rule_id in known]

    async def _look_at_all(self, due: Sequence[_Due]) -> list[Seen]:
        seen: dict[int, Seen] = {}
        limit = anyio.CapacityLimiter(_AT_ONCE)

        async def look(number: int, each: _Due) -> None:
            async with limit:
                seen[number] = await self._look.take(each.rule, each.expect.unless, each.one)

        async with anyio.create_task_group() as tasks:
            for number, each in enumerate(due):
                tasks.start_soon(look, number, each)
        return [seen[number] for number in range(len(due))]

    async def _settle_or_isolate(self, looked: Sequence[tuple[_Due, Seen]], rules: RuleSet) -> None:
        """Settle a batch; what cannot be settled stays, hidden for a while, and stops none of the others."""
        try:
            await self._settle(looked, rules)
        except (StoreUnavailable, RightsMissing):
            raise
        except Exception:
            if len(looked) == 1:
                [(due, _)] = looked
                self._log.exception("an expectation cannot be settled", rule=due.rule.id, key=told(due.one.key))
                return
            for single in looked:
                await self._settle_or_isolate([single], rules)

    async def _settle(self, looked: Sequence[tuple[_Due, Seen]], rules: RuleSet) -> None:
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            await incidents.lock_rules(tx, {due.rule.id for due, _ in looked})
            there = await expectations.lock(tx, [due.key for due, _ in looked])
            fired: list[tuple[_Due, Seen]] = []
            for due, seen in looked:
                now = there.get(due.key)
                # Else it was completed meanwhile, begun anew, or taken by another while this process stood still.
                if now is not None and (now.mark, now.due_at) == (due.one.mark, due.one.due_at):
                    fired += self._decide(changes, replace(due, one=now), seen)
            matched = await self._gathered(tx, changes, [due for due, _ in fired])
            if matched:
                await self._planner.plan(tx, changes, rules, matched)
            opened = {(incident.rule_id, incident.dedup_key): incident for incident in changes.incidents.values()}
            for (due, seen), match in zip(fired, matched, strict=True):
                changes.entries.append(_entry(due, seen, opened.get(match.key)))
            await changes.write(tx, self._replica)
            failpoint("absence.before_commit")
        for outcome, count in changes.heard.items():
            self._metrics.expectations.labels(outcome).inc(count)

    @staticmethod
    def _decide(changes: Changes, due: _Due, seen: Seen) -> list[tuple[_Due, Seen]]:
        """Write down what a look means for its expectation; returns it if the rule fires."""
        one, waited = due.one, changes.now - (due.one.missed_at or changes.now)
        if seen.kind is Kind.FOUND:
            changes.heard["found"] += 1
            changes.expectations[due.key] = one.settled()
            changes.entries.append(_entry(due, seen, None))
            return []
        if seen.kind is Kind.LOOK_FAILED:
            if waited < PATIENCE:
                changes.heard["look_failed"] += 1
                pause = min(_LONGEST, max(_SHORTEST, waited / 2))
                changes.expectations[due.key] = replace(one, due_at=changes.now + pause)
                changes.count(Kind.LOOK_FAILED, due.rule.id, seen.reason)
                return []
            seen = Seen(Kind.MISSED, f"nothing followed, and guardian could not look: {seen.reason}", seen.facts)
        changes.heard["missed"] += 1
        changes.expectations[due.key] = one.settled(fired=True)
        return [(due, seen)]

    @staticmethod
    async def _gathered(tx: Transaction, changes: Changes, fired: Sequence[_Due]) -> list[Matched]:
        """Return what the rules fire with; what a rule may not open by name any more is about many."""
        if not fired:
            return []
        opened = await incidents.opened_since(tx, changes.now - PERIOD, {due.rule.id for due in fired})
        matches = [due.missed() for due in fired]
        named = set(await incidents.lock_open(tx, sorted({match.key for match in matches})))
        for number, match in enumerate(matches):
            rule = match.match.rule
            if match.key in named:
                continue
            if opened.get(rule.id, 0) < BY_NAME:
                opened[rule.id] = opened.get(rule.id, 0) + 1
                named.add(match.key)
            else:
                matches[number] = replace(match, match=missed(rule, MANY, match.event.envelope, MANY))
        return matches


def _entry(due: _Due, seen: Seen, incident: Incident | None) -> Entry:
    data = {"key": due.one.key, "event": due.one.event_id, "due_at": due.one.missed_at, "facts": dict(seen.facts)}
    return Entry(seen.kind, seen.reason, incident.id if incident else None, None, due.rule.id, data)
