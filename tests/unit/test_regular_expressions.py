"""Every regular expression of the package: written by us, and without the forms that backtrack.

Nothing an operator or an event says is ever compiled. What is compiled runs over event content, so its form is looked at,
not its speed: no repeat of a repeat, no alternatives of a repeat that begin alike, no two endless repeats side by side
that can share characters. How long the slowest takes is printed.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Final

import pytest

import leh_guardian
from tests.support.figures import show

ENDLESS: Final = 1000
"""Repeats of more are as good as endless."""
LETTERS: Final = frozenset([*map(chr, range(128)), "가", "１", "\u2028", "é", "\u1173", "·"])
PACKAGE: Final = Path(leh_guardian.__file__).parent
CALLS: Final = frozenset("compile search match fullmatch sub subn split findall finditer template".split())
OURS: Final = {("rules/shapes/kinds.py", "form"), ("disclosure/labels.py", "_one_of")}
"""Parameters that only tables of the package are given for."""


def modules() -> Iterator[Any]:
    """Yield every module but those that run a program when they are imported."""
    for found in pkgutil.walk_packages([str(PACKAGE)], "leh_guardian."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def within(value: Any, levels: int = 4) -> Iterator[re.Pattern[str]]:
    """Yield the expressions in a module's value: alone, in tuples and tables, in attributes of what it holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif levels and isinstance(value, list | tuple | frozenset | set):
        for item in value:
            yield from within(item, levels - 1)
    elif levels and isinstance(value, dict):
        yield from within(list(value.values()), levels - 1)
    elif levels and type(value).__module__.startswith("leh_guardian."):
        names = getattr(type(value), "__slots__", ()) or vars(value)
        yield from within([getattr(value, name, None) for name in names], levels - 1)


def literals() -> Iterator[tuple[str, int, ast.expr]]:
    """Yield the pattern of every call to `re`, with its file and line."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr in CALLS
            ):
                yield str(file.relative_to(PACKAGE)), node.lineno, node.args[0]


def is_ours(file: str, node: ast.expr) -> bool:
    """Tell whether a pattern is written in the package: a text, texts put together of constants, or a table's."""
    match node:
        case ast.Constant(value=str()):
            return True
        case ast.JoinedStr(values=parts):
            return all(is_ours(file, part.value if isinstance(part, ast.FormattedValue) else part) for part in parts)
        case ast.Name(id=name):
            return name.lstrip("_").isupper() or (file, name) in OURS
        case ast.Call(func=ast.Name(id=name), args=args):
            return (file, name) in OURS and all(is_ours(file, one) for one in args)
        case _:
            return False


def expressions() -> dict[str, re.Pattern[str]]:
    """Return every expression, by its text: those that modules hold, and those that calls spell out."""
    found = {p.pattern: p for module in modules() for value in vars(module).values() for p in within(value)}
    spelt = [node.value for _, _, node in literals() if isinstance(node, ast.Constant)]
    return {**{text: re.compile(text) for text in spelt}, **found}


EXPRESSIONS: Final = expressions()


def test_no_expression_comes_from_outside() -> None:
    """Rules have no regular expressions, and none is put together of what an event or an operator said."""
    calls = list(literals())
    assert len(calls) > 20
    assert [f"{file}:{line}" for file, line, node in calls if not is_ours(file, node)] == []


def test_there_is_one_regular_expression_engine() -> None:
    """No other library's expressions come in by another door."""
    for file in PACKAGE.rglob("*.py"):
        names = {
            name.partition(".")[0]
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
        }
        assert not names & {"regex", "re2", "fnmatch", "glob", "sre_compile", "string_template"}, file


