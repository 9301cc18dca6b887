"""Every handler of the program keeps what it declares, whatever goes wrong; here: those that may do a thing again, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from leh_guardian.registry import Effect
from tests.contracts.handlers.contract import REGISTRY, calm, contracts, keeps
from tests.contracts.handlers.discovery import all_worlds, worlds_of
from tests.contracts.handlers.promises import Run, hold, honest
from tests.contracts.handlers.world import World

WORLDS = [pytest.param(world, id=f"{world.handler}-{world.name}") for world in all_worlds(REGISTRY)]


@pytest.mark.parametrize("name", REGISTRY.names())
def test_every_handler_has_a_world(name: str) -> None:
    """A handler without a world that counts its effects does not pass: its contract would not be tested."""
    for world in worlds_of(name):
        with world() as stage:
            honest(REGISTRY[name], stage)


@pytest.mark.parametrize("world", WORLDS)
async def test_without_trouble(world: type[World], stages: Callable[..., Any]) -> None:
    """The handler succeeds at its first try, every effect takes place once, and each write is among what it asks for."""
    seen = await calm(world, stages)
    hold(REGISTRY[world.handler], world(), seen.run)
    assert seen.run.action["failures"] == 0
    assert seen.run.repeats == 0
    assert world.writes <= set(seen.operations)
    assert set(world.windows) <= {*seen.operations, *seen.points}


@pytest.mark.parametrize(("world", "trouble"), contracts(Effect.AT_LEAST_ONCE, Effect.AT_MOST_ONCE))
async def test_contract(
    world: type[World], trouble: Callable[..., AsyncIterator[Run]], stages: Callable[..., Any]
) -> None:
    """Whatever goes wrong at whatever place, what the handler's effect class promises holds."""
    await keeps(world, trouble, stages)
