"""Owns what the daemon knows the AI worker by, built by the settings; the one rule: where nobody named its log, nothing is read."""

from __future__ import annotations

from collections.abc import Callable

from leh_guardian.clock import Clock
from leh_guardian.diagnosis import Table
from leh_guardian.engine import swallowed
from leh_guardian.engine.loops import Loop
from leh_guardian.engine.swallowed import Swallowed
from leh_guardian.ports import AlertQueue, Functions, Logs
from leh_guardian.settings import Settings
from leh_guardian.worker.errors import LogWorkerErrors
from leh_guardian.worker.estimates import Estimates, Job


def worker_errors(
    settings: Settings, logs: Logs, functions: Functions, table: Callable[[], Table], clock: Clock
) -> LogWorkerErrors | None:
    """Make what tells the worker's error shares; None where nobody named its log."""
    wanted = settings.worker
    if wanted.log_group is None:
        return None
    return LogWorkerErrors(logs, wanted.log_group, table, clock, functions=functions, function=wanted.function)


def swallowed_errors(
    settings: Settings,
    queue: AlertQueue,
    logs: Logs,
    table: Callable[[], Table],
    clock: Clock,
    told: Callable[[], bool],
    loop: Callable[..., Loop],
) -> list[Loop]:
    """Make the loop that tells of errors in the worker's log; none where nobody named the log."""
    wanted = settings.worker
    if wanted.log_group is None or not wanted.events:
        return []
    job = Job(wanted.model, wanted.prompt_tokens, wanted.completion_tokens)
    errors = Swallowed(
        queue,
        logs,
        wanted.log_group,
        table,
        clock,
        region=settings.region,
        lag=wanted.lag,
        estimates=Estimates(job, told),
    )
    return [loop("swallowed", errors.run_once, pause=swallowed.PAUSE, limit=swallowed.LIMIT)]
