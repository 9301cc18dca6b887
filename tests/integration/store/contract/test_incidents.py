"""Incidents: one open per key, changed only under their lock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.errors import StoreError, StoreUnavailable
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions, incidents, journal, overview, timers
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import EVENT, NOW, PLAN, action, incident

LATER = NOW + timedelta(minutes=5)
RESOLVED = IncidentStatus.RESOLVED
KEY = ("rule", "key-1")


async def test_it_comes_back_as_it_was(store: Store) -> None:
    """An incident and the event that started its run survive the store."""
    await store.open(incident(ok_at=LATER, event_count=3, run=2, level=4))
    assert await store.do(lambda tx: incidents.lock(tx, UUID(int=1))) == incident(
        ok_at=LATER, event_count=3, run=2, level=4
    )
    assert await store.do(lambda tx: incidents.run_event(tx, UUID(int=1))) == EVENT
    assert await store.do(lambda tx: incidents.lock(tx, UUID(int=2))) is None


async def test_one_is_open_per_key(store: Store) -> None:
    """A second open incident of a key is refused as a defect; of another key, or after the first is resolved, it is not."""
    await store.open(incident())
    with pytest.raises(StoreError) as refused:
        await store.open(incident(2, dedup_key="key-1"))
    assert not isinstance(refused.value, StoreUnavailable)
    await store.open(incident(2, dedup_key="key-1", rule_id="other"), incident(3))
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(status=RESOLVED)]))
    await store.open(incident(4, dedup_key="key-1"))
    with pytest.raises(StoreError):
        await store.do(lambda tx: incidents.save(tx, NOW, [incident()]))


async def test_an_id_is_used_once(store: Store) -> None:
    """The same incident again is refused, and with it the whole batch."""
    await store.open(incident())
    with pytest.raises(StoreError):
        await store.open(incident(2), incident(1, dedup_key="other"))
    assert await store.do(lambda tx: incidents.lock(tx, UUID(int=2))) is None


async def test_a_key_being_opened_is_waited_for(store: Store) -> None:
    """Of two replicas that open the same key at once the second waits, and is refused once the first has committed."""
    async with store.waiter() as second, transaction(store.pool) as first:
        await incidents.insert(first, NOW, [(incident(), EVENT)])
        await second.begin(lambda tx: incidents.insert(tx, NOW, [(incident(2, dedup_key="key-1"), EVENT)]))
    assert isinstance(second.error, StoreError)


async def test_a_key_whose_opening_failed_is_free(store: Store) -> None:
    """If the first replica rolls back, the second that waited opens the incident."""
    async with store.waiter() as second, store.rolled_back() as first:
        await incidents.insert(first, NOW, [(incident(), EVENT)])
        await second.begin(lambda tx: incidents.insert(tx, NOW, [(incident(2, dedup_key="key-1"), EVENT)]))
    assert second.error is None
    assert [i["id"] for i in await store.do(overview.list_incidents)] == [str(UUID(int=2))]


async def test_a_key_being_resolved_is_waited_for(store: Store) -> None:
    """Opening a key whose incident is being resolved waits for that, and then may."""
    await store.open(incident())
    async with store.waiter() as second, transaction(store.pool) as first:
        await incidents.save(first, NOW, [incident(status=RESOLVED)])
        await second.begin(lambda tx: incidents.insert(tx, NOW, [(incident(2, dedup_key="key-1"), EVENT)]))
    assert second.error is None


async def test_a_locked_key_is_refused_at_once(store: Store) -> None:
    """Whoever only holds the row's lock changes nothing about its key: nobody waits for him."""
    await store.open(incident())
    async with transaction(store.pool) as first:
        await incidents.lock(first, UUID(int=1))
        with pytest.raises(StoreError):
            await store.open(incident(2, dedup_key="key-1"))


async def test_locks_are_waited_for_and_the_row_is_read_anew(store: Store) -> None:
    """Whoever waited for an incident sees what was written meanwhile."""
    await store.open(incident())
    async with store.waiter() as second, transaction(store.pool) as first:
        await incidents.lock(first, UUID(int=1))
        await second.begin(lambda tx: incidents.lock(tx, UUID(int=1)))
        await incidents.save(first, NOW, [incident(status=RESOLVED, event_count=9)])
    assert second.result == incident(status=RESOLVED, event_count=9, ended_at=NOW)


async def test_of_the_open_ones_only_those_still_open_are_given(store: Store) -> None:
    """An incident that was resolved while its lock was waited for is open no more; one opened meanwhile is not seen yet."""
    await store.open(incident(), incident(2))
    keys = [KEY, ("rule", "key-2"), ("rule", "key-3"), ("other", "key-2")]
    async with store.waiter() as second, transaction(store.pool) as first:
        assert await incidents.lock_open(first, [KEY]) == {KEY: incident()}
        await second.begin(lambda tx: incidents.lock_open(tx, keys))
        await incidents.save(first, NOW, [incident(status=RESOLVED)])
        await incidents.insert(first, NOW, [(incident(3), EVENT), (incident(4, dedup_key="key-1"), EVENT)])
    assert second.result == {("rule", "key-2"): incident(2)}
    assert await store.do(lambda tx: incidents.lock_open(tx, keys)) == {
        KEY: incident(4, dedup_key="key-1"),
        ("rule", "key-2"): incident(2),
        ("rule", "key-3"): incident(3),
    }


