"""Owns what the daemon knows the AI worker by, built by the settings; the one rule: what nobody named is not read."""

from __future__ import annotations

from collections.abc import Callable

from leh_guardian.clock import Clock
from leh_guardian.diagnosis import Table
from leh_guardian.engine import swallowed, unread_log
from leh_guardian.engine.loops import Loop
from leh_guardian.engine.swallowed import Swallowed
from leh_guardian.engine.unread_log import UnreadLog
from leh_guardian.evidence.record import EvidenceRecords
from leh_guardian.ports import AlertQueue, Functions, Logs, Tables
from leh_guardian.settings import Settings
from leh_guardian.settings.outside import WorkerSettings
from leh_guardian.worker.assumed import Job, PerKind
from leh_guardian.worker.errors import LogWorkerErrors
from leh_guardian.worker.estimates import Estimates


def worker_errors(
    settings: Settings, logs: Logs, functions: Functions, table: Callable[[], Table], clock: Clock
) -> LogWorkerErrors | None:
    """Make what tells the worker's error shares; None where nobody named its log."""
    wanted = settings.worker
    if wanted.log_group is None:
        return None
    return LogWorkerErrors(logs, wanted.log_group, table, clock, functions=functions, function=wanted.function)


def worker_loops(
    settings: Settings,
    queue: AlertQueue,
    logs: Logs,
    tables: Tables,
    table: Callable[[], Table],
    clock: Clock,
    told: Callable[[], bool],
    loop: Callable[..., Loop],
) -> list[Loop]:
    """Make the loops that tell of errors in the worker's log, and of its use; none of what nobody named."""
    wanted, evidence = settings.worker, settings.evidence.table
    if not wanted.events:
        return []
    records = EvidenceRecords(tables, evidence, None) if evidence and wanted.table else None
    estimates = Estimates(_job(wanted), told, settings.region, records)
    found = []
    if wanted.log_group is not None:
        errors = _swallowed(settings, queue, logs, wanted.log_group, table, clock, estimates)
        found.append(loop("swallowed", errors.run_once, pause=swallowed.PAUSE, limit=swallowed.LIMIT))
    if evidence and wanted.table:
        pieces = UnreadLog(
            queue,
            tables,
            evidence,
            estimates,
            clock,
            named=wanted.log_group is not None,
            lag=wanted.lag,
            every=wanted.table_every,
        )
        found.append(loop("unread_log", pieces.run_once, pause=unread_log.PAUSE, limit=unread_log.LIMIT))
    return found


def _swallowed(
    settings: Settings,
    queue: AlertQueue,
    logs: Logs,
    group: str,
    table: Callable[[], Table],
    clock: Clock,
    estimates: Estimates,
) -> Swallowed:
    return Swallowed(
        queue, logs, group, table, clock, region=settings.region, lag=settings.worker.lag, estimates=estimates
    )


def _job(wanted: WorkerSettings) -> Job:
    kinds = {name: PerKind(kind.base, kind.per_kib) for name, kind in wanted.kinds.items()}
    return Job(wanted.model, wanted.prompt_tokens, wanted.completion_tokens, kinds, wanted.most_prompt_tokens)
