"""Owns limits played over made-up use; the one rule: what decides is the product's own `unlike` and the shipped limits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from leh_guardian.model.spend.limits import Scope, SpendLimit, Tier, Unit, unlike
from tests.spending.families import BIN, DAY, Story

_HOUR = 60 // BIN
_USD = Decimal("3.25e-6")
"""Of a token, nine sent for each that comes back, at 2.5 and 10 USD a million."""


@dataclass
class Windows:
    """What one case has used, as bins come."""

    sums: dict[int, int] = field(default_factory=dict)
    """{bins: tokens in the newest window of that length}."""
    _bins: dict[int, deque[tuple[int, int]]] = field(default_factory=dict)
    hours: dict[int, int] = field(default_factory=dict)

    def add(self, at: int, tokens: int, lengths: Sequence[int]) -> None:
        """Take the next bin."""
        for length in lengths:
            kept = self._bins.setdefault(length, deque())
            kept.append((at, tokens))
            self.sums[length] = self.sums.get(length, 0) + tokens
            while kept[0][0] <= at - length:
                self.sums[length] -= kept.popleft()[1]
        self.hours[at // _HOUR] = self.hours.get(at // _HOUR, 0) + tokens

    def history(self, at: int, alarms: set[int]) -> list[Decimal]:
        """The active hours of the 14 days before, but for those with an alarm."""
        now = at // _HOUR
        return [Decimal(n) for hour, n in self.hours.items() if now - 336 <= hour < now and hour not in alarms]


Detector = Callable[[Windows, int, set[int]], bool]


def by_limits(limits: Sequence[SpendLimit], tier: Tier, cohort: Decimal | None) -> Detector:
    """Make a detector of the limits of a tier and those graver."""
    wanted = [one for one in limits if one.scope is Scope.CASE and one.tier.rank >= tier.rank]

    def tripped(windows: Windows, at: int, alarms: set[int]) -> bool:
        return any(_exceeded(limit, windows, at, alarms, cohort) for limit in wanted)

    return tripped


def _exceeded(limit: SpendLimit, windows: Windows, at: int, alarms: set[int], cohort: Decimal | None) -> bool:
    tokens = Decimal(windows.sums.get(int(limit.over / timedelta(minutes=BIN)), 0))
    amounts: Mapping[Unit, Decimal] = {Unit.TOKENS: tokens, Unit.USD: tokens * _USD, Unit.ATTEMPTS: Decimal(0)}
    if not all(amounts[unit] > most for unit, most in limit.most.items()):
        return False
    hour = Decimal(windows.sums.get(_HOUR, 0))
    return not limit.deviates or unlike(hour, windows.history(at, alarms), cohort)[0]


def fixed(tokens: int, hours: int) -> Detector:
    """Make a detector that knows one amount."""
    return lambda windows, _, __: windows.sums.get(hours * _HOUR, 0) > tokens


def own_history(floor: int) -> Detector:
    """Make a detector that compares a case with itself alone, above a floor; blind without a history."""

    def tripped(windows: Windows, at: int, alarms: set[int]) -> bool:
        hour, history = windows.sums.get(_HOUR, 0), windows.history(at, alarms)
        return hour > floor and len(history) >= 12 and unlike(Decimal(hour), history, None)[0]

    return tripped


def trips(story: Story, detector: Detector, lengths: Sequence[int]) -> Iterator[int]:
    """Yield the bins in which a detector trips."""
    windows, alarms = Windows(), set[int]()
    for at in sorted(story.used):
        windows.add(at, story.used[at], lengths)
        if detector(windows, at, alarms):
            alarms.add(at // _HOUR)
            yield at


def cohort_of(honest: Sequence[Story]) -> Decimal:
    """What one in a thousand active hours of honest cases exceeds."""
    hours: list[int] = []
    for story in honest:
        windows = Windows()
        for at in sorted(story.used):
            windows.add(at, story.used[at], ())
        hours += windows.hours.values()
    return Decimal(sorted(hours)[int(len(hours) * 0.999)])


@dataclass(frozen=True)
class Result:
    """How one detector did on one family."""

    found: float
    """Of the attacks, the share that tripped it."""
    delay: float
    """Minutes from the attack's begin, in the median of those found."""
    spent: float
    """Share of the attack's tokens that were used by then, in the median."""


def on_attacks(stories: Sequence[Story], detector: Detector, lengths: Sequence[int]) -> Result:
    """Return how a detector did on the attacks of a family."""
    delays, spent = [], []
    for story in stories:
        begin = story.attack_from or 0
        first = next((at for at in trips(story, detector, lengths) if at >= begin), None)
        if first is not None:
            delays.append((first - begin) * BIN)
            spent.append(sum(n for at, n in story.used.items() if begin <= at <= first) / story.attack_tokens)
    middle = len(delays) // 2
    return Result(
        len(delays) / len(stories),
        sorted(delays)[middle] if delays else float("nan"),
        sorted(spent)[middle] if spent else 1.0,
    )


def on_honest(stories: Sequence[Story], detector: Detector, lengths: Sequence[int]) -> tuple[float, float, float]:
    """Return tripped case-days a thousand, the share of bulk days that tripped, and tripped days a thousand of all others."""
    days, bulk_days, tripped, bulk_tripped = 0, 0, 0, 0
    for story in stories:
        hit = {at // DAY for at in trips(story, detector, lengths)}
        days += max(story.used, default=0) // DAY + 1
        bulk_days += len(story.bulk)
        tripped += len(hit)
        # A bulk upload begun late in the day ends the day after.
        bulk_tripped += len({day for day in story.bulk if {day, day + 1} & hit})
    others = tripped - bulk_tripped
    return 1000 * tripped / days, bulk_tripped / max(1, bulk_days), 1000 * others / (days - bulk_days)
