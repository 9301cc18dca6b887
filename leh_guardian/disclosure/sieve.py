r"""Owns the first look at many lines at once; the one rule: it may let too much through and never too little.

Most lines hold nothing, and to see that line by line costs more by the call than by the letter. A block of lines is looked at as one
text: letters of one kind are made alike or left out (`bytes.translate`), literals are found, and where one stands it is asked at once
what the detectors will ask first: a number's form and check digits, what follows a password's name. Nothing is read as JSON here. A
field's text stands in its line as it is, but for escapes: a line with any is looked at with its escapes undone as well, a line with
escapes within escapes always goes through. What goes through is scanned by `Scanner`, as if there had been no sieve.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from leh_guardian.disclosure.detectors import aws_secret, passport
from leh_guardian.disclosure.folding import is_odd, plain_of
from leh_guardian.disclosure.gates import SHORTEST_NUMBER, alike
from leh_guardian.disclosure.mentions import QUOTE, could_tell, places
from leh_guardian.disclosure.prospects import Forms, Named, could_be_number

_OPAQUE: Final = ("\\\\", "\\u00", "\\uf", "\\uF", "%5", "%22", "＼", "＂")
"""Escapes of escapes, and what could become a backslash or a quotation mark."""
_UNLIKE: Final = ("ſ", "\u212a", "İ", "ı")
"""Letters that are taken for s, k and i where capitals do not matter."""
_GAP: Final = "\x0b"
"""What stands for a line break and its like within a text: white space that parts a number and ends nothing else."""
_ESCAPES: Final = (("\\/", "/"), ('\\"', QUOTE), *((f"\\{letter}", _GAP) for letter in "bfnrt"))


def _all_but(letters: bytes) -> bytes:
    """Return the letters that `translate` leaves out, so that these and the ends of lines remain."""
    return bytes(set(range(256)) - set(letters + b"\n"))


_DIGIT: Final = b"0123456789"
_CAPITALS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LINE: Final = (b"\n", b"\n")
_PARTING: Final = b"- /_()+~"
"""What may stand between the digits of a number (`numbers.STRETCH`) besides a dot."""
_DIGITS: Final = alike((_DIGIT, b"0"), (b".", b"."), _LINE)
_NINE: Final = "0" * SHORTEST_NUMBER
_FORMS: Final = alike((_DIGIT, b"0"), (_PARTING + b".", b"-"), _LINE)
_WORDS: Final = alike(*((bytes([digit]), bytes([digit])) for digit in _DIGIT), (_PARTING + b".", b"-"), _LINE)
_BASE64: Final = alike((_DIGIT + _CAPITALS + _CAPITALS.lower() + b"/+", b"a"))
_FORTY: Final = "a" * 40
_PASSPORTS: Final = alike((_CAPITALS, b"A"), (_DIGIT, b"0"))
_ODD: Final = _all_but(b"%\\\xc2\xc4\xc5\xd9\xe1\xe2\xe3\xef")
"""All but signs of escapes, and how letters begin in UTF-8 that are folded or taken for others: Hangul in syllables does not."""
_SMALL: Final = _all_but(_CAPITALS)
_TOKEN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:eyJ|A(?:KI|SI|BI|CC)A|sk-[A-Za-z0-9_-]{16}|xox[a-z]-|xapp-|gh[pousr]_|github_pat_)|PRIVATE KEY"
)
"""The tokens' signs, where one may begin; with fewer letters than any token has."""
_TOKENS: Final = ("eyJ", "sk-", "xox", "xapp-", "gh", "github_pat_")
_CAPITAL_TOKENS: Final = ("AKIA", "ASIA", "ABIA", "ACCA", "PRIVATE KEY")
_RUN: Final = re.compile("0[0-]{8,}")
_could: Final = Forms().__getitem__


def could_hold(lines: Sequence[str], raw: bytes | None = None) -> list[int]:
    """Return which lines (without line breaks in them) could hold something: all that do, and few that do not.

    `raw` are the same lines in UTF-8, each with LF at its end, where somebody has them.
    """
    if raw is None:
        raw = _encoded(lines)
    plain, found = _folded(lines, raw)
    if plain is not lines:
        raw = _encoded(plain)
    found.update(_View(plain, lines, raw).lines())
    if b"\\" in raw:
        escaped = [number for number, line in enumerate(plain) if "\\" in line]
        undone = "\n".join([plain[number] for number in escaped])
        for escape, letter in _ESCAPES:
            undone = undone.replace(escape, letter)
        view = _View(undone.split("\n"), [lines[number] for number in escaped], _encoded([undone]))
        found.update(escaped[number] for number in view.lines())
    return sorted(found)


