"""Overrides by command: every replica calls other people within seconds, and what fits no more is told of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.engine import overriding
from leh_guardian.engine.duty import Duty
from leh_guardian.engine.overriding import Asked, NoOverride, Said
from leh_guardian.rules.oncall.loading import load_oncall
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.on_call import Called, on_call_text


class Swapped:
    """People whose duty is changed."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.called = Called(pool, folder)
        self.pool, self.clock = pool, self.called.clock
        self.duty = self.replica("one")

    def replica(self, name: str) -> Duty:
        """One that looks."""
        return Duty(self.pool, self.called.house.people, self.clock, replica=name, planned=lambda: None)

    async def add(self, hours: float = 2, **changes: Any) -> Said:
        """Change duty from now on."""
        now = self.clock.now()
        values: dict[str, Any] = {"replace": {"minsu": "seoyeon"}, **changes}
        asked = Asked("lv1", now, now + timedelta(hours=hours), "감기", "cto", **values)
        file = self.called.house.people.directory().file
        async with transaction(self.pool) as tx:
            return await overriding.add(tx, file, overriding.wanted(file, asked, now), now)

    async def end(self, said: Said) -> Said:
        """Take it back."""
        assert said.override is not None
        async with transaction(self.pool) as tx:
            return await overriding.end(tx, said.override.id, "cto", self.clock.now())

    async def alarm(self, name: str) -> set[str]:
        """Let something ring; returns who was called by Slack at once."""
        before = len(self.called.world.sent)
        await self.called.house.take(alarm_event(name))
        await self.called.house.work()
        actions = await self.called.house.actions("succeeded")
        new = {notice.id for _, channel, notice in self.called.world.sent[before:] if channel == "slack"}
        return {one["params"]["target"] for one in actions if one["id"] in new}


@pytest.fixture
def swapped(pool: Pool, tmp_path: Path) -> Swapped:
    """One replica."""
    return Swapped(pool, tmp_path / "rules")


async def test_others_are_called_from_the_next_look_on(swapped: Swapped) -> None:
    """And those of the file again once it is taken back or over."""
    said = await swapped.add()
    assert said.text.ko.endswith("김민수 대신 최서연 (감기)")
    await swapped.duty.run_once()
    assert await swapped.alarm("down-a") == {"person:seoyeon"}
    swapped.clock.advance(minutes=5)
    assert "끝냈습니다" in (await swapped.end(said)).text.ko
    assert "이미" in (await swapped.end(said)).text.ko
    await swapped.duty.run_once()
    assert await swapped.alarm("down-b") == {"person:minsu"}
    await swapped.add(hours=0.1, replace={}, add=("seoyeon",), remove=("minsu",))
    await swapped.duty.run_once()
    assert await swapped.alarm("down-c") == {"person:seoyeon"}
    swapped.clock.advance(minutes=7)
    # Without another look.
    assert await swapped.alarm("down-d") == {"person:minsu"}


async def test_the_same_again_is_one_and_another_is_refused(swapped: Swapped) -> None:
    """Nobody is replaced twice at a time; after it is taken back another may be made."""
    first = await swapped.add()
    swapped.clock.advance(seconds=5)
    again = await swapped.add(hours=2 - 5 / 3600)
    assert (again.override, "이미 있는" in again.text.ko) == (first.override, True)
    with pytest.raises(NoOverride) as refused:
        await swapped.add(replace={"minsu": "cto"})
    assert "이미 다른 변경" in refused.value.text.ko
    await swapped.end(first)
    await swapped.add(replace={"minsu": "cto"})
    async with transaction(swapped.pool) as tx:
        kinds = [
            row["kind"]
            for row in await tx.fetch("select kind from journal where rule_id = $1 order by id", overriding.RULE)
        ]
    assert kinds == ["oncall.override_added", "oncall.override_ended", "oncall.override_added"]


async def test_what_the_file_knows_no_more_is_told_of_once_a_day(swapped: Swapped) -> None:
    """Over all replicas; it calls whom the file names, and comes back with the schedule."""
    await swapped.add(hours=40)
    house = swapped.called.house
    whole = house.rules
    text = on_call_text().replace("schedule:lv1", "schedule:first").replace("  lv1:", "  first:")
    without = load_oncall(text.encode(), "oncall.yaml")
    house.rules = type(whole)(whole.revision, whole.rules, oncall=without)
    other = swapped.replica("two")
    for hours in (0, 1, 24):
        swapped.clock.advance(minutes=60 * hours)
        for duty in (swapped.duty, other, swapped.replica("three")):
            await duty.run_once()
    async with transaction(swapped.pool) as tx:
        rows = await tx.fetch("select reason from journal where kind = 'oncall.override_misfit'")
    assert [row["reason"] for row in rows] == ["당직표 lv1이(가) 없습니다"] * 2
    assert await swapped.alarm("down-a") == {"person:minsu"}
    house.rules = whole
    assert await swapped.alarm("down-b") == {"person:seoyeon"}
