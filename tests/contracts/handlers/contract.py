"""Owns what each test of a handler's contract plays; the one rule: troubles times worlds, none of them written by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from leh_guardian.app import handlers
from leh_guardian.registry import Effect
from tests.contracts.handlers.discovery import all_worlds, worlds_of
from tests.contracts.handlers.promises import Run, hold
from tests.contracts.handlers.trouble import TROUBLE, Quiet, quiet
from tests.contracts.handlers.world import World
from tests.faults.sizes import LONG
from tests.support.figures import record

REGISTRY = handlers()
FIRST = {REGISTRY[name].name: worlds_of(name)[0] for name in REGISTRY.names() if worlds_of(name)}
_TELLING = {"killed", "reply_lost", "zombie_late"}
_READING = _TELLING | {"failed_before", "failed_after", "hangs", "twice_at_once"}
"""What is worth playing each time with a handler that has no effects."""
_calm: dict[type[World], Quiet] = {}


def contracts(*effects: Effect) -> list[Any]:
    """Return the parameters of a test of the contracts of all handlers with these effects."""
    return [
        pytest.param(world, trouble, id=f"{world.handler}-{world.name}-{trouble.__name__}")
        for world in all_worlds(REGISTRY)
        if REGISTRY[world.handler].effect in effects
        for trouble in TROUBLE
        if _chosen(world, trouble)
    ]


def _chosen(world: type[World], trouble: Callable[..., Any]) -> bool:
    """Tell whether this run plays a trouble in a world: `make faults` all in all, `make test` most in each handler's first."""
    reads = REGISTRY[world.handler].effect is Effect.READS
    most = world is FIRST[world.handler] and (not reads or trouble.__name__ in _READING)
    return LONG or most or trouble.__name__ in _TELLING


async def calm(world: type[World], stages: Callable[..., Any]) -> Quiet:
    """Return what a handler does in a world without any trouble; played once."""
    if world not in _calm:
        _calm[world] = await quiet(stages(world, REGISTRY))
    return _calm[world]


async def keeps(world: type[World], trouble: Callable[..., AsyncIterator[Run]], stages: Callable[..., Any]) -> None:
    """Assert that what a handler's effect class promises holds, at whatever place it goes wrong."""
    spec, runs = REGISTRY[world.handler], []
    async for run in trouble(stages(world, REGISTRY), await calm(world, stages)):
        hold(spec, world(), run)
        runs.append(run)
    repeated = [run for run in runs if run.repeats]
    record(
        "handlers",
        f"{world.handler}/{world.name}/{trouble.__name__}",
        {
            "effect": spec.effect.value,
            "trouble": (trouble.__doc__ or "").strip(),
            "runs": len(runs),
            "effects": sum(len(run.effects) for run in runs),
            "repeats": sum(run.repeats for run in runs),
            "most_repeats_in_a_run": max((run.repeats for run in runs), default=0),
            "repeated_at": sorted({run.where for run in repeated}),
            "lost": sum(len(run.lost) for run in runs),
        },
    )
