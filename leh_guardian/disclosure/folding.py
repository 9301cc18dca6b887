r"""Owns the many ways of writing one letter; the one rule: every letter of the folded text knows which letters it came from.

Percent-encoding, \u escapes, full-width forms, the many dashes and spaces, invisible letters and Hangul in parts (as macOS
names files) are undone, so that the detectors know one spelling only; offsets are then told in the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SPACES: Final = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_DASHES: Final = "\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\u301c\u30fc\u1173\u3161\ufe58\ufe63\u00b7\u2022\u2219\u30fb"
_INVISIBLE_LETTERS: Final = "\u00ad\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\ufeff"
_ODD_LETTER: Final = re.compile(rf"[{_SPACES}{_DASHES}{_INVISIBLE_LETTERS}\uff01-\uff5e\u0660-\u0669\u1100-\u11ff]")
_ODD_PERCENT: Final = re.compile("%[0-9A-Fa-f]{2}")
_ODD_ESCAPE: Final = re.compile(r"\\u[0-9A-Fa-f]{4}")
"""A text must hold one of these three to be folded at all; together they would be one expression that is slower than all."""
_ESCAPE: Final = re.compile(r"(?:\\{1,4}u[0-9A-Fa-f]{4})(?:\\{1,4}u[0-9A-Fa-f]{4})?")
_HEX: Final = re.compile(r"u([0-9A-Fa-f]{4})")
_PERCENT: Final = re.compile(r"%(?!26)[2-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+")
_PARTS: Final = re.compile("[\u1100-\u11ff]{2,}")
_INVISIBLE: Final = re.compile(f"[{_INVISIBLE_LETTERS}]")
_ONE_TO_ONE: Final = re.compile(f"[{_SPACES}{_DASHES}\uff01-\uff5e\u0660-\u0669]")
_SPACE: Final = re.compile(f"[{_SPACES}]")

_MOST_REMEMBERED: Final = 64
"""Letters of what is remembered: a run of percent signs may be as long as a line."""

Piece = tuple[str, int]
"""What a letter becomes, and how many letters of the match it stands for."""


@dataclass(frozen=True, slots=True, repr=False)
class Folded:
    """A text, and for each letter where it began and ended in the text that was given (None: where it stands)."""

    text: str
    begins: list[int] | None = None
    ends: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of the folded text (not empty) stood."""
        if self.begins is None or self.ends is None:
            return start, end
        return self.begins[start], self.ends[end - 1]

    def rewrite(self, pattern: re.Pattern[str], pieces: Callable[[str], list[Piece] | None]) -> Folded:
        """Return this with each match replaced by its pieces (None: it stays)."""
        begins = self.begins if self.begins is not None else list(range(len(self.text)))
        ends = self.ends if self.ends is not None else list(range(1, len(self.text) + 1))
        text: list[str] = []
        new_begins: list[int] = []
        new_ends: list[int] = []
        done = 0
        for found, instead in self._replaced(pattern, pieces):
            text.append(self.text[done : found.start()])
            new_begins += begins[done : found.start()]
            new_ends += ends[done : found.start()]
            at = found.start()
            for letters, width in instead:
                text.append(letters)
                new_begins += [begins[at]] * len(letters)
                new_ends += [ends[at + width - 1]] * len(letters)
                at += width
            done = found.end()
        text.append(self.text[done:])
        return Folded("".join(text), new_begins + begins[done:], new_ends + ends[done:])

    def _replaced(
        self, pattern: re.Pattern[str], pieces: Callable[[str], list[Piece] | None]
    ) -> Iterator[tuple[re.Match[str], list[Piece]]]:
        for found in pattern.finditer(self.text):
            if (instead := pieces(found[0])) is not None:
                yield found, instead


def is_odd(text: str) -> bool:
    """Tell whether a text must be folded before it can be looked at."""
    return (
        (not text.isascii() and _ODD_LETTER.search(text) is not None)
        or ("%" in text and _ODD_PERCENT.search(text) is not None)
        or ("\\u" in text and _ODD_ESCAPE.search(text) is not None)
    )


def fold(text: str) -> Folded:
    """Return a text in the one spelling that detectors know."""
    folded = Folded(text)
    if not is_odd(text):
        return folded
    for sign, pattern, pieces in (("\\u", _ESCAPE, _unescaped), ("%", _PERCENT, _unquoted)):
        if sign in folded.text:
            folded = folded.rewrite(pattern, pieces)
    if folded.text.isascii():
        return folded
    for pattern, pieces in ((_PARTS, _composed), (_INVISIBLE, _nothing)):
        if pattern.search(folded.text):
            folded = folded.rewrite(pattern, pieces)
    return Folded(_ONE_TO_ONE.sub(_plain, folded.text), folded.begins, folded.ends)


def plain_of(text: str) -> str:
    """Return what `fold` makes of a text, without the places of its letters, which take most of its time."""
    for sign, pattern, letters in _PLAIN:
        if not sign or sign in text:
            text = pattern.sub(letters, text)
    return text if text.isascii() else _ONE_TO_ONE.sub(_plain, text)


def _instead(pieces: Callable[[str], list[Piece] | None]) -> Callable[[re.Match[str]], str]:
    @lru_cache(maxsize=4096)  # a language has few letters
    def letters(text: str) -> str:
        made = pieces(text)
        return text if made is None else "".join(letter for letter, _ in made)

    return lambda found: (letters if len(found[0]) <= _MOST_REMEMBERED else letters.__wrapped__)(found[0])


def _unescaped(text: str) -> list[Piece]:
    halves = [int(digits, 16) for digits in _HEX.findall(text)]
    if len(halves) == 2 and 0xD800 <= halves[0] < 0xDC00 <= halves[1] < 0xE000:
        return [(chr(0x10000 + (halves[0] - 0xD800) * 0x400 + halves[1] - 0xDC00), len(text))]
    first = text.index("u") + 5
    return [(chr(half), width) for half, width in zip(halves, (first, len(text) - first), strict=False)]


def _unquoted(text: str) -> list[Piece] | None:
    try:
        letters = bytes.fromhex(text.replace("%", "")).decode()
    except UnicodeDecodeError:
        return None
    return [(letter, 3 * len(letter.encode())) for letter in letters]


def _composed(text: str) -> list[Piece]:
    return [(unicodedata.normalize("NFC", text), len(text))]


def _nothing(text: str) -> list[Piece]:
    return [("", len(text))]


def _plain(found: re.Match[str]) -> str:
    letter = found[0]
    if _SPACE.match(letter):
        return " "
    if "\uff01" <= letter <= "\uff5e":
        return chr(ord(letter) - 0xFEE0)
    return str(unicodedata.decimal(letter, "-"))


_PLAIN: Final = (
    ("\\u", _ESCAPE, _instead(_unescaped)),
    ("%", _PERCENT, _instead(_unquoted)),
    ("", _PARTS, _instead(_composed)),
    ("", _INVISIBLE, _instead(_nothing)),
)
"""What `plain_of` rewrites, in the order of `fold`; without a sign it is looked for in every text."""
