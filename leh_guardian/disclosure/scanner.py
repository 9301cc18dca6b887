"""Owns the scan of one text, record or line; the one rule: a value is seen here and goes no further than its fingerprint.

A line that is JSON is read as JSON, and texts in it that are JSON again (logs quote bodies) as well, so that a value is judged by
its key, and escapes do not hide it. Only where something was found is it worked out where in the line that stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from leh_guardian.disclosure import gates
from leh_guardian.disclosure.detectors import aws_secret, passport, password, private_key, tokens
from leh_guardian.disclosure.folding import Folded, fold, is_odd, plain_of
from leh_guardian.disclosure.found import Found, Hit, Kind, without_overlaps
from leh_guardian.disclosure.gates import signs_of
from leh_guardian.disclosure.json_lines import SHORTEST, Leaf, Places, read_json, walk, walk_record
from leh_guardian.disclosure.kinds import SHAPES
from leh_guardian.disclosure.labels import Label
from leh_guardian.disclosure.names import Name
from leh_guardian.disclosure.numbers import find_numbers
from leh_guardian.disclosure.seal import Seal


class Scanner:
    """Finds personal data and secrets. `today` tells which dates of birth have come; `seal` makes the fingerprints."""

    __slots__ = ("_seal", "_today")

    def __init__(self, today: date, seal: Seal | None = None) -> None:
        self._today = today
        self._seal = seal or Seal()

    def scan_text(self, text: str) -> list[Found]:
        """Return what a text holds that is not JSON; offsets are in the text."""
        folded = fold(text)
        return self._in_text(folded, signs_of(folded.text))

    def _in_text(self, folded: Folded, signs: int) -> list[Found]:
        """Return what a folded text of these signs holds."""
        return [
            Found(hit.kind, hit.tier, begin, end - begin, self._fingerprint(hit, folded.text))
            for hit in self._hits(folded.text, _UNNAMED, signs)
            for begin, end in [folded.span(hit.start, hit.end)]
        ]

    def scan_record(self, record: Mapping[str, Any] | Sequence[Any]) -> list[Found]:
        """Return what a record holds, such as a row or a parsed event; offsets are in the text of the `field` named."""
        return [
            Found(hit.kind, hit.tier, begin, end - begin, self._fingerprint(hit, folded.text), leaf.path())
            for leaf, hit, folded in self._in_leaves(walk_record(record), gates.ANYTHING, odd=True)
            for begin, end in [folded.span(hit.start, hit.end)]
        ]

    def scan_line(self, line: str) -> list[Found]:
        """Return what one line of a log holds, JSON or text; offsets are in the line."""
        odd = is_odd(line)
        # Of a spelling that is hidden twice, as in JSON within JSON, only the leaves tell.
        plain = line if not odd else None if "\\\\u" in line else plain_of(line)
        signs = gates.ANYTHING if plain is None else signs_of(plain)
        if not signs:
            return []
        document = read_json(line) if line[:1] in _JSON_BEGINS else None
        if document is None:
            return self.scan_text(line) if odd else self._in_text(Folded(line), signs)
        shortest = SHORTEST if signs & ~gates.NUMBER else gates.SHORTEST_NUMBER
        hits = list(self._in_leaves(walk(document, shortest), signs, odd=odd))
        if not hits:
            return []
        places = Places(line)
        founds = [
            Found(hit.kind, hit.tier, begin, end - begin, self._fingerprint(hit, folded.text), leaf.path())
            for leaf, hit, folded in hits
            for begin, end in [places.place(leaf.trail, *folded.span(hit.start, hit.end))]
        ]
        return sorted(founds, key=lambda found: found.offset)

    def fingerprint(self, kind: Kind, value: str) -> str:
        """Return what stands for a value of this scan's report."""
        return self._seal.fingerprint(kind, value)

    def _fingerprint(self, hit: Hit, text: str) -> str:
        return self._seal.fingerprint(hit.kind, text[hit.start : hit.end])

    def _in_leaves(self, leaves: Iterable[Leaf], signs: int, *, odd: bool) -> Iterator[tuple[Leaf, Hit, Folded]]:
        """Yield what is in the leaves of a document of these signs, in which letters are `odd`, or none is."""
        for leaf in leaves:
            folded = fold(leaf.text) if odd else Folded(leaf.text)
            name = _UNNAMED if leaf.is_key else leaf.name
            for hit in self._hits(folded.text, name, signs_of(folded.text, signs)):
                yield leaf, hit, folded

    def _hits(self, text: str, name: Name, signs: int) -> list[Hit]:
        """Return what a folded text of these signs holds; `name` is what its field is called."""
        hits: list[Hit] = []
        if name.password is not None:
            hits += password.find_value(text, name.password)
        if signs & gates.NUMBER:
            hits += find_numbers(text, SHAPES, name.label, self._today)
        if not signs & ~gates.NUMBER and name.label is not Label.PASSPORT:
            return without_overlaps(hits) if len(hits) > 1 else hits
        if signs & gates.PASSPORT or name.label is Label.PASSPORT:
            hits += passport.find(text, name.label)
        if signs & gates.TOKEN:
            hits += tokens.find(text)
        if signs & gates.PASSWORD:
            hits += password.find(text)
        if signs & gates.SECRET_KEY:
            beside = any(hit.kind is Kind.AWS_ACCESS_KEY for hit in hits)
            hits += aws_secret.find(text, name.words, beside_access_key=beside)
        if signs & gates.PRIVATE_KEY:
            hits += private_key.find(text)
        return without_overlaps(hits) if len(hits) > 1 else hits


_JSON_BEGINS: Final = frozenset("{[ \t")
_UNNAMED: Final = Name("", "", Label.NONE, None, False)
