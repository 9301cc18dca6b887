"""Owns the folding of a journal for a person's eyes; the one rule: the first and the newest look of a long wait stay, with a count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

_LOOKS = {"attempt.started", "attempt.waiting"}
_SHOWN = 4


def folded(lines: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any] | int]:
    """Yield the lines; of many looks in a row of one action the first two and the last two, and between them how many are left out.

    A look is two lines, an attempt that started and one that waits: an action that waits for twelve hours has 1,440 of them.
    """
    for look, group in groupby(lines, key=_look):
        run = list(group)
        if look is None or len(run) <= 2 * _SHOWN:
            yield from run
            continue
        yield from run[:_SHOWN]
        yield len(run) - 2 * _SHOWN
        yield from run[-_SHOWN:]


def _look(line: dict[str, Any]) -> str | None:
    return str(line["action"]) if line["kind"] in _LOOKS else None
