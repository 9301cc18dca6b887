"""Owns what is said of a burst; the one rule: it can be read by anybody on call, so no file's name and no whole address is in it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.uploads.gathering import Gathered
from leh_guardian.uploads.networks import place_of
from leh_guardian.uploads.signals import Fired, Verdict, Weighed
from leh_guardian.uploads.subject import Subject

_MOST_SUBJECTS: Final = 2_000
_TOP: Final = 5
_FIELDS: Final = (
    "user",
    "case",
    "key",
    "size",
    "digest",
    "content_type",
    "status",
    "ip",
    "asn",
    "agent",
    "created",
    "bulk_ok",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One subject and what the signals say of it."""

    subject: Subject
    values: Mapping[str, float | None]
    weighed: Weighed


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a burst is taken for: its worst subject's verdict and numbers."""

    verdict: Verdict
    score: float
    judged: tuple[Judged, ...]
    """The worst first."""
    gathered: Gathered
    rules: str
    """The digest of the signals' file."""
    prior: float

    @property
    def worst(self) -> Judged | None:
        """Whom the verdict is of; None where nobody uploaded."""
        return self.judged[0] if self.judged else None

    def to_json(self) -> dict[str, Any]:
        """Return what `uploads analyse --json` prints, without the file and what reading it found."""
        worst = self.worst
        fired = worst.weighed.fired if worst else ()
        return {
            "verdict": self.verdict.value,
            "score": self.score,
            "subjects": [_subject(one) for one in self.judged[:_MOST_SUBJECTS]],
            "signals": [_signal(one) for one in fired if one.signal.weight > 0],
            "missing": list(worst.weighed.missing) if worst else [],
            "counter_evidence": [_signal(one) for one in fired if one.signal.weight <= 0],
            "prior": self.prior,
            "families": dict(worst.weighed.families) if worst else {},
            "subjects_total": len(self.judged),
            "baseline": _baseline(worst) if worst else {},
            "networks": _networks(worst.subject) if worst else [],
            "examples": _examples(worst.subject) if worst else [],
            "window": _window(self.gathered),
            "coverage": coverage(self.gathered),
            "rules": self.rules,
        }


def coverage(gathered: Gathered) -> dict[str, Any]:
    """Return what the records were, by action, and which share of the incident's uploads has each field."""
    uploads = [record for record in gathered.incident if record.action == "upload"]
    return {
        "records": gathered.given,
        "repeated": gathered.repeated,
        "left_out": gathered.left_out,
        "ahead": gathered.ahead,
        "incident": dict(sorted(Counter(record.action for record in gathered.incident).items())),
        "history": dict(sorted(Counter(record.action for record in gathered.history).items())),
        "fields": {
            name: round(sum(getattr(record, name) is not None for record in uploads) / len(uploads), 3)
            for name in (_FIELDS if uploads else ())
        },
    }


def _subject(judged: Judged) -> dict[str, Any]:
    who, weighed = judged.subject.who, judged.weighed
    case = {} if who.user else {"case_id": who.case}
    return {
        "user_id": who.user,
        **case,
        "verdict": weighed.verdict.value,
        "score": weighed.score,
        "uploads": len(judged.subject.uploads),
        "signals": [one.signal.id for one in weighed.fired],
    }


def _signal(fired: Fired) -> dict[str, Any]:
    shown = fired.signal.when[0]
    return {
        "id": fired.signal.id,
        "family": fired.signal.family,
        "value": round(fired.value, 4),
        "threshold": shown.bound,
        "weight": fired.signal.weight,
        "measure": shown.measure,
        "comparison": shown.comparison,
    }


def _baseline(judged: Judged) -> dict[str, float | None]:
    """Return every number that was measured, those that set nothing off as well: a verdict is judged by them, too."""
    return {name: None if value is None else round(value, 4) for name, value in sorted(judged.values.items())}


def _networks(subject: Subject) -> list[dict[str, Any]]:
    counted = Counter((record.ip and place_of(record.ip), record.asn) for record in subject.uploads)
    top = sorted(counted.items(), key=lambda one: (-one[1], str(one[0])))[:_TOP]
    return [{"network": place, "asn": asn, "uploads": count} for (place, asn), count in top if place or asn]


def _examples(subject: Subject) -> list[dict[str, Any]]:
    """Return some uploads, spread over the incident, for whoever looks them up; a key is told by its digest."""
    made: Sequence[Any] = subject.made
    chosen = [made[n * (len(made) - 1) // max(1, _TOP - 1)] for n in range(_TOP)] if len(made) > _TOP else made
    return [
        {
            "time": _time(record.at),
            "case_id": record.case,
            "evidence_id": record.evidence,
            "key_sha256": hashlib.sha256(record.key.encode("utf-8", "replace")).hexdigest()[:16]
            if record.key
            else None,
            "size": record.size,
        }
        for record in chosen
    ]


def _window(gathered: Gathered) -> dict[str, str | None]:
    if not gathered.incident:
        return {"from": None, "to": None}
    return {"from": _time(gathered.incident[0].at), "to": _time(gathered.incident[-1].at)}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