async def test_what_changes_is_written_back(store: Store) -> None:
    """Acknowledging and resolving have their times; the first acknowledgement counts, a reopened one is not resolved."""
    await store.open(incident())

    async def saved(minutes: int, **changed: Any) -> dict[str, Any]:
        now = NOW + timedelta(minutes=minutes)
        await store.do(lambda tx: incidents.save(tx, now, [incident(**changed)]))
        found: dict[str, Any] = await store.do(lambda tx: overview.incident(tx, UUID(int=1)))
        times = ("updated_at", "acknowledged_at", "resolved_at")
        return {name: (found[name] - NOW) // timedelta(minutes=1) for name in times if found[name]}

    assert await saved(1, level=2) == {"updated_at": 1}
    assert await saved(2, status=IncidentStatus.ACKNOWLEDGED) == {"updated_at": 2, "acknowledged_at": 2}
    assert await saved(3, status=IncidentStatus.ACKNOWLEDGED) == {"updated_at": 3, "acknowledged_at": 2}
    assert await saved(4, status=RESOLVED) == {"updated_at": 4, "acknowledged_at": 2, "resolved_at": 4}
    assert await saved(5) == {"updated_at": 5, "acknowledged_at": 2}
    changed = {"level": 3, "last_trigger_at": LATER, "ok_at": LATER, "event_count": 7}
    await saved(6, **changed)
    # What does not change is not written: the plan is frozen.
    await saved(7, **changed, dedup_key="other")
    assert await store.do(lambda tx: incidents.lock(tx, UUID(int=1))) == incident(**changed)


async def test_another_run_has_its_own_event_and_plan(store: Store) -> None:
    """A run that starts anew replaces the event, the plan and the rule's revision, and nothing else."""
    await store.open(incident())
    again = incident(run=2, rule_revision="newer", plan=replace(PLAN, limits={"things": 1}), event_count=5)
    event = RunEvent("event-2", {"id": "event-2"})
    await store.do(lambda tx: incidents.start_run(tx, NOW, again, event))
    assert await store.do(lambda tx: incidents.run_event(tx, UUID(int=1))) == event
    found = await store.do(lambda tx: incidents.lock(tx, UUID(int=1)))
    assert found == replace(again, event_id="event-2", event_count=1)


async def test_orphans_are_those_whose_rule_is_gone(store: Store) -> None:
    """Open, waiting for an OK, of an unknown rule, and not told of yet; a hundred at a time, in the order of their ids."""
    alone = replace(PLAN, resolves_on_event=False)
    await store.open(incident(), incident(2), incident(3, plan=alone), incident(4), incident(5, rule_id="known"))
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(4, status=RESOLVED)]))
    await store.do(lambda tx: journal.append(tx, "one", NOW, [Entry(Kind.ORPHANED, "", UUID(int=2))]))

    async def orphans(tx: Transaction) -> list[int]:
        found = await incidents.lock_orphans(tx, ["known", "else"], Kind.ORPHANED.value)
        return [one.id.int for one in found]

    assert await store.do(orphans) == [1]
    await store.open(*[incident(number) for number in range(10, 120)])
    assert await store.do(orphans) == [1, *range(10, 109)]
    assert await store.do(lambda tx: incidents.lock_orphans(tx, ["known", "rule"], "any")) == []


@pytest.mark.parametrize(
    "of_incident",
    [
        lambda tx: actions.insert(tx, NOW, {UUID(int=1): 1}, [action()]),
        lambda tx: timers.set_timers(tx, [(UUID(int=1), TimerKind.RESOLVE, NOW)]),
    ],
    ids=["action", "timer"],
)
async def test_rows_of_an_incident_wait_for_its_lock(
    store: Store, of_incident: Callable[[Transaction], Awaitable[None]]
) -> None:
    """Planning for an incident that another transaction holds waits; for one that it only writes to, it does not."""
    with pytest.raises(StoreError):
        await store.do(of_incident)
    await store.open(incident())
    async with transaction(store.pool) as first:
        await incidents.save(first, NOW, [incident(event_count=2)])
        async with store.rolled_back() as other:
            await of_incident(other)
    async with store.waiter() as second, transaction(store.pool) as first:
        await incidents.lock(first, UUID(int=1))
        await second.begin(of_incident)
    assert second.error is None


async def test_an_incident_with_a_new_row_can_be_written_to_but_not_locked(store: Store) -> None:
    """A row that is being inserted keeps its incident from being locked, not from being written to."""
    await store.open(incident())
    async with store.waiter() as second, transaction(store.pool) as first:
        await actions.insert(first, NOW, {UUID(int=1): 1}, [action()])
        await store.do(lambda tx: incidents.save(tx, NOW, [incident(event_count=2)]))
        await second.begin(lambda tx: incidents.lock(tx, UUID(int=1)))
    assert second.result == incident(event_count=2)


async def test_an_incident_that_is_not_committed_has_no_rows(store: Store) -> None:
    """Planning for another transaction's new incident is refused at once."""
    async with transaction(store.pool) as first:
        await incidents.insert(first, NOW, [(incident(), EVENT)])
        with pytest.raises(StoreError):
            await store.plan(action())
