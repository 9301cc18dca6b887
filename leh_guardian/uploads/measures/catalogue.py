"""Owns the list of measures; the one rule: a measure is one number of one subject, or None where the log cannot say it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from leh_guardian.uploads.subject import Subject

Function = Callable[[Subject], float | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """What can be measured."""

    name: str
    meaning: str
    function: Function


MEASURES: Final[dict[str, Measure]] = {}
"""By name; complete once `measures` is imported."""


def measure(function: Function) -> Function:
    """Make a function's name and docstring those of a measure."""
    name = function.__name__
    MEASURES[name] = Measure(name, " ".join((function.__doc__ or "").split()), function)
    return function


def share(part: int, whole: int) -> float | None:
    """Return part of whole, None of nothing."""
    return part / whole if whole else None


def spread(values: Sequence[float]) -> float | None:
    """Return the coefficient of variation: the standard deviation over the mean; None where there is no mean above 0."""
    mean = math.fsum(values) / len(values) if values else 0.0
    if mean <= 0:
        return None
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) / mean
