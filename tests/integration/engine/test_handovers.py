"""A handover is told once, beforehand, with what is open; in another way where its channel does not work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.engine.handovers import Handovers
from leh_guardian.ports import Sent
from leh_guardian.rules.oncall.loading import load_oncall
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store.pool import Pool
from tests.support.builders import alarm_event
from tests.support.on_call import Called, on_call_text

DUTY = """lv1:
    name: Lv1 당직
    layers: [{rotation: {phases: [{from: 2026-11-22, members: [minsu, seoyeon]}], handover: {every: 1d, at: "03:40"}}}]
    announce: {channel: ops, before: 30m}"""
ALWAYS = "lv1: {name: Lv1, layers: [{name: all, rotation: {phases: [{from: 2026-01-05, members: [minsu]}]}}]}"


class Strict:
    """A channel that others may read."""

    address, confirms, strict = "", False, True

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def send(self, notice: Any) -> Any:
        """Take it."""
        self.sent.append(notice)
        return Sent("r")


def handed(pool: Pool, folder: Path, ways: Any = None) -> Called:
    """An installation whose first level hands over in forty minutes; its clock shows three in the morning in Korea."""
    called = Called(pool, folder, ways=ways)
    rules, text = called.house.rules, on_call_text()
    assert ALWAYS in text
    oncall = load_oncall(text.replace(ALWAYS, DUTY).encode(), "oncall.yaml")
    called.house.rules = RuleSet(rules.revision, rules.rules, oncall=oncall)
    return called


def at(called: Called, minutes: float) -> None:
    """Set the clock to so many minutes after the handover."""
    handover = called.start + timedelta(minutes=40)
    called.clock.advance(seconds=(handover + timedelta(minutes=minutes) - called.clock.now()).total_seconds())


def looks(called: Called, name: str = "one") -> Handovers:
    """One replica."""
    house = called.house
    return Handovers(house.pool, house.people, called.clock, replica=name, planned=lambda: None)


async def test_it_is_told_once_over_all_replicas_and_restarts(pool: Pool, tmp_path: Path) -> None:
    """Half an hour before, with what is open; nobody is asked to answer, and no incident stays open for it."""
    called = handed(pool, tmp_path / "rules")
    await called.house.take(alarm_event("down-a"))
    await called.house.work()
    for minutes in (-31, -30, -15, 29):
        at(called, minutes)
        for replica in ("one", "two"):
            await looks(called, replica).run_once()
        await called.house.work()
    [notice] = [n for _, channel, n in called.world.sent if channel == "ops" and n.title.startswith("[교대]")]
    assert notice.title == "[교대] Lv1 당직: 김민수 → 최서연"
    assert notice.lines[0] == "11-23 03:40부터 11-24 03:40까지 (Asia/Seoul). 30분 뒤 교대합니다."
    assert notice.lines[1] == "열린 장애 1건:"
    assert notice.lines[2].endswith("[SEV2·Lv1] down (down-a): 응답 필요")
    assert (notice.buttons, notice.link) == ((), "")
    [told] = [one for one in await called.house.incidents() if one["rule"] == "guardian.handover"]
    assert (told["status"], told["dedup_key"]) == ("resolved", "lv1")
    assert (await called.house.journal()).count("oncall.handover") == 1


async def test_others_may_read_it(pool: Pool, tmp_path: Path) -> None:
    """A strict channel shows nothing of what is open; a channel that refuses it has the next one."""
    strict = Strict()
    called = handed(pool, tmp_path / "rules", {"ops": strict})
    await called.house.take(alarm_event("down-secret"))
    at(called, -20)
    await looks(called).run_once()
    await called.house.work()
    [notice] = [one for one in strict.sent if one.rule == "guardian.handover"]
    assert notice.title.startswith("[교대] lv1 11-23 03:40, 열린 장애 1건")
    assert "secret" not in f"{notice.title} {notice.lines} {notice.short} {notice.spoken}"


@pytest.mark.parametrize(("minutes", "count"), [(29, 1), (31, 0)])
async def test_a_late_start_tells_of_what_was_just_now(pool: Pool, tmp_path: Path, minutes: int, count: int) -> None:
    """And says that it is late."""
    called = handed(pool, tmp_path / "rules")
    at(called, minutes)
    await looks(called).run_once()
    await called.house.work()
    assert [n.lines[0].endswith("이미 교대했습니다(늦은 알림).") for _, _, n in called.world.sent] == [True] * count


async def test_one_that_refuses_it_has_others_behind_it(pool: Pool, tmp_path: Path) -> None:
    """The console at last: it is a message like any other."""
    called = handed(pool, tmp_path / "rules")
    called.world.refusing = {"ops"}
    at(called, -30)
    await looks(called).run_once()
    for _ in range(9):
        await called.house.work()
        called.clock.advance(minutes=1)
    assert "console" in {channel for _, channel, n in called.world.sent if n.title.startswith("[교대]")}
