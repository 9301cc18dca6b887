"""Owns how much and how fast; the one rule: the past that it is compared with is the account's own, and robust against single days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from leh_guardian.uploads.measures.catalogue import measure
from leh_guardian.uploads.media import MIB
from leh_guardian.uploads.record import Record
from leh_guardian.uploads.subject import Subject

_FEWEST_HOURS: Final = 3
_READ: Final = frozenset({"text", "pdf", "office", "mail", None})
_FLOOR: Final = 5
"""Uploads an hour that are nothing: twice almost nothing is almost nothing."""


@measure
def uploads(s: Subject) -> float | None:
    """Uploads in the incident; what was only sent again counts once."""
    return float(len(s.made))


@measure
def peak_per_minute(s: Subject) -> float | None:
    """Most uploads within any sixty seconds."""
    return float(_peak(s.made, 60.0))


@measure
def peak_per_hour(s: Subject) -> float | None:
    """Most uploads within any hour."""
    return float(_peak(s.made, 3600.0))


@measure
def burst_ratio(s: Subject) -> float | None:
    """Busiest hour over what nine of ten busy hours of the account's own past stay below; missing without three such hours."""
    hours = Counter(record.at // 3600 for record in s.past if record.action == "upload")
    if len(hours) < _FEWEST_HOURS:
        return None
    usual = sorted(hours.values())[int(0.9 * (len(hours) - 1))]
    return _peak(s.made, 3600.0) / max(usual, _FLOOR)


@measure
def files_per_case(s: Subject) -> float | None:
    """Most uploads into one case; plans allow 300 or 1,000 files."""
    cases = Counter(record.case for record in s.made if record.case)
    return float(max(cases.values())) if cases else None


@measure
def cases(s: Subject) -> float | None:
    """Cases that were uploaded to."""
    return float(len({record.case for record in s.made if record.case})) or None


@measure
def text_mib(s: Subject) -> float | None:
    """MiB of plain text in all: every byte of it is for the model to read."""
    return sum(file.record.size or 0 for file in s.sized if file.kind == "text") / MIB if s.sized else None


@measure
def document_mib(s: Subject) -> float | None:
    """MiB of text, mail, PDF and office files in all: what the model is asked to read."""
    sizes = [file.record.size or 0 for file in s.sized if file.kind in _READ]
    return sum(sizes) / MIB if s.sized else None


def _peak(records: Sequence[Record], seconds: float) -> int:
    """Return the most records within any stretch of `seconds`; they are sorted by time."""
    most = first = 0
    for last, record in enumerate(records):
        while record.at - records[first].at >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
