"""Whom an incident calls, what went out, and what came of it: in PostgreSQL and in the small store alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.model.action import ActionStatus, Role
from leh_guardian.model.escalation import Escalation, Why
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions, approvals, deliveries, incidents, journal, overview, timers
from leh_guardian.store.approvals import Approval
from leh_guardian.store.deliveries import Delivery
from leh_guardian.store.transaction import Transaction
from tests.integration.store.contract.conftest import Store
from tests.support.escalation import RUNBOOK
from tests.support.rows import EVENT, NOW, action, incident

ONE = UUID(int=1)
KEY = ("rule", "key-1")
CALLING = Escalation(RUNBOOK, 1, step=0, seq=3, epoch=1, pending=Why.ASKED, planned=NOW, engaged=("person:a|x",))


def minutes(count: float) -> timedelta:
    """Return a length of time."""
    return timedelta(minutes=count)


async def test_an_escalation_comes_back_as_it_was(store: Store) -> None:
    """With its policy, at its opening and after each move; what calls nobody calls nobody."""
    calling = incident(escalation=CALLING)
    await store.open(calling, incident(2))
    assert await store.do(lambda tx: incidents.lock(tx, ONE)) == calling
    moved = replace(calling, escalation=replace(CALLING, seq=4, about="[SEV2] rule"), severity=calling.severity)
    await store.do(lambda tx: incidents.save(tx, NOW, [moved]))
    assert await store.do(lambda tx: incidents.lock(tx, ONE)) == moved
    assert (await store.do(lambda tx: incidents.lock(tx, UUID(int=2)))).escalation is None


async def test_incidents_are_numbered(store: Store) -> None:
    """Each has a number of its own, in the order of their opening."""
    await store.open(incident(), incident(2))
    first, second = [await store.do(lambda tx, n=n: incidents.lock(tx, UUID(int=n))) for n in (1, 2)]
    assert 0 < first.number < second.number


async def test_an_action_has_an_incident(store: Store) -> None:
    """The incident of an action is found, and of an unknown one is not."""
    await store.open(incident(escalation=CALLING))
    await store.plan(action(1))
    assert await store.do(lambda tx: incidents.of_action(tx, action(1).id)) == incident(escalation=CALLING)
    assert await store.do(lambda tx: incidents.of_action(tx, UUID(int=7))) is None


async def test_the_newest_end_of_a_key_is_found(store: Store) -> None:
    """Of incidents that ended after an instant the one that ended last; open ones and those of other keys are not among them."""
    await store.open(incident(), incident(2))
    ended = [incident(status=IncidentStatus.RESOLVED)]
    await store.do(lambda tx: incidents.save(tx, NOW, ended))
    await store.open(incident(3, dedup_key="key-1"))
    await store.do(lambda tx: incidents.save(tx, NOW + minutes(5), [replace(ended[0], id=UUID(int=3))]))
    # What is written to it later does not move its end.
    await store.do(lambda tx: incidents.save(tx, NOW + minutes(9), [replace(ended[0], id=UUID(int=3), event_count=2)]))

    async def found(since: float) -> dict[Any, Incident]:
        keys = [KEY, ("rule", "key-2")]
        there: dict[Any, Incident] = await store.do(lambda tx: incidents.lock_ended(tx, keys, NOW + minutes(since)))
        return there

    [(key, last)] = (await found(-1)).items()
    assert (key, last.id, last.ended_at) == (KEY, UUID(int=3), NOW + minutes(5))
    assert await found(5) == {}


async def test_causes_of_open_incidents_are_found(store: Store) -> None:
    """By rule and beginning; what is resolved or calls nobody has none."""
    told = replace(CALLING, cause="budget-spent-30/1h")
    await store.open(incident(escalation=told), incident(2, escalation=CALLING), incident(3))
    await store.open(incident(4, escalation=told, rule_id="other"))
    ask = lambda tx: incidents.causes(tx, ["rule"], "budget-spent-")  # noqa: E731
    assert await store.do(ask) == {("rule", "budget-spent-30/1h")}
    await store.do(lambda tx: incidents.save(tx, NOW, [incident(status=IncidentStatus.RESOLVED, escalation=told)]))
    assert await store.do(ask) == set()


@pytest.mark.parametrize(
    ("changed", "working"),
    [
        ({}, True),
        ({"role": Role.VERIFY}, True),
        ({"role": Role.TELL}, False),
        ({"status": ActionStatus.WAITING, "due_at": NOW + minutes(60)}, True),
        ({"due_at": NOW + minutes(60)}, True),
        ({"due_at": NOW - minutes(2)}, False),
        ({"status": ActionStatus.PROPOSED}, False),
        ({"status": ActionStatus.SUCCEEDED}, False),
    ],
    ids=["due", "proof", "message", "waits", "later", "stalled", "proposed", "done"],
)
async def test_a_remedy_is_at_work_or_is_not(store: Store, changed: dict[str, Any], working: bool) -> None:
    """What runs, waits or is about to start is; what nobody takes up, or waits for a person, is not."""
    await store.open(incident())
    await store.plan(action(1, **changed))
    assert await store.do(lambda tx: actions.at_work(tx, ONE, NOW)) is working


async def test_a_claimed_remedy_is_at_work(store: Store) -> None:
    """Under a lease it is, and with another incident it has nothing to do."""
    await store.open(incident(), incident(2))
    await store.plan(action(1, due_at=NOW - minutes(9)))
    assert not await store.do(lambda tx: actions.at_work(tx, ONE, NOW))
    await store.do(lambda tx: actions.claim(tx, NOW, Mode.ACT, "one", 1))
    assert await store.do(lambda tx: actions.at_work(tx, ONE, NOW))
    assert not await store.do(lambda tx: actions.at_work(tx, UUID(int=2), NOW))


def sent(number: int, at: float, **changed: Any) -> Delivery:
    """A message that was taken."""
    values: dict[str, Any] = {"incident_id": ONE, "target": "person:a", "channel": "sms", "kind": "page", "title": "it"}
    thread = {"ts": f"{number}"}
    return Delivery(UUID(int=number), **{**values, "sent_at": NOW + minutes(at), "thread": thread, **changed})


async def test_what_was_taken_is_remembered(store: Store) -> None:
    """When, under which thread, with which receipt; a message that went out twice is one row that says so."""
    await store.open(incident(), incident(2))

    async def record(tx: Transaction) -> None:
        for one in (sent(7, 1), sent(8, 2), sent(9, 3, channel="slack"), sent(6, 4, incident_id=UUID(int=2))):
            await deliveries.record(tx, one)
        await deliveries.record(tx, sent(8, 5, reference="r2"))
        # Written down a second time, since nobody knew whether it had been.
        await deliveries.record(tx, sent(7, 1))
        await deliveries.confirm(tx, UUID(int=7), "delivered", NOW + minutes(6))

    await store.do(record)
    rows = await store.do(lambda tx: deliveries.of_incident(tx, ONE))
    assert [(row["action_id"].int, row["again"], row["receipt"], row["reference"]) for row in rows] == [
        (7, False, "delivered", ""),
        (9, False, "pending", ""),
        (8, True, "pending", "r2"),
    ]
    times = await store.do(lambda tx: deliveries.times(tx, "person:a", "sms", NOW + minutes(1)))
    assert times == [NOW + minutes(4), NOW + minutes(5)]
    assert await store.do(lambda tx: deliveries.thread(tx, ONE, "person:a", "sms")) == {"ts": "8"}
    assert await store.do(lambda tx: deliveries.thread(tx, ONE, "person:b", "sms")) == {}
    assert await store.do(lambda tx: deliveries.forget(tx, NOW + minutes(4), 1)) == 1
    assert len(await store.do(lambda tx: deliveries.of_incident(tx, ONE))) == 2


async def test_messages_that_wait_are_found(store: Store) -> None:
    """Those to the same person by the same channel: open ones, and those that ended a moment ago, with what goes out with them."""
    await store.open(incident())
    to = {"target": "person:a", "channel": "sms", "kind": "page", "text": "it", "seq": 1}
    tell = {"role": Role.TELL, "serialize_key": None}
    await store.plan(
        action(1, params=to, **tell),
        action(2, params={**to, "channel": "slack"}, **tell),
        action(3, params=to, status=ActionStatus.SKIPPED, **tell),
        action(4, params=to),
    )
    since = lambda at: store.do(lambda tx: deliveries.pending(tx, "person:a", "sms", NOW + minutes(at)))  # noqa: E731
    assert {(one.action_id, one.open) for one in await since(-1)} == {(action(1).id, True), (action(3).id, False)}
    assert [one.action_id for one in await since(1)] == [action(1).id]

    async def bundle(tx: Transaction) -> None:
        [claimed] = await actions.claim(tx, NOW, Mode.ACT, "one", 1)
        await actions.checkpoint(tx, claimed, Mode.ACT, {"bundle": ["x"]})

    await store.do(bundle)
    [waiting] = [one for one in await since(1) if one.bundle]
    assert (waiting.bundle, waiting.status, dict(waiting.params)) == (("x",), "running", to)


async def test_what_was_tried_is_told(store: Store) -> None:
    """The steps and proofs of the present run, not its messages, and nothing of another run."""
    await store.open(incident())
    await store.plan(action(1), action(2, role=Role.TELL))
    rows = await store.do(lambda tx: overview.remedy(tx, ONE))
    assert [(row["step_id"], row["handler"], row["status"]) for row in rows] == [("step-1", "fix", "scheduled")]
    await store.do(lambda tx: incidents.start_run(tx, NOW, incident(run=2), EVENT))
    assert await store.do(lambda tx: overview.remedy(tx, ONE)) == []


async def test_an_incident_is_found_by_its_number(store: Store) -> None:
    """As it is, not locked; of a number and an id that nobody has there is none."""
    await store.open(incident(escalation=CALLING))
    found = await store.do(lambda tx: incidents.get(tx, ONE))
    assert found == incident(escalation=CALLING)
    assert await store.do(lambda tx: incidents.numbered(tx, found.number)) == ONE
    assert await store.do(lambda tx: incidents.numbered(tx, 10**18 - 1)) is None
    assert await store.do(lambda tx: incidents.get(tx, UUID(int=7))) is None


async def test_the_next_call_is_listed(store: Store) -> None:
    """Who is at it, and which level is called when; of what a newer program has set nothing is said."""
    acked = replace(CALLING, acked_by=("minsu",), pending=None)
    await store.open(incident(escalation=acked, status=IncidentStatus.ACKNOWLEDGED), incident(2, escalation=acked))

    async def timers_of(tx: Transaction) -> None:
        await timers.set_timers(
            tx, [(ONE, kind, NOW + minutes(m)) for kind, m in ((TimerKind.UNACK, 9), (TimerKind.RESOLVE, 1))]
        )
        await timers.set_timers(tx, [(UUID(int=2), TimerKind.ESCALATE, NOW + minutes(30))])

    await store.do(timers_of)
    listed = await store.do(overview.list_incidents)
    assert {(row["id"][-1], row["next_call"]["level"], row["next_call"]["at"]) for row in listed} == {
        ("1", 1, NOW + minutes(9)),
        ("2", 2, NOW + minutes(30)),
    }
    assert [row["acknowledged_by"] for row in listed] == [["minsu"], ["minsu"]]


async def test_approvals_are_remembered_once_for_each_person(store: Store) -> None:
    """In the order of their words; until the retention is over."""

    async def add(tx: Transaction) -> None:
        for who, at in (("b", 1), ("a", 2), ("b", 3)):
            await approvals.add(tx, ONE, Approval(who, f"{who}\x00", NOW + minutes(at)))
        await approvals.add(tx, UUID(int=2), Approval("c", "", NOW))

    await store.do(add)
    given = await store.do(lambda tx: approvals.of_action(tx, ONE))
    assert given == [Approval("b", "b\\x00", NOW + minutes(1)), Approval("a", "a\\x00", NOW + minutes(2))]
    assert await store.do(lambda tx: approvals.forget(tx, NOW + minutes(2), 1)) == 1
    assert await store.do(lambda tx: approvals.of_action(tx, UUID(int=2))) == []
    assert await store.do(lambda tx: approvals.forget(tx, NOW + minutes(2), 9)) == 1
    assert [one.who for one in await store.do(lambda tx: approvals.of_action(tx, ONE))] == ["a"]


async def test_what_was_decided_is_told(store: Store) -> None:
    """An action's status and who approved it, and the newest line of a kind in an incident's journal."""
    await store.open(incident())
    await store.plan(action(1, status=ActionStatus.PROPOSED))
    assert await store.do(lambda tx: actions.decided(tx, action(1).id)) == (ActionStatus.PROPOSED, "")
    await store.do(lambda tx: actions.decide(tx, action(1).id, NOW, "kim", approve=True))
    assert await store.do(lambda tx: actions.decided(tx, action(1).id)) == (ActionStatus.SCHEDULED, "kim")
    assert await store.do(lambda tx: actions.decided(tx, action(2).id)) is None
    newest = lambda tx: journal.newest(tx, ONE, Kind.ACKNOWLEDGED)  # noqa: E731
    assert await store.do(newest) is None
    for who in ("a", "b"):
        line = Entry(Kind.ACKNOWLEDGED, incident_id=ONE, data={"by": who})
        await store.do(lambda tx, line=line: journal.append(tx, "one", NOW, [line]))
    await store.do(lambda tx: journal.append(tx, "one", NOW, [Entry(Kind.RESOLVED, incident_id=ONE)]))
    assert await store.do(newest) == (NOW, {"by": "b"})


async def test_what_went_out_together_is_found(store: Store) -> None:
    """Other incidents that a message to the same person took along, with the newest move that it was for."""
    await store.open(incident(), incident(2), incident(3))
    to = {"target": "person:a", "channel": "sms", "kind": "page", "text": "it", "seq": 1}
    tell = {"role": Role.TELL, "serialize_key": None, "due_at": NOW + minutes(9)}
    others = [
        action(n, incident_id=UUID(int=i), params={**to, "seq": seq}, **tell)
        for n, i, seq in ((2, 2, 4), (3, 2, 2), (4, 3, 7), (5, 1, 9))
    ]
    await store.plan(action(1, params=to, role=Role.TELL, serialize_key=None), *others[3:])
    await store.do(lambda tx: actions.insert(tx, NOW, {UUID(int=2): 1, UUID(int=3): 1}, others[:3]))
    together = lambda tx, to="person:a": deliveries.together(tx, ONE, to)  # noqa: E731
    assert await store.do(together) == {}

    async def bundle(tx: Transaction) -> None:
        [claimed] = await actions.claim(tx, NOW, Mode.ACT, "one", 1)
        await actions.checkpoint(tx, claimed, Mode.ACT, {"bundle": [str(other.id) for other in others]})

    await store.do(bundle)
    assert await store.do(together) == {UUID(int=2): 4, UUID(int=3): 7}
    assert await store.do(lambda tx: together(tx, "person:b")) == {}
