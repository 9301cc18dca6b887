"""What absence rules wait for: kept by key, taken when due by one replica, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from leh_guardian.model.expectation import Expectation
from leh_guardian.store import expectations, incidents
from leh_guardian.store.transaction import transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import EXPECTED, NOW, incident

LATER = timedelta(minutes=1)


def minutes(count: float) -> datetime:
    """The instant so many minutes from now."""
    return NOW + timedelta(minutes=count)


def expected(number: int, due: float | None, **changed: Any) -> Expectation:
    """The expectation of this number."""
    due_at = None if due is None else minutes(due)
    return replace(EXPECTED, key=f"key-{number}", due_at=due_at, **changed)


async def taken(store: Store, at: float, count: int = 9, known: Sequence[str] = ("rule",)) -> list[str]:
    """Take what is due; the keys."""
    now = minutes(at)
    due = await store.do(lambda tx: expectations.take_due(tx, now, now + LATER, known, now - timedelta(hours=1), count))
    return [one.key for one in due]


async def test_what_is_known_of_a_key_is_kept_as_it_is(store: Store) -> None:
    """Every field comes back, hostile texts of the event included; the last word counts; a completion may come alone."""
    alone = Expectation("rule", "key-9", done_at=minutes(1))
    first = expected(1, 2, missed_at=NOW, done_at=minutes(-1), fired=True)
    await store.do(lambda tx: expectations.save(tx, NOW, [first, alone]))
    await store.do(lambda tx: expectations.save(tx, NOW, []))
    asked = [("rule", "key-1"), ("rule", "key-9"), ("other", "key-1")]
    found = await store.do(lambda tx: expectations.lock(tx, asked))
    assert found == {("rule", "key-1"): first, ("rule", "key-9"): alone}
    await store.do(lambda tx: expectations.save(tx, NOW, [first.settled()]))
    assert await store.do(lambda tx: expectations.lock(tx, asked[:1])) == {asked[0]: first.settled()}


async def test_what_is_due_is_taken_once_and_comes_back_if_nobody_settles_it(store: Store) -> None:
    """The longest due first, a portion at a time; what was taken is due again later, and remembers when it was first."""
    rows = [expected(1, 3), expected(2, 1), expected(3, 2), expected(4, 9), expected(5, None)]
    await store.do(lambda tx: expectations.save(tx, NOW, rows))
    assert [await taken(store, 4, 2), await taken(store, 4, 2), await taken(store, 4, 2)] == [
        ["key-2", "key-3"],
        ["key-1"],
        [],
    ]
    assert await taken(store, 5) == ["key-2", "key-3", "key-1"]
    found = await store.do(lambda tx: expectations.lock(tx, [("rule", "key-1")]))
    assert found["rule", "key-1"] == replace(rows[0], due_at=minutes(6), missed_at=minutes(3))


async def test_what_is_in_hand_is_skipped(store: Store) -> None:
    """Two replicas take different ones; one that rolls back gives its own back."""
    await store.do(lambda tx: expectations.save(tx, NOW, [expected(1, 1), expected(2, 2)]))
    async with store.rolled_back() as one:
        until, gone = minutes(9), minutes(-99)
        assert [e.key for e in await expectations.take_due(one, minutes(3), until, ["rule"], gone, 1)] == ["key-1"]
        assert await taken(store, 3) == ["key-2"]
    assert await taken(store, 3) == ["key-1"]


async def test_no_more_are_taken_than_were_asked_for_however_it_is_joined(postgresql: Store) -> None:
    """A server that knows little of a table runs a part of a join once for each row: each time it would lock the next ones."""
    rows = [expected(number, None if number > 3 else number) for number in range(1, 7)]
    await postgresql.do(lambda tx: expectations.save(tx, NOW, rows))
    await postgresql.do(lambda tx: expectations.drop(tx, [("rule", row.key) for row in rows]))
    await postgresql.do(lambda tx: tx.execute("analyze expectations"))
    async with transaction(postgresql.pool) as tx:
        await expectations.save(tx, NOW, rows)
        for other in ("hashjoin", "mergejoin", "indexscan", "bitmapscan", "material"):
            await tx.execute(f"set local enable_{other} = off")
        taken_now = await expectations.take_due(tx, minutes(9), minutes(20), ["rule"], minutes(-99), 1)
        assert [one.key for one in taken_now] == ["key-1"]
        assert await expectations.forget(tx, minutes(9), 1) == 1


async def test_what_is_completed_while_it_is_being_taken_waits_for_its_turn(store: Store) -> None:
    """Who hears of a completion sees the row as it was taken, and the last word counts."""
    await store.do(lambda tx: expectations.save(tx, NOW, [expected(1, 1)]))
    async with store.waiter() as second, transaction(store.pool) as one:
        await expectations.take_due(one, minutes(3), minutes(4), ["rule"], NOW, 9)
        await second.begin(lambda tx: expectations.lock(tx, [("rule", "key-1")]))
    assert second.result["rule", "key-1"].due_at == minutes(4)


async def test_another_rules_expectations_wait_for_who_knows_it(store: Store) -> None:
    """Of a rule that this replica does not know, only what was due long ago is taken, to be dropped."""
    await store.do(lambda tx: expectations.save(tx, NOW, [expected(1, 1), replace(expected(2, 1), rule_id="gone")]))
    assert await taken(store, 2) == ["key-1"]
    assert await taken(store, 62, known=["other"]) == ["key-2"]
    await store.do(lambda tx: expectations.drop(tx, [("gone", "key-2"), ("gone", "nothing")]))
    await store.do(lambda tx: expectations.drop(tx, []))
    assert await store.do(lambda tx: expectations.lock(tx, [("gone", "key-2"), ("rule", "key-1")])) != {}
    assert await store.do(lambda tx: expectations.lock(tx, [("gone", "key-2")])) == {}


async def test_what_is_settled_is_forgotten_in_portions(store: Store) -> None:
    """The oldest first; what is still expected is never forgotten."""
    for number, due in ((1, None), (2, None), (3, 1), (4, None)):
        row = expected(number, due)
        await store.do(lambda tx, row=row, number=number: expectations.save(tx, minutes(number), [row]))
    assert await store.do(lambda tx: expectations.forget(tx, minutes(4), 1)) == 1
    keys = [("rule", f"key-{number}") for number in range(1, 5)]
    assert sorted(await store.do(lambda tx: expectations.lock(tx, keys))) == keys[1:]
    assert await store.do(lambda tx: expectations.forget(tx, minutes(4), 9)) == 1
    assert sorted(await store.do(lambda tx: expectations.lock(tx, keys))) == keys[2:]


async def test_what_is_in_hand_is_not_forgotten(store: Store) -> None:
    """An intake that hears of an old key again keeps it, and nobody waits."""
    await store.do(lambda tx: expectations.save(tx, NOW, [expected(1, None), expected(2, None)]))
    async with transaction(store.pool) as one:
        await expectations.lock(one, [("rule", "key-1")])
        assert await store.do(lambda tx: expectations.forget(tx, minutes(1), 9)) == 1
    assert await store.do(lambda tx: expectations.forget(tx, minutes(1), 9)) == 1


async def test_incidents_are_counted_by_rule_since_an_instant(store: Store) -> None:
    """Resolved ones, too; those of other rules and before it are left out."""
    old = incident(3, opened_at=minutes(-9))
    await store.open(incident(), incident(2), old, incident(4, rule_id="other"))
    assert await store.do(lambda tx: incidents.opened_since(tx, minutes(-5), ["rule", "nobody"])) == {"rule": 2}
