"""The path of one event through the engine, on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from leh_guardian.engine.planner import Planner
from leh_guardian.errors import OutcomeUnknown, Permanent, Transient
from leh_guardian.model.event import Event
from leh_guardian.model.mode import Mode
from leh_guardian.registry import Registry
from leh_guardian.rules.ruleset import Match, RuleSet
from leh_guardian.store.pool import Pool
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: dlq
    mode: {mode}
    pattern:
      source: [aws.cloudwatch]
      detail: {{alarmName: [{{prefix: leh-}}], state: {{value: [ALARM]}}}}
    {resolve}
    dedup: detail.alarmName
    severity: sev2
    guards: {{{guards}}}
    actions:
      - id: cause
        uses: look
        with: {{what: "${{{what}}}"}}
      - uses: fix
        if: {{cause: {{what: [{{prefix: leh-}}]}}}}
        with: {{what: "${{actions.cause.what}}"}}
        retry: {{attempts: 3, backoff: 1m}}
    on_failure: {on_failure}
"""
RESOLVE = "resolve_on: {detail: {state: {value: [OK]}}}"

Houses = Callable[..., House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make houses over one database and one world."""
    world, clock = World(), FakeClock()

    def make(
        *,
        mode: str = "act",
        guards: str = "",
        resolve: str = RESOLVE,
        on_failure: str = "escalate",
        what: str = "event.detail.alarmName",
        **options: Any,
    ) -> House:
        text = RULE.format(mode=mode, guards=guards, resolve=resolve, on_failure=on_failure, what=what)
        return House(pool, rule_set(tmp_path / "rules", text, world), world, clock, **options)

    return make


async def test_alarm_to_remedy_to_ok(house: Houses) -> None:
    """An alarm opens an incident, the steps run in order with each other's facts, and the held OK closes it."""
    one = house()
    await one.take(alarm_event("leh-a"))
    await one.work()
    assert [(a["step"], a["status"]) for a in await one.actions()] == [("cause", "succeeded"), ("fix", "succeeded")]
    assert one.world.effects["leh-a"] == 2  # look and fix
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["triggered"]
    one.clock.advance(minutes=5)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["resolved"]
    assert (await one.journal()) == [
        "incident.opened",
        "action.planned",
        "attempt.started",
        "action.succeeded",
        "action.planned",
        "attempt.started",
        "action.succeeded",
        "plan.done",
        "incident.ok_held",
        "incident.resolved",
    ]


async def test_redelivery_changes_nothing(house: Houses) -> None:
    """The same event again, in one batch, in the next, and through another replica, plans nothing new."""
    one, two = house(), house(replica="two")
    event = alarm_event("leh-a")
    await one.take(event, event)
    await two.take(event)
    await one.work()
    await two.work()
    assert len(await one.actions()) == 2
    assert (await one.incidents())[0]["events"] == 1
    assert len(one.queue.deleted) == 2
    assert len(two.queue.deleted) == 1


async def test_storm_is_one_incident_with_a_count(house: Houses) -> None:
    """A hundred different events of one alarm are one incident, one run and one journal line about the rest."""
    one = house()
    await one.take(*(alarm_event("leh-a") for _ in range(100)))
    assert [i["events"] for i in await one.incidents()] == [100]
    assert len(await one.actions()) == 1
    assert (await one.journal()).count("incident.coalesced") == 1


async def test_what_is_no_event_is_left_to_the_queue(house: Houses) -> None:
    """A malformed body is journalled and not deleted; the good ones beside it go their way."""
    one = house()
    await one.take(b"{", alarm_event("leh-a"), b'{"hello": 1}')
    assert one.queue.deleted == ["r2"]
    assert (await one.journal()).count("event.malformed") == 2
    assert len(await one.incidents()) == 1


async def test_a_defect_in_matching_is_isolated(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that brings out a defect in the matching is left to the queue like a malformed one; the others go their way."""
    one = house()
    real = RuleSet.match

    def defective(rules: RuleSet, event: Event) -> list[Match]:
        if event.id == "eventbridge:bad":
            raise RecursionError
        return real(rules, event)

    monkeypatch.setattr(RuleSet, "match", defective)
    await one.take(alarm_event("leh-a", event_id="bad"), alarm_event("leh-b"))
    assert one.queue.deleted == ["r2"]
    assert "event.malformed" in await one.journal()


async def test_a_defect_in_planning_is_found_by_halves(house: Houses, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of thirty that cannot be stored is left to the queue; the others are in a few transactions, not thirty."""
    one, real, plans = house(), Planner.plan, 0

    async def defective(planner: Planner, tx: Any, changes: Any, rules: RuleSet, batch: Any) -> None:
        nonlocal plans
        plans += 1
        if any(matched.event.id == "eventbridge:bad" for matched in batch):
            raise ValueError("a defect")
        await real(planner, tx, changes, rules, batch)

    monkeypatch.setattr(Planner, "plan", defective)
    with capture_logs() as said:
        await one.take(*(alarm_event(f"leh-{n}", event_id="bad" if n == 20 else f"good-{n}") for n in range(30)))
    assert [line["event"] for line in said if line["log_level"] == "error"] == ["a message could not be taken in"]
    assert sorted(one.queue.deleted) == sorted(f"r{n + 1}" for n in range(30) if n != 20)
    assert (await one.journal()).count("event.malformed") == 1
    assert len(await one.incidents()) == 29
    assert plans <= 11


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-292275055-05-16T16:47:04Z", ""])
async def test_a_time_that_cannot_be_is_not_believed(house: Houses, stamp: str) -> None:
    """Alarms with an unset or absurd time are taken in like others, the OK after them too: it closes the incident."""
    one = house()
    await one.take(alarm_event("leh-a", time=stamp))
    await one.take(alarm_event("leh-a", time=stamp))
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time=stamp))
    one.clock.advance(minutes=5)
    await one.work()
    assert [(i["status"], i["events"]) for i in await one.incidents()] == [("resolved", 2)]
    assert "event.malformed" not in await one.journal()


