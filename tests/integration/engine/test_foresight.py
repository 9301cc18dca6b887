"""What is foreseen is what happens: the engine is asked beforehand and then left to do it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from leh_guardian.engine.directory import Directory
from leh_guardian.engine.foresight import imagined, unanswered
from leh_guardian.model.outcome import Wait
from leh_guardian.store.pool import Pool
from tests.integration.engine.test_calling import answer
from tests.support.builders import alarm_event
from tests.support.on_call import Called

GAP = """
overrides:
  - id: away
    schedule: lv2
    from: 2026-11-01T00:00
    to: 2026-12-01T00:00
    remove: [seoyeon]
    by: seoyeon
    reason: 휴가
"""


@pytest.mark.parametrize(
    ("rule", "event", "more"),
    [("down", "down-a", ""), ("leak", "leak-a", ""), ("mended", "mend-a", ""), ("down", "down-a", GAP)],
    ids=["levels", "at-the-top", "with-a-remedy", "nobody-on-level-2"],
)
async def test_what_is_foreseen_happens(pool: Pool, tmp_path: Path, rule: str, event: str, more: str) -> None:
    """Each call at its time, at its level, by its channels, none beside: for two hours without an answer."""
    called = Called(pool, tmp_path / "rules", more)
    found = called.house.rules.get(rule)
    assert found is not None
    assert called.house.rules.oncall is not None
    directory = Directory(called.house.rules.oncall, "ops")
    until = called.start + timedelta(hours=2)
    foreseen = sorted(
        (round((way.due_at - called.start).total_seconds() / 60, 2), one.call.level, way.channel)
        for one in unanswered(imagined(found, directory, called.start), directory, until)
        for _, way in one.ways
        if way.due_at <= until
    )
    called.world.outcomes = [Wait(called.clock.now() + timedelta(hours=9), "not yet")]
    await called.house.take(alarm_event(event))
    await called.until(120)
    assert called.calls() == foreseen
    assert len(foreseen) > 5


async def test_a_call_says_who_is_next(pool: Pool, tmp_path: Path) -> None:
    """In Korea's time and by name; later words say what is true then, and the last level says that it goes on."""
    called = Called(pool, tmp_path / "rules")
    await called.house.take(alarm_event("down-a"))
    await called.until(91)
    said = [
        (channel, [line for line in notice.lines if line.startswith("다음:")])
        for _, channel, notice in called.world.sent
        if notice.kind.value == "page"
    ]
    assert said[0][1] == ["다음: 03:30 Lv2 최서연"]
    assert ("voice", ["다음: 03:30 Lv2 최서연"]) in said
    assert ("sms", ["다음: 04:30 Lv3 한지훈"]) in said
    assert said[-1][1] == ["다음: 04:45 Lv3 한지훈"]


async def test_nobody_is_next_once_somebody_answers(pool: Pool, tmp_path: Path) -> None:
    """What those hear who were told says nothing of calls that will not be made."""
    called = Called(pool, tmp_path / "rules")
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    before = len(called.world.sent)
    assert await answer(called, "acknowledge")
    assert not any("다음:" in line for _, _, notice in called.world.sent[before:] for line in notice.lines)
