"""What people change by hand, and what is known of the ways to them: in PostgreSQL and in the small store alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from leh_guardian.model.action import Role
from leh_guardian.model.channel_outage import ChannelOutage, Failure
from leh_guardian.model.oncall.by_hand import StoredOverride
from leh_guardian.model.outcome import Wait
from leh_guardian.model.silence import Silence
from leh_guardian.store import actions, channel_outages, duty_overrides, overview, silences
from leh_guardian.store.transaction import Transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, action, incident

HOUR = timedelta(hours=1)


def silence(number: int, **changes: Any) -> Silence:
    """A silence of two hours."""
    one = Silence(UUID(int=number), {"rule": ["down"]}, "배포", "kim", NOW, NOW + 2 * HOUR)
    return replace(one, **changes)


def override(number: int, **changes: Any) -> StoredOverride:
    """An override of two hours."""
    changed: dict[str, Any] = {"replace": {"minsu": "seoyeon"}, "add": ("cto",)}
    one = StoredOverride(UUID(int=number), "lv1", NOW, NOW + 2 * HOUR, "kim", "ill", NOW, **changed)
    return replace(one, **changes)


async def test_a_silence_holds_from_its_making_to_its_end(store: Store) -> None:
    """Once for each id; ended or over it is listed only; hostile text is stored as such."""
    first, hostile = silence(1), silence(2, made_at=NOW + HOUR, reason="a\x00b", match={"dedup_key": ["a\x00\ud83d"]})
    assert await store.do(lambda tx: silences.add(tx, first))
    assert not await store.do(lambda tx: silences.add(tx, silence(1, reason="again")))
    assert await store.do(lambda tx: silences.add(tx, hostile))
    assert await store.do(lambda tx: silences.holding(tx, NOW)) == [first]
    [_, other] = await store.do(lambda tx: silences.holding(tx, NOW + HOUR))
    assert (other.reason, other.match) == ("a\\x00b", {"dedup_key": ["a\x00\ud83d"]})
    assert await store.do(lambda tx: silences.holding(tx, NOW + 2 * HOUR)) == []

    async def end(tx: Transaction) -> Silence | None:
        found = await silences.lock(tx, first.id)
        await silences.prolong(tx, first.id, NOW + HOUR)
        await silences.end(tx, first.id, NOW + HOUR, "lee")
        return found

    assert await store.do(end) == first
    assert [s.id for s in await store.do(lambda tx: silences.holding(tx, NOW + HOUR))] == [other.id]
    assert await store.do(lambda tx: silences.lifted(tx, NOW)) == [first.id]
    assert await store.do(lambda tx: silences.lifted(tx, NOW + HOUR)) == []
    newest, ended = await store.do(lambda tx: silences.listed(tx, 9))
    assert (newest.id, ended.id, ended.ended_by, ended.ends) == (other.id, first.id, "lee", NOW + HOUR)
    assert await store.do(lambda tx: silences.lock(tx, UUID(int=9))) is None
    assert await store.do(lambda tx: overview.find(tx, "silences", "00000000-0000-0000-0000-000000000001")) == [
        first.id
    ]
    assert await store.do(lambda tx: silences.forget(tx, NOW + 3 * HOUR, 1)) == 1
    assert await store.do(lambda tx: silences.forget(tx, NOW + 3 * HOUR, 9)) == 1


async def test_what_waits_for_a_silence_is_woken(store: Store) -> None:
    """Messages alone, those of that silence alone, and none twice."""
    await store.open(incident())
    for number, held_by in enumerate((UUID(int=1), UUID(int=2), None), start=5):
        await store.plan(action(number, role=Role.TELL, handler="page", serialize_key=None))
        [claimed] = await store.claim()
        facts = {"silence": str(held_by)} if held_by else {}
        waits = {"result": "wait", "summary": Wait(NOW, "held").reason, "facts": facts}
        await store.do(
            lambda tx, claimed=claimed, waits=waits: actions.settle(
                tx, claimed, NOW, actions.ActionStatus.WAITING, waits, due_at=NOW + HOUR
            )
        )
    assert await store.do(lambda tx: silences.wake(tx, NOW, [UUID(int=1), UUID(int=3)])) == 1
    assert await store.do(lambda tx: silences.wake(tx, NOW, [UUID(int=1)])) == 0
    due = {row["id"]: row["due_at"] for row in await store.do(overview.list_actions)}
    assert sorted(due.values()) == [NOW, NOW + HOUR, NOW + HOUR]
    assert due[str(UUID(int=1005))] == NOW


async def test_an_override_stands_until_it_is_over_or_taken_back(store: Store) -> None:
    """In the order they were made; what was taken back is known as long as it is of use."""
    later, first = override(1, made_at=NOW + HOUR), override(2)
    for one in (later, first):
        await store.do(lambda tx, one=one: duty_overrides.add(tx, one))
    assert not await store.do(lambda tx: duty_overrides.add(tx, override(1, reason="again")))
    assert await store.do(lambda tx: duty_overrides.standing(tx, NOW)) == [first, later]
    assert await store.do(lambda tx: duty_overrides.listed(tx, 1)) == [later]

    async def end(tx: Transaction) -> StoredOverride | None:
        await duty_overrides.lock_all(tx)
        found = await duty_overrides.lock(tx, first.id)
        await duty_overrides.end(tx, first.id, NOW + HOUR, "lee")
        return found

    assert await store.do(end) == first
    [ended, _] = await store.do(lambda tx: duty_overrides.standing(tx, NOW))
    assert (ended.ends, ended.ended_by) == (NOW + HOUR, "lee")
    assert await store.do(lambda tx: duty_overrides.standing(tx, NOW + HOUR)) == [later]
    assert await store.do(lambda tx: duty_overrides.lock(tx, UUID(int=9))) is None
    assert await store.do(lambda tx: duty_overrides.forget(tx, NOW + 3 * HOUR, 1)) == 1


async def test_what_is_known_of_a_way_is_one_row(store: Store) -> None:
    """Made where it is looked at for change, and changed there alone."""
    assert await store.do(lambda tx: channel_outages.get(tx, "slack")) is None
    failure = Failure("a", "person:minsu", lasting=True)
    broken = ChannelOutage("slack", (failure,), NOW, NOW, "503", lasting=True, trials=2, next_try_at=NOW, told_at=NOW)

    async def change(tx: Transaction) -> ChannelOutage:
        found = await channel_outages.lock(tx, "slack")
        await channel_outages.save(tx, broken)
        return found

    assert await store.do(change) == ChannelOutage("slack")
    assert await store.do(lambda tx: channel_outages.lock(tx, "slack")) == broken
    await store.do(lambda tx: channel_outages.lock(tx, "console"))
    assert await store.do(channel_outages.listed) == [ChannelOutage("console"), broken]
    assert await store.do(lambda tx: channel_outages.get(tx, "slack")) == broken


async def test_what_a_broken_way_did_not_take_moves_on_at_once(store: Store) -> None:
    """Only what has failed there and has another way; the rest keeps its time."""
    await store.open(incident())
    rows = [("slack", ["sms"], 1), ("slack", [], 1), ("slack", ["sms"], 0), ("sms", ["voice"], 1)]
    for number, (channel, failover, failures) in enumerate(rows, start=5):
        params = {"channel": channel, "failover": failover}
        await store.plan(action(number, role=Role.TELL, handler="page", serialize_key=None, params=params))
        [claimed] = await store.claim()
        await store.do(
            lambda tx, claimed=claimed, failures=failures: actions.settle(
                tx, claimed, NOW, actions.ActionStatus.SCHEDULED, {}, due_at=NOW + HOUR, failures=failures
            )
        )
    assert await store.do(lambda tx: channel_outages.hasten(tx, "slack", NOW)) == 1
    due = {row["id"]: row["due_at"] for row in await store.do(overview.list_actions)}
    assert [due[str(UUID(int=number))] for number in range(1005, 1009)] == [NOW, NOW + HOUR, NOW + HOUR, NOW + HOUR]
