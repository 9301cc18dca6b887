"""Owns what a line's numbers could be before anybody knows their fields; the one rule: who judges numbers is asked, not copied.

A word is a stretch of digits (`numbers.STRETCH`) in which whatever parts them is a dash, and its form the same with every digit a
zero. Forms are few and known after a while; only of one that could be a number the digits are looked at, and what words there are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from leh_guardian.disclosure.detectors import bank_account
from leh_guardian.disclosure.gates import SHORTEST_NUMBER
from leh_guardian.disclosure.kinds import SHAPES
from leh_guardian.disclosure.labels import could_call, names_account, names_bank
from leh_guardian.disclosure.numbers import Judged, Shape, windows_of

_PARTED: Final = "----"
"""As many as no number has between its digits."""
_LONGEST: Final = 128
"""Letters of a form that is looked at; of a longer one it is not asked what it could be."""
_MOST: Final = 20_000


class _Window(NamedTuple):
    """Groups of a stretch that could be a number by their lengths."""

    begin: int
    end: int
    shape: Shape
    judged: tuple[Judged, ...]
    account: bool
    """They could be a bank account's."""


class Named:
    """What the numbers of a line could be called; names of fields are not folded, so the line counts as it was `given`, too."""

    __slots__ = ("_line", "_small")

    def __init__(self, line: str, given: str) -> None:
        self._line = line if line == given else f"{line}\n{given}"
        self._small = ""

    @property
    def small(self) -> str:
        """The line in small letters."""
        self._small = self._small or self._line.lower()
        return self._small


class Forms(dict[str, bool]):
    """Whether a form could be a number; as many are remembered as there is room for."""

    def __missing__(self, form: str) -> bool:
        if len(form) > _LONGEST:
            return True
        could = bool(_windows(form))
        if len(self) < _MOST:
            self[form] = could
        return could


def could_be_number(word: str, form: str, named: Named) -> bool:
    """Tell whether a word of digits and dashes could be somebody's number."""
    if len(form) > _LONGEST:
        return True
    digits = word.replace("-", "")
    for window in _windows(form):
        its = digits[window.begin : window.end]
        for judged in window.judged:
            if judged.look(its):
                label = judged.word(its, window.shape)
                if label is None or could_call(named.small, label):
                    return True
        if window.account and (names_bank if window.shape == bank_account.AWS else names_account)(named.small):
            return True
    return False


@lru_cache(maxsize=8192)
def _windows(form: str) -> tuple[_Window, ...]:
    """Return what of a stretch could be a number."""
    found, done = [], 0
    for stretch in form.split(_PARTED):
        lengths = tuple([len(group) for group in stretch.split("-") if group])
        if sum(lengths) >= SHORTEST_NUMBER:
            found += _windows_of(lengths, done)
        done += sum(lengths)
    return tuple(found)


def _windows_of(lengths: Shape, done: int) -> list[_Window]:
    found = []
    for first, size in windows_of(lengths, SHAPES.known, True):
        shape = lengths[first : first + size]
        begin = done + sum(lengths[:first])
        judged, account = SHAPES.judges.get(shape, ()), bank_account.could_be(shape)
        if judged or account:
            found.append(_Window(begin, begin + sum(shape), shape, judged, account))
    return found
