"""Schedule rules through the engine, on a real PostgreSQL: a tick happens once, over replicas, kills, outages and edits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.engine.planner import Planner
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Failed, Wait
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry import failpoints
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: {id}
    mode: {mode}
    schedule: {{{schedule}}}
    {more}
    actions: {actions}
"""
CHECK = '[{uses: fix, with: {what: "${event.detail.at}"}, retry: {attempts: 1}}]'
WEEKLY = 'cron: "0 9 * * MON", timezone: Asia/Seoul'
SUNDAY = datetime(2026, 11, 29, 23, 59, 30, tzinfo=UTC)
"""Half a minute before nine on Monday in Seoul."""

Houses = Callable[..., House]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make replicas over one database, one world and one clock; each has looked at its rules, unless it `sleeps`."""
    world, clock = World(), FakeClock(SUNDAY)

    def make(schedule: str = WEEKLY, **options: Any) -> House:
        text = RULE.format(
            schedule=schedule,
            id=options.pop("id", "weekly"),
            mode=options.pop("mode", "act"),
            more=options.pop("more", ""),
            actions=options.pop("actions", CHECK),
        )
        return House(pool, rule_set(tmp_path / "rules", text, world), world, clock, **options)

    return make


@pytest.fixture
def killed_at() -> Iterator[Callable[[str], None]]:
    """Let the next one who comes to a point end there."""

    def arm(point: str) -> None:
        def end(name: str) -> None:
            if name == point:
                failpoints.arm(None)
                raise Killed

        failpoints.arm(end)

    yield arm
    failpoints.arm(None)


async def passes(one: House, *others: House, **duration: float) -> None:
    """Let time pass, then each replica look, and what is planned be done."""
    one.clock.advance(**duration)
    for replica in (one, *others):
        await replica.scheduler.run_once()
    await one.work()


async def missed(one: House) -> list[tuple[int, bool]]:
    """What the journal says of missed ticks: how many, and whether the newest was made up for."""
    async with transaction(one.pool) as tx:
        return [
            (row["missed"], row["started"])
            for row in await tx.fetch(
                "select (data::jsonb->>'missed')::int as missed, (data::jsonb->>'started')::boolean as started"
                " from journal where kind = 'schedule.missed' order by id"
            )
        ]


async def test_two_replicas_plan_one_tick(house: Houses) -> None:
    """Both look at once, again and again: one incident, one run, told what it is of."""
    one, two = house(), house(replica="two")
    await passes(one, two)
    assert await one.incidents() == []
    one.clock.advance(seconds=31)
    async with anyio.create_task_group() as tasks:
        for replica in (one, two) * 3:
            tasks.start_soon(replica.scheduler.run_once)
    await one.work()
    await passes(one, two, minutes=2)
    [incident] = await one.incidents()
    assert (incident["rule"], incident["dedup_key"], incident["status"]) == ("weekly", "", "resolved")
    assert one.world.effects == {"2026-11-30T09:00:00+09:00": 1}
    assert await missed(one) == []
    await passes(one, two, days=7)
    assert sum(one.world.effects.values()) == 2
    assert await missed(one) == []


@pytest.mark.parametrize("point", ["scheduler.before_commit", "scheduler.committed"])
async def test_a_tick_whose_replica_is_killed_happens_once(
    house: Houses, killed_at: Callable[[str], None], point: str
) -> None:
    """Before the commit another replica plans it, after the commit nobody does again; nor a replica that is started anew."""
    one, two = house(), house(replica="two")
    await passes(one, two)
    one.clock.advance(seconds=31)
    killed_at(point)
    with pytest.raises(Killed):
        await one.scheduler.run_once()
    await passes(two, house(replica="three"), seconds=5)
    assert one.world.effects == {"2026-11-30T09:00:00+09:00": 1}


async def test_what_was_missed_is_made_up_for_once(house: Houses) -> None:
    """Away for four hours of a half-hourly schedule: the newest tick runs, late, and the others are journalled."""
    await passes(house('cron: "*/30 * * * *"', more="dedup: detail.caught_up"), seconds=20)
    late = house('cron: "*/30 * * * *"', more="dedup: detail.caught_up")
    await passes(late, hours=4, minutes=10)
    [incident] = await late.incidents()
    assert incident["dedup_key"] == "true"
    assert late.world.effects == {"2026-11-30T13:00:00+09:00": 1}
    assert await missed(late) == [(8, True)]


@pytest.mark.parametrize(
    ("catch_up", "away", "runs"),
    [
        ("1h", timedelta(hours=1), True),
        ("1h", timedelta(hours=1, minutes=2), False),
        ("0s", timedelta(seconds=80), True),
        ("0s", timedelta(minutes=3), False),
        ("2d", timedelta(hours=47), True),
    ],
)
async def test_it_may_be_so_late_and_no_later(house: Houses, catch_up: str, away: timedelta, runs: bool) -> None:
    """`catch_up` bounds it; a minute is in time whatever it says. What is too late is journalled once, and the next tick runs."""
    schedule = f"{WEEKLY}, catch_up: {catch_up}"
    await passes(house(schedule))
    late, others = house(schedule), [house(schedule, replica=f"other {number}") for number in range(4)]
    late.clock.advance(seconds=away.total_seconds())
    async with anyio.create_task_group() as tasks:
        for replica in (late, *others):
            tasks.start_soon(replica.scheduler.run_once)
    await late.work()
    assert sum(late.world.effects.values()) == runs
    assert await missed(late) == ([] if runs else [(1, False)])
    await passes(late, seconds=(timedelta(days=7, seconds=50) - away).total_seconds())
    assert late.world.effects["2026-12-07T09:00:00+09:00"] == 1


async def test_a_rule_begins_when_it_is_first_seen(house: Houses) -> None:
    """No tick of the past; nor after its cron or zone was changed, nor when it was in no file for a while."""
    one = house('cron: "0 * * * *"')
    one.clock.advance(minutes=2)
    await passes(one)
    changed = house('cron: "5,30 * * * *"')
    changed.clock.advance(minutes=1)
    one.rules = changed.rules
    await passes(one, minutes=5)
    assert one.world.effects == {}
    await passes(one, minutes=25)
    assert one.world.effects == {"2026-11-30T09:30:00+09:00": 1}
    one.rules = house(id="other").rules
    await passes(one, minutes=5)
    await passes(one, minutes=26)
    one.rules = changed.rules
    await passes(one, minutes=2)
    assert sum(one.world.effects.values()) == 1
    assert await missed(one) == []


async def test_a_rule_that_is_off_ticks_nothing_and_catches_nothing_up(house: Houses) -> None:
    """Neither by its file nor by this installation's modes; switched on, it begins then."""
    hourly = 'cron: "0 * * * *", catch_up: 7d'
    one = house(hourly)
    await passes(one)
    on, one.rules = one.rules, house(hourly, mode="off").rules
    await passes(one, minutes=2)
    one.rules = on
    await passes(one, minutes=1)
    await passes(one, minutes=56)
    elsewhere = house(hourly, modes={"weekly": Mode.OFF})
    await passes(elsewhere, minutes=2)
    assert one.world.effects == {}
    assert await missed(one) == []
    await passes(house(hourly), minutes=1)
    assert one.world.effects == {}


