"""Owns the comparison of AWS with what guardian knows; the one rule: it repairs what was lost, and is never a reason to stop.

EventBridge delivers at best effort, and a queue keeps what it has for two weeks at most. So every few minutes each replica asks
CloudWatch, RDS and Lambda how things are, and what no event told of is taken in as if one had (`repairs`). Replicas may all look: the
inbox takes in each happening once. A source that cannot be asked is told of once, and asked again the next time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.reconcile.alarms import AlarmComparison, Bounds, lookback, tell_of_gone
from leh_guardian.engine.reconcile.databases import DatabaseComparison
from leh_guardian.engine.reconcile.deployed import DeploymentComparison
from leh_guardian.engine.reconcile.repairs import Repairs
from leh_guardian.errors import AccessDenied, HandlerError
from leh_guardian.model.text import told
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import incidents
from leh_guardian.store.incidents import AlarmIncident
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics

LIMIT: Final = 240.0
"""Seconds one round may take: listings at the end of their bounds, and a transaction each."""
LOOK: Final = 15.0
"""Seconds between two looks at the clock."""
_MOST_INCIDENTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Times:
    """When it is compared, and what counts as lost."""

    every: timedelta
    grace: timedelta
    """How old a happening must be: what is younger may be on its way."""
    oldest: timedelta


@dataclass(slots=True)
class _Standing:
    """How one of the sources stands."""

    outcome: str = "waiting"
    """ok, cut_short, refused, failed; waiting before the first look, unused where no rule asks for it."""
    detail: str = ""
    looked_at: datetime | None = None
    repaired: int = 0


class Reconciling:
    """Compares AWS with what guardian knows, every few minutes."""

    def __init__(
        self,
        alarms: AlarmComparison | None,
        databases: DatabaseComparison | None,
        deployed: DeploymentComparison | None,
        repairs: Repairs,
        rules: Callable[[], RuleSet],
        pool: Pool,
        progression: Progression,
        clock: Clock,
        metrics: Metrics,
        times: Times,
        delay: Callable[[], float],
        *,
        replica: str,
    ) -> None:
        self._alarms = alarms
        self._databases = databases
        self._deployed = deployed
        self._repairs = repairs
        self._rules = rules
        self._pool = pool
        self._progression = progression
        self._clock = clock
        self._metrics = metrics
        self._times = times
        self._delay = delay
        self._replica = replica
        self._log = structlog.get_logger("reconcile")
        self._standing: dict[str, _Standing] = {}
        # What came while nobody looked is taken in first: it is not lost.
        self._next = clock.monotonic() + times.every.total_seconds()

    def report(self) -> dict[str, Any]:
        """Say how each source stands, for `/status`."""
        return {
            name: {"outcome": one.outcome, "detail": one.detail, "looked_at": one.looked_at, "repaired": one.repaired}
            for name, one in self._standing.items()
        }

    async def run_once(self) -> int:
        """Compare if it is time to; returns 0 in any case.

        Raises:
            StoreError: PostgreSQL is away; the next round compares anew.
        """
        if self._clock.monotonic() < self._next:
            return 0
        await self.compare()
        self._next = self._clock.monotonic() + self._times.every.total_seconds()
        return 0

    async def compare(self) -> int:
        """Compare now; returns how much was repaired."""
        rules = self._rules()
        bounds = lookback(self._clock.now(), self._times.grace, timedelta(seconds=self._delay()), self._times.oldest)
        repaired = 0
        if (alarms := self._alarms) is not None:
            repaired += await self._ask("alarms", alarms.wanted(rules), partial(self._of_alarms, alarms, rules, bounds))
        if (record := self._databases) is not None:
            repaired += await self._ask("rds", record.wanted(rules), partial(self._of_databases, record, rules, bounds))
        if (deployed := self._deployed) is not None:
            functions = deployed.wanted(rules)
            ask = partial(self._of_deployments, deployed, functions, bounds)
            repaired += await self._ask("deployments", bool(functions), ask)
        return repaired

    async def _ask(self, source: str, wanted: bool, compare: Callable[[], Awaitable[tuple[int, bool]]]) -> int:
        """Compare with one source, and write down how that ended; what it refuses is told once."""
        before = self._standing.setdefault(source, _Standing())
        now = self._clock.now()
        if not wanted:
            self._standing[source] = _Standing("unused", "no rule is about it", now, before.repaired)
            return 0
        repaired, detail = 0, ""
        try:
            repaired, whole = await compare()
            outcome = "ok" if whole else "cut_short"
        except AccessDenied as error:
            outcome, detail = "refused", told(error, 500)
        except HandlerError as error:
            outcome, detail = "failed", told(error, 500)
        if detail and detail != before.detail:
            self._log.warning(
                "what EventBridge lost is not found by asking", source=source, outcome=outcome, why=detail
            )
        if repaired:
            self._log.warning("events were lost, and made up for", source=source, number=repaired)
        self._standing[source] = _Standing(outcome, detail, now, before.repaired + repaired)
        self._metrics.reconcile_looks.labels(source, outcome).inc()
        return repaired

    async def _of_alarms(self, comparison: AlarmComparison, rules: RuleSet, bounds: Bounds) -> tuple[int, bool]:
        async with transaction(self._pool) as tx:
            open_ones = await incidents.of_alarms(tx, _MOST_INCIDENTS)
        compared = await comparison.compare(rules, open_ones, bounds)
        repaired = await self._repairs.take(compared.lost)
        if compared.gone:
            await self._tell_of_gone(compared.gone)
        return repaired, compared.whole

    async def _tell_of_gone(self, gone: Sequence[AlarmIncident]) -> None:
        changes = Changes(self._clock.now())
        async with transaction(self._pool) as tx:
            number = await tell_of_gone(tx, changes, self._progression, gone)
            await changes.write(tx, self._replica)
        self._metrics.reconciled.labels("alarm_gone").inc(number)

    async def _of_databases(self, comparison: DatabaseComparison, rules: RuleSet, bounds: Bounds) -> tuple[int, bool]:
        return await self._repairs.take(await comparison.compare(rules, bounds.newest)), True

    async def _of_deployments(
        self, comparison: DeploymentComparison, functions: Sequence[str], bounds: Bounds
    ) -> tuple[int, bool]:
        written, failed = 0, None
        for function in functions:
            try:
                written += await comparison.compare(function, bounds)
            except HandlerError as error:
                # One that is not there must not hide the others.
                failed = error
        self._metrics.reconciled.labels("deployment").inc(written)
        if failed is not None:
            raise failed
        return written, True
