"""Owns a schedule as other calendars read it (RFC 5545); the one rule: a turn keeps its id however often it is exported."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from leh_guardian.language import Text
from leh_guardian.model.oncall.config import OnCall
from leh_guardian.model.oncall.duty import Span, spans
from leh_guardian.model.oncall.rotation import Shift
from leh_guardian.model.oncall.schedule import Schedule

_LONGEST_LINE: Final = 75
"""Octets, without the line break."""
_BEFORE: Final = timedelta(days=400)
"""How far back turns are looked for, so that one that goes on is seen from its beginning."""
_HISTORY: Final = timedelta(days=31)
_ESCAPED: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def calendar(oncall: OnCall, schedules: Sequence[Schedule], now: datetime, days: int) -> str:
    """Return who is on call from a month before an instant to `days` after it, as an iCalendar object."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//leh_guardian//on-call//KO", "CALSCALE:GREGORIAN"]
    for schedule in schedules:
        begin = max(_first(schedule), now - _BEFORE)
        for span in spans(schedule, begin, max(begin, now + timedelta(days=days))):
            if span.end > now - _HISTORY and span.duty.people:
                lines += _event(oncall, schedule, span, now)
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCALENDAR") for part in _folded(line))


def _first(schedule: Schedule) -> datetime:
    """Return the first handover of a schedule."""
    rotations = [layer.rotation for layer in schedule.layers]
    return min(rotation.begins(Shift(rotation.phases[0].start), schedule.zone) for rotation in rotations)


def _event(oncall: OnCall, schedule: Schedule, span: Span, now: datetime) -> list[str]:
    title = schedule.name or schedule.id
    named = Text(ko=f"{title} 예비", en=f"{title}, fallback") if span.duty.fallback else Text.same(title)
    people = ", ".join(oncall.people[one].name if one in oncall.people else one for one in span.duty.people)
    name = hashlib.sha256(f"{schedule.id} {span.begin:%Y%m%dT%H%M%S}".encode()).hexdigest()[:32]
    return [
        "BEGIN:VEVENT",
        f"UID:{name}@leh-guardian",
        f"DTSTAMP:{_time(now)}",
        f"DTSTART:{_time(span.begin)}",
        f"DTEND:{_time(span.end)}",
        f"SUMMARY:{_text(f'{people} ({named.of(oncall.locale)})')}",
        f"DESCRIPTION:{_text(span.duty.because.of(oncall.locale))}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """Return a text as a property's value; what is not printable has no place in a calendar."""
    kept = "".join(letter for letter in value if letter == "\n" or not unicodedata.category(letter).startswith("C"))
    return kept.translate(_ESCAPED)


def _folded(line: str) -> Iterator[str]:
    """Yield a line in pieces of 75 octets, each but the first begun with a space; no letter is cut through."""
    piece, size = "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > _LONGEST_LINE:
            yield piece
            piece, size = " ", 1
        piece, size = piece + letter, size + width
    yield piece
