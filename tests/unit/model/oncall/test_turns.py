"""When a handover is told: what really changes who is on call, ahead by what the schedule says, or past by no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leh_guardian.model.oncall.turns import Turn, turns_to_tell
from leh_guardian.rules.oncall.loading import load_oncall

TEXT = """
version: 1
people: {a: {name: 가}, b: {name: 나}}
channels: {ops: {provider: webhook}}
schedules:
  duty:
    timezone: ZONE
    layers: [{rotation: {phases: [{from: 2026-03-02, members: [a, b]}], handover: {every: 1d, at: "AT"}}}]
    announce: {channel: ops, before: 30m}
OVERRIDES
policies: {default: {steps: [{level: 1, notify: [schedule:duty]}]}}
"""
STAYS = "overrides: [{id: x, schedule: duty, from: 2026-03-04T10:00, to: 2026-03-05T10:00, replace: {a: b}, by: a, reason: 휴가}]"
SWAP = "overrides: [{id: x, schedule: duty, from: 2026-03-03T15:00, to: 2026-03-03T16:00, replace: {b: a}, by: a, reason: 병원}]"


def told(now: datetime, zone: str = "Asia/Seoul", at: str = "10:00", overrides: str = "") -> list[Turn]:
    """What is to be told at an instant."""
    text = TEXT.replace("ZONE", zone).replace("AT", at).replace("OVERRIDES", overrides)
    return list(turns_to_tell(load_oncall(text.encode(), "oncall.yaml").schedules["duty"], now))


HANDOVER = datetime(2026, 3, 4, 1, tzinfo=UTC)
"""Ten o'clock in Korea: b hands over to a."""


@pytest.mark.parametrize(("minutes", "expected"), [(-30.1, False), (-30, True), (0, True), (29.9, True), (30, False)])
def test_it_is_told_half_an_hour_before_and_not_long_after(minutes: float, expected: bool) -> None:
    """Whoever starts late tells of what was less than half an hour ago."""
    turns = told(HANDOVER + timedelta(minutes=minutes))
    assert bool(turns) is expected
    for turn in turns:
        assert (turn.at, turn.leaving.people, turn.coming.people) == (HANDOVER, ("b",), ("a",))
        assert turn.until == HANDOVER + timedelta(days=1)


def test_one_that_an_override_removed_is_not_told() -> None:
    """Who stays on hands nothing over; and a swap for an hour is a handover, too."""
    assert told(HANDOVER, overrides=STAYS) == []
    [swap] = told(datetime(2026, 3, 3, 5, 45, tzinfo=UTC), overrides=SWAP)
    assert (swap.leaving.people, swap.coming.people) == (("b",), ("a",))
    assert swap.until == datetime(2026, 3, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "instant"),
    [("02:30", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)), ("01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC))],
    ids=["skipped", "twice"],
)
def test_where_clocks_change_it_is_the_rotations_instant(at: str, instant: datetime) -> None:
    """An hour that is skipped begins at its end, one that comes twice the first time: it is told once, before that."""
    moments = [instant + timedelta(minutes=n) for n in range(-90, 150, 10)]
    assert {turn.at for moment in moments for turn in told(moment, "America/New_York", at)} == {instant}


def test_without_a_word_of_it_nothing_is_told() -> None:
    """`announce` is what asks for it."""
    text = TEXT.replace("    announce: {channel: ops, before: 30m}\n", "")
    for old, new in (("ZONE", "Asia/Seoul"), ("AT", "10:00"), ("OVERRIDES", "")):
        text = text.replace(old, new)
    assert list(turns_to_tell(load_oncall(text.encode(), "o").schedules["duty"], HANDOVER)) == []
