"""Owns the diagnosis of the whole; the one rule: what must not be sent again is never called something that passes.

Counted is attempted work, not lines. A spent quota decides whatever else there is; a defect of the code outranks what passes; the
provider's outage needs several cases and half of all attempts, and is only suspected until its status page says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.diagnosis.signatures import Verdict
from leh_guardian.diagnosis.subjects import Subject
from leh_guardian.diagnosis.tally import Item, LineClass, Sample, Tally

_PASSES: Final = frozenset({Verdict.TRANSIENT, Verdict.THROTTLED, Verdict.EXTERNAL_OUTAGE})
_STAYS: Final = (Verdict.CODE_BUG, Verdict.CONFIG, Verdict.BAD_INPUT)
_CASES_OF_AN_OUTAGE: Final = 3
_SHARE_OF_AN_OUTAGE: Final = 0.5
_MANY_CASES: Final = 5
_SHARE_OF_A_DEFECT: Final = 0.1
"""Of the failures: where so many are a defect, sending all again would fail again."""
SUSPECTED: Final = 0.7
"""The most confidence in an outage that the provider's status page has not confirmed."""
_NAMED: Final = 100
"""Failed pieces of work that are named."""


@dataclass(frozen=True, slots=True)
class Concentration:
    """Where the failures are: one file, one case, since a deployment, or everywhere."""

    files: int
    cases: int
    one_file: bool
    one_case: bool
    since: float | None
    """When the first failure was, in seconds since the epoch."""
    since_deploy: bool | None
    """Whether they began with another version of the function; None where nothing tells."""
    share: float
    """Of the attempts that are known."""

    @property
    def everywhere(self) -> bool:
        """Whether they are spread over cases."""
        return self.cases >= _CASES_OF_AN_OUTAGE

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        since = datetime.fromtimestamp(self.since, UTC).isoformat() if self.since is not None else None
        return {
            "files": self.files,
            "cases": self.cases,
            "one_file": self.one_file,
            "one_case": self.one_case,
            "since": since,
            "since_deploy": self.since_deploy,
            "everywhere": self.everywhere,
            "share": round(self.share, 3),
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a log says of the worker."""

    verdict: Verdict
    confidence: float
    """From 0 (nothing is known) to 1."""
    records: int
    errors: int
    attempts: int
    failed: int
    """Attempts that failed."""
    signatures: dict[str, int]
    classes: dict[Verdict, int]
    lines: tuple[LineClass, ...]
    lines_left_out: int
    samples: tuple[Sample, ...]
    concentration: Concentration
    work: dict[Verdict, int] = field(default_factory=dict)
    """Failed attempts by class, where each is met considered; `classes` counts records as they stand."""
    kinds: int = 0
    """Different signatures among the failed attempts."""
    failing: tuple[Subject, ...] = ()
    """Whose work failed, of the first hundred failed attempts that say it; each once."""

    def to_json(self) -> dict[str, Any]:
        """Return what `diagnose --json` prints."""
        return {
            "verdict": self.verdict,
            "confidence": self.confidence,
            "signatures": self.signatures,
            "lines": [{"n": line.n, "class": line.verdict, "signature": line.signature} for line in self.lines],
            "lines_left_out": self.lines_left_out,
            "samples": [{"n": s.n, "class": s.verdict, "signature": s.signature, "text": s.text} for s in self.samples],
            "concentration": self.concentration.to_json(),
            "classes": self.classes,
            "records": self.records,
            "errors": self.errors,
            "attempts": self.attempts,
            "failed": self.failed,
        }


def diagnose(tally: Tally, deployed_at: float | None = None) -> Diagnosis:
    """Return the diagnosis of what was counted; `deployed_at` is the last deployment, in seconds since the epoch."""
    items = tuple(tally.items.values())
    attempts = max(len(tally.attempts), len(items))
    where = _concentration(items, attempts, tally, deployed_at)
    classes = _classes(items, where, attempts)
    verdict, share = _decide(classes, where, len(items))
    return Diagnosis(
        verdict=verdict,
        confidence=_confidence(verdict, share, classes, where),
        records=tally.records,
        errors=tally.errors,
        attempts=attempts,
        failed=len(items),
        signatures=dict(tally.signatures.most_common()),
        classes=dict(tally.classes.most_common()),
        lines=tuple(sorted(tally.lines, key=lambda line: line.n)),
        lines_left_out=tally.lines_left_out,
        samples=tuple(tally.samples),
        concentration=where,
        work=dict(classes.most_common()),
        kinds=len({item.judged.signature for item in items}),
        failing=tuple(dict.fromkeys(item.subject for item in items[:_NAMED] if any(item.subject))),
    )


def _classes(items: Collection[Item], where: Concentration, attempts: int) -> Counter[Verdict]:
    """Count the failed attempts by class, after asking where each signature is met."""
    cases: dict[str, set[str]] = {}
    for item in items:
        cases.setdefault(item.judged.signature, set()).add(item.subject.case)
    met = Counter(item.judged.signature for item in items)
    found: Counter[Verdict] = Counter()
    for item in items:
        judged, verdict = item.judged, item.judged.verdict
        many = len(cases[judged.signature] - {""}) >= _MANY_CASES and met[judged.signature] * 2 >= attempts
        if judged.many_cases and many:
            verdict = judged.many_cases
        elif judged.one_file and where.one_file and len(items) > 1 and attempts > len(items):
            verdict = judged.one_file
        elif verdict == Verdict.UNKNOWN and many and where.since_deploy:
            verdict = Verdict.CODE_BUG
        found[verdict] += 1
    return found


def _decide(classes: Counter[Verdict], where: Concentration, failed: int) -> tuple[Verdict, float]:
    """Return the verdict, and the share of the failures that it is about."""
    total = sum(classes.values())
    if not total:
        return Verdict.UNKNOWN, 0.0
    if classes[Verdict.QUOTA]:
        return Verdict.QUOTA, 1.0
    external = classes[Verdict.EXTERNAL_OUTAGE]
    spread = where.cases >= _CASES_OF_AN_OUTAGE or (where.cases == 0 and failed >= _CASES_OF_AN_OUTAGE)
    if spread and external and where.share * external / total >= _SHARE_OF_AN_OUTAGE:
        return Verdict.EXTERNAL_OUTAGE, external / total
    known = [verdict for verdict in classes if verdict != Verdict.UNKNOWN]
    if not known or classes[Verdict.UNKNOWN] * 2 > total:
        return Verdict.UNKNOWN, classes[Verdict.UNKNOWN] / total
    top = max(known, key=lambda verdict: (classes[verdict], verdict in _STAYS))
    if top in _PASSES:
        stays = max(_STAYS, key=lambda verdict: classes[verdict])
        if classes[stays] and classes[stays] / total >= _SHARE_OF_A_DEFECT:
            return stays, classes[stays] / total
        passing = sum(classes[verdict] for verdict in _PASSES)
        return (Verdict.TRANSIENT if top == Verdict.EXTERNAL_OUTAGE else top), passing / total
    return top, classes[top] / total


def _confidence(verdict: Verdict, share: float, classes: Counter[Verdict], where: Concentration) -> float:
    count = sum(classes.values())
    if not count or verdict == Verdict.UNKNOWN:
        return 0.0
    if verdict == Verdict.QUOTA:
        return 0.99
    # One failure is a hint, ten are a pattern.
    confidence = share * (0.5 + 0.5 * min(count, 10) / 10)
    if verdict == Verdict.CODE_BUG and where.since_deploy:
        confidence = min(0.99, confidence + 0.2)
    if verdict == Verdict.EXTERNAL_OUTAGE:
        confidence = min(confidence, SUSPECTED)
    return round(min(confidence, 0.99), 2)


def _concentration(items: Collection[Item], attempts: int, tally: Tally, deployed_at: float | None) -> Concentration:
    files = {item.subject.evidence for item in items} - {""}
    cases = {item.subject.case for item in items} - {""}
    times = [item.at for item in items if item.at is not None]
    since = min(times, default=None)
    return Concentration(
        files=len(files),
        cases=len(cases),
        one_file=len(files) == 1 and all(item.subject.evidence for item in items),
        one_case=len(cases) == 1 and all(item.subject.case for item in items),
        since=since,
        since_deploy=_since_deploy(items, tally, since, deployed_at),
        share=len(items) / attempts if attempts else 0.0,
    )


def _since_deploy(items: Collection[Item], tally: Tally, since: float | None, deployed_at: float | None) -> bool | None:
    if deployed_at is not None and since is not None:
        return since >= deployed_at and tally.first_at is not None and tally.first_at < deployed_at
    versions = {int(version) for version in tally.attempts.values() if version.isdecimal()}
    failing = {int(item.version) for item in items if item.version.isdecimal()}
    if len(versions) < 2 or not failing:
        return None
    return failing == {max(versions)}
