"""LEH's database behind a pooler in transaction mode: nothing is kept in a session, by the wire and by a real PgBouncer."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import asyncpg
import pytest

from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.adapters.leh_database.activity import LehActivity
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.case import Restored
from tests.support.elasticmq import Unavailable
from tests.support.leh_product import SHAPES, Product, make_product
from tests.support.pgbouncer import pgbouncer
from tests.support.tcp_proxy import TcpProxy

AT = datetime.now(UTC)  # noqa: TID251 - PostgreSQL dates what it is compared with
SHAPE = SHAPES["native enum of an ORM"]
# Whatever a session remembers beyond its transaction, in the words in which it would be asked for.
KEPT = re.compile(
    rb"\bset\s+(?!local\b)(?!status\b|\")|set_config\((?!.*true\))|pg_(try_)?advisory_(?!xact)|\bprepare\b|\bdeclare\b"
    rb"|\blisten\b|\bcreate\s+temp|with\s+hold|\bdiscard\b",
    re.IGNORECASE,
)


class Recorder:
    """What clients say to the server, message by message."""

    def __init__(self) -> None:
        self.said = b""

    def take(self, chunk: bytes) -> None:
        """Keep a chunk."""
        self.said += chunk

    def messages(self) -> list[tuple[bytes, bytes]]:
        """Return (type, body) of all messages but those that begin a connection, which have no type."""
        found, left = [], self.said
        while left:
            start = 0 if left[0] == 0 else 1
            size = int.from_bytes(left[start : start + 4], "big")
            if start:
                found.append((left[:1], left[5 : start + size]))
            left = left[start + size :]
        return found


@pytest.fixture(scope="session")
def server(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_pooled")
    return postgres.dsn("leh_pooled")


async def everything(product: Product, dsn: str) -> Restored:
    """Use all that guardian does in LEH's database, through `dsn`."""
    cases, names = product.cases(dsn), product.names
    await cases.look(SHAPE.case)
    await cases.examine()
    await cases.ping()
    restored = await cases.restore(SHAPE.case, uuid.uuid4(), AT, AT)
    accounts, activity = LehAccounts(dsn, names), LehActivity(dsn, names)
    await accounts.look(SHAPE.user_id)
    await accounts.block(SHAPE.user_id, uuid.uuid4(), AT)
    await accounts.unblock(SHAPE.user_id, uuid.uuid4(), AT + timedelta(seconds=1))
    await activity.around([SHAPE.case], AT - timedelta(days=1), 10)
    await activity.of(SHAPE.user_id, AT - timedelta(days=1), 10)
    return restored


async def made(server: str) -> Product:
    """Make a closed case, and accounts whose status is an enum of an ORM."""
    product = await make_product(server, SHAPE)
    await product.do("create type userstatus as enum ('ACTIVE', 'INACTIVE')")
    await product.do("alter table users add column status userstatus not null default 'ACTIVE'")
    return product


async def test_nothing_is_kept_in_a_session(server: str) -> None:
    """No statement has a name, and none asks for what outlives its transaction: settings, session locks, cursors, temporary tables."""
    product, port = await made(server), int(server.rpartition(":")[2].partition("/")[0])
    with TcpProxy("127.0.0.1", port) as proxy:
        recorder = Recorder()
        proxy.watch(recorder.take)
        assert (await everything(product, server.replace(f":{port}/", f":{proxy.port}/") + "?sslmode=disable")).changed
    messages = recorder.messages()
    parsed = [body.split(b"\0", 2)[:2] for kind, body in messages if kind == b"P"]
    bound = [body.split(b"\0", 2)[:2] for kind, body in messages if kind == b"B"]
    simple = [body.rstrip(b"\0") for kind, body in messages if kind == b"Q"]
    assert len(bound) > 30
    assert {name for name, _ in parsed} == {name for pair in bound for name in pair} == {b""}
    assert [sql for sql in (*simple, *(sql for _, sql in parsed)) if KEPT.search(sql)] == []
    # Each connection is one transaction, whose limits end with it.
    assert {sql.split(b";")[0] for sql in simple} == {b"begin", b"commit"}


async def test_a_real_pooler(server: str, tmp_path: Path) -> None:
    """Through PgBouncer with a single server connection, everything works again and again, ten at once, and leaves nothing behind."""
    product = await made(server)
    try:
        with pgbouncer(tmp_path, server) as dsn:
            assert (await everything(product, dsn)).changed
            found: list[bool] = []

            async def again(number: int) -> None:
                at = AT + timedelta(seconds=number)
                found.append((await product.cases(dsn).restore(SHAPE.case, uuid.uuid4(), at, at)).changed)

            await product.do("update cases set status = 'CLOSED'")
            async with anyio.create_task_group() as tasks:
                for number in range(2, 12):
                    tasks.start_soon(again, number)
            assert sorted(found) == [False] * 9 + [True]
            assert len([line for line in await product.log() if line["action"] == "CASE_RESTORED"]) == 2
            through = await asyncpg.connect(dsn, statement_cache_size=0)
            try:
                limits = "current_setting('statement_timeout'), current_setting('lock_timeout')"
                kept = "(select count(*) from pg_prepared_statements)"
                assert tuple(await through.fetchrow(f"select {limits}, {kept}")) == ("0", "0", 0)
            finally:
                await through.close()
    except Unavailable as why:
        pytest.skip(f"no real PgBouncer: {why}")
