"""What canaries leave: it proves that one came through, is shown to nobody who does not ask, and is gone soon."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from leh_guardian.model.action import ActionStatus
from leh_guardian.model.canary import CANARY
from leh_guardian.model.identity import key
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.store import canaries, guards, inbox, journal, overview
from leh_guardian.store.transaction import Transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, action, incident

DONE, SETTLED = IncidentStatus.RESOLVED, ActionStatus.SUCCEEDED
NONCES = ["key-1", "key-2", "key-3", "key-4", "unsent"]


async def leave(store: Store) -> None:
    """Four canaries, of which the first went the whole way and each other lacks one thing; and an operator's incident."""
    states = {1: DONE, 2: IncidentStatus.TRIGGERED, 3: DONE, 4: DONE}
    await store.open(*(incident(n, rule_id=CANARY, status=status) for n, status in states.items()), incident(9))
    await store.plan(
        *(action(n, n, handler=CANARY, status=SETTLED if n != 3 else ActionStatus.FAILED) for n in states), action(9, 9)
    )

    async def write(tx: Transaction) -> None:
        lines = [Entry(Kind.PLAN_DONE, "", UUID(int=n), None, CANARY) for n in (1, 2, 3)]
        await journal.append(tx, "one", NOW, [*lines, Entry(Kind.PLAN_DONE, "", UUID(int=9), None, "rule")])
        await inbox.take(tx, NOW, [key("event-1"), key("another")])
        await guards.record_runs(tx, [((CANARY, "key-1"), NOW, UUID(int=1)), (("rule", "key-9"), NOW, UUID(int=9))])

    await store.do(write)


async def test_a_canary_is_completed_when_nothing_lacks(store: Store) -> None:
    """Its incident is closed, its action has succeeded and the journal says that its plan is done; only those asked for."""
    await leave(store)
    assert await store.do(lambda tx: canaries.completed(tx, NONCES)) == {"key-1"}
    assert await store.do(lambda tx: canaries.completed(tx, [])) == set()


async def test_canaries_are_seen_by_whoever_asks_for_them(store: Store) -> None:
    """Lists and counts are about the service; `--rule guardian.canary` shows them."""
    await leave(store)
    assert [row["rule"] for row in await store.do(overview.list_incidents)] == ["rule"]
    assert len(await store.do(lambda tx: overview.list_incidents(tx, rule=CANARY))) == 4
    assert [row["handler"] for row in await store.do(overview.list_actions)] == ["fix"]
    counts = await store.do(lambda tx: overview.counts(tx, NOW))
    assert counts["incidents"]["open"] == 1
    assert counts["actions"]["by_status"] == {"scheduled": 1}


async def test_canaries_go_with_all_that_they_left(store: Store) -> None:
    """The oldest first, a portion at a time, when they are old enough; nothing else goes with them."""
    await leave(store)
    assert await store.do(lambda tx: canaries.forget(tx, NOW, 10)) == 0
    later = NOW + timedelta(hours=1)
    assert await store.do(lambda tx: canaries.forget(tx, later, 3)) == 3
    assert await store.do(lambda tx: canaries.forget(tx, later, 3)) == 1
    assert await store.do(lambda tx: overview.list_incidents(tx, rule=CANARY)) == []
    left = await store.do(lambda tx: overview.incident(tx, UUID(int=9)))
    assert (len(left["actions"]), len(left["journal"])) == (1, 1)
    assert await store.do(lambda tx: inbox.take(tx, NOW, [key("event-1"), key("another")])) == {key("event-1")}
    last = await store.do(lambda tx: guards.last_runs(tx, [(CANARY, "key-1"), ("rule", "key-9")]))
    assert last == {("rule", "key-9"): NOW}