def as_line(record: Mapping[str, str]) -> str:
    """Return a record of texts as a line to be looked at with others: what it could hold, the line could hold."""
    return _GAP.join([part for item in record.items() for part in item]).replace("\n", _GAP)


def _encoded(lines: Sequence[str]) -> bytes:
    return "\n".join([*lines, ""]).encode("utf-8", "surrogatepass")


def _folded(lines: Sequence[str], raw: bytes) -> tuple[Sequence[str], set[int]]:
    """Return lines in the one spelling of detectors, and which are left out of them, since they go through."""
    signs = raw.translate(None, _ODD).decode("latin-1")
    opaque = set[int]()
    if len(signs) == len(lines):
        return lines, opaque
    plain = list(lines)
    for number, sign in enumerate(signs.split("\n")):
        if not sign:
            continue
        line = plain[number]
        if any(map(line.__contains__, _OPAQUE)):
            opaque.add(number)
            plain[number] = ""
            continue
        if is_odd(line):
            line = plain[number] = plain_of(line)
        if not line.isascii() and any(map(line.__contains__, _UNLIKE)):
            opaque.add(number)
    return plain, opaque


class _View:
    """A block of lines, looked at as they are."""

    def __init__(self, lines: Sequence[str], given: Sequence[str], raw: bytes) -> None:
        self._lines, self._given, self._raw = lines, given, raw
        self._flat = raw.decode("latin-1")

    def lines(self) -> set[int]:
        """Return the lines that could hold something."""
        small = self._raw.lower().decode("latin-1")
        found = set(self._numbers())
        there = [*could_tell(self._flat, small), *self._tokens(), *self._passports(small), *self._secret_keys()]
        if there:
            ends = list(accumulate([len(line) + 1 for line in self._flat.split("\n")]))
            found.update(bisect(ends, at) for at in there)
        return found

    def _numbers(self) -> Iterator[int]:
        """Yield the lines with a number that could be somebody's."""
        there = self._nines()
        if not there:
            return
        forms = self._raw.translate(_FORMS).decode("latin-1").split("\n")
        words = self._raw.translate(_WORDS).decode("latin-1").split("\n")
        for number in there:
            named = None
            for run in _RUN.finditer(forms[number]):
                if _could(form := run[0]):
                    named = named or Named(self._lines[number], self._given[number])
                    if could_be_number(words[number][run.start() : run.end()], form, named):
                        yield number
                        break

    def _nines(self) -> list[int]:
        """Return the lines with nine digits together, whatever parts them.

        Parted by dots they count only beside four of them without a dot, as each number that is known has: an address of the
        network, which is in nearly every line of an audit log, has not.
        """
        digits = self._raw.translate(_DIGITS, _PARTING).decode("latin-1")
        dotted = digits.split("\n")
        return [
            number
            for number, line in enumerate(digits.replace(".", "").split("\n"))
            if _NINE in line and (_NINE in (its := dotted[number]) or ".0000" in its or "0000." in its)
        ]

    def _secret_keys(self) -> Iterator[int]:
        """Yield where forty letters of base64 stand that could be a key."""
        letters = self._raw.translate(_BASE64).decode("latin-1")
        begin = letters.find(_FORTY)
        while begin >= 0:
            end = letters.find(" ", begin)
            if end - begin == len(_FORTY):
                around = self._raw[max(0, begin - 1) : end + 1].decode("latin-1")
                if any(aws_secret.find(around, "", beside_access_key=True)):
                    yield begin
            begin = letters.find(_FORTY, end)

    def _passports(self, small: str) -> Iterator[int]:
        letters = self._raw.translate(_PASSPORTS).decode("latin-1")
        for at in places(letters, "A0000"):
            if passport.SIGN.search(self._flat, max(0, at - 4), at + 9):
                yield at
        yield from places(small, "passport")
        yield from places(self._flat, _PASSPORT)

    def _tokens(self) -> Iterator[int]:
        capitals = self._raw.translate(None, _SMALL).decode("latin-1")
        for sign in (*_TOKENS, *(sign for sign in _CAPITAL_TOKENS if sign.replace(" ", "") in capitals)):
            for at in places(self._flat, sign):
                if _TOKEN.match(self._flat, at):
                    yield at


_PASSPORT: Final = "여권".encode().decode("latin-1")
