"""Owns sliding windows over events; the one rule: what is counted late is counted where it happened.

Amounts are kept in buckets by when their events happened, so a backlog after an outage is judged as if it had come in time, and
every position of the window that an event is in is looked at. A window is exact to one bucket, on the long side: what happened
within its length is never missed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

_WIDTHS: Final = tuple(timedelta(seconds=seconds) for seconds in (60, 30, 10, 5, 1))
_LEAST_BUCKETS: Final = 60
"""Of a window, where that is possible: an error of at most this part of its length."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MOST: Final = Decimal(10) ** 15
_FINEST: Final = Decimal("1e-12")
LONGEST: Final = timedelta(days=31)


class Measure(StrEnum):
    """What of the events in a window is compared."""

    COUNT = "count"
    SUM = "sum"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be in a window."""

    measure: Measure
    over: timedelta
    """The window's length."""
    bound: Decimal
    inclusive: bool = False
    """Whether the bound itself is too much."""

    @property
    def width(self) -> timedelta:
        """How long a bucket is: 60 s at most."""
        return next((width for width in _WIDTHS if self.over / _LEAST_BUCKETS >= width), _WIDTHS[-1])

    @property
    def tells_apart(self) -> bool:
        """Whether different things are counted."""
        return self.measure is Measure.DISTINCT

    def exceeded(self, value: Decimal) -> bool:
        """Tell whether `value` is too much."""
        return value >= self.bound if self.inclusive else value > self.bound

    def bucket(self, happened: datetime) -> datetime:
        """Return the beginning of the bucket of an instant."""
        return happened - (happened - _EPOCH) % self.width


@dataclass(frozen=True, slots=True)
class Amount:
    """What was counted of one key in one bucket."""

    at: datetime
    """The bucket's beginning."""
    amount: Decimal = Decimal(1)
    member: str = ""
    """What it was, where different things are counted."""


def peak(limit: Limit, amounts: Iterable[Amount], touched: Sequence[datetime]) -> Decimal:
    """Return the most that any window holds which a touched bucket is in; 0 for none.

    Args:
        limit: what is measured, over what length.
        amounts: all that is known of a key from `over` before the first touched bucket to `over` after the last, in any order.
        touched: beginnings of the buckets that something was added to.
    """
    buckets: dict[datetime, list[Amount]] = {}
    for one in amounts:
        buckets.setdefault(one.at, []).append(one)
    ends, positions = sorted(buckets), sorted(touched)
    most, total, first = Decimal(0), Decimal(0), 0
    members: Counter[str] = Counter()
    for end in ends:
        for one in buckets[end]:
            total += one.amount
            members[one.member] += 1
        while ends[first] < end - limit.over:
            for one in buckets[ends[first]]:
                total -= one.amount
                members[one.member] -= 1
                if not members[one.member]:
                    del members[one.member]
            first += 1
        after = bisect_left(positions, end - limit.over)
        if after < len(positions) and positions[after] <= end:
            most = max(most, Decimal(len(members)) if limit.tells_apart else total)
    return most


def amount_of(value: Any) -> Decimal | None:
    """Return a number of an event, or a text that is one, as it is summed; None for what cannot be.

    That is what is no number, negative or beyond 1e15. A float counts as the shortest decimal that reads as it (Python
    documentation, "Floating-Point Arithmetic: Issues and Limitations").
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 64:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or number < 0 or number > _MOST:
        return None
    return number.quantize(_FINEST).normalize() if number else Decimal(0)


def plain(number: Decimal) -> str:
    """Return a number as people write it: 51.2, 3000000."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(envelope: Mapping[str, Any], limit: Limit, key: str, value: Decimal) -> dict[str, Any]:
    """Return an event as a rule fires with it: with what was measured, for `${event.window.…}`."""
    told = {
        "measure": limit.measure.value,
        "value": _number(value),
        "bound": _number(limit.bound),
        "over": limit.over.total_seconds(),
        "key": key,
    }
    return {**envelope, "window": told}


def _number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
