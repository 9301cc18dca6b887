"""Owns the way of the store's commands in: a transaction on a schema that fits, an id from a prefix; the one rule: checked first."""

from __future__ import annotations

import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

import anyio
import click

from leh_guardian.cli.language import said
from leh_guardian.engine.references import number_of
from leh_guardian.errors import SchemaMismatch
from leh_guardian.language import Text
from leh_guardian.model.text import shown, storable
from leh_guardian.settings_file import load_database_url
from leh_guardian.store import incidents, migrate, overview, rights
from leh_guardian.store.pool import Pool
from leh_guardian.store.rights import SCHEMA
from leh_guardian.store.transaction import Transaction, transaction

Result = TypeVar("Result")

_SHORTEST_PREFIX = 6


def with_store(work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Run `work` in a transaction on guardian's database."""
    return anyio.run(_with_store, work)


def with_pool(work: Callable[[Pool], Awaitable[Result]]) -> Result:
    """Run `work`, which is longer than one transaction, with a connection to guardian's database."""
    return anyio.run(_with_pool, work)


async def _with_store(work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    pool = await _open()
    try:
        async with transaction(pool) as tx:
            await _check_schema(tx)
            return await work(tx)
    finally:
        await pool.close()


async def _with_pool(work: Callable[[Pool], Awaitable[Result]]) -> Result:
    async with checked_pool() as pool:
        return await work(pool)


@asynccontextmanager
async def checked_pool() -> AsyncIterator[Pool]:
    """Lend a connection to guardian's database, whose schema fits."""
    pool = await _open()
    try:
        async with transaction(pool) as tx:
            await _check_schema(tx)
        yield pool
    finally:
        await pool.close()


async def _open() -> Pool:
    return await Pool.open(load_database_url(os.environ), size=1, replica="cli", grants=rights.for_commands)


async def _check_schema(tx: Transaction) -> None:
    if not await migrate.is_made(tx):
        raise SchemaMismatch(f"this database has no {SCHEMA} schema yet: start `leh-guardian run` with it once")
    if missing := await migrate.pending(tx):
        names = ", ".join(name for _, name, _ in missing)
        raise SchemaMismatch(
            f"the schema {SCHEMA} is older than this program ({names} missing): start `leh-guardian run` of this version once"
        )


async def find_id(tx: Transaction, table: str, given: str) -> UUID:
    """Return the id that `given`, an id or the beginning of one, means.

    Raises:
        click.UsageError: it means none, or several.
    """
    if len(given) < _SHORTEST_PREFIX or not set(given.lower()) <= set("0123456789abcdef-"):
        raise click.UsageError(said(_no_id(shown(given, 60))))
    found = await overview.find(tx, table, given)
    if not found:
        raise click.UsageError(said(_none(shown(given, 60))))
    if len(found) > 1:
        raise click.UsageError(said(_several(shown(given, 60))))
    return found[0]


async def find_incident(tx: Transaction, given: str) -> UUID:
    """Return the id of the incident that `given` means: its number, its id or the beginning of one.

    Raises:
        click.UsageError: it means none, or several.
    """
    number = number_of(given)
    if number is None:
        return await find_id(tx, "incidents", given)
    found = await incidents.numbered(tx, number)
    if found is None:
        none = Text(ko=f"INC-{number}인 장애가 없습니다.", en=f"There is no incident INC-{number}.")
        raise click.UsageError(said(none))
    return found


def _no_id(given: str) -> Text:
    return Text(
        ko=f"'{given}'은(는) id가 아닙니다: id의 앞 6자리 이상을 입력하세요 (장애는 INC-번호도 됩니다).",
        en=f"'{given}' is no id: type its first 6 letters or more (for an incident, INC-number will do, too).",
    )


def _none(given: str) -> Text:
    return Text(
        ko=f"id가 {given}(으)로 시작하는 항목이 없습니다.", en=f"There is nothing whose id begins with {given}."
    )


def _several(given: str) -> Text:
    return Text(
        ko=f"id가 {given}(으)로 시작하는 항목이 여러 개입니다: 더 길게 입력하세요.",
        en=f"Several ids begin with {given}: type more of it.",
    )


def who() -> str:
    """Return who types."""
    try:
        return storable(getpass.getuser())
    except (KeyError, OSError):
        return "unknown"