class Reader:
    """What an expression can begin with and hold, and what is wrong with its form."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.faults: list[str] = []
        self._folds = bool(pattern.flags & re.IGNORECASE)
        self._sequence(list(_parser.parse(pattern.pattern, pattern.flags)))

    def _sequence(self, items: list[Any]) -> None:
        for position, (kind, value) in enumerate(items):
            for inner in self._inner(kind, value):
                self._sequence(inner)
            if _endless(kind, value):
                self._repeat(list(value[2]), items[position + 1 :])

    def _repeat(self, body: list[Any], after: list[Any]) -> None:
        if any(self._holds_repeat(item) for item in body):
            self.faults.append("an endless repeat within an endless repeat")
        for branches in self._branches(body):
            firsts = [self._first(list(branch))[0] for branch in branches]
            if any(one & other for one, other in combinations(firsts, 2)):
                self.faults.append("alternatives of an endless repeat begin alike")
        own = self._holds(body)
        for kind, value in after:
            if any(own & self._holds(list(repeat[2])) for repeat in self._leading_repeats(kind, value)):
                self.faults.append("two endless repeats side by side share characters")
            if not self._first([(kind, value)])[1]:
                break

    def _leading_repeats(self, kind: Any, value: Any) -> Iterator[Any]:
        if _endless(kind, value):
            yield value
        for inner in self._inner(kind, value):
            if inner:
                yield from self._leading_repeats(*inner[0])

    def _branches(self, items: list[Any]) -> Iterator[Any]:
        for kind, value in items:
            if kind is op.BRANCH:
                yield value[1]
            elif kind is op.SUBPATTERN:
                yield from self._branches(list(value[-1]))

    def _holds_repeat(self, item: Any) -> bool:
        kind, value = item
        return _endless(kind, value) or any(self._holds_repeat(i) for inner in self._inner(kind, value) for i in inner)

    @staticmethod
    def _inner(kind: Any, value: Any) -> Iterator[list[Any]]:
        if kind is op.SUBPATTERN:
            yield list(value[-1])
        elif kind is op.BRANCH:
            yield from map(list, value[1])
        elif kind in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
            yield list(value[2])
        elif kind in {op.ASSERT, op.ASSERT_NOT}:
            yield list(value[1])
        elif kind is op.ATOMIC_GROUP:
            yield list(value)

    def _first(self, items: list[Any]) -> tuple[frozenset[str], bool]:
        """Return what a sequence can begin with, and whether it can be empty."""
        begins: frozenset[str] = frozenset()
        for kind, value in items:
            if kind in {op.AT, op.ASSERT, op.ASSERT_NOT}:
                continue
            inner = [self._first(part) for part in self._inner(kind, value)]
            one = frozenset().union(*(first for first, _ in inner)) if inner else self._letters(kind, value)
            begins |= one
            empty = any(can for _, can in inner) or (kind in {op.MAX_REPEAT, op.MIN_REPEAT} and value[0] == 0)
            if not empty:
                return begins, False
        return begins, True

    def _holds(self, items: list[Any]) -> frozenset[str]:
        """Return every character that can stand anywhere in a sequence."""
        parts: list[frozenset[str]] = [frozenset()]
        for kind, value in items:
            inner = list(self._inner(kind, value))
            parts += [self._holds(part) for part in inner] if inner else [self._letters(kind, value)]
        return frozenset().union(*parts)

    def _letters(self, kind: Any, value: Any) -> frozenset[str]:
        match kind:
            case op.LITERAL:
                found = {chr(value)}
            case op.NOT_LITERAL:
                found = set(LETTERS) - {chr(value)}
            case op.ANY | op.GROUPREF:
                found = set(LETTERS)
            case op.IN:
                parts = [part for part in value if part[0] is not op.NEGATE]
                found = set().union(*(self._letters(*part) for part in parts))
                found = set(LETTERS) - found if len(parts) < len(value) else found
            case op.RANGE:
                found = {c for c in LETTERS if value[0] <= ord(c) <= value[1]}
            case op.CATEGORY:
                spelling = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(value).rpartition("_")[2]]
                found = {c for c in LETTERS if bool(re.match(spelling, c)) != ("NOT" in str(value))}
            case _:
                found = set()
        return frozenset(found | ({c.lower() for c in found} | {c.upper() for c in found} if self._folds else set()))


def _endless(kind: Any, value: Any) -> bool:
    return kind in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT} and value[1] >= ENDLESS


@pytest.mark.parametrize("text", sorted(EXPRESSIONS), ids=range(len(EXPRESSIONS)))
def test_no_expression_can_backtrack_without_end(text: str) -> None:
    """Each expression's form, whatever it is given."""
    assert Reader(EXPRESSIONS[text]).faults == [], text


@pytest.mark.parametrize(
    "bad",
    [
        r"(a+)+$",
        r"(?:ab|[ac])*x",
        r"(?:_a|\w)*$",
        r"a*a*b",
        r"\s*\s*x",
        r"(x+y?)*z",
        r"[a-z]+(?:-?[a-z0-9]+)",
        r"(?i)(?:ab|[Ac])*",
    ],
)
def test_forms_that_backtrack_are_seen(bad: str) -> None:
    """The look itself can fail."""
    assert Reader(re.compile(bad)).faults


ALPHABET: Final = [
    *("a", "1", " ", '"', "\\", "-", "`", "$$", "가", "a-"),
    *(
        "://",
        "://a:",
        "${",
        "password",
        "password_",
        'token:\\"',
        "bearer ",
        "?sig=",
        "AKIA",
        "sk-",
        "eyJ",
        "eyJaaaaaaaa.",
    ),
    *("900101", "900101-", "4111 1111 ", "여권", "010-", "-----BEGIN PRIVATE KEY-----"),
]


def test_the_slowest_expression(capsys: pytest.CaptureFixture[str]) -> None:
    """Every expression over texts made to annoy it, at one length and at its double; the worst is printed."""
    worst = (0.0, 0.0, "", "")
    for text, pattern in EXPRESSIONS.items():
        for piece in ALPHABET:
            took = []
            for length in (8_000, 16_000):
                hostile = piece * (length // len(piece)) + "\x00"
                started = time.perf_counter()
                pattern.sub("", hostile)
                took.append(time.perf_counter() - started)
            worst = max(worst, (took[1], took[1] / max(took[0], 1e-6), text[:40], piece))
    seconds, ratio, text, piece = worst
    slowest = f"{seconds * 1000:.1f} ms, x{ratio:.1f} for double the length: {text!r} over {piece!r}"
    show(capsys, f"regular expressions: {len(EXPRESSIONS)}; slowest over 16,000 characters {slowest}")
