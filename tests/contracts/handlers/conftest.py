"""What the contract tests share: stages over one PostgreSQL, emptied for each run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio.from_thread
import pytest
import tenacity

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.redrive import survey
from leh_guardian.registry import Registry
from leh_guardian.store.migrate import migrate
from tests.contracts.handlers.pools import Pools
from tests.contracts.handlers.stage import MakeStage
from tests.contracts.handlers.world import World


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapters' repetitions follow at once: their pauses are not the point."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    monkeypatch.setattr(survey, "_LAST_WORDS", 0.3)


@pytest.fixture(scope="module")
async def stages(
    anyio_backend: tuple[str, dict[str, bool]], postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Callable[[type[World], Registry], MakeStage]]:
    """Make, for a world and a registry, the maker of fresh stages that `trouble` takes."""
    pools, folder = Pools(postgres.dsn("guardian")), tmp_path_factory.mktemp("rules")
    await migrate(await pools.of("one"))
    with anyio.from_thread.start_blocking_portal(*anyio_backend, name="frozen replica") as bench:
        yield lambda world, registry: MakeStage(world, registry, pools, bench, folder)
        bench.call(pools.close)
    await pools.close()
