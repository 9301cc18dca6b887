"""Owns numbers of nine digits and more: where they stand and how they are grouped; the one rule: each kind judges, none searches.

One expression finds the stretches of digits and separators; the groups in them are looked up by their lengths in one table,
so that a line's cost does not grow with the number of kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from leh_guardian.disclosure.found import Hit, Kind, Tier
from leh_guardian.disclosure.labels import Label, label_in, names_account

STRETCH: Final = re.compile(r"[0-9](?:[-. /_()+~]{0,3}+[0-9]){8,}+")
"""Also for a text that was not folded: none of the forms that are folded stands between these."""
GROUP: Final = re.compile(r"[0-9]+")
_UUID_BEFORE: Final = re.compile(r"[0-9a-fA-F]{4}-\Z")
_MOST_GROUPS: Final = 5
_MOST_REMEMBERED: Final = 32
_TIGHT: Final = frozenset("-._/+~")
"""What binds a group to its neighbour, in place of parting two numbers."""
_ACCOUNTS: Final = frozenset({Label.BANK, Label.ACCOUNT})
_MASKS: Final = frozenset("*●•xX○#")


@dataclass(slots=True, repr=False, eq=False)
class Number:
    """Groups of digits that could be one number, and what stands around them."""

    text: str
    """The whole text, in lower case."""
    start: int
    end: int
    digits: str
    shape: tuple[int, ...]
    gaps: str
    """The letters between the groups, without spaces."""
    glued: bool
    """It hangs on a letter or on another group: part of an identifier, unless a word says otherwise."""
    label: Label
    today: date

    @property
    def bare(self) -> bool:
        """Tell whether it is one run of digits."""
        return len(self.shape) == 1

    @property
    def plain(self) -> bool:
        """Tell whether only dashes, dots and spaces part its groups."""
        return not self.gaps.strip("-.")

    def called(self, *labels: Label) -> bool:
        """Tell whether the nearest word is one of these."""
        return self.label in labels


Look = Callable[[str], bool]
"""What the digits alone let a number be: asked first, since the words around cost more to look at."""
Shape = tuple[int, ...]
Word = Callable[[str, Shape], Label | None]
"""What digits of a shape must be called to be believed; None: they may be believed as they are."""
Judge = Callable[[Number], Tier | None]


class Judged(NamedTuple):
    """How one kind judges."""

    kind: Kind
    look: Look
    word: Word
    judge: Judge


class Shapes(NamedTuple):
    """Who judges what: by the lengths of the groups, and of what has none (`free`: bank accounts)."""

    judges: dict[Shape, tuple[Judged, ...]]
    known: frozenset[Shape]
    free: Judge


def table_of(*kinds: tuple[Judged, tuple[Shape, ...]], free: Judge) -> Shapes:
    """Return the judges of each shape, in the order given."""
    shapes: dict[Shape, list[Judged]] = {}
    for judged, its in kinds:
        for shape in its:
            shapes.setdefault(shape, []).append(judged)
    return Shapes({shape: tuple(judges) for shape, judges in shapes.items()}, frozenset(shapes), free)


def find_numbers(text: str, shapes: Shapes, key: Label, today: date) -> Iterator[Hit]:
    """Yield the numbers of a folded text; `key` is what its field is called."""
    small, loose = "", False
    for stretch in STRETCH.finditer(text):
        begin, end = stretch.span()
        lengths = tuple(map(len, GROUP.findall(text, begin, end)))
        if not windows_of(lengths, shapes.known, True):
            continue
        if not small:
            small = text.lower()
            # İ and its like grow when they are made small; positions in the small text would be off.
            small = small if len(small) == len(text) else text
            loose = key in _ACCOUNTS or names_account(small)
        if windows := windows_of(lengths, shapes.known, loose):
            groups = [group.span() for group in GROUP.finditer(text, begin, end)]
            yield from _Stretch(text, small, groups, key, today).hits(windows, shapes, loose=loose)


def windows_of(lengths: Shape, known: frozenset[Shape], loose: bool) -> tuple[tuple[int, int], ...]:
    """Return the (first, size) of groups that could be a number by their lengths alone; the longest first."""
    # Somebody's line of a million groups is not worth remembering.
    windows = _windows if len(lengths) <= _MOST_REMEMBERED else _windows.__wrapped__
    return windows(lengths, known, loose)


@lru_cache(maxsize=8192)
def _windows(lengths: Shape, known: frozenset[Shape], loose: bool) -> tuple[tuple[int, int], ...]:
    return tuple(
        (first, size)
        for first in range(len(lengths))
        for size in range(min(_MOST_GROUPS, len(lengths) - first), 0, -1)
        if lengths[first : first + size] in known or (loose and _could_be_account(lengths[first : first + size]))
    )


def _could_be_account(lengths: Shape) -> bool:
    """Tell whether groups could be a bank account's: not many small parts, as in an address of the network."""
    return 10 <= sum(lengths) <= 16 and max(lengths) >= 4


