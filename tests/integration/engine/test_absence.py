"""Absence rules through the engine, on a real PostgreSQL: expected, followed, missed, looked for, in a storm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.engine.absence import BATCH, BY_NAME
from leh_guardian.errors import Refused, Unavailable
from leh_guardian.model.expectation import MANY
from leh_guardian.model.outcome import Done, Failed, Unknown
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: {id}
    mode: {mode}
    expect:
      after: {{source: [aws.s3], detail-type: [Object Created]}}
      {then}
      by: {{after: detail.object.key, then: detail.s3_key}}
      within: 15m
      {unless}
    {dedup}
    guards: {{budget: [{{max: 1000, per: 1h}}]}}
    actions: {actions}
"""
THEN = "then: {source: [leh.ai-worker], detail-type: [EvidenceProcessed]}"
UNLESS = 'unless: {uses: look, with: {what: "${event.detail.object.key}"}}'
FIX = '[{uses: fix, with: {what: "${event.detail.object.key} ${incident.dedup_key}"}}]'
NOTHING = Failed("it is not there", {"dynamodb": "processing"})

Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make houses over one database and one world."""
    world, clock = World(), FakeClock()

    def make(
        *,
        rule_id: str = "stuck",
        then: str = THEN,
        unless: str = "",
        dedup: str = "",
        mode: str = "act",
        actions: str = FIX,
        **options: Any,
    ) -> House:
        text = RULE.format(id=rule_id, mode=mode, then=then, unless=unless, dedup=dedup, actions=actions)
        return House(pool, rule_set(tmp_path / "rules", text, world), world, clock, **options)

    return make


def created(key: str = "a", sequencer: str = "1", time: str | None = None) -> dict[str, Any]:
    """An upload."""
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "id": f"created {key} {sequencer}",
        **({"time": time} if time else {}),
        "detail": {"bucket": {"name": "b"}, "object": {"key": key, "sequencer": sequencer}},
    }


def processed(key: str = "a", number: int = 1, time: str | None = None) -> dict[str, Any]:
    """Its end."""
    return {
        "source": "leh.ai-worker",
        "detail-type": "EvidenceProcessed",
        "id": f"processed {key} {number}",
        **({"time": time} if time else {}),
        "detail": {"s3_key": key},
    }


async def rows(house: House, what: str = "count(*)") -> Any:
    """What the table of expectations says."""
    async with transaction(house.pool) as tx:
        return await tx.fetchval(f"select {what} from expectations")


async def journal(house: House, kind: str) -> list[tuple[str, str]]:
    """Lines of a kind: reason and data."""
    async with transaction(house.pool) as tx:
        found = await tx.fetch("select reason, data::text from journal where kind = $1 order by id", kind)
        return [(row["reason"], row["data"]) for row in found]


async def pass_time(house: House, minutes: float = 15, rounds: int = 1) -> None:
    """Let time pass, and look after what is due."""
    house.clock.advance(minutes=minutes)
    for _ in range(rounds):
        await house.absence.run_once()


async def test_what_does_not_follow_fires_the_rule_once(house: Houses) -> None:
    """After its time, not before; the incident is named by the key, its steps see the upload; later rounds add nothing."""
    one, two = house(), house(replica="two")
    await one.take(created("cases/c/raw/ev_1_녹취.m4a"))
    await pass_time(one, 14)
    assert await one.incidents() == []
    await pass_time(two, 1)
    await pass_time(one, 5, rounds=3)
    await one.work()
    [incident] = await one.incidents()
    assert (incident["rule"], incident["dedup_key"]) == ("stuck", "cases/c/raw/ev_1_녹취.m4a")
    assert one.world.effects == {"cases/c/raw/ev_1_녹취.m4a cases/c/raw/ev_1_녹취.m4a": 1}
    [(reason, data)] = await journal(one, "expectation.missed")
    assert reason == "nothing followed"
    assert "ev_1_녹취.m4a" in data


async def test_what_follows_costs_no_line(house: Houses) -> None:
    """Followed in time, in whatever order it is heard of, nothing fires, and the journal stays empty."""
    one = house()
    await one.take(created("a"), created("b"), processed("c", time="2026-11-22T17:59:30Z"))
    await one.take(processed("a"), created("c", time="2026-11-22T17:59:00Z"), created("a"), created("a", "1"))
    await one.take(processed("b"))
    await pass_time(one, 60, rounds=2)
    assert await one.incidents() == []
    assert await one.journal() == []
    assert one.metrics.expectations.labels("completed")._value.get() == 3
    assert await rows(one, "count(due_at) + count(event)") == 0


async def test_an_upload_is_due_as_it_was_first_heard_of(house: Houses) -> None:
    """A copy in S3's own spelling ten minutes later moves nothing; another version after its end is expected anew."""
    one = house()
    await one.take(created("a b"))
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": {"key": "a+b", "sequencer": "1"}},
    }
    one.clock.advance(minutes=10)
    await one.take({"Records": [record]})
    await pass_time(one, 5)
    assert len(await one.incidents()) == 1
    await one.take(processed("a b"), {"Records": [record | {"eventTime": "2026-01-01T00:00:00Z"}]})
    assert await rows(one, "count(due_at)") == 0
    one.clock.advance(seconds=1)
    await one.take(created("a b", "2"))
    assert await rows(one, "count(due_at)") == 1


