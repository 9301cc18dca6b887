"""Owns what the store's commands share: a transaction, an id from a prefix, times and tables; the one rule: stored text is escaped."""

from __future__ import annotations

import getpass
import os
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import click

from leh_guardian.errors import SchemaMismatch
from leh_guardian.model.text import json_line, shown
from leh_guardian.settings import load_database_url
from leh_guardian.store import overview
from leh_guardian.store.pool import SCHEMA, Pool
from leh_guardian.store.transaction import Transaction, transaction

Result = TypeVar("Result")

SEOUL = ZoneInfo("Asia/Seoul")
_SHORTEST_PREFIX = 6

as_json = click.option("--json", "json_", is_flag=True, help="Print JSON and nothing else on standard output.")


def with_store(work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Run `work` in a transaction on guardian's database."""
    return anyio.run(_with_store, work)


async def _with_store(work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    pool = await Pool.open(load_database_url(os.environ), size=1, replica="cli")
    try:
        async with transaction(pool) as tx:
            if not await tx.fetchval("select to_regclass($1) is not null", f"{SCHEMA}.incidents"):
                raise SchemaMismatch(
                    "this database has no leh_guardian schema yet: start `leh-guardian run` with it once"
                )
            return await work(tx)
    finally:
        await pool.close()


async def find_id(tx: Transaction, table: str, given: str) -> UUID:
    """Return the id that `given`, an id or the beginning of one, means.

    Raises:
        click.UsageError: it means none, or several.
    """
    if len(given) < _SHORTEST_PREFIX or not set(given.lower()) <= set("0123456789abcdef-"):
        raise click.UsageError(f"{shown(given, 60)!r}은(는) id가 아닙니다: id의 앞 6자리 이상을 입력하세요.")
    found = await overview.find(tx, table, given)
    if not found:
        raise click.UsageError(f"id가 {given}(으)로 시작하는 항목이 없습니다.")
    if len(found) > 1:
        raise click.UsageError(f"id가 {given}(으)로 시작하는 항목이 여러 개입니다: 더 길게 입력하세요.")
    return found[0]


def who() -> str:
    """Return who types."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def local_time(at: datetime | None) -> str:
    """Return an instant as the on-call's clock shows it (Korea)."""
    return at.astimezone(SEOUL).strftime("%m-%d %H:%M:%S") if at else "-"


def print_json_lines(rows: Sequence[dict[str, Any]]) -> None:
    """Print JSON Lines."""
    for row in rows:
        print_json(row)


def print_json(data: Any) -> None:
    """Print one JSON document."""
    print(json_line(data))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows in columns; Korean letters are two cells wide."""
    if not rows:
        print(empty)
        return
    cells = [list(titles), *[[shown(value, 60) for value in row] for row in rows]]
    widths = [max(_width(row[n]) for row in cells) for n in range(len(titles))]
    for row in cells:
        print("  ".join(cell + " " * (widths[n] - _width(cell)) for n, cell in enumerate(row)).rstrip())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
