"""Fixtures of the fault tests: a PostgreSQL that waits for its disk, the server that forks daemons, and the scenarios' stage."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.faults.stage import Played, Stage
from tests.support.forked import shared_forks
from tests.support.forks import ForkServer


@pytest.fixture(scope="session")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for all worlds that do not break it."""
    server = EmbeddedPostgres.start(tmp_path_factory.mktemp("durable"))
    # Its usual sixty connections are for one installation; here a dozen work side by side.
    server._settings = {**server._settings, "max_connections": "400"}
    server.restart()
    try:
        yield server
    finally:
        server.stop(remove=True)


@pytest.fixture(scope="session")
def forks() -> ForkServer:
    """The run's fork server: made here, before the scenarios, which are several threads, ask for it."""
    return shared_forks()


@pytest.fixture(scope="session")
def played(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    durable: EmbeddedPostgres,
    forks: ForkServer,
    aws_server: EmbeddedAws,
) -> Iterator[Played]:
    """Play all scenarios that were chosen, over all files, several at a time; a test waits for its own."""
    folder = tmp_path_factory.mktemp("faults")
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    specs = [item.callspec for item in items if hasattr(item, "callspec")]
    chosen = [spec.params["scenario"] for spec in specs if "scenario" in spec.params]

    def stage(name: str) -> Stage:
        own = folder / re.sub(r"[^a-z0-9_.-]", "_", name)
        own.mkdir()
        return Stage(own, durable, forks, aws_server)

    running = Played(chosen, stage)
    try:
        yield running
    finally:
        running.close()
