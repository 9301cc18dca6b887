"""How far an incident's remedy is: its facts, what is open of it, and what is withdrawn."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from leh_guardian.model.action import ActionStatus, Role
from leh_guardian.model.mode import Mode
from leh_guardian.store import actions, overview
from leh_guardian.store.transaction import transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, action, incident

LATER = NOW + timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def _an_incident(store: Store) -> None:
    await store.open(incident(), incident(2))


async def test_facts_are_those_of_the_runs_settled_steps(store: Store) -> None:
    """Not of another run, of what is no step, of what is not settled, or has no outcome."""
    outcome = {"facts": {"verdict": "bug"}}
    done = ActionStatus.SUCCEEDED
    await store.plan(
        action(1, status=done, outcome=outcome),
        action(2, status=done, outcome={"result": "skipped"}),
        action(3, status=done, outcome=outcome, role=Role.VERIFY),
        action(4, status=ActionStatus.WAITING, outcome=outcome),
        action(5, status=done),
        action(6, of=2, status=done, outcome=outcome),
    )
    await store.plan(action(7, status=done, outcome=outcome), run=2)

    async def facts(run: int) -> dict[str, object]:
        found: dict[str, object] = await store.do(lambda tx: actions.facts(tx, UUID(int=1), run))
        return found

    assert await facts(1) == {"step-1": {"verdict": "bug"}, "step-2": {}}
    assert await facts(2) == {"step-7": {"verdict": "bug"}}
    assert await facts(3) == {}


async def test_a_run_that_was_tried_out_is_known(store: Store) -> None:
    """A step of the run that ran dry, whoever lowered the mode; a verification or another run does not count."""
    await store.plan(action(1), action(2, role=Role.VERIFY, mode=Mode.OBSERVE))
    await store.plan(action(3, of=2, mode=Mode.OBSERVE), run=2)
    await store.claim()

    async def dry(number: int, run: int) -> bool:
        found: bool = await store.do(lambda tx: actions.ran_dry(tx, UUID(int=number), run))
        return found

    assert [await dry(1, 1), await dry(2, 1), await dry(2, 2)] == [False, False, True]


async def test_open_actions_are_those_of_the_remedy(store: Store) -> None:
    """Steps and verifications that are not settled, oldest first; messages and last looks are not part of it."""
    await store.do(lambda tx: actions.insert(tx, LATER, {UUID(int=1): 1}, [action(1)]))
    await store.plan(action(2, role=Role.VERIFY, status=ActionStatus.PROPOSED), action(3, role=Role.TELL))
    await store.plan(action(4, role=Role.CONFIRM, of=2), action(5, status=ActionStatus.SKIPPED, of=2))
    rows = await store.do(lambda tx: actions.open_actions(tx, UUID(int=1)))
    assert [dict(row) for row in rows] == [
        {"id": action(2).id, "role": "verify", "status": "proposed", "attempt": 0},
        {"id": action(1).id, "role": "step", "status": "scheduled", "attempt": 0},
    ]
    assert await store.do(lambda tx: actions.busy(tx, [UUID(int=1), UUID(int=2), UUID(int=3)])) == {UUID(int=1)}
    assert await store.do(lambda tx: actions.busy(tx, [])) == set()


async def test_open_actions_are_locked_and_read_anew(store: Store) -> None:
    """What was settled while its row was waited for is not open any more."""
    await store.plan(action())
    [claimed] = await store.claim()
    await store.plan(action(2))
    async with store.waiter() as second, transaction(store.pool) as one:
        await actions.settle(one, claimed, NOW, ActionStatus.SUCCEEDED, {})
        await second.begin(lambda tx: actions.open_actions(tx, UUID(int=1)))
    assert [row["id"] for row in second.result] == [action(2).id]


async def test_withdrawn_is_what_no_attempt_runs(store: Store) -> None:
    """Running and settled actions are left alone; the reason is kept."""
    await store.plan(action())
    await store.claim()
    await store.plan(action(2), action(3, status=ActionStatus.PROPOSED), action(4, status=ActionStatus.FAILED))
    asked = [action(number).id for number in (1, 2, 3, 4, 9)]
    await store.do(lambda tx: actions.withdraw(tx, LATER, asked, "the trouble is over"))
    rows = sorted(await store.do(overview.list_actions), key=lambda row: row["id"])
    assert [row["status"] for row in rows] == ["running", "skipped", "skipped", "failed"]
    assert rows[1]["outcome"] == {"result": "skipped", "summary": "the trouble is over"}


async def test_the_incident_of_an_action(store: Store) -> None:
    """An action knows its incident; an unknown one has none."""
    await store.plan(action(of=2))
    assert await store.do(lambda tx: actions.incident_of(tx, action().id)) == UUID(int=2)
    assert await store.do(lambda tx: actions.incident_of(tx, UUID(int=5))) is None
