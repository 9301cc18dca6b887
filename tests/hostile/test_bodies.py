"""Hostile bodies through the real path: taken or left as their table says, and nothing else suffers."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections import Counter

import pytest

from leh_guardian.engine.intake import _WEIGHT
from leh_guardian.errors import MalformedEvent
from leh_guardian.model.event import parse_body
from leh_guardian.model.text import dump_json, told
from leh_guardian.ports import ReceivedMessage
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import overview
from leh_guardian.store.transaction import transaction
from tests.hostile.bodies import BODIES, SUBSCRIBE_URL, Body, Fate
from tests.hostile.conftest import Rig
from tests.support.builders import alarm_event, body
from tests.support.figures import show

FLOOD = "S3 10,000 records"
AT_ONCE = 40


@pytest.mark.parametrize("hostile", BODIES, ids=[one.name for one in BODIES])
def test_a_body_is_events_or_a_reason(hostile: Body) -> None:
    """Each body's fate is the table's, its events can be stored, and a refusal is one short line at most."""
    try:
        events = parse_body(hostile.make())
    except MalformedEvent as refusal:
        reason = str(refusal)
    else:
        reason = ""
    if reason:
        assert hostile.fate in {Fate.LEFT, Fate.EITHER}
        assert 0 < len(told(reason)) <= 300
        return
    assert hostile.fate in ({Fate.TAKEN, Fate.EITHER} if events else {Fate.NOTHING})
    for event in events[:3]:
        assert event.key.version == 5
        assert event.occurred_at is None or 1970 <= event.occurred_at.year < 10_000
        json.loads(dump_json(event.envelope))


def test_the_table_is_long_and_its_names_are_unique() -> None:
    """Forty was the least; a name tells which body it was."""
    assert len({one.name for one in BODIES}) == len(BODIES) >= 40


def messages(bodies: list[tuple[str, bytes]]) -> list[ReceivedMessage]:
    """Bodies as SQS hands them out."""
    return [ReceivedMessage(name, name, raw) for name, raw in bodies]


async def test_nothing_crashes_nothing_is_lost_and_good_alarms_go_through(rig: Rig) -> None:
    """All bodies, a good alarm after every tenth: each is committed or left and journalled, and every good one has its incident."""
    house = rig.house
    given = [(one.name, one.make()) for one in BODIES if one.name != FLOOD]
    good = [(f"good-{n}", body(alarm_event(f"leh-alb-5xx-{n}", event_id=f"good-{n}"))) for n in range(len(given) // 10)]
    for number, alarm in enumerate(good):
        given.insert(number * 11, alarm)
    for start in range(0, len(given), AT_ONCE):
        await house.intake.take_in(messages(given[start : start + AT_ONCE]))
    for _ in range(4):
        # What a storm brings to people is gathered for half a minute.
        await house.work(rounds=500)
        house.clock.advance(seconds=35)

    deleted = Counter(house.queue.deleted)
    async with transaction(rig.pool) as tx:
        malformed = Counter(
            r["id"]
            for r in await tx.fetch("select data->>'message_id' as id from journal where kind = 'event.malformed'")
        )
        logged = await tx.fetchval("select count(*) from event_log")
        shipped = {
            r["dedup_key"] for r in await tx.fetch("select dedup_key from incidents where rule_id = 'service-errors'")
        }
        ids = [r["id"] for r in await tx.fetch("select id from incidents")]
        stuck = await tx.fetch(
            "select handler, status, outcome::text from actions where status not in ('succeeded', 'skipped', 'failed', 'proposed')"
        )
        reasons = await tx.fetchval("select max(length(reason)) from journal")
        sizes = await tx.fetchval("select max(length(data::text)) from journal where kind <> 'action.planned'")
    fates = {one.name: one.fate for one in BODIES}
    assert [name for name, _ in given if deleted[name] + malformed[name] != 1] == []
    certain = {name: fates.get(name, Fate.TAKEN) for name, _ in given if fates.get(name) is not Fate.EITHER}
    assert [name for name, fate in certain.items() if malformed[name] != (fate is Fate.LEFT)] == []
    assert logged == len(house.queue.deleted)
    assert {f"leh-alb-5xx-{n}" for n in range(len(good))} <= shipped
    assert [dict(row) for row in stuck] == []
    # What an attacker chose is bounded where it is repeated: the whole body is in the event log, once.
    assert reasons <= 2000
    assert sizes <= 4000

    for incident_id in ids:
        async with transaction(rig.pool) as tx:
            json.loads(dump_json(await overview.incident(tx, incident_id)))

    lines = rig.log_lines()
    assert all(line.isprintable() for line in lines)
    records = [json.loads(line) for line in lines]
    assert sum(r["event"].startswith("not an event") for r in records) == malformed.total()
    assert not [
        r
        for r in records
        if "defect" in str(r) or "could not be taken in" in str(r) or "could not be matched" in str(r)
    ]
    assert all(line.isprintable() for line in rig.console.getvalue().split("\n"))
    for _, posted in rig.hook.requests:
        json.loads(posted)
        assert SUBSCRIBE_URL.encode() not in posted or b"whole" in posted


@pytest.mark.parametrize("matched", [True, False])
async def test_memory_is_bounded(rig: Rig, matched: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A transaction's fill of the bodies that grow most when they are parsed stays below the daemon's 300 MB, matched or not."""
    (grows,) = [one.make() for one in BODIES if one.name == "300,000 objects"]
    if not matched:
        own = {"by-value", "whole", "functions"}
        rig.house.rules = RuleSet("shipped", tuple(rule for rule in rig.house.rules.rules if rule.id not in own))
    count = _WEIGHT // len(grows) + 1
    assert bool(rig.house.rules.match(parse_body(grows)[0])) is matched
    tracemalloc.start()
    await rig.house.intake.take_in(messages([(str(n), grows.replace(b'"x"', b'"x%d"' % n, 1)) for n in range(count)]))
    peak = tracemalloc.get_traced_memory()[1] / (1 << 20)
    tracemalloc.stop()
    assert len(rig.house.queue.deleted) == count
    show(capsys, f"memory: {count} bodies of {len(grows) >> 10} KiB in a transaction: {peak:.0f} MiB at most")
    assert peak < (200 if matched else 100)


async def test_poison_costs_little(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """Good alarms, alone and among as many poisoned messages as real queues see; what that costs is printed."""
    took = {}
    poison = [raw for raw in (one.make() for one in BODIES if one.fate is Fate.LEFT) if len(raw) < 10_000]
    for share in (0, 10):
        good = [(f"{share}-{n}", body(alarm_event(f"leh-alb-5xx-{n}", event_id=f"{share}-{n}"))) for n in range(1000)]
        mixed = list(good)
        for number in range(100 if share else 0):
            mixed.insert(number * share, (f"p{number}", poison[number % len(poison)]))
        started = time.perf_counter()
        for start in range(0, len(mixed), 250):
            await rig.house.intake.take_in(messages(mixed[start : start + 250]))
        took[share] = time.perf_counter() - started
        assert {name for name, _ in good} <= set(rig.house.queue.deleted)
    show(
        capsys,
        f"poison: 1,000 good alarms alone {took[0]:.2f} s, with 100 poisoned messages among them {took[10]:.2f} s",
    )
