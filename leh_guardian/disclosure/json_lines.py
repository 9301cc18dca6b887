"""Owns JSON within lines: its leaves, and where each stands; the one rule: a leaf's place is worked out when it is asked for.

Objects are kept as pairs, since a key may come twice and the first value is then in the line as well. A leaf is named by its number
in the document's order, keys counted, and a leaf that is JSON again by a trail of such numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from leh_guardian.disclosure.folding import Folded
from leh_guardian.disclosure.names import Name, name_of
from leh_guardian.disclosure.safe_fields import is_safe

_DEEPEST: Final = 4
"""Levels of JSON within JSON."""
SHORTEST: Final = 7
"""No text is shorter that names what it holds: `pw=1234`."""
_LONGEST_KEY: Final = 256
"""Letters of a key that say what its value is: names are remembered, and a key may be as long as a line."""
_OPENING: Final = frozenset({"{", "[", " "})
_ROOT: Final = name_of(None, "")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[^\s"{}\[\]:,]+')
_ESCAPE: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")
_PLAIN: Final = re.compile(r"[A-Za-z_$가-힣][\w$가-힣-]{0,63}")

_decode = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str, strict=False
).decode
Trail = tuple[int, ...]
Steps = tuple[str | int, ...]


class Leaf(NamedTuple):
    """A key or a value of a document."""

    text: str
    name: Name
    trail: Trail
    is_key: bool
    steps: Steps
    """The keys and positions that lead to it."""

    def path(self) -> str:
        """Return its JSON path; keys that could be somebody's are not in it, for it is printed."""
        return "$" + "".join(map(_step, self.steps))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if len(step) > _LONGEST_KEY or name_of(None, step).suspect or not step.isprintable():
        return "[?]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"


def read_json(text: str) -> Any | None:
    """Return an object (as a tuple of pairs) or a list, or None: it is not JSON, or a lone value."""
    start = text.lstrip()[:1]
    if start not in {"{", "["}:
        return None
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return None


def walk(document: Any, shortest: int = SHORTEST) -> list[Leaf]:
    """Return the leaves of what `read_json` gave that are worth a look: of texts those that are not too short, or are named."""
    walk = _Walk((), (), [], shortest)
    walk.through(document, _ROOT, ())
    return walk.leaves


def walk_record(record: Mapping[str, Any] | Sequence[Any]) -> list[Leaf]:
    """Return the leaves of plain data; what is neither text nor a number is taken as its text."""
    return walk(_as_pairs(record, 0))


def _as_pairs(value: Any, level: int) -> Any:
    if level > 64:
        return str(value)
    if isinstance(value, Mapping):
        return tuple((str(key), _as_pairs(item, level + 1)) for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_pairs(item, level + 1) for item in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    return value if value is None or isinstance(value, bool | str) else str(value)


class _Walk:
    """One document, its leaves counted."""

    __slots__ = ("_count", "_shortest", "_steps", "_trail", "leaves")

    def __init__(self, trail: Trail, steps: Steps, leaves: list[Leaf], shortest: int) -> None:
        self._trail, self._steps, self._count, self.leaves = trail, steps, 0, leaves
        self._shortest = shortest

    def through(self, value: Any, name: Name, steps: Steps) -> None:
        if isinstance(value, str):
            if (len(value) >= self._shortest or name.password is not None) and not is_safe(name.last, value):
                self._leaf(value, name, steps)
            self._count += 1
        elif isinstance(value, tuple):
            parent, shortest = None if name is _ROOT else name, self._shortest
            for key, item in value:
                its = name_of(parent, key if len(key) <= _LONGEST_KEY else key[-_LONGEST_KEY:])
                if its.suspect:
                    trail = (*self._trail, self._count)
                    self.leaves.append(Leaf(key, its, trail, True, (*self._steps, *steps, key)))
                self._count += 1
                # Most values are texts, and most of those are no leaves: no more is made of them than to count them.
                if type(item) is not str:
                    self.through(item, its, (*steps, key))
                    continue
                if (len(item) >= shortest or its.password is not None) and not is_safe(its.last, item):
                    self._leaf(item, its, (*steps, key))
                self._count += 1
        elif isinstance(value, list):
            for place, item in enumerate(value):
                self.through(item, name, (*steps, place))
        else:
            self._count += 1

    def _leaf(self, text: str, name: Name, steps: Steps) -> None:
        trail, steps = (*self._trail, self._count), (*self._steps, *steps)
        inner = read_json(text) if text[:1] in _OPENING and len(trail) <= _DEEPEST else None
        if inner is None:
            self.leaves.append(Leaf(text, name, trail, False, steps))
        else:
            _Walk(trail, steps, self.leaves, self._shortest).through(inner, name, ())


class Places:
    """Where the leaves of one line stand; each document in it is taken apart once."""

    __slots__ = ("_leaves", "_tokens")

    def __init__(self, line: str) -> None:
        self._leaves: dict[Trail, Folded] = {(): Folded(line)}
        self._tokens: dict[Trail, list[tuple[int, int]]] = {}

    def place(self, trail: Trail, start: int, end: int) -> tuple[int, int]:
        """Return where in the line a part of a leaf's text stands."""
        return self._leaf(trail).span(start, end)

    def _leaf(self, trail: Trail) -> Folded:
        """Return a leaf's text, each letter knowing where it stood."""
        if trail not in self._leaves:
            document = self._leaf(trail[:-1])
            if trail[:-1] not in self._tokens:
                self._tokens[trail[:-1]] = [found.span() for found in _TOKEN.finditer(document.text)]
            self._leaves[trail] = _content(document, *self._tokens[trail[:-1]][trail[-1]])
        return self._leaves[trail]


def _content(document: Folded, begin: int, end: int) -> Folded:
    if document.text[begin] == '"':
        begin, end = begin + 1, end - 1
    begins = document.begins[begin:end] if document.begins is not None else list(range(begin, end))
    ends = document.ends[begin:end] if document.ends is not None else list(range(begin + 1, end + 1))
    content = Folded(document.text[begin:end], begins, ends)
    return content.rewrite(_ESCAPE, _unescaped) if "\\" in content.text else content


def _unescaped(escape: str) -> list[tuple[str, int]]:
    letters = json.loads(f'"{escape}"')
    return [(letters, len(escape))]
