"""What is asked about use: by hour, by key, by who used most - on PostgreSQL as on the simulation's small store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.limits import Scope, Unit
from leh_guardian.model.window import Amount
from leh_guardian.store import circuits, counters, spending
from leh_guardian.store.counters import Counted
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW

TOKENS, USD, ATTEMPTS = (spending.series(Scope.CASE, unit) for unit in (Unit.TOKENS, Unit.USD, Unit.ATTEMPTS))
KEEP = NOW + timedelta(days=1)


def minutes(count: int) -> datetime:
    """The instant so many minutes from now, which is a full hour."""
    return NOW + timedelta(minutes=count)


async def use(store: Store, series: str, key: str, **at: str) -> None:
    """Count amounts of a key: `m5="3"` is 3 at minute 5."""
    rows = [
        Counted(series, key, Amount(minutes(int(minute[1:])), Decimal(amount)), KEEP) for minute, amount in at.items()
    ]
    await store.do(lambda tx: counters.add(tx, rows))


async def test_active_hours_are_summed_without_those_of_alarms(store: Store) -> None:
    """From an instant until before another; an hour of nothing is none; an alarm a little before the first instant counts."""
    await use(store, TOKENS, "a", m5="1", m59="2", m60="4", m130="8", m185="0", m250="16", m300="32")
    await use(store, spending.ALARMS, "a", m120="1")
    await use(store, TOKENS, "b", m5="64")
    assert sorted(await store.do(lambda tx: spending.hours(tx, "a", minutes(5), minutes(300)))) == [3, 4, 16]
    assert sorted(await store.do(lambda tx: spending.hours(tx, "a", minutes(6), minutes(61)))) == [2, 4]
    assert await store.do(lambda tx: spending.hours(tx, "a", minutes(125), minutes(180))) == []
    assert await store.do(lambda tx: spending.hours(tx, "nobody", minutes(0), minutes(300))) == []


async def test_the_cohort_is_one_in_a_thousand_hours(store: Store) -> None:
    """A value that there is; nothing where too few hours are known."""
    for number in range(12):
        await use(store, TOKENS, f"case-{number}", m1=str(number), m61="1")

    async def cohort(until: int, least: int) -> Any:
        return await store.do(lambda tx: spending.cohort(tx, minutes(0), minutes(until), least))

    assert await cohort(120, 23) == 11
    assert await cohort(120, 24) is None
    assert await cohort(60, 11) == 11
    assert await cohort(0, 0) is None


async def test_who_was_active_and_whether_it_was_told(store: Store) -> None:
    """Cases with attempts, each once; what the worker itself told of."""
    await use(store, ATTEMPTS, "a", m1="1", m2="1")
    await use(store, ATTEMPTS, "b", m3="1")
    await use(store, TOKENS, "c", m3="1")
    assert [await store.do(lambda tx, at=at: spending.active(tx, minutes(at))) for at in (1, 3, 4)] == [2, 1, 0]
    assert not await store.do(lambda tx: spending.told(tx, minutes(0)))
    await use(store, spending.TOLD, "", m5="1")
    assert [await store.do(lambda tx, at=at: spending.told(tx, minutes(at))) for at in (5, 6)] == [True, False]


async def test_use_is_summed_by_unit(store: Store) -> None:
    """Exact, of one key and scope, the first instant included and the last not; what was not used is 0."""
    await use(store, USD, "a", m1="0.1", m2="0.2", m3="0.4")
    await use(store, ATTEMPTS, "a", m2="1")
    await use(store, USD, "b", m2="9")

    async def used(since: int, until: int | None = None) -> Mapping[Unit, Decimal]:
        if until is None:
            return await store.do(lambda tx: spending.used_since(tx, Scope.CASE, "a", minutes(since)))  # type: ignore[no-any-return]
        return await store.do(  # type: ignore[no-any-return]
            lambda tx: spending.used_between(tx, Scope.CASE, "a", minutes(since), minutes(until))
        )

    assert await used(2) == {Unit.TOKENS: 0, Unit.USD: Decimal("0.6"), Unit.ATTEMPTS: 1}
    assert await used(1, 3) == {Unit.TOKENS: 0, Unit.USD: Decimal("0.3"), Unit.ATTEMPTS: 1}
    assert await used(4) == dict.fromkeys(Unit, 0)
    assert await store.do(lambda tx: spending.used_since(tx, Scope.USER, "a", minutes(0))) == dict.fromkeys(Unit, 0)


async def test_who_used_most_comes_first(store: Store) -> None:
    """By USD, then by tokens, then by key; no more than asked for."""
    for key, usd, tokens in (("d", "1", "1"), ("c", "1", "2"), ("a", "3", "1"), ("b", "1", "2")):
        await use(store, USD, key, m1=usd)
        await use(store, TOKENS, key, m1=tokens)
    await use(store, ATTEMPTS, "e", m1="7")
    await use(store, USD, "f", m0="9")
    rows = await store.do(lambda tx: spending.top(tx, Scope.CASE, minutes(1), 9))
    assert [row["key"] for row in rows] == ["a", "b", "c", "d", "e"]
    assert rows[0] == {"key": "a", "usd": 3, "tokens": 1, "attempts": 0}
    assert rows[-1] == {"key": "e", "usd": 0, "tokens": 0, "attempts": 7}
    assert [row["key"] for row in await store.do(lambda tx: spending.top(tx, Scope.CASE, minutes(1), 2))] == ["a", "b"]


async def test_old_minutes_become_hours(store: Store) -> None:
    """Nothing is lost or counted twice; what is young, or no record of use, stays as it is; at most a portion at once."""
    await use(store, USD, "a", m0="0.1", m1="0.2", m59="0.4", m61="0.8", m125="1.6")
    await use(store, "rule/count", "a", m1="5")
    assert await store.do(lambda tx: spending.compact(tx, minutes(120), 2)) == 2
    assert await store.do(lambda tx: spending.compact(tx, minutes(120), 9)) == 1
    assert await store.do(lambda tx: spending.compact(tx, minutes(120), 9)) == 0
    for name, held in ((USD, [(0, "0.7"), (60, "0.8"), (125, "1.6")]), ("rule/count", [(1, "5")])):
        spans = {"a": (minutes(0), minutes(200))}
        found = await store.do(
            lambda tx, name=name: counters.crowded(tx, name, spans, Decimal(0), distinct=False)  # noqa: B023
        )
        assert [(one.at, one.amount) for one in found["a"]] == [(minutes(at), Decimal(amount)) for at, amount in held]


async def test_use_is_told_by_model(store: Store) -> None:
    """The dearest first; what was counted before models were has no name; of one key and time."""
    told = [
        (TOKENS, "small", "90"),
        (USD, "small", "0.1"),
        (ATTEMPTS, "small", "2"),
        (TOKENS, "large", "5"),
        (USD, "large", "3"),
    ]
    rows = [Counted(series, "a", Amount(minutes(1), Decimal(amount), model), KEEP) for series, model, amount in told]
    await store.do(lambda tx: counters.add(tx, rows))
    await use(store, TOKENS, "a", m2="7", m3="100")
    await use(store, TOKENS, "b", m2="9")
    found = await store.do(lambda tx: spending.models_between(tx, Scope.CASE, "a", minutes(1), minutes(3)))
    assert [
        (model, [used[unit] for unit in (Unit.TOKENS, Unit.USD, Unit.ATTEMPTS)]) for model, used in found.items()
    ] == [
        ("large", [5, 3, 0]),
        ("small", [90, Decimal("0.1"), 2]),
        ("", [7, 0, 0]),
    ]


async def test_who_is_near_a_limit_before_an_hour(store: Store) -> None:
    """Of cases whose circuit is closed: by tokens or money before the hour, without what was accepted when it closed."""
    await use(store, TOKENS, "a", m5="60", m59="40", m61="7")
    await use(store, TOKENS, "below", m5="60")
    await use(store, USD, "dear", m5="2.5", m61="1")
    await use(store, TOKENS, "open", m5="500")
    await use(store, TOKENS, "accepted", m5="500", m30="500", m31="100", m61="1")
    opened = Circuit(Scope.CASE, "open", State.OPEN, 1, since=NOW)
    closed = Circuit(Scope.CASE, "accepted", State.CLOSED, 4, since=NOW, cleared_at=minutes(30) + timedelta(seconds=20))
    for circuit in (opened, closed):
        await store.do(lambda tx, circuit=circuit: circuits.follow(tx, circuit))

    async def near(least: Mapping[Unit, Decimal]) -> Any:
        return await store.do(lambda tx: spending.near(tx, minutes(5), minutes(60), minutes(61), least))

    by_tokens = {("a", 0): ([100, 0], [107, 0]), ("accepted", 4): ([100, 0], [101, 0])}
    dear = {("dear", 0): ([0, Decimal("2.5")], [0, Decimal("3.5")])}
    for least, expected in (
        ({Unit.TOKENS: Decimal(100)}, by_tokens),
        ({Unit.TOKENS: Decimal(100), Unit.USD: Decimal("2.5")}, by_tokens | dear),
        ({Unit.USD: Decimal(3)}, {}),
        ({}, {}),
    ):
        found = await near(least)
        order = (Unit.TOKENS, Unit.USD)
        told = {name: ([one.earlier[u] for u in order], [one.all[u] for u in order]) for name, one in found.items()}
        assert told == expected
    seconds = [(20, "5"), (21, "9")]
    rows = [
        Counted(TOKENS, "accepted", Amount(minutes(30) + timedelta(seconds=at), Decimal(amount)), KEEP)
        for at, amount in seconds
    ]
    await store.do(lambda tx: counters.add(tx, rows))
    # Of the second in which it was accepted nothing is known for sure.
    assert (await near({Unit.TOKENS: Decimal(100)}))["accepted", 4].earlier[Unit.TOKENS] == 109
