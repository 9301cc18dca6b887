"""Rows of LEH's audit log, counted, drawn and read by PostgreSQL: every shape, seeds, and what is not seen is told."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from leh_guardian.adapters.leh_database.audit_rows import LONGEST, LehAuditRows
from leh_guardian.adapters.leh_database.connection import unquoted
from leh_guardian.errors import AccessDenied, NotFound, Refused, Unavailable
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.ports.audit import Drawn, Rows
from tests.support.leh_product import SHAPES, Product, Shape, make_product

UNTIL = datetime(2026, 11, 27, 9, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=7)
RRN = "900101-1234568"


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_audit")
    return postgres.dsn("leh_audit")


async def fill(
    product: Product, number: int, action: str = "LOGIN", at: datetime = UNTIL - timedelta(hours=30)
) -> None:
    """Write so many lines."""
    await product.do(
        "insert into audit_logs (user_id, action, object_id, timestamp)"
        f" select '{product.shape.user_id}', '{action}', '{product.shape.case}', '{at.isoformat()}'::timestamptz at time zone 'UTC'"
        f" from generate_series(1, {number})"
    )


def rows_of(product: Product, dsn: str | None = None) -> LehAuditRows:
    """The adapter."""
    return LehAuditRows(dsn or product.dsn, product.names)


async def all_of(rows: Rows, shares: Any, seed: int) -> list[Drawn]:
    """All that is drawn."""
    return [one async for piece in rows.draw(shares, seed) for one in piece]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_every_shape(server: str, shape: Shape) -> None:
    """Ids and times of any type, actions of an enum: counted, drawn and read, with every column as a text."""
    product = await make_product(server, shape, closed=False)
    await product.close_case(f"'{(UNTIL - timedelta(hours=1)).isoformat()}'::timestamptz")
    async with rows_of(product).opened(SINCE, UNTIL, 20) as rows:
        there = await rows.count()
        drawn = await all_of(rows, dict.fromkeys(there, 1.0), 7)
        [row] = await rows.read(drawn)
    assert (list(there.values()), rows.unread) == ([1], [])
    assert {"id", "user_id", "action", "object_id", "timestamp"} == set(row.values)
    assert (row.values["action"], row.values["object_id"], row.cut) == ("CLOSE_CASE", shape.case, False)
    assert row.at == UNTIL - timedelta(hours=1)


@pytest.fixture(scope="module")
async def large(server: str) -> Product:
    """Lines of two days and two actions."""
    product = await make_product(server, Shape(time="timestamp"), closed=False)
    await product.do("alter table audit_logs add column details jsonb")
    await fill(product, 3000)
    await fill(product, 200, "EXPORT")
    await fill(product, 800, at=UNTIL - timedelta(hours=1))
    await fill(product, 50, at=SINCE - timedelta(seconds=1))
    return product


async def draw(product: Product, shares: dict[str, float], seed: int) -> list[tuple[str, str]]:
    """Ids that are drawn, with their actions; the chance of LOGIN's two strata, which are the larger ones, and of EXPORT's."""
    async with rows_of(product).opened(SINCE, UNTIL, 20) as rows:
        there = await rows.count()
        drawn = await all_of(rows, {each: shares["EXPORT" if there[each] == 200 else "LOGIN"] for each in there}, seed)
        return [(row.id, row.values["action"]) for row in await rows.read(drawn)]


async def test_strata_and_shares(large: Product) -> None:
    """Days and actions are counted within the time alone, and each stratum is drawn with its own chance, all of it with 1."""
    async with rows_of(large).opened(SINCE, UNTIL, 20) as rows:
        there = await rows.count()
    assert sorted((day, number) for (day, _), number in there.items()) == [
        ("2026-11-26", 200),
        ("2026-11-26", 3000),
        ("2026-11-27", 800),
    ]
    assert (len({kind for _, kind in there}), "LOGIN" in repr(there)) == (2, False)
    drawn = await draw(large, {"LOGIN": 0.1, "EXPORT": 1.0}, 1)
    actions = Counter(action for _, action in drawn)
    assert actions["EXPORT"] == 200
    assert 280 < actions["LOGIN"] < 480  # 380 on the average, and five sigmas


async def test_a_seed_draws_the_same_again(large: Product) -> None:
    """The same rows for the same seed, as often as one likes; others for another."""
    shares = {"LOGIN": 0.05, "EXPORT": 0.5}
    first, again, other = [await draw(large, shares, seed) for seed in (1 << 63, 1 << 63, 5)]
    assert first == again
    assert set(first) != set(other)


async def test_many_kinds_become_others(server: str) -> None:
    """Where every line has a kind of its own, the rare ones are one stratum, and none is left out."""
    product = await make_product(server, Shape(action="text"), closed=False)
    await fill(product, 500)
    await product.do(
        f"insert into audit_logs (user_id, action, object_id, timestamp) select '{product.shape.user_id}', 'A' || n, 'x',"
        f" '{(UNTIL - timedelta(hours=1)).isoformat()}' from generate_series(1, 6000) n"
    )
    async with rows_of(product).opened(SINCE, UNTIL, 20) as rows:
        there = await rows.count()
        drawn = await all_of(rows, dict.fromkeys(there, 1.0), 3)
    assert sum(there.values()) == len(drawn) == 6500
    assert len(there) < 310


async def test_partitions_and_lines_without_a_time(server: str) -> None:
    """Rows of several partitions may lie at the same place in each, and a line without a time belongs to every week."""
    product = await make_product(server, closed=False)
    await product.do("drop table audit_logs")
    await product.do(
        "create table audit_logs (id text, user_id text, action text, object_id text, timestamp timestamptz)"
        " partition by list (action)"
    )
    for name in ("a", "b"):
        await product.do(f"create table part_{name} partition of audit_logs for values in ('{name}')")
        await product.do(f"insert into audit_logs values ('{name}1', 'u', '{name}', 'x', null)")
    async with rows_of(product).opened(SINCE, UNTIL, 20) as rows:
        there = await rows.count()
        found = await rows.read(await all_of(rows, dict.fromkeys(there, 1.0), 3))
    assert sorted((row.id, row.values["action"], row.at) for row in found) == [("a1", "a", None), ("b1", "b", None)]


async def test_long_values_and_bytes(server: str) -> None:
    """What is longer than is looked at is told, and what bytes hold of text is read as that."""
    product = await make_product(server, closed=False)
    await product.do("alter table audit_logs add column body text, add column raw bytea")
    await fill(product, 2)
    await product.do(f"update audit_logs set body = repeat('x', {LONGEST + 1}), raw = 'password=hunter2' where id = 1")
    async with rows_of(product).opened(SINCE, UNTIL, 20) as rows:
        drawn = await all_of(rows, dict.fromkeys(await rows.count(), 1.0), 3)
        found = {row.id: row for row in await rows.read(drawn)}
    assert (found["1"].cut, found["2"].cut) == (True, False)
    assert len(found["1"].values["body"]) == LONGEST
    assert found["1"].values["raw"] == "password=hunter2"


async def role_of(product: Product, server: str, *grants: str) -> tuple[str, str]:
    """Make a role with these rights; returns it and its URL."""
    role = f"guardian_{uuid.uuid4().hex[:8]}"
    await product.do(f"create role {role} login password 'pw'")
    for grant in (f"grant usage on schema {product.schema} to {role}", *grants):
        await product.do(grant.replace("ROLE", role))
    return role, server.replace(server.split("://")[1].split("@", maxsplit=1)[0], f"{role}:pw")


async def test_rights_that_are_missing(server: str) -> None:
    """No right at all is refused, a column that may not be read and rows that a policy hides are told, each with its statement."""
    product = await make_product(server, closed=False)
    await product.do("alter table audit_logs add column details text")
    await fill(product, 1)
    role, dsn = await role_of(product, server)
    with pytest.raises(AccessDenied, match=f'grant select on "{product.schema}"."audit_logs" to "{role}"'):
        await rows_of(product, dsn).examine(SINCE, UNTIL, 20)
    await product.do(f"grant select (id, user_id, action, object_id, timestamp) on audit_logs to {role}")
    _, unread = await rows_of(product, dsn).examine(SINCE, UNTIL, 20)
    assert unread == [f'grant select ("details") on "{product.schema}"."audit_logs" to "{role}"']
    await product.do(f"grant select on audit_logs to {role}")
    assert (await rows_of(product, dsn).examine(SINCE, UNTIL, 20))[1] == []
    await product.do("alter table audit_logs enable row level security")
    _, unread = await rows_of(product, dsn).examine(SINCE, UNTIL, 20)
    assert ["row-level security" in each for each in unread] == [True]
    await product.do(f"drop owned by {role}")
    await product.do(f"drop role {role}")


async def test_it_only_reads(server: str) -> None:
    """The transaction is the server's own read-only one, whatever the role may do."""
    product = await make_product(server, closed=False)
    with pytest.raises(Unavailable, match="ReadOnly"):
        async with rows_of(product).opened(SINCE, UNTIL, 20) as rows:
            await rows.tx.fetch(f"delete from {rows.table.sql}")


