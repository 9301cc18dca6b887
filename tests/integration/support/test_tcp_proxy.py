"""The TCP proxy of the tests, in front of a real PostgreSQL: each way of going wrong is what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import anyio
import asyncpg
import pytest

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.tcp_proxy import Cut, TcpProxy

GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)


@pytest.fixture
async def direct(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A connection that goes past the proxy, and a table to look at."""
    connection = await asyncpg.connect(postgres.dsn("guardian"))
    await connection.execute("drop table if exists proxied; create table proxied (n int)")
    yield connection
    await connection.execute("drop table proxied")
    await connection.close()


@pytest.fixture
def proxy(postgres: EmbeddedPostgres, direct: asyncpg.Connection) -> Iterator[TcpProxy]:
    """A proxy before the server."""
    parts = urlsplit(postgres.dsn("guardian"))
    with TcpProxy(parts.hostname or "127.0.0.1", parts.port or 5432) as made:
        yield made


async def connect(postgres: EmbeddedPostgres, proxy: TcpProxy) -> asyncpg.Connection:
    """Connect through the proxy."""
    parts = urlsplit(postgres.dsn("guardian"))
    who = parts.netloc.rpartition("@")[0]
    return await asyncpg.connect(f"postgres://{who}@127.0.0.1:{proxy.port}{parts.path}", timeout=5, ssl=False)


@pytest.mark.parametrize(("cut", "kept"), [(Cut.BEFORE, 0), (Cut.AFTER, 1)])
async def test_a_commit_that_is_cut(
    postgres: EmbeddedPostgres, proxy: TcpProxy, direct: asyncpg.Connection, cut: Cut, kept: int
) -> None:
    """Cut before, a commit has not happened; cut after, it has: both look the same to who sent it."""
    connection = await connect(postgres, proxy)
    proxy.script(cut, b"COMMIT")

    async def insert() -> None:
        async with connection.transaction():
            await connection.execute("insert into proxied values (1)")

    with pytest.raises(GONE):
        await insert()
    connection.terminate()
    assert await direct.fetchval("select count(*) from proxied") == kept
    assert proxy.counts[cut.value] == 1


async def test_frozen_connections_answer_when_thawed(postgres: EmbeddedPostgres, proxy: TcpProxy) -> None:
    """Frozen, neither old nor new connections answer; thawed, what was held goes on as if nothing had been."""
    old = await connect(postgres, proxy)
    proxy.freeze()
    answers: list[object] = []

    async def ask() -> None:
        answers.append(await old.fetchval("select 1"))

    async def arrive() -> None:
        new = await connect(postgres, proxy)
        answers.append(await new.fetchval("select 2"))
        await new.close()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(arrive)
        await anyio.sleep(0.2)
        assert answers == []
        proxy.thaw()
    assert sorted(answers) == [1, 2]
    assert proxy.counts["held"] >= 2
    await old.close()


async def test_refused_and_back(postgres: EmbeddedPostgres, proxy: TcpProxy) -> None:
    """A refusing proxy cuts what there is and takes nothing new; afterwards it listens at the same port."""
    old = await connect(postgres, proxy)
    proxy.refuse()
    with pytest.raises(GONE):
        await old.fetchval("select 1")
    old.terminate()
    with pytest.raises(OSError, match=r"refused|Connect"):
        await connect(postgres, proxy)
    proxy.accept()
    new = await connect(postgres, proxy)
    assert await new.fetchval("select 1") == 1
    await new.close()


async def test_random_cuts_are_seeded_and_counted(postgres: EmbeddedPostgres, proxy: TcpProxy) -> None:
    """At a rate of one in five about that share of chunks is cut, and none after `off`."""
    proxy.draw(7, before=0.1, after=0.1)
    cut = 0
    for _ in range(40):
        try:
            connection = await connect(postgres, proxy)
            await connection.fetchval("select 1")
            await connection.close()
        except (*GONE, TimeoutError):
            cut += 1
    seen = proxy.counts["cut_before"], proxy.counts["cut_after"]
    assert min(seen) > 0
    assert cut <= sum(seen) <= cut + 5, "a cut of the farewell is not seen by anybody"
    proxy.off()
    connection = await connect(postgres, proxy)
    assert await connection.fetchval("select 1") == 1
    await connection.close()
    assert (proxy.counts["cut_before"], proxy.counts["cut_after"]) == seen


async def test_latency_is_added_both_ways(postgres: EmbeddedPostgres, proxy: TcpProxy) -> None:
    """A late proxy makes a deadline shorter than there and back run out, one way alone would not."""
    connection = await connect(postgres, proxy)
    proxy.latency = 0.2
    with pytest.raises(TimeoutError):
        await connection.fetchval("select 1", timeout=0.3)
    proxy.off()
    connection.terminate()