async def test_half_an_emoji_stops_no_remedy(house: Houses) -> None:
    """A text that its producer cut in the middle of an emoji is a parameter like others, the cut end spelt out."""
    one = house()
    await one.take(json.dumps(alarm_event("leh-녹취록 \ud83d")).encode())
    await one.work()
    assert [(a["step"], a["status"]) for a in await one.actions()] == [("cause", "succeeded"), ("fix", "succeeded")]
    assert one.world.effects == {r"leh-녹취록 \ud83d": 2}


async def test_unmatched_event_costs_one_row(house: Houses, pool: Pool) -> None:
    """An event that matches nothing is in the event log, deleted, and nowhere else."""
    one = house()
    await one.take(alarm_event("other"))
    async with pool.connection() as connection:
        assert await connection.fetchval("select count(*) from event_log where not matched") == 1
        assert await connection.fetchval("select count(*) from inbox") == 0
    assert one.queue.deleted == ["r1"]
    assert await one.journal() == []


async def test_budget_spent_stops_and_tells(house: Houses) -> None:
    """With its budget spent a rule opens incidents, does nothing, and tells people once a window."""
    one = house(guards="budget: [{max: 2, per: 1h}]")
    for name in ("leh-a", "leh-b", "leh-c", "leh-d"):
        await one.take(alarm_event(name))
    await one.work()
    assert len(await one.incidents()) == 4
    assert sum(one.world.effects.values()) == 4  # two runs of two steps
    assert len(one.world.told) == 1
    assert "한도" in one.world.told[0]
    one.clock.advance(hours=2)
    await one.take(alarm_event("leh-e"))
    await one.work()
    assert one.world.effects["leh-e"] == 2


async def test_budget_holds_over_replicas(house: Houses) -> None:
    """Many replicas planning at once start no more runs than the budget has."""
    import anyio

    houses = [house(guards="budget: [{max: 5, per: 1h}]", replica=f"r{n}") for n in range(6)]
    async with anyio.create_task_group() as tasks:
        for n, each in enumerate(houses):
            tasks.start_soon(each.take, *(alarm_event(f"leh-{n}-{k}") for k in range(5)))
    await houses[0].work()
    assert len([a for a in await houses[0].actions() if a["step"] == "fix"]) == 5


async def test_cooldown_delays_the_next_run_and_loses_nothing(house: Houses) -> None:
    """A second alarm within the cooldown opens its incident at once and acts when the cooldown is over."""
    one = house(guards="cooldown: 10m", hold="0s")
    await one.take(alarm_event("leh-a"))
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    await one.work()
    one.clock.advance(minutes=2)
    await one.take(alarm_event("leh-a", time="2026-11-22T18:01:00Z"))
    await one.work()
    assert one.world.effects["leh-a"] == 2
    # The same incident, opened again.
    assert [i["status"] for i in await one.incidents()] == ["triggered"]
    one.clock.advance(minutes=8)
    await one.work()
    assert one.world.effects["leh-a"] == 4


