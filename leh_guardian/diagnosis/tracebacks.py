"""Owns the reading of Python tracebacks; the one rule: what counts is the exception that got out, then what it was raised from.

Plain, chained, grouped, syntax errors, with carets (PEP 657) and loguru's decorations, cut off anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

BEGINS: Final = "Traceback (most recent call last):"
CHAINS: Final = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_DECORATION: Final = re.compile(r"[ \t]{0,40}(?:[|+][ \t|+-]{0,80})(?:\d{1,4} -{4,40}|\.\.\. -{4,40})?")
_FRAME: Final = re.compile(r'[> \t]{0,8}File "([^"\n]{1,500})", line \d{1,9}')
_LIBRARY: Final = re.compile(r"(?:site-packages|dist-packages|/opt/python|/var/task)/([A-Za-z_][A-Za-z0-9_]{0,60})/")
_RAISED: Final = re.compile(
    r"((?:[A-Za-z_][\w]{0,80}\.|<locals>\.){0,12}[A-Za-z_]\w{0,100})(?:(:)[ \t]{0,2}|[ \t]{0,8}$)"
)
_STANDARD: Final = re.compile(r"/lib/python3\.\d{1,2}/([a-z_]{1,40})(?:\.py|/)|<frozen ([a-z_.]{1,40})>")
_MOST_LINES: Final = 4000
_LONGEST_MESSAGE: Final = 8000


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception as a log tells of it."""

    name: str
    """The class without its module."""
    module: str = ""
    message: str = ""
    libraries: tuple[str, ...] = ()
    """Packages whose frames it came through, the innermost first; nothing for a frame of the program's own."""
    member: bool = False
    """Whether it is one of an exception group's."""


def begins(line: str) -> bool:
    """Tell whether a traceback begins in a line: it is the whole of it, or its end; in a file's name it is neither."""
    return BEGINS in line and line.rstrip().endswith(BEGINS)


def split_name(dotted: str) -> tuple[str, str]:
    """Return module and class of a dotted name; a class within a function keeps only its own name."""
    module, _, name = dotted.replace(".<locals>", "").rpartition(".")
    return module, name


def read_traceback(lines: Sequence[str]) -> tuple[Raised, ...]:
    """Return the exceptions of a traceback: the one that got out first, then those it came from, nearest first.

    An exception group is followed by its members.
    """
    found: list[Raised] = []
    lines = lines[:_MOST_LINES]
    groups: list[Raised] = []
    for block in _blocks(lines):
        raised = _read_block(block)
        if raised is None:
            continue
        (groups if raised.member else found).append(raised)
    return (*reversed(found), *groups)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Yield each traceback's lines without decorations, and whether it is a group's member."""
    block: list[str] | None = None
    member = False
    for line in lines:
        decorated = _DECORATION.match(line) if line.lstrip()[:1] in {"|", "+"} else None
        text = line[decorated.end() :] if decorated else line
        if decorated and decorated[0].rstrip().endswith("-"):
            continue
        if begins(text):
            if block is not None:
                yield member, block
            member = bool(decorated) and "Exception Group" not in text and _depth(line) > 2
            block = []
        elif block is not None:
            if text.strip() in CHAINS:
                yield member, block
                block = None
            else:
                # Within a decoration the frames are indented by what is left of it.
                block.append(_dedented(line, decorated) if decorated else line)
    if block is not None:
        yield member, block


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _dedented(line: str, decorated: re.Match[str]) -> str:
    bar = max(line.find("|"), line.find("+"))
    return line[bar + 2 :] if bar >= 0 else line[decorated.end() :]


def _read_block(block: tuple[bool, list[str]]) -> Raised | None:
    member, lines = block
    libraries: list[str] = []
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        if frame := _FRAME.match(line):
            libraries.append(_library(frame[1]))
        elif line[0] not in " \t>|│└├" and (raised := _RAISED.match(line)):
            module, name = split_name(raised[1])
            message = _message([line[raised.end() :], *lines[place + 1 :]]) if raised[2] else ""
            return Raised(name, module, message, tuple(reversed(libraries)), member)
    return Raised("", "", "", tuple(reversed(libraries)), member) if libraries else None


def _message(lines: list[str]) -> str:
    return "\n".join(lines[:200])[:_LONGEST_MESSAGE].strip()


def libraries_of(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the packages whose frames stand in `lines`, the innermost first; nothing for a frame of the program's own."""
    found = (_library(frame[1]) for line in lines[:_MOST_LINES] if (frame := _FRAME.match(line)))
    return tuple(reversed(list(found)))


def _library(file: str) -> str:
    if found := _LIBRARY.search(file):
        return found[1]
    standard = _STANDARD.search(file)
    return (standard[1] or standard[2] or "") if standard else ""
