"""Owns the signature table; the one rule: the first row that fits decides, and what fits none stays unknown.

A row's condition is an EventBridge event pattern over the fields of a `Failure`. A failure is asked about from the outside in:
the exception that got out, then what it was raised from. A wrapper that no row knows says nothing; one that a row knows says all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from leh_guardian.diagnosis.failure import Failure
from leh_guardian.patterns import Pattern, PatternIndex


class Verdict(StrEnum):
    """What ails the worker: of one record, its class; of all together, the diagnosis."""

    EXTERNAL_OUTAGE = "external_outage"
    THROTTLED = "throttled"
    QUOTA = "quota"
    TRANSIENT = "transient"
    CODE_BUG = "code_bug"
    BAD_INPUT = "bad_input"
    CONFIG = "config"
    INTERNAL_DEPENDENCY = "internal_dependency"
    UNKNOWN = "unknown"


_HARM: Final = {Verdict.QUOTA: 0, Verdict.CODE_BUG: 1, Verdict.CONFIG: 2, Verdict.BAD_INPUT: 3}
"""Of an exception group's members the one decides that does the most harm when it is sent again."""
UNKNOWN: Final = "unknown"
"""The id under which is counted what fits no row."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A row of the table."""

    id: str
    verdict: Verdict
    pattern: Pattern
    one_file: Verdict | None = None
    """What it means where all failures are of one file, and others are done."""
    many_cases: Verdict | None = None
    """What it means where it is met in many cases."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a failure came to."""

    signature: str
    verdict: Verdict
    failure: Failure
    """The one that the row fitted."""
    one_file: Verdict | None = None
    many_cases: Verdict | None = None


class Table:
    """Signatures in their order. Made once, never changes."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        self.signatures: Final = tuple(signatures)
        self._index = PatternIndex({place: row.pattern for place, row in enumerate(self.signatures)})

    def judge(self, failures: Sequence[Failure]) -> Judged:
        """Return the first row that fits the first failure that any row fits."""
        members: list[Judged] = []
        for failure in failures:
            judged = self._first(failure)
            if judged is not None and not failure.member:
                return judged
            members += [judged] if judged else []
        if members:
            return min(members, key=lambda one: _HARM.get(one.verdict, len(_HARM)))
        return Judged(UNKNOWN, Verdict.UNKNOWN, failures[0], one_file=Verdict.BAD_INPUT)

    def _first(self, failure: Failure) -> Judged | None:
        fitting = self._index.match(failure.as_event())
        if not fitting:
            return None
        row = self.signatures[min(fitting)]
        return Judged(row.id, row.verdict, failure, row.one_file, row.many_cases)