async def test_flapping_is_one_incident_that_runs_again(house: Houses) -> None:
    """Trouble that comes back while its OK is held belongs to the same incident and is remedied again."""
    one = house()
    await one.take(alarm_event("leh-a"))
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    one.clock.advance(minutes=1)
    await one.take(alarm_event("leh-a", time="2026-11-22T18:00:30Z"))
    await one.work()
    one.clock.advance(minutes=10)
    await one.work()
    (incident,) = await one.incidents()
    assert (incident["status"], incident["run"], incident["events"]) == ("triggered", 2, 2)
    assert one.world.effects["leh-a"] == 4


async def test_late_ok_is_ignored(house: Houses) -> None:
    """An OK that is older than the newest alarm closes nothing."""
    one = house()
    await one.take(alarm_event("leh-a", time="2026-11-22T17:59:00Z"))
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:58:00Z"))
    one.clock.advance(hours=1)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["triggered"]
    assert "incident.ok_stale" in await one.journal()


async def test_ok_that_overtook_its_alarm_closes_the_incident(house: Houses) -> None:
    """SQS does not keep order: an OK that arrived before the alarm it ends is held for it, in one batch and over many."""
    one, two = house(), house(replica="two")
    alarm, ok = (
        alarm_event("leh-a", time="2026-11-22T17:58:00Z"),
        alarm_event("leh-a", "OK", time="2026-11-22T17:59:00Z"),
    )
    await one.take(ok)
    one.clock.advance(minutes=1)
    await two.take(alarm)
    await one.take(
        alarm_event("leh-b", "OK", time="2026-11-22T17:59:00Z"), alarm_event("leh-b", time="2026-11-22T17:58:00Z")
    )
    await one.work()
    one.clock.advance(minutes=6)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["resolved", "resolved"]
    await one.take(alarm_event("leh-a", time="2026-11-22T18:05:00Z"))
    one.clock.advance(minutes=6)
    await one.work()
    assert [i["status"] for i in await one.incidents("triggered")] == ["triggered"]


async def test_ok_closes_what_a_rule_that_is_now_off_has_opened(house: Houses) -> None:
    """Turning a rule off does not leave its open incidents open for ever: their OK is still taken."""
    await house().take(alarm_event("leh-a"))
    one = house(mode="off")
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    one.clock.advance(minutes=6)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["resolved"]


async def test_ok_before_the_action_ran_withdraws_it(house: Houses) -> None:
    """Actions that have not started when the held OK closes the incident never start."""
    one = house(mode="propose")
    await one.take(alarm_event("leh-a"))
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    one.clock.advance(minutes=6)
    await one.work()
    assert [(a["step"], a["status"]) for a in await one.actions() if a["role"] == "step"] == [
        ("cause", "succeeded"),
        ("fix", "skipped"),
    ]
    assert [i["status"] for i in await one.incidents()] == ["resolved"]


async def test_queue_alarm_is_confirmed_before_it_closes(house: Houses) -> None:
    """The OK of a queue-depth alarm closes the incident only after a look at the queue itself."""
    one = house()
    await one.take(alarm_event("leh-a", queue="some-dlq"))
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z", queue="some-dlq"))
    one.clock.advance(minutes=6)
    await one.work()
    assert one.world.effects["queue some-dlq"] == 1
    assert [i["status"] for i in await one.incidents()] == ["resolved"]


async def test_alarm_that_arrives_after_its_oks_incident_is_closed_ends_too(house: Houses) -> None:
    """An alarm older than the OK that has closed its incident meanwhile waits for no further OK: none will come."""
    one = house()
    await one.take(alarm_event("leh-a", time="2026-11-22T17:58:00Z"))
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    await one.work()
    one.clock.advance(minutes=6)
    await one.work()
    await one.take(alarm_event("leh-a", time="2026-11-22T17:59:00Z"))
    one.clock.advance(minutes=6)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["resolved", "resolved"]


@pytest.mark.parametrize(
    ("metrics", "threshold"),
    [(7, 1), ({"a": 1}, 1), (None, int("9" * 400)), (None, "5"), (None, [1])],
    ids=["number", "mapping", "enormous", "text", "list"],
)
async def test_hostile_alarm_closes_like_any_other(house: Houses, metrics: Any, threshold: Any) -> None:
    """Whatever an alarm's event holds where its queue and threshold belong, its timer fires and nothing breaks."""
    one = house()
    alarm = alarm_event("leh-a", queue="some-dlq")
    alarm["detail"]["state"]["reasonData"] = json.dumps({"threshold": threshold})
    if metrics is not None:
        alarm["detail"]["configuration"]["metrics"] = metrics
    await one.take(alarm)
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    one.clock.advance(minutes=6)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["resolved"]