async def test_a_table_that_is_not_there(server: str) -> None:
    """It is named."""
    product = await make_product(server, closed=False)
    await product.do("drop table audit_logs")
    with pytest.raises(NotFound, match="audit_logs"):
        await rows_of(product).examine(SINCE, UNTIL, 20)


ERRORS: dict[str, Any] = {
    "a value of the wrong type": asyncpg.InvalidTextRepresentationError(f'invalid input syntax for type uuid: "{RRN}"'),
    "a function of theirs": asyncpg.RaiseError(f"no such person: {RRN}"),
    "a driver's own": asyncpg.InterfaceError(f"cannot decode {RRN}"),
    "anything else": ValueError(RRN),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_errors_quote_no_row(error: Exception) -> None:
    """What the server or the driver say of a row's value is not said again."""
    told = unquoted(error)
    assert RRN not in str(told)
    assert isinstance(told, Refused | Unavailable)


async def test_an_error_keeps_no_context(server: str) -> None:
    """Neither as its cause nor as its context: a traceback would print both."""
    product = await make_product(server, closed=False)
    with pytest.raises(Refused) as caught:
        async with rows_of(product).opened(SINCE, UNTIL, 20) as rows:
            await rows.tx.fetch(f"select '{RRN}'::uuid")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert RRN not in str(caught.value)
