"""What a comparison with AWS asks the store: in PostgreSQL and in the small store alike."""

from __future__ import annotations

import uuid
from datetime import timedelta

from leh_guardian.model.journal import Entry, Kind
from leh_guardian.store import inbox, incidents, journal
from leh_guardian.store.incidents import RunEvent
from tests.integration.store.contract.conftest import Store
from tests.support.rows import EVENT, NOW, incident

ALARM = RunEvent("alarm", {"source": "aws.cloudwatch", "detail": {"alarmName": "a \x00 \ud83d"}})


async def test_the_inbox_tells_what_it_knows(store: Store) -> None:
    """Of what it is asked."""
    one, two, three = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    await store.do(lambda tx: inbox.take(tx, NOW, [one, two]))
    assert await store.do(lambda tx: inbox.known(tx, {two, three})) == {two}
    assert await store.do(lambda tx: inbox.known(tx, set())) == set()


async def test_open_incidents_of_alarms(store: Store) -> None:
    """The newest first, by what started their run; no other incident, and none that is over."""
    older = incident(1, last_trigger_at=NOW - timedelta(minutes=1), ok_at=NOW)
    newer, other = incident(2), incident(3)
    await store.do(lambda tx: incidents.insert(tx, NOW, [(older, ALARM), (newer, ALARM), (other, EVENT)]))
    found = await store.do(lambda tx: incidents.of_alarms(tx, 10))
    assert [(one.id, one.key, one.last_trigger_at, one.ok_at, one.waits_for_ok) for one in found] == [
        (newer.id, (newer.rule_id, newer.dedup_key), newer.last_trigger_at, None, True),
        (older.id, (older.rule_id, older.dedup_key), older.last_trigger_at, NOW, True),
    ]
    assert found[0].envelope == ALARM.envelope
    assert len(await store.do(lambda tx: incidents.of_alarms(tx, 1))) == 1


async def test_what_people_were_not_told_of_yet(store: Store) -> None:
    """Each is returned until its journal has the line."""
    one, two = incident(1), incident(2)
    await store.do(lambda tx: incidents.insert(tx, NOW, [(one, ALARM), (two, ALARM)]))
    entry = Entry(Kind.ALARM_GONE, "", one.id)
    await store.do(lambda tx: journal.append(tx, "one", NOW, [entry]))
    found = await store.do(lambda tx: incidents.lock_untold(tx, [one.id, two.id, uuid.uuid4()], Kind.ALARM_GONE))
    assert [each.id for each in found] == [two.id]
