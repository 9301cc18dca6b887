"""Silences: delivery is withheld, never recording; when one ends the newest call goes out unless somebody has answered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.engine import silencing, verbs
from leh_guardian.engine.chaining import Chaining
from leh_guardian.engine.duty import Duty
from leh_guardian.engine.record_check import check_record
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.integration.engine.test_outgoing import slack
from tests.support.builders import alarm_event
from tests.support.on_call import Called


async def silence(called: Called, minutes: float, **match: Any) -> silencing.Said:
    """Silence what matches for so long."""
    now = called.clock.now()
    async with transaction(called.house.pool) as tx:
        asked = silencing.wanted(match, now + timedelta(minutes=minutes), "배포 중", "minsu", now)
        return await silencing.add(tx, asked, now)


async def end(called: Called, said: silencing.Said) -> silencing.Said:
    """End it."""
    assert said.silence is not None
    async with transaction(called.house.pool) as tx:
        return await silencing.end(tx, said.silence.id, "seoyeon", called.clock.now())


@pytest.fixture
def called(pool: Pool, tmp_path: Path) -> Called:
    """People."""
    return Called(pool, tmp_path / "rules")


async def test_the_newest_call_goes_out_when_it_ends(called: Called) -> None:
    """The clocks ran on: Lv2 was called meanwhile and is told once, Lv1 not any more; what is not silenced is told at once."""
    await silence(called, 40, rule=["down"])
    await called.house.take(alarm_event("down-a"), alarm_event("leak-a"))
    await called.until(39)
    assert [title for _, title in slack(called) if "down" in title] == []
    assert {level for _, level, _ in called.calls()} == {3}
    [incident] = [one for one in await called.house.incidents() if one["rule"] == "down"]
    assert (incident["status"], incident["level"]) == ("triggered", 2)
    await called.until(41)
    told = [(at, title.partition("]")[0]) for at, title in slack(called) if "down" in title]
    assert sorted(told) == [(40, "[SEV2·Lv1"), (40, "[SEV2·Lv2")]


async def test_repeats_that_were_withheld_come_as_one(called: Called) -> None:
    """Hours of the last level's repeats are one message for each way when it ends; the others are moot."""
    await silence(called, 6 * 60, rule=["down"])
    await called.house.take(alarm_event("down-a"))
    await called.until(359, step=600)
    assert called.calls() == []
    await called.until(360)
    assert [channel for _, level, channel in called.calls() if level == 3] == ["sms", "voice"]
    assert await called.house.actions("waiting") == []


async def test_who_has_answered_is_not_called_when_it_ends(called: Called) -> None:
    """And the journal says what withheld the call."""
    said = await silence(called, 20, rule=["down"])
    await called.house.take(alarm_event("down-a"))
    await called.until(5)
    [incident] = await called.house.incidents()
    async with transaction(called.house.pool) as tx:
        await verbs.acknowledge(tx, incident["id"], called.clock.now(), "minsu")
    await called.until(25)
    assert called.calls() == []
    assert said.silence is not None
    async with transaction(called.house.pool) as tx:
        reasons = [row["reason"] for row in await tx.fetch("select reason from journal where kind = 'attempt.waiting'")]
        chained = await tx.fetch("select kind, author, reason from journal where incident_id = $1", said.silence.id)
    assert f"silenced by {silencing.named(said.silence)} (minsu): 배포 중" in reasons
    assert [tuple(row) for row in chained] == [("silence.added", "minsu", "배포 중")]


async def test_a_silence_has_a_chain_of_its_own(called: Called) -> None:
    """Linked as an incident's lines are: who changes what was said of it is found out."""
    said = await silence(called, 20, rule=["down"])
    await end(called, said)
    await Chaining(called.house.pool, called.clock).run_once()
    assert said.silence is not None
    now, since = called.clock.now(), called.start - timedelta(days=1)
    checked = await check_record(called.house.pool, since, now)
    assert (checked.incidents, checked.lines, checked.findings) == (1, 2, [])
    async with transaction(called.house.pool) as tx:
        await tx.execute("set local session_replication_role = replica")
        await tx.execute("update journal set reason = 'nothing' where incident_id = $1", said.silence.id)
    changed = await check_record(called.house.pool, since, now)
    assert {finding.incident_id for finding in changed.findings} == {said.silence.id}


async def test_ended_by_hand_it_frees_what_it_withheld(called: Called) -> None:
    """Within seconds, on any replica; a message that settles to wait a moment later is freed as well; twice is once."""
    said = await silence(called, 600, dedup_key=[{"prefix": "down-"}])
    # Longer, so that what both withhold waits for this one.
    other = await silence(called, 601, dedup_key=["down-b"])
    await called.house.take(alarm_event("down-a"), alarm_event("down-b"))
    await called.until(3)
    assert "끝냈습니다" in (await end(called, said)).text.ko
    again = await end(called, said)
    assert (again.done, "이미" in again.text.ko, "seoyeon" in again.text.ko) == (True, True, True)
    assert called.calls() == []
    duty = Duty(called.house.pool, called.house.people, called.clock, replica="one", planned=lambda: None)
    await duty.run_once()
    await called.until(3.5)
    assert {title.partition("(")[2][:6] for _, title in slack(called)} == {"down-a"}
    await end(called, other)
    called.clock.advance(seconds=90)
    await duty.run_once()
    await called.until(6)
    assert {title.partition("(")[2][:6] for _, title in slack(called)} == {"down-a", "down-b"}


async def test_the_same_again_prolongs_it(called: Called) -> None:
    """One row for each condition, reason and person while it holds; it is told what it covers."""
    await called.house.take(alarm_event("down-a"), alarm_event("leak-a"))
    first = await silence(called, 10, rule=["down"])
    assert "열린 장애 1건이 해당합니다" in first.text.ko
    second = await silence(called, 30, rule=["down"])
    assert (first.silence, second.silence) != (None, None)
    assert first.silence is not None
    assert second.silence is not None
    assert (second.silence.id, second.silence.until - first.silence.until) == (first.silence.id, timedelta(minutes=20))


async def test_a_call_says_that_the_next_one_is_silenced(called: Called) -> None:
    """Of a silence that is about the next level alone the line says until when; after that it says nothing of it."""
    await silence(called, 60, rule=["down"], level=[2])
    await called.house.take(alarm_event("down-a"))
    await called.until(0)
    assert any(line == "다음: 03:30 Lv2 최서연 (무음: 04:00까지 보류)" for line in called.world.told[0].splitlines())
