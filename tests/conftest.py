"""Fixtures of every tier: the event loop, a clean environment, and one PostgreSQL server for the whole run."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.dev import ConsoleRenderer, plain_traceback

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.local.aws import REGION, EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.emptied import empty
from tests.support.sdk import share_loader


def pytest_configure() -> None:
    """Look for garbage less often than is the rule: what the tests leave is little beside what is imported."""
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Fail a run that has left threads behind: the interpreter would wait for them, after a summary that says all is well."""
    left = [thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()]
    if left:
        os.write(2, f"\nleft running by the tests, which fails the run: {left}\n".encode())
        os._exit(1)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run async tests on asyncio, as the daemon does."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> None:
    """Keep the developer's own settings and credentials out of the tests."""
    for name in list(os.environ):
        if name.startswith(("LEH_", "AWS_")):
            del os.environ[name]
    # A shell that starts us in the background has SIGINT ignored, and so it would be in every command that is to be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _one_loader() -> None:
    """The SDK's descriptions of AWS are read once, not for each of thousands of clients."""
    share_loader()


@pytest.fixture(autouse=True, scope="session")
def _plain_tracebacks() -> None:
    """Keep structlog's usual renderer from drawing the locals of each frame: two seconds of CPU for each traceback."""
    ConsoleRenderer.get_active().exception_formatter = plain_traceback


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL, without fsync: the tests that crash it start their own."""
    directory: Path = tmp_path_factory.mktemp("postgres")
    server = EmbeddedPostgres.start(directory, durable=False)
    try:
        server.create_database("guardian")
        yield server
    finally:
        server.stop(remove=True)


@pytest.fixture
async def pool(postgres: EmbeddedPostgres) -> AsyncIterator[Pool]:
    """An open pool over guardian's schema, emptied for this test."""
    opened = await Pool.open(postgres.dsn("guardian"), size=10)
    try:
        await migrate(opened)
        async with transaction(opened) as tx:
            await empty(tx)
        yield opened
    finally:
        await opened.close()


@pytest.fixture(scope="session")
def aws_server() -> Iterator[EmbeddedAws]:
    """AWS over HTTP: moto's server, one for the whole run; tests use queue names of their own."""
    with EmbeddedAws.start() as server:
        yield server


@pytest.fixture
async def aws(aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Aws]:
    """A session with the server."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    async with open_aws(REGION) as opened:
        yield opened
