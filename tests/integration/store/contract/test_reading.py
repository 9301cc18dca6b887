"""What people and programs read of the store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.model.action import ActionStatus, Role
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions, control, incidents, journal, overview, timers
from tests.integration.store.contract.conftest import Store
from tests.support.rows import EVENT, NOW, action, incident

DAY = timedelta(days=1)


async def listed(store: Store, **asked: Any) -> list[int]:
    """Return the numbers of the incidents listed."""
    return [UUID(row["id"]).int for row in await store.do(lambda tx: overview.list_incidents(tx, **asked))]


async def test_incidents_are_listed_newest_first(store: Store) -> None:
    """By status, by rule, and not more than asked for; of one moment by their ids."""
    await store.open(incident(2), incident(1, opened_at=NOW), incident(3, opened_at=NOW + DAY, rule_id="other"))
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(2, status=IncidentStatus.ACKNOWLEDGED, level=2)]))
    assert await listed(store) == [3, 1, 2]
    assert await listed(store, limit=2) == [3, 1]
    assert await listed(store, statuses=["triggered"]) == [3, 1]
    assert await listed(store, statuses=["acknowledged", "resolved"]) == [2]
    assert await listed(store, rule="other", statuses=["triggered"]) == [3]
    assert await listed(store, rule="nobody\x00") == []
    [row] = await store.do(lambda tx: overview.list_incidents(tx, statuses=["acknowledged"]))
    assert row == {
        "id": str(UUID(int=2)),
        "number": row["number"],
        "rule": "rule",
        "dedup_key": "key-2",
        "status": "acknowledged",
        "severity": "sev2",
        "level": 2,
        "opened_at": NOW,
        "updated_at": NOW,
        "acknowledged_at": NOW,
        "acknowledged_by": [],
        "as_of": None,
        "next_call": None,
        "resolved_at": None,
        "ok_at": None,
        "events": 1,
        "event_id": "event-1",
        "run": 1,
        "rule_revision": "revision",
    }


async def test_actions_are_listed_newest_first(store: Store) -> None:
    """By the time of planning, then the last step first; by status, and not more than asked for."""
    await store.open(incident())
    await store.plan(action(1), action(2, step_index=9, status=ActionStatus.PROPOSED), action(3, step_index=9))
    await store.do(lambda tx: actions.insert(tx, NOW - DAY, {UUID(int=1): 1}, [action(4, step_index=99)]))

    async def numbers(**asked: Any) -> list[int]:
        return [UUID(row["id"]).int - 1000 for row in await store.do(lambda tx: overview.list_actions(tx, **asked))]

    assert await numbers() == [2, 3, 1, 4]
    assert await numbers(limit=1) == [2]
    assert await numbers(statuses=["scheduled"]) == [3, 1, 4]
    [row] = await store.do(lambda tx: overview.list_actions(tx, statuses=["proposed"]))
    assert row == {
        "id": str(action(2).id),
        "incident": str(UUID(int=1)),
        "handler": "fix",
        "step": "step-2",
        "role": "step",
        "status": "proposed",
        "attempt": 0,
        "failures": 0,
        "mode": "act",
        "dry_run": False,
        "held": False,
        "approved_by": None,
        "due_at": NOW,
        "params": {"what": "it"},
        "outcome": None,
        "created_at": NOW,
        "updated_at": NOW,
        "run": 1,
    }


async def test_one_incident_whole(store: Store) -> None:
    """With its event, its actions in the order of their planning, and its lines of the journal; none for an unknown id."""
    await store.open(incident(), incident(2))
    await store.plan(action(1, step_index=2), action(2, step_index=1), action(3, of=2))
    line = Entry(Kind.PLANNED, "why", UUID(int=1), action(1).id, "rule", {"step": "step-1"})
    await store.do(lambda tx: journal.append(tx, "one", NOW, [line, Entry(Kind.OPENED, "", UUID(int=1))]))
    found = await store.do(lambda tx: overview.incident(tx, UUID(int=1)))
    assert (found["id"], found["event"]) == (str(UUID(int=1)), EVENT.envelope)
    assert [a["id"] for a in found["actions"]] == [str(action(2).id), str(action(1).id)]
    expected = {"at": NOW, "kind": "action.planned", "reason": "why", "action": str(action(1).id), "author": "one"}
    assert found["journal"][0] == expected | {"data": {"step": "step-1"}}
    assert found["journal"][1]["action"] is None
    assert await store.do(lambda tx: overview.incident(tx, UUID(int=9))) is None


async def test_ids_are_found_by_their_beginning(store: Store) -> None:
    """At most two, in order; with dashes and capitals or without; nonsense finds none."""
    numbers = (0xAB << 120, 0xABC << 116, 0xABCD << 112, 1)
    await store.open(*[incident(number, dedup_key=str(number)) for number in numbers])

    async def found(prefix: str, table: str = "incidents") -> list[UUID]:
        ids: list[UUID] = await store.do(lambda tx: overview.find(tx, table, prefix))
        return ids

    assert await found("ab") == [UUID(int=numbers[0]), UUID(int=numbers[1])]
    assert await found("ABCD") == [UUID(int=numbers[2])]
    assert await found(str(UUID(int=numbers[2]))[:20]) == [UUID(int=numbers[2])]
    assert [await found("f"), await found("zz"), await found("a" * 33), await found("ab", "actions")] == [[]] * 4
    assert len(await found("")) == 2
    with pytest.raises(ValueError, match="journal"):
        await found("a", "journal")


async def test_counts_are_of_what_is_open_and_of_a_day(store: Store) -> None:
    """Open incidents by level, open actions and those settled within a day, untold messages, overdue timers, switches."""
    await store.open(*[incident(number) for number in range(1, 5)])
    resolved = incident(4, status=IncidentStatus.RESOLVED)
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(2, level=1), incident(3, level=1), resolved]))
    tell = {"role": Role.TELL, "changes": False}
    await store.plan(action(1, **tell), action(2, **tell), action(3, status=ActionStatus.PROPOSED))
    old = [action(4, status=ActionStatus.FAILED), action(5, status=ActionStatus.PROPOSED)]
    await store.do(lambda tx: actions.insert(tx, NOW - DAY, {UUID(int=1): 1}, old))
    claimed = (await store.claim())[0]
    failed = ActionStatus.NEEDS_HUMAN
    await store.do(lambda tx: actions.settle(tx, claimed, NOW, failed, {}, failures=1))
    due = [(UUID(int=number), TimerKind.RESOLVE, NOW - timedelta(minutes=number - 1)) for number in (1, 2, 3)]
    await store.do(lambda tx: timers.set_timers(tx, due))
    await store.do(lambda tx: control.set_mode(tx, "fix", Mode.PROPOSE, "", "kim", NOW))
    assert await store.do(lambda tx: overview.counts(tx, NOW)) == {
        "incidents": {"open": 3, "by_level": {"0": 1, "1": 2}},
        "actions": {"by_status": {"needs_human": 1, "proposed": 2, "running": 1}},
        "messages": {"untold": 1},
        "timers": {"overdue": 1},
        "modes": {"fix": "propose"},
        "providers": {},
        "probes": {},
    }
