"""Every handler of the program keeps what it declares, whatever goes wrong: generated from the registry and the worlds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from leh_guardian.app import handlers
from leh_guardian.registry import Effect
from tests.contracts.handlers.discovery import all_worlds, worlds_of
from tests.contracts.handlers.promises import Run, hold, honest
from tests.contracts.handlers.trouble import TROUBLE, Quiet, quiet
from tests.contracts.handlers.world import World
from tests.faults.sizes import LONG
from tests.support.figures import record

REGISTRY = handlers()
WORLDS = [pytest.param(world, id=f"{world.handler}-{world.name}") for world in all_worlds(REGISTRY)]
FIRST = {REGISTRY[name].name: worlds_of(name)[0] for name in REGISTRY.names() if worlds_of(name)}
_TELLING = {"killed", "reply_lost", "zombie_late"}
_READING = _TELLING | {"failed_before", "failed_after", "hangs", "twice_at_once"}
"""What is worth playing each time with a handler that has no effects."""
_calm: dict[type[World], Quiet] = {}


def chosen(world: type[World], trouble: Callable[..., Any]) -> bool:
    """Tell whether this run plays a trouble in a world: `make faults` all in all, `make test` most in each handler's first."""
    reads = REGISTRY[world.handler].effect is Effect.READS
    most = world is FIRST[world.handler] and (not reads or trouble.__name__ in _READING)
    return LONG or most or trouble.__name__ in _TELLING


CONTRACTS = [
    pytest.param(world, trouble, id=f"{world.handler}-{world.name}-{trouble.__name__}")
    for world in all_worlds(REGISTRY)
    for trouble in TROUBLE
    if chosen(world, trouble)
]


@pytest.mark.parametrize("name", REGISTRY.names())
def test_every_handler_has_a_world(name: str) -> None:
    """A handler without a world that counts its effects does not pass: its contract would not be tested."""
    for world in worlds_of(name):
        with world() as stage:
            honest(REGISTRY[name], stage)


@pytest.mark.parametrize("world", WORLDS)
async def test_without_trouble(world: type[World], stages: Callable[..., Any]) -> None:
    """The handler succeeds at its first try, every effect takes place once, and each write is among what it asks for."""
    calm = await _quiet(world, stages)
    hold(REGISTRY[world.handler], world(), calm.run)
    assert calm.run.action["failures"] == 0
    assert calm.run.repeats == 0
    assert world.writes <= set(calm.operations)
    assert set(world.windows) <= {*calm.operations, *calm.points}


@pytest.mark.parametrize(("world", "trouble"), CONTRACTS)
async def test_contract(
    world: type[World], trouble: Callable[..., AsyncIterator[Run]], stages: Callable[..., Any]
) -> None:
    """Whatever goes wrong at whatever place, what the handler's effect class promises holds."""
    spec, runs = REGISTRY[world.handler], []
    async for run in trouble(stages(world, REGISTRY), await _quiet(world, stages)):
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


async def _quiet(world: type[World], stages: Callable[..., Any]) -> Quiet:
    if world not in _calm:
        _calm[world] = await quiet(stages(world, REGISTRY))
    return _calm[world]
