"""Sliding windows: what is in one of their length is never missed, wherever it happened and in whatever order it came."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.window import Amount, Limit, Measure, amount_of, counted, peak, plain

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)


def limit(over: timedelta = timedelta(minutes=10), measure: Measure = Measure.SUM, bound: str = "5") -> Limit:
    """A limit."""
    return Limit(measure, over, Decimal(bound))


def at(seconds: float) -> datetime:
    """An instant."""
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("over", "width"),
    [("1s", 1), ("59s", 1), ("60s", 1), ("5m", 5), ("10m", 10), ("30m", 30), ("1h", 60), ("1d", 60), ("31d", 60)],
)
def test_buckets_are_a_minute_at_most(over: str, width: int) -> None:
    """A sixtieth of the window where that is a second at least, and never more than 60 s."""
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[over[-1]]
    assert limit(timedelta(seconds=int(over[:-1]) * unit)).width == timedelta(seconds=width)


def test_a_bucket_begins_at_or_before_what_is_in_it() -> None:
    """Every instant has one bucket, whatever the zone."""
    one = limit(timedelta(hours=1))
    assert one.bucket(at(59.999)) == NOW
    assert one.bucket(at(60)) == at(60)
    assert one.bucket(at(-0.001)) == at(-60)


MOMENTS = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 9)), min_size=1, max_size=40)


@given(MOMENTS, st.sampled_from([Measure.SUM, Measure.DISTINCT]), st.randoms(use_true_random=False))
def test_nothing_within_a_window_is_missed(
    moments: Sequence[tuple[int, int]], measure: Measure, chance: random.Random
) -> None:
    """The peak is at least what any real window holds, and at most what one longer by a bucket does; order is nothing to it."""
    one = limit(measure=measure)
    events = [(at(second), number) for second, number in moments]
    amounts = [Amount(one.bucket(when), Decimal(number), str(number)) for when, number in events]
    chance.shuffle(amounts)
    value = peak(one, amounts, [one.bucket(when) for when, _ in events])

    def holds(end: datetime, length: timedelta) -> Decimal:
        inside = [number for when, number in events if end - length <= when <= end]
        return Decimal(len(set(inside)) if measure is Measure.DISTINCT else sum(inside))

    assert max(holds(end, one.over) for end, _ in events) <= value
    assert value <= max(
        holds(end, one.over + one.width) for end in [one.bucket(when) + one.width for when, _ in events]
    )


def test_only_windows_that_hold_what_is_new_are_judged() -> None:
    """A crowd of long ago sets nothing off again; one event that comes late completes the crowd of its own time."""
    one = limit(bound="2")
    crowd = [Amount(one.bucket(at(second))) for second in (0, 10, 20)]
    later = Amount(one.bucket(at(3000)))
    assert peak(one, [*crowd, later], [later.at]) == 1
    late = Amount(one.bucket(at(30)))
    assert peak(one, [*crowd, later, late], [late.at]) == 4


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0.1, "0.1"),
        (3, "3"),
        ("12.50", "12.5"),
        ("1e3", "1000"),
        (0, "0"),
        (1e-13, "0"),
        (True, None),
        (-1, None),
        ("-0.01", None),
        ("nan", None),
        ("Infinity", None),
        (1e16, None),
        ("9" * 65, None),
        ("1e999999", None),
        ("", None),
        (None, None),
        ([1], None),
    ],
)
def test_amounts_are_exact_or_none(value: Any, number: str | None) -> None:
    """Numbers and texts that are numbers; nothing negative, endless, enormous or else."""
    assert amount_of(value) == (None if number is None else Decimal(number))


def test_a_tenth_ten_times_is_one() -> None:
    """Sums are decimal: ten floats of 0.1 are 1, and not above it."""
    one = limit(bound="1")
    amounts = [Amount(one.bucket(at(n)), amount_of(0.1) or Decimal(0)) for n in range(10)]
    value = peak(one, amounts, [NOW])
    assert value == 1
    assert not one.exceeded(value)
    assert Limit(Measure.SUM, one.over, Decimal(1), inclusive=True).exceeded(value)


def test_what_was_measured_is_told() -> None:
    """The rule's steps find it at event.window, also where the event had something of that name."""
    envelope = {"source": "a", "window": "mine"}
    told = counted(envelope, limit(bound="50"), "case_1", Decimal("51.2"))["window"]
    assert told == {"measure": "sum", "value": 51.2, "bound": 50, "over": 600.0, "key": "case_1"}
    assert envelope["window"] == "mine"


@pytest.mark.parametrize(("number", "text"), [("50", "50"), ("51.20", "51.2"), ("3E+6", "3000000"), ("0", "0")])
def test_numbers_are_written_plainly(number: str, text: str) -> None:
    """No exponents and no idle zeros."""
    assert plain(Decimal(number)) == text
