"""What the contract tests share: stages over one PostgreSQL, emptied for each run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import tenacity

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.redrive import survey
from leh_guardian.registry import Registry
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from tests.contracts.handlers.stage import Stage
from tests.contracts.handlers.world import World


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapters' repetitions follow at once: their pauses are not the point."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    monkeypatch.setattr(survey, "_LAST_WORDS", 0.3)


@pytest.fixture
async def stages(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Make, for a world and a registry, the maker of fresh stages that `trouble` takes."""
    dsn = postgres.dsn("guardian")
    pool = await Pool.open(dsn, size=1)
    await migrate(pool)

    def of(world: type[World], registry: Registry) -> Callable[..., AbstractContextManager[Stage]]:
        @contextmanager
        def make(**options: Any) -> Iterator[Stage]:
            with world() as outside:
                outside.dsn = dsn
                yield Stage(outside, registry, dsn, tmp_path, **options)

        return make

    yield of
    await pool.close()
