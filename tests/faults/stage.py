"""Owns where scenarios are played: several side by side, since most of a fault is waiting; the one rule: none sees another's world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.faults.world import World, world
from tests.support.forks import ForkServer

AT_ONCE = 8
"""Scenarios played side by side."""


@dataclass(frozen=True)
class Stage:
    """What a scenario is given."""

    folder: Path
    durable: EmbeddedPostgres
    """A PostgreSQL that waits for its disk, for all worlds that do not break it."""
    forks: ForkServer
    aws: EmbeddedAws
    """moto's server, for what the ledger's SQS server does not know."""

    @contextmanager
    def world(self, **options: Any) -> Iterator[World]:
        """Make a world on the common PostgreSQL."""
        with world(self.folder / "world", self.durable, self.forks, **options) as made:
            yield made

    @contextmanager
    def own_world(self, **options: Any) -> Iterator[World]:
        """Make a world on a PostgreSQL of its own, which the scenario may break."""
        server = EmbeddedPostgres.start(self.folder / "postgres")
        try:
            with world(self.folder / "world", server, self.forks, **options) as made:
                yield made
        finally:
            server.stop(remove=True)


Scenario = Callable[[Stage], None]
"""Plays and asserts; its docstring says what is promised."""


def scenarios(*played: Scenario) -> Any:
    """Return the parameters of a test that plays these scenarios."""
    return pytest.mark.parametrize("scenario", [pytest.param(one, id=name_of(one)) for one in played])


def name_of(scenario: Scenario) -> str:
    """Return a scenario's name: its function's, with what it was given."""
    if isinstance(scenario, partial):
        return "-".join([scenario.func.__name__, *map(str, scenario.args)])
    return scenario.__name__


_LONGEST = {
    "calling",
    "kill_and_restart-executor",
    "paused_work",
    "random_kills",
    "restarts_under_load",
    "storm",
    "wall_clock_jumps",
}


def _in_order(chosen: Iterable[Scenario]) -> list[Scenario]:
    """Return the longest first: begun last, one of them would be waited for alone."""
    return sorted(chosen, key=lambda one: name_of(one) not in _LONGEST)


class Played:
    """The scenarios that this run has chosen, the longest begun first."""

    def __init__(self, chosen: list[Scenario], stage: Callable[[str], Stage]) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._results: dict[str, Future[None]] = {
            name_of(one): self._pool.submit(lambda one=one: one(stage(name_of(one)))) for one in _in_order(chosen)
        }

    def __call__(self, scenario: Scenario) -> None:
        """Wait for a scenario's end; what it raised is raised here."""
        self._results[name_of(scenario)].result()

    def close(self) -> None:
        """Begin no more, and wait for those that were begun."""
        self._pool.shutdown(cancel_futures=True)
