"""Every handler of the program keeps what it declares, whatever goes wrong; here: those that do a thing exactly once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from leh_guardian.registry import Effect
from tests.contracts.handlers.contract import contracts, keeps
from tests.contracts.handlers.promises import Run
from tests.contracts.handlers.world import World


@pytest.mark.parametrize(("world", "trouble"), contracts(Effect.EXACTLY_ONCE))
async def test_contract(
    world: type[World], trouble: Callable[..., AsyncIterator[Run]], stages: Callable[..., Any]
) -> None:
    """Whatever goes wrong at whatever place, what the handler's effect class promises holds."""
    await keeps(world, trouble, stages)