async def test_a_late_end_is_the_ok_of_the_incident(house: Houses) -> None:
    """What follows after the rule has fired closes its incident, once it was held."""
    one = house(actions="[]")
    await one.take(created("a"), created("b"))
    await pass_time(one)
    await one.take(processed("a"))
    one.clock.advance(minutes=5)
    await one.work()
    assert {i["dedup_key"]: i["status"] for i in await one.incidents()} == {"a": "resolved", "b": "triggered"}


async def test_a_proof_of_its_own_closes_it(house: Houses) -> None:
    """A rule with a `verify` waits for no completion: what is proved is there. One that comes first closes it as ever."""
    one = house(actions=f"{FIX}\n    verify: {{uses: look}}")
    one.world.outcomes = [Done("fixed"), Done("it is there")]
    await one.take(created("a"))
    await pass_time(one)
    await one.work()
    assert [incident["status"] for incident in await one.incidents()] == ["resolved"]
    assert one.world.told == []


async def test_a_late_end_says_nothing_of_others(house: Houses) -> None:
    """Where `dedup` gathers many in an incident, the end of one of them does not close it."""
    one = house(dedup="dedup: detail.bucket.name", actions="[]")
    await one.take(created("a"), created("b"))
    await pass_time(one)
    await one.take(processed("a"))
    one.clock.advance(minutes=5)
    await one.work()
    assert [(i["dedup_key"], i["status"], i["events"]) for i in await one.incidents()] == [("b", "triggered", 2)]


async def test_the_last_look_finds_it(house: Houses) -> None:
    """Nobody told, and it is there: nothing fires, the journal says why, and it is not looked for again."""
    one = house(then="", unless=UNLESS)
    one.world.outcomes = [Done("DynamoDB says processed", {"status": "processed"})]
    await one.take(created("a"))
    await pass_time(one)
    await pass_time(one, 60)
    assert await one.incidents() == []
    [(reason, data)] = await journal(one, "expectation.found")
    assert reason == "found by the last look: DynamoDB says processed"
    assert '"status":"processed"' in data
    assert len(one.world.attempts) == 1


async def test_the_last_look_does_not_find_it(house: Houses) -> None:
    """The rule fires, and the incident's journal has what the look saw."""
    one = house(unless=UNLESS)
    one.world.outcomes = [NOTHING]
    await one.take(created("a"))
    await pass_time(one)
    [incident] = await one.incidents()
    async with transaction(one.pool) as tx:
        line = await tx.fetchrow("select * from journal where kind = 'expectation.missed'")
    assert str(line["incident_id"]) == incident["id"]
    assert "the last look did not find it: it is not there" in line["reason"]
    assert '"dynamodb":"processing"' in line["data"]


