"""When a way to people counts as broken, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leh_guardian.model.channel_outage import LONGEST_PAUSE, ChannelOutage, Failure

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
FRESH = ChannelOutage("slack")


def after(*failures: tuple[str, str, bool], known: ChannelOutage = FRESH) -> ChannelOutage:
    """What is known after messages (action, target, lasting) that were not taken."""
    for action, target, lasting in failures:
        known = known.failed(Failure(action, target, lasting), "no", NOW)
    return known


@pytest.mark.parametrize(
    ("failures", "broken"),
    [
        ([("1", "person:a", False), ("2", "person:a", False)], False),
        ([("1", "person:a", False), ("2", "person:a", False), ("3", "person:a", False)], True),
        ([("1", "person:a", False), ("1", "person:a", False), ("1", "person:a", False)], False),
        ([("1", "person:a", True), ("2", "person:a", True), ("3", "person:a", True)], False),
        ([("1", "person:a", True), ("2", "person:b", True), ("3", "person:a", True)], True),
        ([("1", "channel:ops", True), ("2", "channel:ops", True), ("3", "channel:ops", True)], True),
    ],
    ids=["two", "three", "one-thrice", "a-wrong-number", "two-numbers", "a-place"],
)
def test_three_messages_in_a_row_break_it(failures: list[tuple[str, str, bool]], broken: bool) -> None:
    """Not one message tried thrice, nor one person whom it will never take anything for."""
    assert after(*failures).broken is broken


def test_what_it_takes_ends_it() -> None:
    """Whatever was known against it is forgotten, and when it worked is known."""
    known = after(("1", "person:a", False), ("2", "person:a", False)).worked(NOW)
    assert (known.whole, known.worked_at) == (True, NOW)
    assert not after(("3", "person:a", False), known=known).broken


def test_it_is_tried_again_ever_more_seldom() -> None:
    """After half a minute, then after twice as long each time, ten minutes at most; in between nothing tries it."""
    known = after(*((str(n), "channel:ops", False) for n in range(3)))
    pauses, at = [], NOW
    for _ in range(8):
        assert known.next_try_at is not None
        pauses.append((known.next_try_at - at).total_seconds())
        at = known.next_try_at
        assert known.tried(at - timedelta(seconds=1)) is None
        tried = known.tried(at)
        assert tried is not None
        known = after(("x", "channel:ops", False), known=tried)
        assert known.opened_at == NOW
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600]
    assert pauses[-1] == LONGEST_PAUSE.total_seconds()
    assert FRESH.tried(NOW) is None


def test_looks_that_fail_break_it_unless_messages_know_better() -> None:
    """A right that only the look lacks does not keep messages from a way that has taken one since."""
    assert FRESH.unreachable("invalid_auth", NOW, NOW).broken
    assert not FRESH.worked(NOW).unreachable("invalid_auth", NOW, NOW).broken
    later = NOW + timedelta(minutes=1)
    assert FRESH.worked(NOW).unreachable("invalid_auth", later, later).broken
