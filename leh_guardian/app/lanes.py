"""Owns what runs actions; the one rule: messages to people wait for no remedy, however many of those take hours."""

from __future__ import annotations

from collections.abc import Callable

from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.engine import pages
from leh_guardian.engine.daemon import Lane
from leh_guardian.engine.executor import Executor
from leh_guardian.engine.loops import Wake
from leh_guardian.engine.settlement import Settlement
from leh_guardian.engine.target_budgets import PerTarget
from leh_guardian.model.mode import Mode
from leh_guardian.registry import Registry
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.metrics import Metrics

_PAGERS = 8
"""Messages under way at once in one process."""


def lanes(
    pool: Pool,
    registry: Registry,
    settlement: Settlement,
    capabilities: Capabilities,
    clock: Clock,
    metrics: Metrics,
    *,
    replica: str,
    mode: Mode,
    slots: int,
    planned: Wake,
    per_target: Callable[[], PerTarget],
    lease: Callable[[], float | None],
) -> list[Lane]:
    """Return the lanes; `planned` is to wake them, `lease` says for how long messages are claimed (None: as usual).

    `per_target` are the budgets of targets, as of the newest reload.
    """
    names = registry.names()
    takes = {
        "executor": ([name for name in names if name != pages.HANDLER], slots),
        "pager": ([pages.HANDLER], _PAGERS),
    }
    made: list[Lane] = []
    for name, (handlers, count) in takes.items():
        executor = Executor(
            pool,
            registry,
            settlement,
            capabilities,
            clock,
            metrics,
            replica=replica,
            mode=mode,
            slots=count,
            freed=planned,
            takes=handlers,
            per_target=per_target,
            lease=lease if name == "pager" else lambda: None,
        )
        made.append(Lane(name, executor, planned.also()))
    return made
