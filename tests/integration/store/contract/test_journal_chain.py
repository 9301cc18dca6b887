"""Chains of the journal's lines, what retention leaves of them, and roots: in PostgreSQL and in the small store alike."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from leh_guardian.model.canary import CANARY
from leh_guardian.model.chain import Line, Root
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.store import journal, journal_chain
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, incident

ONE, TWO = UUID(int=1), UUID(int=2)


def minutes(count: float) -> datetime:
    """Return an instant."""
    return NOW + timedelta(minutes=count)


async def written(store: Store) -> None:
    """Write lines of two incidents, of a canary and of none, a minute apart."""
    for at, of, rule in ((0, ONE, "r"), (1, None, None), (2, TWO, "r"), (3, ONE, "r"), (4, UUID(int=3), CANARY)):
        entry = Entry(Kind.OPENED, f"{at}", of, None, rule, {"at": at})
        await store.do(lambda tx, at=at, entry=entry: journal.append(tx, "one", minutes(at), [entry]))


async def unlinked(store: Store, settled: float = -60, portion: int = 9) -> list[Line]:
    """Ask for lines that have no link."""
    found: list[Line] = await store.do(lambda tx: journal_chain.unlinked(tx, minutes(settled), portion))
    return found


async def link(store: Store) -> None:
    """Link what has no link, with its reason as the hash."""
    links = [(line, line.reason.encode()) for line in await unlinked(store)]
    await store.do(lambda tx: journal_chain.append(tx, links))


async def test_lines_are_linked_once(store: Store) -> None:
    """By id, a portion at a time; those of no incident and of canaries never; a chain's head is its newest link."""
    await written(store)
    assert [line.reason for line in await unlinked(store)] == ["0", "2", "3"]
    assert [line.reason for line in await unlinked(store, portion=2)] == ["0", "2"]
    assert await store.do(lambda tx: journal_chain.heads(tx, [ONE, TWO])) == {}
    await link(store)
    assert await unlinked(store) == []
    assert await store.do(lambda tx: journal_chain.heads(tx, [ONE, TWO, UUID(int=9)])) == {ONE: b"3", TWO: b"2"}
    end, links, lines = await store.do(lambda tx: journal_chain.of_incident(tx, ONE))
    assert (end, [one.hash for one in links]) == (None, [b"0", b"3"])
    assert [lines[one.line].reason for one in links] == ["0", "3"]
    assert await store.do(lambda tx: journal_chain.concerned(tx, minutes(3))) == [ONE]
    await store.open(incident(5, opened_at=minutes(3)), incident(6, opened_at=minutes(2)))
    assert await store.do(lambda tx: journal_chain.concerned(tx, minutes(3))) == [ONE, UUID(int=5)]


async def test_what_is_settled_is_not_looked_at_again(store: Store) -> None:
    """Below a link of a line that is old enough nothing is missing any more."""
    await written(store)
    [*_, last] = await unlinked(store)
    await store.do(lambda tx: journal_chain.append(tx, [(last, b"3")]))
    assert [line.reason for line in await unlinked(store)] == ["0", "2"]
    assert await unlinked(store, settled=9) == []


async def test_retention_leaves_the_last_hash(store: Store) -> None:
    """The oldest links of all chains go together with their lines, a portion at a time; the end of each stays, and is the head."""
    await written(store)
    await link(store)
    assert await store.do(lambda tx: journal_chain.forget(tx, minutes(2), 9)) == 1
    end, links, lines = await store.do(lambda tx: journal_chain.of_incident(tx, ONE))
    assert (end, [one.hash for one in links], [one.reason for one in lines.values()]) == (b"0", [b"3"], ["3"])
    assert await store.do(lambda tx: journal_chain.forget(tx, minutes(9), 1)) == 1
    assert await store.do(journal_chain.forgotten) == 2
    assert await store.do(lambda tx: journal_chain.forget(tx, minutes(9), 9)) == 1
    assert await store.do(lambda tx: journal_chain.heads(tx, [ONE, TWO])) == {ONE: b"3", TWO: b"2"}
    assert await store.do(lambda tx: journal_chain.forget(tx, minutes(9), 9)) == 0


async def test_one_replica_links_at_a_time(store: Store) -> None:
    """While one has the lock another does not get it, nor waits for it."""
    async with store.rolled_back() as tx:
        assert await journal_chain.lock(tx)
        assert not await store.do(journal_chain.lock)
    assert await store.do(journal_chain.lock)


async def test_roots_are_kept_by_day(store: Store) -> None:
    """The first that is kept for a day stays; those since a day come with the one before."""
    assert await store.do(journal_chain.last_root) is None
    made = [Root(date(2026, 11, day), day, b"%d" % day) for day in (1, 2, 4)]
    for root in (*made, Root(date(2026, 11, 2), 9, b"other")):
        await store.do(lambda tx, root=root: journal_chain.add_root(tx, root, NOW))
    assert await store.do(journal_chain.last_root) == made[-1]
    assert await store.do(lambda tx: journal_chain.roots(tx, date(2026, 11, 3))) == made[1:]
    assert await store.do(lambda tx: journal_chain.roots(tx, date(2026, 10, 1))) == made


async def test_links_come_in_order(store: Store) -> None:
    """After a position, up to another, a portion at a time."""
    await written(store)
    await link(store)
    every = await store.do(lambda tx: journal_chain.links(tx, 0, None, 9))
    assert [one.hash for one in every] == [b"0", b"2", b"3"]
    first, second, _ = (one.position for one in every)
    assert await store.do(lambda tx: journal_chain.links(tx, first, second, 9)) == every[1:2]
    assert await store.do(lambda tx: journal_chain.links(tx, first, None, 1)) == every[1:2]
