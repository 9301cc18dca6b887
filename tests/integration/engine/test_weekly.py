"""The weekly checks through the engine: kept, told as events, reported once - when all is well, too - and missed where none comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.errors import Refused, Unavailable
from leh_guardian.handlers.weekly_report import weekly_report
from leh_guardian.model.check import Status
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.ports import Notice, Sent
from leh_guardian.registry import Registry
from leh_guardian.store import check_results
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry import failpoints
from tests.support.clock import FakeClock
from tests.support.house import House, ToyChannel, World, rule_set

MONDAY = datetime(2026, 11, 29, 23, 59, 30, tzinfo=UTC)
"""Half a minute before nine on Monday in Seoul."""
WEEKLY = 'schedule: {cron: "0 9 * * MON", timezone: Asia/Seoul}'
CHECK = f"""
  - id: weekly-look
    mode: act
    {WEEKLY}
    actions: [{{uses: look, retry: {{attempts: 1}}}}]
"""
HEARD = """
  - id: heard
    mode: act
    pattern: {source: [leh.guardian], detail-type: [Check Result], detail: {status: [FAIL, UNKNOWN]}}
    resolve_on: {detail: {status: [OK, WARN]}}
    dedup: detail.check
    actions: []
"""
REPORT = f"""
  - id: weekly-report
    mode: act
    {WEEKLY}
    actions: [{{uses: weekly_report, with: {{checks: [CHECKS], channels: [ops, hook]}}, retry: {{attempts: 3, backoff: 1m}}}}]
"""
Houses = Callable[..., House]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make replicas over one database, one world and one clock, which have looked at their rules."""
    world, clock = World(), FakeClock(MONDAY)
    registry = Registry((*world.registry(), weekly_report.__handler__))  # type: ignore[attr-defined]

    def make(text: str, replica: str = "one") -> House:
        rules = rule_set(tmp_path / "rules", f"version: 1\nrules:\n{text}", registry=registry)
        return House(pool, rules, world, clock, registry=registry, replica=replica, channels=("ops", "hook"))

    return make


def result(status: str, check: str = "look") -> Outcome:
    """Return what a check ends in; the toy `look` stands for one, whose name is its handler's."""
    facts = {"check": check, "status": status, "measured": {"n": 1}, "reasons": [{"ko": "이유", "en": "why"}]}
    return Failed("bad", facts) if status in {"FAIL", "UNKNOWN"} else Done("good", facts)


async def passes(one: House, **duration: float) -> None:
    """Let time pass, and everything be done that is due then."""
    one.clock.advance(**duration)
    await one.scheduler.run_once()
    for _ in range(2):
        await one.work()
        await one.findings.run_once()
    await one.absence.run_once()
    await one.work()


async def rows(one: House) -> list[tuple[str, datetime, datetime]]:
    """Return (status, looked at, since) of what is kept, the oldest first."""
    async with transaction(one.pool) as tx:
        kept = await tx.fetch("select status, looked_at, since from check_results order by looked_at")
        return [(row["status"], row["looked_at"], row["since"]) for row in kept]


async def states(one: House) -> dict[str, str]:
    """Return the state of the newest incident of each rule."""
    return {incident["rule"]: incident["status"] for incident in await one.incidents()}


async def test_a_failing_check_opens_an_incident_and_a_passing_one_resolves_it(house: Houses) -> None:
    """Time after time: its own rule's incident, and that of a rule which matches findings; and since when it is so is kept.

    The times are short, so that nobody unanswered reaches the level whose incidents only people close.
    """
    one = house(CHECK.replace("0 9 * * MON", "*/10 * * * *") + HEARD)
    await passes(one)
    one.world.outcomes = [result("OK"), result("FAIL"), result("FAIL"), result("WARN")]
    await passes(one, minutes=1)
    assert await states(one) == {"weekly-look": "resolved"}
    await passes(one, minutes=10)
    assert await states(one) == {"weekly-look": "triggered", "heard": "triggered"}
    assert any("weekly-look" in text for text in one.world.told)
    await passes(one, minutes=10)
    assert len([each for each in await one.incidents() if each["rule"] == "heard"]) == 1
    await passes(one, minutes=10)
    await passes(one, minutes=6)
    assert await states(one) == {"weekly-look": "resolved", "heard": "resolved"}
    kept = await rows(one)
    assert [status for status, _, _ in kept] == ["OK", "FAIL", "FAIL", "WARN"]
    assert [since for _, _, since in kept] == [kept[0][1], kept[1][1], kept[1][1], kept[3][1]]


