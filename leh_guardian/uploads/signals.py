"""Owns what a signal is and how signals add up; the one rule: what was not measured weighs nothing and is said to be missing.

A score is a sum of log-odds: the prior, and the weights of the signals that hold, those of one family no more than the family
may weigh, for its signals tell of the same thing. A comparison is data; nothing is evaluated.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

Comparison = Literal["above", "at_least", "below", "at_most"]
Values = Mapping[str, float | None]

TRUST: Final = "trust"
FAMILIES: Final = ("rate", "automation", "account", "network", "content", "time", TRUST)

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}


class Verdict(StrEnum):
    """What an upload burst is taken for."""

    ATTACK = "attack"
    SUSPICIOUS = "suspicious"
    LEGITIMATE = "legitimate"


WORST: Final = (Verdict.ATTACK, Verdict.SUSPICIOUS, Verdict.LEGITIMATE)


@dataclass(frozen=True, slots=True)
class Condition:
    """A measure compared with a bound."""

    measure: str
    comparison: Comparison
    bound: float

    def holds(self, values: Values) -> bool | None:
        """Tell whether it holds; None where the measure is missing."""
        value = values.get(self.measure)
        return None if value is None else _COMPARE[self.comparison](value, self.bound)


@dataclass(frozen=True, slots=True)
class Signal:
    """A named reason for or against."""

    id: str
    family: str
    weight: float
    when: tuple[Condition, ...]
    """All must hold; the first is the one that is shown."""
    unless: tuple[Condition, ...] = ()
    """None may hold; one whose measure is missing does not."""
    contains: bool = False
    """Whether it alone makes whoever shows it suspicious, whatever speaks for them."""

    def holds(self, values: Values) -> bool | None:
        """Tell whether it holds; None where that hangs on a measure that is missing."""
        found = [condition.holds(values) for condition in self.when]
        if False in found or any(condition.holds(values) for condition in self.unless):
            return False
        return None if None in found else True


@dataclass(frozen=True, slots=True)
class SignalTable:
    """The signals, and how a score becomes a verdict."""

    prior: float
    suspicious: float
    attack: float
    require_families: int
    """Families, trust apart, that an attack shows at least."""
    decisive: frozenset[str]
    """Families of evidence that decides: haste, machines and strange addresses alone are no harm."""
    decisive_weight: float
    """What these weigh together at least in an attack."""
    most: Mapping[str, float]
    """What a family may weigh."""
    signals: tuple[Signal, ...]
    digest: str = ""
    """sha256 of the file, in hex."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A signal that holds, with what was measured."""

    signal: Signal
    value: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the signals say of one subject."""

    verdict: Verdict
    score: float
    fired: tuple[Fired, ...]
    """The heaviest first."""
    missing: tuple[str, ...]
    """Signals whose measure is missing."""
    families: Mapping[str, float] = field(default_factory=dict)
    """What each family weighs; with the prior their sum is the score."""


def weigh(values: Values, table: SignalTable) -> Weighed:
    """Return what the signals make of what was measured."""
    told = [(signal, signal.holds(values)) for signal in table.signals]
    fired = [Fired(signal, values[signal.when[0].measure] or 0.0) for signal, holds in told if holds]
    families = {family: _within(family, fired, table) for family in FAMILIES}
    score = table.prior + sum(families.values())
    return Weighed(
        verdict=_verdict(score, families, fired, table),
        score=round(score, 3),
        fired=tuple(sorted(fired, key=lambda one: (-abs(one.signal.weight), one.signal.id))),
        missing=tuple(signal.id for signal, holds in told if holds is None),
        families={family: round(weight, 3) for family, weight in families.items() if weight},
    )


def _within(family: str, fired: Iterable[Fired], table: SignalTable) -> float:
    most = table.most.get(family, float("inf"))
    weight = sum(one.signal.weight for one in fired if one.signal.family == family)
    return max(-most, min(most, weight))


def _verdict(score: float, families: Mapping[str, float], fired: Iterable[Fired], table: SignalTable) -> Verdict:
    against = {family for family, weight in families.items() if weight > 0 and family != TRUST}
    decisive = sum(families[family] for family in against & table.decisive)
    if score >= table.attack and len(against) >= table.require_families and decisive >= table.decisive_weight:
        return Verdict.ATTACK
    if score >= table.suspicious or any(one.signal.contains for one in fired):
        return Verdict.SUSPICIOUS
    return Verdict.LEGITIMATE
