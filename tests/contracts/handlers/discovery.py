"""Owns the finding of worlds: `worlds/<handler>.py`; the one rule: a handler without one is told what to write."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable

from leh_guardian.registry import Registry
from tests.contracts.handlers.world import World

_FOLDER = "tests.contracts.handlers.worlds"


def worlds_of(name: str) -> tuple[type[World], ...]:
    """Return the worlds of a handler.

    Raises:
        LookupError: there is none, or what there is does not count effects; says what to write.
    """
    if importlib.util.find_spec(f"{_FOLDER}.{name}") is None:
        raise LookupError(
            f"the handler {name} has no world: write tests/contracts/handlers/worlds/{name}.py with WORLDS, a tuple of classes"
            " over World (world.py) that say how to set its stage, with what params, and how its effects are counted at the target"
        )
    worlds: tuple[type[World], ...] = getattr(importlib.import_module(f"{_FOLDER}.{name}"), "WORLDS", ())
    if not worlds:
        raise LookupError(f"tests/contracts/handlers/worlds/{name}.py names no class in WORLDS")
    for world in worlds:
        check(name, world)
    return worlds


def check(name: str, world: type[World]) -> None:
    """Check that a class is a whole world of the handler `name`.

    Raises:
        LookupError: it lacks something - the counting of effects, say - or is another handler's.
    """
    if missing := sorted(getattr(world, "__abstractmethods__", ())):
        raise LookupError(
            f"{world.__name__}, a world of {name}, lacks {', '.join(missing)} (tests/contracts/handlers/world.py)"
        )
    if world.handler != name:
        raise LookupError(f"{world.__name__} in worlds/{name}.py is a world of {world.handler}")


def all_worlds(registry: Registry) -> Iterable[type[World]]:
    """Return every world of every handler that has one; `test_every_handler_has_a_world` tells of those that have none."""
    for name in registry.names():
        try:
            yield from worlds_of(name)
        except LookupError:
            continue