async def test_only_what_a_check_says_of_itself_is_kept(house: Houses) -> None:
    """Facts that name another handler, a status that there is not, or an attempt that is tried again, are no result."""
    one = house(CHECK)
    await passes(one)
    for outcome in (result("OK", "check_other"), result("GREEN"), Unavailable("not now")):
        one.world.outcomes = [outcome]
        await passes(one, days=7)
    assert await rows(one) == []


async def test_a_finding_is_told_once_and_never_to_its_own_rule(house: Houses) -> None:
    """Replicas look at once, one of them is killed: a rule hears of it once; and one that checks and hears never sets itself off."""
    loop = "\n".join(line for line in HEARD.splitlines() if "resolve_on" not in line)
    loop = loop.replace("actions: []", "actions: [{uses: look}]").replace("id: heard", "id: again")
    one, two = house(CHECK + HEARD + loop), house(CHECK + HEARD + loop, "two")
    await passes(one)
    # Done, so that its incident closes: an open one would keep it from starting again.
    one.world.outcomes = [result("FAIL"), *[Done("looked", result("FAIL").facts)] * 5]  # type: ignore[union-attr]
    one.clock.advance(minutes=1)
    await one.scheduler.run_once()
    await one.work()

    def end(name: str) -> None:
        if name == "findings.before_commit":
            failpoints.arm(None)
            raise Killed

    failpoints.arm(end)
    with pytest.raises(Killed):
        await one.findings.run_once()
    failpoints.arm(None)
    async with anyio.create_task_group() as tasks:
        for replica in (one, two) * 3:
            tasks.start_soon(replica.findings.run_once)
    await passes(one, seconds=5)
    await passes(one, seconds=5)
    assert [each["events"] for each in await one.incidents() if each["rule"] == "heard"] == [2]
    assert len(await rows(one)) == 2


