"""Random histories on both stores: each question has the same answer, and the same rows are left."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings

from leh_guardian.clock import SystemClock
from leh_guardian.errors import LeaseLost, StoreError, StoreUnavailable
from leh_guardian.model.action import ClaimedAction
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.integration.store.contract.conftest import Quiet
from tests.integration.store.contract.histories import Side, Step, histories
from tests.sim.store.database import SimDatabase
from tests.sim.store.install import TWINS
from tests.sim.store.pool import SimPool
from tests.sim.store.tables import RULE_RUNS, TABLES
from tests.support.emptied import empty
from tests.support.rows import NOW

REAL = {real.__name__.rpartition(".")[2]: real for real, _ in TWINS}
TWIN = {twin.__name__.rpartition(".")[2]: twin for _, twin in TWINS}

History = list[tuple[list[Step], int]]


class UndoneError(StoreError):
    """Ends a transaction."""


async def undo(_: Side) -> None:
    """Roll back: the last step of some transactions."""
    raise UndoneError


async def answers(pool: Pool, modules: dict[str, Any], history: History) -> list[Any]:
    """Live through a history; returns all answers, and the errors among them."""
    given: list[Any] = []
    attempts: list[ClaimedAction] = []
    now = NOW
    for steps, fate in history:
        claimed_before = len(attempts)
        try:
            async with transaction(pool) as tx:
                for step in [*steps, undo] if fate == 0 else steps:
                    now += timedelta(minutes=1)
                    given.append(comparable(await step(Side(modules, tx, now, attempts))))
        except StoreError as error:
            given.append([isinstance(error, kind) for kind in (LeaseLost, StoreUnavailable, UndoneError)])
            del attempts[claimed_before:]
    return given


def comparable(answer: Any) -> Any:
    """Return an answer as plain values."""
    if is_dataclass(answer) and not isinstance(answer, type):
        return comparable(asdict(answer))
    if isinstance(answer, dict):
        return {key: comparable(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [comparable(one) for one in answer]
    if answer is None or isinstance(answer, str | int | float | tuple | set | datetime | UUID):
        return answer
    return dict(answer)


async def real_rows(pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """Return what is left in PostgreSQL."""
    async with transaction(pool) as tx:
        return {table.name: [dict(row) for row in await tx.fetch(f"select * from {table.name}")] for table in TABLES}


def ordered(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows in an order of their own, without what differs: until when a lease lasts, the place of a row."""
    plain = []
    for row in rows:
        same = {column: value for column, value in row.items() if (name, column) != (RULE_RUNS.name, "id")}
        if name == "actions":
            same["lease_until"] = row["lease_until"] is None
        plain.append(dict(sorted(same.items())))
    return sorted(plain, key=repr)


@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories)
async def test_random_histories_are_the_same_on_both(pool: Pool, history: History) -> None:
    """Whatever is asked in whatever order, both answer alike, refuse alike and keep the same rows."""
    async with transaction(pool) as tx:
        await empty(tx)
    database = SimDatabase(SystemClock().now)
    assert await answers(SimPool(database, Quiet()), TWIN, history) == await answers(pool, REAL, history)
    for name, rows in (await real_rows(pool)).items():
        assert ordered(name, [dict(row) for row in database.table(name)]) == ordered(name, rows), name
