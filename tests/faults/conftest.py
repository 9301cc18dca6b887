"""Fixtures of the fault tests: a PostgreSQL that waits for its disk, and the server that forks daemons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.faults.forks import ForkServer
from tests.faults.world import World, world


@pytest.fixture(scope="session")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for all worlds that do not break it."""
    server = EmbeddedPostgres.start(tmp_path_factory.mktemp("durable"))
    try:
        yield server
    finally:
        server.stop(remove=True)


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    """One fork server for the run."""
    with ForkServer() as server:
        yield server


@pytest.fixture
def make_world(tmp_path: Path, durable: EmbeddedPostgres, forks: ForkServer) -> Iterator[Callable[..., World]]:
    """Make worlds on the common server; all of them end with the test."""
    with ExitStack() as stack:
        made = 0

        def make(**settings: Any) -> World:
            nonlocal made
            made += 1
            opened: AbstractContextManager[World] = world(tmp_path / f"world-{made}", durable, forks, **settings)
            return stack.enter_context(opened)

        yield make


@pytest.fixture
def own_world(tmp_path: Path, forks: ForkServer) -> Iterator[Callable[..., World]]:
    """Make a world on a PostgreSQL of its own, which the test may break."""
    with ExitStack() as stack:
        server = EmbeddedPostgres.start(tmp_path / "postgres")
        stack.callback(partial(server.stop, remove=True))

        def make(**settings: Any) -> World:
            return stack.enter_context(world(tmp_path / "world", server, forks, **settings))

        yield make
