"""Owns retention; the one rule: what a promise still needs is kept longer than the promise lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from leh_guardian.clock import Clock
from leh_guardian.store import (
    approvals,
    canaries,
    check_reports,
    check_results,
    counters,
    deliveries,
    deployments,
    duty_overrides,
    early_oks,
    expectations,
    guards,
    inbox,
    journal,
    journal_chain,
    letters,
    reprocessing,
    silences,
    target_runs,
)
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

_PORTION = 2000
"""Rows of a kind dropped at once: bodies of 256 KB must go within a statement's deadline. The loop goes on while there are any."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept."""

    event_log: timedelta
    event_log_rows: int
    journal: timedelta
    inbox: timedelta = timedelta(days=35)
    """Longer than a message can stay in a queue and its DLQ together (14 days each)."""
    early_oks: timedelta = timedelta(days=14)
    """As long as an alarm can stay in the queue."""
    letters: timedelta = timedelta(days=60)
    """Longer than a letter that dies again and again can hide between two redrives; what is in quarantine stays."""
    reprocessing: timedelta = timedelta(days=90)
    """What became of evidence that was processed anew, and the deployments that it waited for: longer than any wait."""
    expectations: timedelta = timedelta(days=14)
    """What is settled, as long as a copy of its events can stay in the queue."""
    canaries: timedelta = timedelta(hours=1)
    """Longer than any replica waits for one of its own; everything that they leave goes together."""
    checks: timedelta = timedelta(days=400)
    """What checks came to and which reports went out: longer than the longest trend, a year to look back on."""
    guards: timedelta = timedelta(days=400)
    """Longer than the longest window a budget may name."""


class Upkeep:
    """Drops what is old, a bounded amount at a time."""

    def __init__(self, pool: Pool, clock: Clock, retention: Retention) -> None:
        self._pool = pool
        self._clock = clock
        self._keep = retention

    async def run_once(self) -> int:
        """Drop one portion; returns how many rows went."""
        now, keep = self._clock.now(), self._keep
        async with transaction(self._pool) as tx:
            dropped = await inbox.forget(
                tx,
                log_before=now - keep.event_log,
                inbox_before=now - keep.inbox,
                log_rows=keep.event_log_rows,
                portion=_PORTION,
            )
            dropped += await canaries.forget(tx, now - keep.canaries, _PORTION)
            dropped += await early_oks.forget(tx, now - keep.early_oks, _PORTION)
            dropped += await letters.forget(tx, now - keep.letters, _PORTION)
            dropped += await deployments.forget(tx, now - keep.reprocessing, _PORTION)
            dropped += await reprocessing.forget(tx, now - keep.reprocessing, _PORTION)
            dropped += await expectations.forget(tx, now - keep.expectations, _PORTION)
            dropped += await counters.forget(tx, now, _PORTION)
            dropped += await deliveries.forget(tx, now - keep.journal, _PORTION)
            dropped += await silences.forget(tx, now - keep.journal, _PORTION)
            dropped += await duty_overrides.forget(tx, now - keep.journal, _PORTION)
            dropped += await approvals.forget(tx, now - keep.journal, _PORTION)
            dropped += await journal.forget(tx, now - keep.journal, _PORTION)
            dropped += await journal_chain.forget(tx, now - keep.journal, _PORTION)
            dropped += await check_results.forget(tx, now - keep.checks, _PORTION)
            dropped += await check_reports.forget(tx, now - keep.checks, _PORTION)
            dropped += await target_runs.forget(tx, now - keep.guards)
            return dropped + await guards.forget(tx, now - keep.guards)
