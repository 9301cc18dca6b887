"""The small store has everything that the real one has: each question, each table, each column, each unique index."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest

import leh_guardian
from leh_guardian import store
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.integration.store.contract.test_transactions import write_everything
from tests.sim.store.install import TWINS, WITHOUT_TWIN, install, questions
from tests.sim.store.pool import SimConnection
from tests.sim.store.tables import QUARANTINE, RULE_RUNS, TABLES
from tests.support.emptied import TABLES as EMPTIED


def test_every_module_has_a_twin() -> None:
    """A new module of the store has a twin, or is named as one that asks for no rows."""
    names = {module.name for module in pkgutil.iter_modules(store.__path__)}
    assert names == {real.__name__.rpartition(".")[2] for real, _ in TWINS} | set(WITHOUT_TWIN)


@pytest.mark.parametrize(("real", "twin"), TWINS, ids=lambda module: module.__name__)
def test_every_question_has_a_twin(real: object, twin: object) -> None:
    """Each public async function has a twin of the same signature, and there are no others."""
    asked, answered = questions(real), questions(twin)  # type: ignore[arg-type]
    assert asked.keys() == answered.keys()
    for name, function in asked.items():
        assert inspect.signature(function) == inspect.signature(answered[name]), name


def test_every_question_is_asked_through_its_module() -> None:
    """Nobody imports a question by its own name: there it would not be replaced. Afterwards all is as before."""
    asked = {id(function) for real, _ in TWINS for function in questions(real).values()}
    modules = [import_module(found.name) for found in pkgutil.walk_packages(leh_guardian.__path__, "leh_guardian.")]
    stores = [real for real, _ in TWINS]
    copied = [
        f"{module.__name__}.{name}"
        for module in modules
        if module not in stores
        for name, value in vars(module).items()
        if id(value) in asked
    ]
    assert copied == []
    with install():
        assert all(getattr(real, name) is twin for real, of in TWINS for name, twin in questions(of).items())
    assert {id(function) for real, _ in TWINS for function in questions(real).values()} == asked


async def test_the_tables_are_those_of_the_server(pool: Pool, memory: Store) -> None:
    """The same columns and unique indexes, so that a migration cannot be forgotten here."""
    async with transaction(pool) as tx:
        columns = await tx.fetch(
            "select table_name, column_name from information_schema.columns where table_schema = 'leh_guardian'"
        )
        indexes = await tx.fetch(
            "select tablename, indexname from pg_indexes where schemaname = 'leh_guardian' and indexdef like '%UNIQUE%'"
        )
    assert {table.name for table in TABLES} == set(EMPTIED.split(", "))
    async with memory.rolled_back() as tx:
        await write_everything(tx)
        for table in TABLES:
            [row] = _rows(tx, table.name)
            # Numbers that the server gives, and nobody asks for.
            unnamed = {RULE_RUNS.name: {"id"}, QUARANTINE.name: {"position"}}.get(table.name, set())
            named = {r["column_name"] for r in columns if r["table_name"] == table.name}
            assert row.keys() - unnamed == named - unnamed
            kept = {index.name for index in (table.primary, *table.unique)} - {""}
            assert kept == {r["indexname"] for r in indexes if r["tablename"] == table.name}


def _rows(tx: Transaction, table: str) -> list[dict[str, object]]:
    connection: SimConnection = tx._connection
    return [dict(row) for row in connection.open_work().changes[table].values() if row is not None]