class _Stretch:
    """One stretch of digits and separators."""

    __slots__ = ("_groups", "_key", "_small", "_text", "_today")

    def __init__(self, text: str, small: str, groups: list[tuple[int, int]], key: Label, today: date) -> None:
        self._text, self._small, self._groups = text, small, groups
        self._key, self._today = key, today

    def hits(self, windows: tuple[tuple[int, int], ...], shapes: Shapes, *, loose: bool) -> Iterator[Hit]:
        free = shapes.free if loose else None
        done = 0
        for first, size in windows:
            if first >= done and (hit := self._judged(first, size, shapes, free)) is not None:
                yield hit
                done = first + size

    def _judged(self, first: int, size: int, shapes: Shapes, free: Judge | None) -> Hit | None:
        spans = self._groups[first : first + size]
        shape = tuple([end - start for start, end in spans])
        digits = "".join([self._text[start:end] for start, end in spans])
        judges = [(one.kind, one.judge) for one in shapes.judges.get(shape, ()) if one.look(digits)]
        if not judges and free is None:
            return None
        number = self._number(first, spans, digits, shape, bank_only=not judges)
        if number is None:
            return None
        for kind, judge in (*judges, (Kind.BANK_ACCOUNT, free)) if free else judges:
            if (tier := judge(number)) is not None:
                # The plus sign of a country's code is part of the number.
                plus = kind is Kind.PHONE and self._text[number.start - 1 : number.start] == "+"
                return Hit(kind, tier, number.start - plus, number.end)
        return None

    def _number(
        self, first: int, spans: list[tuple[int, int]], digits: str, shape: Shape, *, bank_only: bool
    ) -> Number | None:
        start, end = spans[0][0], spans[-1][1]
        label = label_in(self._small, start, end, self._key)
        if bank_only and label not in _ACCOUNTS:
            return None
        if (glue := self._glue(first, first + len(spans) - 1)) is None:
            return None
        gaps = "".join([self._text[one[1] : two[0]] for one, two in pairwise(spans)]) if len(spans) > 1 else ""
        return Number(self._small, start, end, digits, shape, gaps.replace(" ", ""), glue, label, self._today)

    def _glue(self, first: int, last: int) -> bool | None:
        """Tell whether the groups hang on a neighbour; None: on one with which they cannot be a number."""
        start, end = self._groups[first][0], self._groups[last][1]
        before, after = self._text[max(0, start - 2) : start], self._text[end : end + 2]
        if before[-1:] in _MASKS or after[:1] in _MASKS or after == "-*" or before == "*-":
            return None
        if before.endswith("-") and _UUID_BEFORE.search(self._text, max(0, start - 5), start):
            return None
        return (
            _is_word(before[-1:])
            or _is_word(after[:1])
            or (before[-1:] in _TIGHT and _is_word(before[:1]))
            or (after[:1] in "-_/+~" and _is_word(after[1:]))
            or (after[:1] == "." and after[1:].isdecimal())
        )


def _is_word(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()