async def test_a_clock_that_jumps_back_ticks_nothing_twice(house: Houses) -> None:
    """An hour back and on again: the tick was there already, also for a replica that has begun since, or lost its row."""
    one = house()
    await passes(one)
    await passes(one, minutes=1)
    one.clock.advance(hours=-1)
    await passes(one, house())
    await passes(one, hours=1, minutes=5)
    async with transaction(one.pool) as tx:
        await tx.execute("update schedule_ticks set decided_at = decided_at - interval '3 hours'")
    await passes(house(), minutes=2)
    assert one.world.effects == {"2026-11-30T09:00:00+09:00": 1}
    assert len(await one.incidents()) == 1


async def test_what_a_wrong_clock_has_decided_ahead_silences_nobody(house: Houses) -> None:
    """A year ahead for a moment: the next real tick is planned all the same."""
    one = house()
    await passes(one)
    one.clock.advance(days=365)
    await passes(one)
    one.clock.advance(days=-365)
    await passes(one)
    await passes(one, minutes=1)
    assert "2026-11-30T09:00:00+09:00" in one.world.effects


async def test_the_check_runs_again_while_its_incident_is_open(house: Houses) -> None:
    """It failed, and people have it: the next tick runs the same incident again. A failure is told anew; what goes well closes it."""
    one = house('cron: "*/5 * * * *"')
    one.world.outcomes += [Failed("a certificate is gone"), Failed("it is still gone")]
    await passes(one)
    await passes(one, seconds=31)
    assert any("a certificate is gone" in text for text in one.world.told)
    await passes(one, minutes=5)
    [incident] = await one.incidents()
    assert (incident["status"], incident["events"]) == ("triggered", 2)
    assert any("it is still gone" in text for text in one.world.told)
    await passes(one, minutes=5)
    [incident] = await one.incidents()
    assert (incident["status"], incident["events"]) == ("resolved", 3)
    assert len(one.world.attempts) == 3
    assert (await one.journal()).count("incident.run_again") == 2


async def test_what_nobody_answers_for_weeks_is_looked_at_every_week(house: Houses) -> None:
    """By then it is at a level that only people close: the check runs all the same, and its end leaves it to them."""
    one = house()
    one.world.outcomes += [Failed("a certificate is gone"), Failed("a certificate is gone")]
    await passes(one)
    await passes(one, minutes=1)
    for _ in range(3):
        await passes(one, days=7)
    [incident] = await one.incidents()
    assert (incident["status"], len(one.world.attempts)) == ("triggered", 4)
    assert "incident.needs_person" in await one.journal()


async def test_a_run_that_has_not_ended_is_not_run_twice(house: Houses) -> None:
    """A proposal that nobody has answered: the next tick is counted, and proposes nothing beside it."""
    one = house(mode="propose")
    await passes(one)
    await passes(one, minutes=1)
    await passes(one, days=7)
    [incident] = await one.incidents()
    assert (incident["events"], await one.steps()) == (2, [("fix", "proposed")])
    assert "incident.coalesced" in await one.journal()


