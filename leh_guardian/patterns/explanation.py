"""What ``Pattern.explain`` answers: a value for programs, a text for people.

Rule kept: an explanation says only what matching found; it decides nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

# A field may list hundreds of values, and an event hold thousands, or one as long as itself; a person reads a little.
_SHOWN = 5
_WIDTH = 200


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """One path of the pattern."""

    path: str
    matched: bool
    expected: tuple[str, ...]
    """What the pattern lists, as JSON text; one of them had to hold."""
    seen: tuple[str | int | float | bool | None, ...]
    """The leaves that the event has at the path."""

    def __str__(self) -> str:
        seen = _shorten([_show(value) for value in self.seen]) if self.seen else "nothing"
        text = f"{'ok' if self.matched else 'NO'} {self.path}: expected {_shorten(self.expected)}; saw {seen}"
        # Pattern and event may hold half a surrogate pair, which no terminal takes.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class AlternativeExplanation:
    """One alternative of the pattern."""

    matched: bool
    fields: tuple[FieldExplanation, ...]

    @property
    def split(self) -> bool:
        """Whether each field is found, but not all within one element of the same array."""
        return not self.matched and all(field.matched for field in self.fields)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an event matches a pattern, or why not."""

    alternatives: tuple[AlternativeExplanation, ...]

    @property
    def matched(self) -> bool:
        """Whether the event matches."""
        return any(alternative.matched for alternative in self.alternatives)

    @property
    def nearest(self) -> AlternativeExplanation:
        """The alternative that matched, or the one that failed in the fewest fields."""
        return min(self.alternatives, key=lambda one: (not one.matched, sum(not field.matched for field in one.fields)))

    @property
    def fields(self) -> tuple[FieldExplanation, ...]:
        """The fields of the nearest alternative, by path."""
        return self.nearest.fields

    def __str__(self) -> str:
        lines = ["matches" if self.matched else "does not match"]
        if len(self.alternatives) > 1:
            lines[0] += f" (the nearest of {len(self.alternatives)} $or alternatives is shown)"
        lines += [f"  {field}" for field in self.fields]
        if self.nearest.split:
            lines.append("  NO each field is found, but not all within one element of the same array")
        return "\n".join(lines)


def _shorten(texts: Sequence[str]) -> str:
    more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
    shown = [text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…" for text in texts[:_SHOWN]]
    return ", ".join([*shown, *more])


def _show(value: str | float | bool | None) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:  # an int of more digits than Python prints
        return "an integer too long to show"
