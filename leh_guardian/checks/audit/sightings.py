"""Owns what was found in lines; the one rule: a line is looked at here, in a thread, and nothing of it is kept or raised.

Kept are kind, place, time and a keyed fingerprint. Names of places are written by others, too: one that could itself be a secret
or somebody's number is replaced by its fingerprint. What an error of a detector says could quote the line, so it is only counted.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from leh_guardian.disclosure import Found, Kind, Scanner, Tier
from leh_guardian.disclosure.sieve import as_line, could_hold
from leh_guardian.disclosure.stream import NotText, scan_stream
from leh_guardian.telemetry.redaction import redact

MOST: Final = 50
"""Findings that are told one by one; all are counted."""
_EACH: Final = 5
"""So many of one kind in one table, group or bucket go before all others: a noisy one hides none."""
_LONGEST: Final = 300
_REMEMBERED: Final = 10_000
_NOTES: Final = frozenset({Kind.PHONE, Kind.KR_BRN})
"""Kinds that are a note, however certain: they are on many a letterhead."""


def is_serious(kind: Kind, tier: Tier) -> bool:
    """Tell whether people must know at once."""
    return tier is Tier.CONFIRMED and kind not in _NOTES


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands."""

    source: str
    name: str
    """The table, log group, or bucket."""
    key: str
    """The row's id, the stream, the object's key."""
    at: datetime | None
    event: str | None = None
    """An event's id in CloudWatch."""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing that was found."""

    kind: Kind
    tier: Tier
    place: Place
    field: str | None
    offset: int
    fingerprint: str

    @property
    def serious(self) -> bool:
        """Whether people must know at once."""
        return is_serious(self.kind, self.tier)

    def row(self) -> dict[str, Any]:
        """Return it as JSON."""
        place = self.place
        return {
            "type": self.kind.value,
            "tier": self.tier.value,
            "source": place.source,
            "place": place.name,
            "key": place.key,
            "event": place.event,
            "line": place.line,
            "field": self.field,
            "offset": self.offset,
            "time": place.at.isoformat() if place.at else None,
            "fingerprint": self.fingerprint,
        }


def _could_hold(lines: list[str]) -> list[bool]:
    """Tell of each line whether it must be looked at closely."""
    try:
        could = set(could_hold(lines))
    except Exception:  # whatever it is, it may quote a line; each is then looked at
        return [True] * len(lines)
    return [number in could for number in range(len(lines))]


class Sightings:
    """All that is found by one run."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self.counts: Counter[tuple[Kind, Tier]] = Counter()
        self.unscanned = 0
        """Lines that a detector failed on."""
        self._first: list[Sighting] = []
        self._more: list[Sighting] = []
        self._met = Counter[tuple[str, str, Kind]]()
        self._prints: set[str] = set()
        self._events: set[tuple[str, int, str]] = set()

    @property
    def serious(self) -> int:
        """How many there are of those that people must know at once."""
        return sum(number for (kind, tier), number in self.counts.items() if is_serious(kind, tier))

    @property
    def values(self) -> int:
        """How many different values there are, up to a bound."""
        return len(self._prints)

    @property
    def told(self) -> list[Sighting]:
        """Return those that are told one by one: some of every kind and place, then more of them, each the serious first."""
        return [one for some in (self._first, self._more) for one in sorted(some, key=lambda one: not one.serious)][
            :MOST
        ]

    def texts(self, lines: Iterable[tuple[Place, str]]) -> int:
        """Look at lines; returns how many of them disclose something."""
        given = list(lines)
        looked = _could_hold(["" if "\n" in text else text for _, text in given])
        return sum(
            self._text(place, text) for (place, text), look in zip(given, looked, strict=True) if look or "\n" in text
        )

    def records(self, rows: Iterable[tuple[Place, Mapping[str, str]]]) -> list[bool]:
        """Look at rows; tells of each whether it discloses something."""
        given = list(rows)
        looked = _could_hold([as_line(row) for _, row in given])
        return [look and self._record(place, row) for (place, row), look in zip(given, looked, strict=True)]

    def stream(self, place: Place, stream: io.BufferedIOBase, passing: tuple[type[Exception], ...]) -> int:
        """Look at the lines of a file; returns how many of them disclose something. `passing` are errors of the stream.

        Raises:
            NotText: what it holds would not be seen.
            Exception: one of those that pass.
        """
        leaking: set[int] = set()
        try:
            for line, found in scan_stream(stream, self._scanner):
                leaking.add(line)
                self._add(replace(place, line=line), [found])
        except NotText:
            raise
        except passing:
            raise
        except Exception:  # whatever it is, it may quote the line
            self.unscanned += 1
        return len(leaking)

    def key_of(self, place: Place) -> bool:
        """Look at an object's key as at a line; tells whether it discloses something."""
        return self._add(place, [replace(found, field="key") for found in self._scanner.scan_text(place.key)])

    def safe(self, name: str) -> str:
        """Return a name as it may be told."""
        found = self._scanner.scan_text(name)
        if not found and len(name) <= _LONGEST and name.isprintable() and redact(name) == name:
            return name
        kind = found[0].kind if found else Kind.PASSWORD
        return f"hmac:{self._scanner.fingerprint(kind, name)}"

    def _known(self, event: str, found: Found) -> bool:
        """Tell whether this very thing was met before: a window may be drawn of what was read already."""
        this = (event, found.offset, found.fingerprint)
        if this in self._events:
            return True
        if len(self._events) < _REMEMBERED:
            self._events.add(this)
        return False

    def _text(self, place: Place, text: str) -> bool:
        try:
            if "\n" in text:
                data = io.BytesIO(text.encode("utf-8", "surrogatepass"))
                found = [found for _, found in scan_stream(data, self._scanner)]
            else:
                found = self._scanner.scan_line(text)
        except NotText:
            found = self._scanner.scan_text(text)
        except Exception:  # whatever it is, it may quote the line
            self.unscanned += 1
            return False
        return self._add(place, found)

    def _record(self, place: Place, row: Mapping[str, str]) -> bool:
        try:
            found = self._scanner.scan_record(row)
        except Exception:  # whatever it is, it may quote the row
            self.unscanned += 1
            return False
        return self._add(place, found)

    def _add(self, place: Place, founds: Iterable[Found]) -> bool:
        some = False
        for found in founds:
            some = True
            if place.event is not None and self._known(place.event, found):
                continue
            self.counts[found.kind, found.tier] += 1
            if len(self._prints) < _REMEMBERED:
                self._prints.add(found.fingerprint)
            seen = Sighting(found.kind, found.tier, place, found.field, found.offset, found.fingerprint)
            self._keep(seen)
        return some

    def _keep(self, seen: Sighting) -> None:
        """Keep a finding if it is to be told."""
        place = seen.place
        self._met[place.source, place.name, seen.kind] += 1
        kept = self._first if self._met[place.source, place.name, seen.kind] <= _EACH else self._more
        if len(kept) < MOST * _EACH:
            kept.append(replace(seen, place=replace(place, key=self.safe(place.key))))