@pytest.mark.parametrize(("more", "called"), [("", False), ("escalate: {grace: 1h}", True)])
async def test_a_check_may_take_its_time(house: Houses, more: str, called: bool) -> None:
    """A tick is no trouble: nobody is called while its run goes on, a day long, unless the rule says how long it may."""
    one = house(more=more)
    await passes(one)
    one.world.outcomes.append(Wait(one.clock.now() + timedelta(hours=3), "a copy is being restored"))
    await passes(one, seconds=31)
    for _ in range(13):
        await passes(one, minutes=15)
    assert bool(one.world.told) is called
    [incident] = await one.incidents()
    assert incident["status"] == "resolved" or called
    assert len(one.world.attempts) == 2


async def test_a_run_that_went_well_is_over(house: Houses) -> None:
    """Five minutes later it is another incident: a tick is no trouble that comes back, and calls nobody."""
    one = house('cron: "*/5 * * * *"')
    await passes(one)
    for _ in range(3):
        await passes(one, minutes=5)
    assert [incident["status"] for incident in await one.incidents()] == ["resolved"] * 3
    assert one.world.told == []


async def test_guards_hold_as_ever(house: Houses) -> None:
    """A cooldown puts the second of two runs off; without one no budget is put upon what only looks."""
    one = house('cron: "*/5 * * * *"', more="guards: {cooldown: 8m}")
    await passes(one)
    await passes(one, minutes=5)
    await passes(one, minutes=5)
    assert sum(one.world.effects.values()) == 1
    await passes(one, minutes=4)
    assert sum(one.world.effects.values()) == 2
    assert house(actions="[{uses: look}]").rules.rules[0].guards.budgets == ()


async def test_no_queue_brings_a_tick(house: Houses) -> None:
    """Whoever can send to the queue cannot set a schedule rule off."""
    one = house()
    [rule] = one.rules.rules
    assert rule.schedule is not None
    await one.take(rule.schedule.event(rule.id, SUNDAY).envelope)
    assert await one.incidents() == []


@pytest.mark.parametrize(
    ("schedule", "begin", "hours", "ticks"),
    [
        (
            'cron: "30 2 * * *", timezone: America/New_York',
            datetime(2027, 3, 13, 12, tzinfo=UTC),
            48,
            ["2027-03-14T03:00:00-04:00", "2027-03-15T02:30:00-04:00"],
        ),
        (
            'cron: "30 1 * * *", timezone: America/New_York',
            datetime(2027, 11, 6, 12, tzinfo=UTC),
            48,
            ["2027-11-07T01:30:00-04:00", "2027-11-08T01:30:00-05:00"],
        ),
        (
            'cron: "15 2 * * *", timezone: Australia/Lord_Howe',
            datetime(2027, 10, 2, 6, tzinfo=UTC),
            24,
            ["2027-10-03T02:30:00+11:00"],
        ),
        (
            'cron: "45 1 * * *", timezone: Australia/Lord_Howe',
            datetime(2027, 4, 3, 6, tzinfo=UTC),
            24,
            ["2027-04-04T01:45:00+11:00"],
        ),
    ],
)
async def test_clocks_that_are_moved(
    house: Houses, schedule: str, begin: datetime, hours: int, ticks: list[str]
) -> None:
    """A time that is left out ticks when the clocks have jumped, one that comes twice the first time only."""
    one = house(schedule, more="dedup: detail.at")
    one.clock.advance(seconds=(begin - one.clock.now()).total_seconds())
    for _ in range(hours * 4):
        one.clock.advance(minutes=15)
        await one.scheduler.run_once()
    await one.work()
    # Two actions side by side: which is done first is nobody's promise.
    assert sorted(one.world.effects) == ticks
    assert set(one.world.effects.values()) == {1}


async def test_a_defect_in_one_rule_stops_no_other(
    house: Houses, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What cannot be planned is logged, and tried again a minute later; the other rule has ticked meanwhile."""
    one = house()
    both = (tmp_path / "rules" / "rules.yaml").read_text(encoding="utf-8")
    both += both.partition("rules:")[2].replace("weekly", "other").replace("${event.detail.at}", "other")
    one.rules = rule_set(tmp_path / "both", both, one.world)
    plan, broken = Planner.plan, True

    async def fails(self: Planner, tx: Any, changes: Any, rules: Any, batch: Any) -> None:
        if broken and batch[0].match.rule.id == "other":
            raise RuntimeError("a defect")
        await plan(self, tx, changes, rules, batch)

    monkeypatch.setattr(Planner, "plan", fails)
    await passes(one)
    await passes(one, seconds=31)
    assert one.world.effects == {"2026-11-30T09:00:00+09:00": 1}
    broken = False
    await passes(one, seconds=61)
    assert one.world.effects == {"2026-11-30T09:00:00+09:00": 1, "other": 1}