@pytest.mark.parametrize(
    "trouble",
    [
        Unavailable("DynamoDB is away"),
        Refused("no table"),
        Unknown("who knows"),
        ValueError("a defect"),
        TimeoutError(),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
async def test_a_look_that_fails_is_repeated_for_a_while(house: Houses, trouble: Any) -> None:
    """Then the rule fires without it, and says so; each failure is counted and journalled."""
    one = house(unless=UNLESS)
    one.world.outcomes = [trouble] * 99
    await one.take(created("a"))
    await pass_time(one)
    await pass_time(one, 0)
    assert len(one.world.attempts) == 1, "not at once again"
    for _ in range(14):
        await pass_time(one, 1)
    assert await one.incidents() == []
    assert len(one.world.attempts) > 5
    await pass_time(one, 2)
    assert len(await one.incidents()) == 1
    [(reason, _)] = await journal(one, "expectation.missed")
    assert reason.startswith("nothing followed, and guardian could not look: ")
    assert len(await journal(one, "expectation.look_failed")) == len(one.world.attempts) - 1


async def test_a_look_that_answers_again(house: Houses) -> None:
    """After an outage of the other side the look is what decides."""
    one = house(unless=UNLESS)
    one.world.outcomes = [Unavailable("away"), Done("there")]
    await one.take(created("a"))
    await pass_time(one)
    await pass_time(one, 1)
    await pass_time(one, 60)
    assert await one.incidents() == []


async def test_what_ends_during_the_look_does_not_fire(house: Houses) -> None:
    """The end was heard of while the look was under way, which had seen nothing yet."""
    one = house(unless=UNLESS)
    one.world.outcomes = [NOTHING]

    async def hook(_: Any) -> None:
        await one.take(processed("a"))

    one.world.hook = hook
    await one.take(created("a"))
    await pass_time(one)
    await pass_time(one, 60)
    assert await one.incidents() == []
    assert await one.journal() == []


async def test_a_replica_that_stood_still_fires_nothing(house: Houses) -> None:
    """While one looks for minutes another takes over; whoever comes late finds it settled."""
    one, two = house(unless=UNLESS), house(unless=UNLESS, replica="two")
    one.world.outcomes = [NOTHING, NOTHING]
    looks = 0

    async def hook(_: Any) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            one.clock.advance(minutes=3)
            await two.absence.run_once()

    one.world.hook = hook
    await one.take(created("a"))
    await pass_time(one)
    assert looks == 2
    assert [i["events"] for i in await one.incidents()] == [1]
    assert len(await journal(one, "expectation.missed")) == 1


async def test_two_replicas_share_what_is_due(house: Houses) -> None:
    """At the same time: each expectation is looked after by one of them, and fires once."""
    one, two = house(unless=UNLESS), house(unless=UNLESS, replica="two")
    one.world.outcomes = [NOTHING] * 200
    await one.take(*(created(f"k{n}") for n in range(2 * BATCH)))
    one.clock.advance(minutes=15)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.absence.run_once)
        tasks.start_soon(two.absence.run_once)
    assert len(one.world.attempts) == 2 * BATCH
    assert len(await journal(one, "expectation.missed")) == 2 * BATCH
    assert sum(i["events"] for i in await one.incidents()) == 2 * BATCH


async def test_a_storm_is_a_few_incidents(house: Houses) -> None:
    """Of two hundred that were missed a few are told by name, all others are one; none is looked at in a rush."""
    one = house(actions="[]")
    await one.take(*(created(f"k{n:03}") for n in range(200)))
    await pass_time(one)
    assert await rows(one, "count(due_at)") == 200 - BATCH
    await pass_time(one, 0, rounds=200 // BATCH)
    await one.work()
    found = {i["dedup_key"]: i["events"] for i in await one.incidents()}
    assert found == {**{f"k{n:03}": 1 for n in range(BY_NAME)}, MANY: 200 - BY_NAME}
    assert len(one.world.told) == BY_NAME + 1
    assert sum("장애 하나로" in text for text in one.world.told) == 1
    assert len(await journal(one, "expectation.missed")) == 200


async def test_after_the_storm_names_are_told_again(house: Houses) -> None:
    """An hour later a missed file is an incident of its own, whatever is still open."""
    one = house(actions="[]")
    await one.take(*(created(f"k{n}") for n in range(20)))
    await pass_time(one)
    one.clock.advance(hours=1)
    await one.take(created("later"))
    await pass_time(one)
    assert "later" in {i["dedup_key"] for i in await one.incidents()}


async def test_what_is_open_by_name_is_counted_there(house: Houses) -> None:
    """A file that is uploaded again and missed again belongs to its own incident, in a storm, too."""
    one = house(actions="[]")
    await one.take(*(created(f"k{n}") for n in range(8)))
    await pass_time(one)
    one.clock.advance(seconds=1)
    await one.take(created("k1", "2"), created("k7", "2"))
    await pass_time(one)
    found = {i["dedup_key"]: i["events"] for i in await one.incidents()}
    assert (found["k1"], found[MANY]) == (2, 8 - BY_NAME + 1)


async def test_a_rule_that_is_gone_leaves_nothing_behind(house: Houses) -> None:
    """Not at once, since another replica may know it; then its expectations go, with one line for all of them."""
    one = house()
    await one.take(created("a"), created("b"))
    other = house(rule_id="renamed")
    await pass_time(other, 15 + 59)
    assert await rows(other) == 2
    await pass_time(other, 2)
    assert await rows(other) == 0
    [(reason, data)] = await journal(other, "expectation.dropped")
    assert reason == "no rule of this name expects anything any more"
    assert data == '{"events":2}'
    assert await other.incidents() == []


async def test_a_reload_keeps_what_is_expected(house: Houses) -> None:
    """The rule's id is what rows belong to: with other steps it fires as it is now."""
    one = house()
    await one.take(created("a"))
    one.rules = house(actions="[]").rules
    await pass_time(one)
    assert [i["dedup_key"] for i in await one.incidents()] == ["a"]
    assert await one.actions("scheduled") != []
    assert await one.steps() == []


@pytest.mark.parametrize("mode", ["off", "observe"])
async def test_modes(house: Houses, mode: str) -> None:
    """A rule that is off expects nothing, and says so; one that observes does nothing in earnest."""
    one = house(mode=mode)
    await one.take(created("a"))
    await pass_time(one)
    await one.work()
    assert len(await one.incidents()) == (mode == "observe")
    assert (await one.journal()).count("suppressed.rule_off") == (mode == "off")
    assert one.world.effects == {}


async def test_hostile_uploads(house: Houses) -> None:
    """NUL, half an emoji, endless and deep: what whoever uploads can write is expected and missed like anything else."""
    one = house(unless=UNLESS)
    one.world.outcomes = [NOTHING] * 5
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    keys = ["a\x00b", "half \ud83d", "x" * 100_000, "ok"]
    hostile = [json.dumps(created(key, f"\x00{n}")).encode() for n, key in enumerate(keys)]
    crowded = created("crowded")
    crowded["detail"] |= {"junk": ["y" * 5000] * 50, "deep": deep}
    await one.take(*hostile, crowded)
    await pass_time(one)
    await one.work()
    assert len(await one.incidents()) == 5
    assert [status for _, status in await one.steps()] == ["succeeded"] * 5
    assert await rows(one, "max(length(mark))") < 300


async def test_events_without_their_key(house: Houses) -> None:
    """An upload without its key is expected under its event's name, and nothing ends it; an end without one is journalled."""
    one = house()
    await one.take(created(None), {**processed(), "detail": {}})  # type: ignore[arg-type]
    assert (await one.journal()) == ["suppressed.no_key"]
    await pass_time(one)
    assert [i["dedup_key"] for i in await one.incidents()] == ["eventbridge:created None 1"]
