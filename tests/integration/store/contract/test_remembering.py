"""What rules and timers remember: held OKs, early OKs, runs, switches, the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.provider.outage import Phase
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import control, early_oks, guards, journal, overview, provider_outages, timers
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, incident, outage

ONE, TWO = UUID(int=1), UUID(int=2)
A, B = ("rule", "a"), ("rule", "b")
RESOLVE = TimerKind.RESOLVE
Work = Callable[[Transaction], Awaitable[Any]]


def minutes(count: int) -> Any:
    """The instant so many minutes from now."""
    return NOW + timedelta(minutes=count)


async def taken(store: Store, at: int) -> UUID | None:
    """Take a timer that is due."""
    due = await store.do(lambda tx: timers.take_due(tx, minutes(at)))
    return due[0] if due else None


async def test_a_timer_is_set_moved_taken_away_and_taken_once(store: Store) -> None:
    """One per incident: the last word counts; the longest due is taken first, once."""
    await store.open(incident(), incident(2), incident(3))
    three = UUID(int=3)
    due = [(ONE, 5), (TWO, 1), (three, 2), (ONE, 3)]
    await store.do(lambda tx: timers.set_timers(tx, [(one, RESOLVE, minutes(at)) for one, at in due]))
    await store.do(lambda tx: timers.set_timers(tx, [(TWO, RESOLVE, minutes(4))]))
    await store.do(lambda tx: timers.clear_timers(tx, [(three, RESOLVE), (UUID(int=9), RESOLVE)]))
    await store.do(lambda tx: timers.clear_timers(tx, []))
    assert [await taken(store, at) for at in (2, 3, 3, 9, 9)] == [None, ONE, None, TWO, None]


async def test_a_timer_in_hand_is_skipped(store: Store) -> None:
    """Two replicas take two timers; one that rolls back gives its own back."""
    await store.open(incident(), incident(2))
    await store.do(lambda tx: timers.set_timers(tx, [(ONE, RESOLVE, minutes(2)), (TWO, RESOLVE, minutes(1))]))
    async with store.rolled_back() as one:
        assert await timers.take_due(one, minutes(9)) == (TWO, RESOLVE, minutes(1))
        assert [await taken(store, 9), await taken(store, 9)] == [ONE, None]
    assert await taken(store, 9) == TWO


async def test_a_timer_being_taken_is_set_anew(store: Store) -> None:
    """Moving a timer that is being taken waits, and sets another one once it is gone."""
    await store.open(incident())
    await store.do(lambda tx: timers.set_timers(tx, [(ONE, RESOLVE, minutes(1))]))
    async with store.waiter() as second, transaction(store.pool) as one:
        await timers.take_due(one, minutes(1))
        await second.begin(lambda tx: timers.set_timers(tx, [(ONE, RESOLVE, minutes(7))]))
    assert [await taken(store, at) for at in (6, 7)] == [None, ONE]


async def test_of_early_oks_the_newest_is_kept(store: Store) -> None:
    """An older one changes nothing; only the asked ones are given; old ones go in portions, oldest first."""
    await store.do(lambda tx: early_oks.remember(tx, {A: minutes(3), B: minutes(1)}))
    await store.do(lambda tx: early_oks.remember(tx, {A: minutes(2), B: minutes(4)}))
    await store.do(lambda tx: early_oks.remember(tx, {}))
    keys = [A, B, ("other", "a")]
    assert await store.do(lambda tx: early_oks.newest(tx, keys)) == {A: minutes(3), B: minutes(4)}
    assert await store.do(lambda tx: early_oks.newest(tx, [])) == {}
    assert await store.do(lambda tx: early_oks.forget(tx, minutes(3), 9)) == 0
    assert await store.do(lambda tx: early_oks.forget(tx, minutes(9), 1)) == 1
    assert await store.do(lambda tx: early_oks.newest(tx, keys)) == {B: minutes(4)}


async def test_of_runs_guards_know_when_and_the_last_per_key(store: Store) -> None:
    """Every run counts, those of one moment, too; the last run per key is the latest, in whatever order they come."""
    runs = [(A, minutes(2), ONE), (A, minutes(1), ONE), (B, minutes(2), TWO), (("other", "a"), minutes(2), TWO)]
    await store.do(lambda tx: guards.record_runs(tx, runs))
    await store.do(lambda tx: guards.record_runs(tx, [(A, minutes(0), ONE)]))
    await store.do(lambda tx: guards.record_runs(tx, []))
    since = await store.do(lambda tx: guards.runs_since(tx, minutes(0), ["rule", "nobody"]))
    assert {rule: sorted(at) for rule, at in since.items()} == {"rule": [minutes(1), minutes(2), minutes(2)]}
    asked = [A, B, ("nobody", "a")]
    assert await store.do(lambda tx: guards.last_runs(tx, asked)) == {A: minutes(2), B: minutes(2)}
    assert await store.do(lambda tx: guards.forget(tx, minutes(2))) == 2
    assert await store.do(lambda tx: guards.forget(tx, minutes(3))) == 6
    assert await store.do(lambda tx: guards.last_runs(tx, asked)) == {}


WRITES: dict[str, tuple[Callable[[int], Work], Work, Callable[[int, int], int]]] = {
    "early_oks": (
        lambda at: lambda tx: early_oks.remember(tx, {A: minutes(at)}),
        lambda tx: early_oks.newest(tx, [A]),
        max,
    ),
    "last_runs": (
        lambda at: lambda tx: guards.record_runs(tx, [(A, minutes(at), ONE)]),
        lambda tx: guards.last_runs(tx, [A]),
        max,
    ),
}


@pytest.mark.parametrize(("first", "then"), [(1, 2), (2, 1)])
@pytest.mark.parametrize(("write", "read", "kept"), WRITES.values(), ids=WRITES)
async def test_two_at_once_keep_the_newest(
    store: Store,
    write: Callable[[int], Work],
    read: Work,
    kept: Callable[[int, int], int],
    first: int,
    then: int,
) -> None:
    """A key that two replicas write at once holds the newer word, whoever commits last."""
    async with store.waiter() as second, transaction(store.pool) as one:
        await write(first)(one)
        await second.begin(write(then))
    assert second.error is None
    assert await store.do(read) == {A: minutes(kept(first, then))}


async def test_two_switches_at_once(store: Store) -> None:
    """The last to commit has the last word, also where the first was never there."""
    async with store.waiter() as second, transaction(store.pool) as one:
        await control.set_mode(one, "fix", Mode.OFF, "stop\x00", "kim", NOW)
        await second.begin(lambda tx: control.set_mode(tx, "fix", Mode.ACT, "go", "lee", minutes(1)))
    rows = [dict(row) for row in await store.do(control.modes)]
    assert rows == [{"scope": "fix", "mode_rank": 3, "reason": "go", "set_by": "lee", "set_at": minutes(1)}]
    async with store.waiter() as second, store.rolled_back() as one:
        await control.set_mode(one, "*", Mode.OFF, "stop", "kim", NOW)
        await second.begin(lambda tx: control.set_mode(tx, "*", Mode.OBSERVE, "look", "lee", NOW))
    assert [(row["scope"], row["mode_rank"]) for row in await store.do(control.modes)] == [("*", 1), ("fix", 3)]


async def test_the_journal_keeps_its_order(store: Store) -> None:
    """Lines come in the order in which they were appended, whatever their time; each incident has its own."""
    entry = Entry(Kind.OPENED, "증거", ONE, UUID(int=3), "rule", {"n": 1})
    await store.do(lambda tx: journal.append(tx, "one", minutes(2), [entry, Entry(Kind.COALESCED, "", TWO)]))
    await store.do(lambda tx: journal.append(tx, "kim", minutes(1), [Entry(Kind.RESOLVED, "", ONE)]))
    await store.do(lambda tx: journal.append(tx, "kim", NOW, []))
    first, second = await store.do(lambda tx: journal.of_incident(tx, ONE))
    assert dict(first) == {
        "at": minutes(2),
        "author": "one",
        "kind": "incident.opened",
        "reason": "증거",
        "action_id": UUID(int=3),
        "rule_id": "rule",
        "data": '{"n":1}',
    }
    assert (second["kind"], second["author"], second["action_id"], second["data"]) == (
        "incident.resolved",
        "kim",
        None,
        "{}",
    )


async def test_the_newest_line_about_a_target_is_found(store: Store) -> None:
    """Of its kind, after an instant, and of no other target."""
    for at, target in ((1, "person:a"), (2, "person:a"), (3, "person:b")):
        lines = [Entry(Kind.TRIED, data={"target": target}), Entry(Kind.MODE_SET, data={"target": "person:c"})]
        await store.do(lambda tx, at=at, lines=lines: journal.append(tx, "kim", minutes(at), lines))
    asks = [("person:a", 0), ("person:a", 2), ("person:b", 0), ("person:c", 0)]
    found = [
        await store.do(lambda tx, of=of, at=at: journal.last_of(tx, Kind.TRIED, of, minutes(at))) for of, at in asks
    ]
    assert found == [minutes(2), None, minutes(3), None]


async def test_the_journal_is_forgotten_in_portions(store: Store) -> None:
    """What is of no incident and older than the retention goes, at most a portion at once; what is goes with its links."""
    for at in (3, 1, 2):
        lines = [Entry(Kind.RULES_LOADED, str(at)), Entry(Kind.OPENED, str(at), ONE)]
        await store.do(lambda tx, at=at, lines=lines: journal.append(tx, "one", minutes(at), lines))
    assert await store.do(lambda tx: journal.forget(tx, minutes(3), 1)) == 1
    assert await store.do(lambda tx: journal.forget(tx, minutes(3), 9)) == 1
    assert [row["reason"] for row in await store.do(lambda tx: journal.of_incident(tx, ONE))] == ["3", "1", "2"]
    assert await store.do(lambda tx: journal.forget(tx, minutes(3), 9)) == 0


async def test_an_outage_is_written_after_its_newest_version(store: Store) -> None:
    """What follows the newest version is written whole; what another write has overtaken is refused and changes nothing."""
    first = outage()
    assert await store.do(lambda tx: provider_outages.newest(tx, "openai")) is None
    assert not await store.do(lambda tx: provider_outages.follow(tx, replace(first, version=2)))
    assert await store.do(lambda tx: provider_outages.follow(tx, first))
    assert not await store.do(lambda tx: provider_outages.follow(tx, replace(first, owner=ONE)))
    over = replace(first, version=2, phase=Phase.OVER, owner=None, ended_at=minutes(9), told={"team/end": 0}, facts={})
    assert await store.do(lambda tx: provider_outages.follow(tx, over))
    assert not await store.do(lambda tx: provider_outages.follow(tx, replace(first, version=2)))
    assert await store.do(lambda tx: provider_outages.newest(tx, "openai")) == over
    other = outage("other\x00")
    assert await store.do(lambda tx: provider_outages.follow(tx, other))
    assert [found.provider for found in await store.do(provider_outages.listed)] == ["openai", "other\\x00"]
    report = (await store.do(lambda tx: overview.counts(tx, NOW)))["providers"]["openai"]
    assert (report["phase"], report["ended_at"], report["looked_after"]) == ("over", minutes(9), False)


@pytest.mark.parametrize("version", [1, 2])
async def test_of_two_who_own_an_outage_at_once_one_does(store: Store, version: int) -> None:
    """The second waits for the first, and is refused: the first outage of a provider as well as any later version."""
    if version == 2:
        await store.do(lambda tx: provider_outages.follow(tx, outage()))
    async with store.waiter() as second, transaction(store.pool) as one:
        assert await provider_outages.follow(one, outage(version=version))
        await second.begin(lambda tx: provider_outages.follow(tx, outage(version=version, owner=ONE)))
    assert (second.error, second.result) == (None, False)
    assert await store.do(lambda tx: provider_outages.newest(tx, "openai")) == outage(version=version)
