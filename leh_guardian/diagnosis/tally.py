"""Owns what is kept of a log; the one rule: counts of everything, samples of little, and of both a bounded number."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from leh_guardian.diagnosis.signatures import Judged, Verdict
from leh_guardian.diagnosis.subjects import Subject

_MOST_LINES: Final = 200_000
_MOST_ITEMS: Final = 50_000
_MOST_ATTEMPTS: Final = 200_000
_SAMPLES_EACH: Final = 3
_SAMPLES: Final = 40


class LineClass(NamedTuple):
    """The class of the record that begins at a line."""

    n: int
    verdict: Verdict
    signature: str


class Sample(NamedTuple):
    """A record as people may see it: masked, in one line."""

    n: int
    verdict: Verdict
    signature: str
    text: str


@dataclass(slots=True)
class Item:
    """One attempted piece of work that failed: a request, or an evidence where no request is known, or a record by itself."""

    judged: Judged
    subject: Subject
    at: float | None
    version: str
    """The function's version, from the log stream's name."""


@dataclass(slots=True)
class Tally:
    """The counts of a log."""

    records: int = 0
    errors: int = 0
    signatures: Counter[str] = field(default_factory=Counter)
    classes: Counter[Verdict] = field(default_factory=Counter)
    lines: list[LineClass] = field(default_factory=list)
    lines_left_out: int = 0
    samples: list[Sample] = field(default_factory=list)
    items: OrderedDict[str, Item] = field(default_factory=OrderedDict)
    attempts: dict[str, str] = field(default_factory=dict)
    """The attempts that are known, failed or not, each with the function's version."""
    first_at: float | None = None
    """When the log begins."""

    def see(self, at: float | None) -> None:
        """Count a record."""
        self.records += 1
        if self.first_at is None and at is not None:
            self.first_at = at

    def attempt(self, key: str, version: str) -> None:
        """Count an attempt, failed or not; once, however often it is met."""
        if key and len(self.attempts) < _MOST_ATTEMPTS:
            self.attempts.setdefault(key, version)

    def failed(self, key: str) -> bool:
        """Whether a failure of this attempt is known already."""
        return key in self.items

    def wants_sample(self, judged: Judged) -> bool:
        """Whether there is room for another sample of this signature."""
        return self.signatures[judged.signature] < _SAMPLES_EACH and len(self.samples) < _SAMPLES

    def add(self, n: int, judged: Judged, sample: str | None) -> None:
        """Count a failure."""
        self.errors += 1
        self.signatures[judged.signature] += 1
        self.classes[judged.verdict] += 1
        if sample is not None:
            self.samples.append(Sample(n, judged.verdict, judged.signature, sample))
        if len(self.lines) < _MOST_LINES:
            self.lines.append(LineClass(n, judged.verdict, judged.signature))
        else:
            self.lines_left_out += 1

    def add_item(self, key: str, item: Item) -> None:
        """Count the piece of work that failed; of several failures of one the last that is known counts, a spent quota always."""
        before = self.items.get(key)
        if before is not None:
            keeps = before.judged.verdict == Verdict.QUOTA or (
                item.judged.verdict == Verdict.UNKNOWN and before.judged.verdict != Verdict.UNKNOWN
            )
            subject = Subject(
                before.subject.case or item.subject.case, before.subject.evidence or item.subject.evidence
            )
            before.judged = before.judged if keeps else item.judged
            before.subject = subject
        elif len(self.items) < _MOST_ITEMS:
            self.items[key] = item