async def test_ok_that_cannot_be_confirmed_is_told(house: Houses) -> None:
    """When the last look at the queue cannot even be planned, people are told that the incident stays open."""
    one = house()
    alarm = alarm_event("leh-a", queue="some-dlq")
    alarm["detail"]["state"]["reasonData"] = json.dumps({"threshold": int("9" * 200)})
    await one.take(alarm)
    await one.work()
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T17:59:30Z"))
    one.clock.advance(minutes=6)
    one.timers._progression._registry = Registry(tuple(s for s in one.world.registry() if s.name != "queue_drained"))
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["triggered"]
    assert len(one.world.told) == 1


async def test_many_timers_fire_in_bounded_rounds(house: Houses) -> None:
    """A thousand OKs that are due at once do not keep the loop from showing that it lives."""
    one = house()
    names = [f"leh-{n}" for n in range(130)]
    await one.take(*map(alarm_event, names))
    await one.take(*(alarm_event(name, "OK", time="2026-11-22T17:59:30Z") for name in names))
    one.clock.advance(minutes=6)
    assert await one.timers.run_once() < len(names)


async def test_retry_backs_off_and_gives_up(house: Houses) -> None:
    """Transient failures are tried again after a doubling pause; the last one fails the rule and tells people."""
    one = house()
    one.world.outcomes = [Transient("1")] * 6
    await one.take(alarm_event("leh-a"))
    await one.work()
    for _ in range(6):
        one.clock.advance(minutes=3)
        await one.work()
    (cause,) = [a for a in await one.actions() if a["role"] == "step"]
    assert (cause["status"], cause["failures"]) == ("failed", 3)
    assert [text.splitlines()[1].partition(".")[0] for text in one.world.told] == [
        "자동 조치가 정해진 시간 안에 끝나지 않아 호출합니다",
        "자동 조치가 실패하여 중단했습니다",
    ]
    assert [i["level"] for i in await one.incidents()] == [1]


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Permanent("no"), "failed"), (OutcomeUnknown("?"), "needs_human"), (ValueError("defect"), "failed")],
)
async def test_failures_for_good_tell_people(house: Houses, failure: Exception, status: str) -> None:
    """What cannot be put right by trying again ends the plan and is escalated."""
    one = house()
    one.world.outcomes = [failure]
    await one.take(alarm_event("leh-a"))
    await one.work()
    assert [a["status"] for a in await one.actions() if a["role"] == "step"] == [status]
    assert len(one.world.told) == 1


async def test_on_failure_continue_goes_on(house: Houses) -> None:
    """With on_failure: continue the next step is planned after a failed one; where none has done anything, people hear of that."""
    one = house(on_failure="continue")
    one.world.outcomes = [Permanent("no")]
    await one.take(alarm_event("leh-a"))
    await one.work()
    steps = [(a["step"], a["status"]) for a in await one.actions() if a["role"] == "step"]
    assert steps == [("cause", "failed"), ("fix", "skipped")]  # its condition asks for facts that are not there
    [told] = one.world.told
    assert '{"cause":{"what":null}}' in told


async def test_observe_runs_dry(house: Houses) -> None:
    """In observe mode what reads runs, and what would change something runs dry and says what it would have done."""
    one = house(mode="observe")
    await one.take(alarm_event("leh-a"))
    await one.work()
    fix = (await one.actions())[-1]
    assert (fix["status"], fix["dry_run"], fix["outcome"]["summary"]) == ("succeeded", True, "would fix leh-a")
    assert "action.observed" in await one.journal()
    assert one.world.effects == {"leh-a": 1}


async def test_off_rule_only_says_so(house: Houses) -> None:
    """A rule that is off opens nothing and leaves a line in the journal."""
    one = house(mode="off")
    await one.take(alarm_event("leh-a"))
    assert await one.incidents() == []
    assert await one.journal() == ["suppressed.rule_off"]


async def test_bad_reference_is_an_error_with_its_name(house: Houses) -> None:
    """A reference that the event does not have fails the action, names rule, path and event, and tells people."""
    one = house(what="event.detail.nothing")
    await one.take(alarm_event("leh-a", event_id="e1"))
    await one.work()
    (action,) = [a for a in await one.actions() if a["role"] == "step"]
    assert action["status"] == "failed"
    for part in ("dlq", "event.detail.nothing", "eventbridge:e1"):
        assert part in action["outcome"]["summary"]
    assert len(one.world.told) == 1


async def test_installation_overrides_a_rules_mode(house: Houses) -> None:
    """The installation's word on a rule's mode wins over the rule file's."""
    one = house(mode="observe", modes={"dlq": Mode.ACT})
    await one.take(alarm_event("leh-a"))
    await one.work()
    assert one.world.effects == {"leh-a": 2}
