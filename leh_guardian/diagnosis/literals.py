"""Owns the reading of a dict as Python prints it, or as JSON, cut off anywhere; the one rule: nothing is evaluated.

Error bodies are logged by their repr: single quotes, None, True. Logs cut long lines, so what is there is read and the end
need not come. Bounded in depth and size.
"""

from __future__ import annotations

import re
from typing import Any, Final

_DEEPEST: Final = 12
_MOST: Final = 200
_LONGEST: Final = 20_000
_WORD: Final = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
_SPACE: Final = re.compile(r"[ \t\r\n]{0,200}")
_WORDS: Final[dict[str, Any]] = {"None": None, "null": None, "True": True, "true": True, "False": False, "false": False}
_PLAIN: Final = {"'": re.compile(r"[^'\\]*"), '"': re.compile(r'[^"\\]*')}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


class _CutOff(Exception):
    """The text ends before the value does."""


def read_literal(text: str) -> tuple[Any, bool]:
    """Return the dict or list at the beginning of `text`, and whether it was whole."""
    reader = _Reader(text[:_LONGEST])
    return reader.top()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def top(self) -> tuple[Any, bool]:
        opened: Any = {} if self._text[:1] == "{" else []
        try:
            self._fill(opened, 0)
        except _CutOff:
            return opened, False
        return opened, True

    def _fill(self, into: Any, depth: int) -> None:
        """Read a dict or list into `into`, so that what came before a cut is kept."""
        if depth > _DEEPEST:
            raise _CutOff
        close = "}" if isinstance(into, dict) else "]"
        self._at += 1
        for _ in range(_MOST):
            if self._peek() == close:
                self._at += 1
                return
            if isinstance(into, dict):
                key: Any = self._scalar()
                if self._peek() != ":":
                    raise _CutOff
                self._at += 1
                self._value(into, str(key), depth)
            else:
                into.append(None)
                self._value(into, len(into) - 1, depth)
            if self._peek() == ",":
                self._at += 1
        raise _CutOff

    def _value(self, into: Any, key: Any, depth: int) -> None:
        first = self._peek()
        if first in "{[":
            into[key] = {} if first == "{" else []
            self._fill(into[key], depth + 1)
        elif first in "\"'":
            self._string(into, key)
        else:
            into[key] = self._scalar()

    def _string(self, into: Any, key: Any) -> None:
        text, whole = self._quoted()
        into[key] = text
        if not whole:
            raise _CutOff

    def _scalar(self) -> Any:
        if self._peek() in "\"'":
            text, whole = self._quoted()
            if not whole:
                raise _CutOff
            return text
        word = _WORD.match(self._text, self._at)
        if word is None:
            raise _CutOff
        self._at = word.end()
        if word[0] in _WORDS:
            return _WORDS[word[0]]
        return int(word[0]) if word[0].isdecimal() and len(word[0]) < 18 else word[0]

    def _quoted(self) -> tuple[str, bool]:
        quote = self._text[self._at]
        plain = _PLAIN[quote]
        letters: list[str] = []
        self._at += 1
        while (found := plain.match(self._text, self._at)) is not None:
            letters.append(found[0])
            self._at = found.end()
            letter, after = self._text[self._at : self._at + 1], self._text[self._at + 1 : self._at + 2]
            self._at += 1
            if letter == quote:
                return "".join(letters), True
            if not after:
                break
            letters.append(_ESCAPES.get(after, after))
            self._at += 1
        return "".join(letters), False

    def _peek(self) -> str:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        if self._at >= len(self._text):
            raise _CutOff
        return self._text[self._at]