async def test_one_that_cannot_be_planned_keeps_no_other_from_being_told(
    house: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is passed over, with an error in the log; the others are told, and once."""
    one = house(HEARD)
    await one.findings.run_once()
    for check in ("check_a", "check_bad", "check_c"):
        await keep(one, check, "FAIL", seconds={"check_a": 3, "check_bad": 2, "check_c": 1}[check])
    plan = one.planner.plan

    async def defective(tx: Any, changes: Any, rules: Any, batch: Any) -> None:
        if any(matched.event.envelope["detail"]["check"] == "check_bad" for matched in batch):
            raise ValueError("a defect")
        await plan(tx, changes, rules, batch)

    monkeypatch.setattr(one.planner, "plan", defective)
    while await one.findings.run_once():
        pass
    assert sorted(each["dedup_key"] for each in await one.incidents()) == ["check_a", "check_c"]


class Failing(ToyChannel):
    """A channel that fails a few times first."""

    def __init__(self, world: World, clock: FakeClock, errors: list[Exception]) -> None:
        super().__init__(world, "hook", clock)
        self.errors = errors

    async def send(self, notice: Notice) -> Sent:
        """Fail, or take it."""
        if self.errors:
            raise self.errors.pop(0)
        return await super().send(notice)


def reports(one: House) -> list[tuple[str, str]]:
    """Return (channel, overall) of the reports that went out."""
    return [
        (channel, notice.facts["overall"])
        for _, channel, notice in one.world.sent
        if notice.rule == "weekly-report" and notice.page
    ]


async def test_it_goes_out_once_to_each_place_when_all_is_well(house: Houses) -> None:
    """It waits for its checks, goes to every channel, and one that fails for a moment keeps no other waiting and gets it once."""
    one = house(REPORT.replace("CHECKS", "check_look"))
    one.executor._capabilities.channels["hook"] = Failing(one.world, one.clock, [Unavailable("busy")])  # type: ignore[index]
    await passes(one)
    await passes(one, minutes=1)
    assert reports(one) == []
    await keep(one, "check_look", "OK")
    await passes(one, seconds=30)
    assert reports(one) == [("ops", "OK")]
    await passes(one, minutes=5)
    assert reports(one) == [("ops", "OK"), ("hook", "OK")]
    ids = {notice.id for _, _, notice in one.world.sent if notice.page}
    assert len(ids) == 2
    assert await states(one) == {"weekly-report": "resolved"}
    await passes(one, minutes=10)
    assert len(reports(one)) == 2


async def test_what_has_not_run_is_unknown_and_the_report_goes_out_all_the_same(house: Houses) -> None:
    """After its patience; last week's result is not this week's. A channel that refuses it for good calls people."""
    one = house(REPORT.replace("CHECKS", "check_look, check_gone"))
    one.executor._capabilities.channels["hook"] = Failing(one.world, one.clock, [Refused("no")])  # type: ignore[index]
    await keep(one, "check_look", "OK", days=7)
    await passes(one)
    await passes(one, minutes=1)
    await keep(one, "check_look", "OK")
    await passes(one, minutes=50)
    assert reports(one) == []
    await passes(one, minutes=15)
    assert reports(one) == [("ops", "UNKNOWN")]
    assert await states(one) == {"weekly-report": "triggered"}
    [report] = [notice for _, _, notice in one.world.sent if notice.page]
    assert {row["check"]: row["status"] for row in report.facts["checks"]} == {
        "check_look": "OK",
        "check_gone": "UNKNOWN",
    }


async def keep(one: House, check: str, status: str, **ago: float) -> None:
    """Keep a result as if a check had run just now, or before."""
    async with transaction(one.pool) as tx:
        at = one.clock.now() - timedelta(**ago)
        action: Any = await tx.fetchval("select gen_random_uuid()")
        await check_results.keep(tx, action, "r", check, at, Status(status), {"check": check})


@pytest.fixture
def shipped(house: Houses) -> House:
    """The shipped rules of the report, of one toy check."""
    text = Path("rules/upkeep.yaml").read_text(encoding="utf-8")
    wanted = text[text.index("  - id: weekly-report\n") :]
    return house(wanted.replace("with: {", "with: {checks: [check_look], "))


async def test_eight_days_without_a_report_are_an_alarm(shipped: House) -> None:
    """Before the first one, too; one that comes late closes it. Each report ends the wait, by its own name, and begins the next."""
    one, both = shipped, shipped.rules
    alone = replace(both, rules=tuple(rule for rule in both.rules if rule.id == "weekly-report-missing"))
    one.rules = alone
    await passes(one, days=-8, minutes=-9)
    await passes(one, days=7, hours=23, minutes=59)
    assert await one.incidents() == []
    await passes(one, minutes=2)
    assert await missed(one) == [("none", "triggered")]

    one.rules = both
    await passes(one)
    await keep(one, "check_look", "OK")
    await passes(one, minutes=9)
    assert len(reports(one)) == 1
    await passes(one, minutes=6)
    assert await missed(one) == [("none", "resolved")]
    for _ in range(2):
        one.clock.advance(days=6, hours=23)
        await keep(one, "check_look", "OK")
        await passes(one, hours=1)
    assert len(reports(one)) == 3
    assert await missed(one) == [("none", "resolved")]

    one.rules = alone
    sent = one.clock.now()
    await passes(one, days=7, hours=23)
    assert len(await missed(one)) == 1
    await passes(one, hours=2)
    assert (await missed(one))[1:] == [(sent.isoformat(timespec="seconds"), "triggered")]


async def missed(one: House) -> list[tuple[str, str]]:
    """Return (the report that none followed, state) of the incidents about reports that stay away."""
    return [(i["dedup_key"], i["status"]) for i in await one.incidents() if i["rule"] == "weekly-report-missing"]
