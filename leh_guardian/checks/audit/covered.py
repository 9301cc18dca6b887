"""Owns what was looked through of one source, and how it is judged; the one rule: what was not seen is a gap, and a gap is UNKNOWN."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.checks.result import Findings, Status
from leh_guardian.language import NOTHING, Text

LINES: Final = "lines"
WINDOWS: Final = "windows"
OBJECTS: Final = "objects"
_TOLD: Final = 20


@dataclass(slots=True)
class Covered:
    """One table, log group or prefix."""

    source: str
    place: str
    unit: str = LINES
    """What is drawn: lines, windows of time, or objects."""
    there: int | None = None
    """How many of those there are; None: nobody knows."""
    looked: int = 0
    """How many of those were looked at."""
    leaking: int = 0
    """... and how many of them disclose something."""
    beside: int = 0
    """Lines that disclose something and were met before anything was drawn."""
    lines: int = 0
    """Lines that were looked at."""
    bytes: int = 0
    cut: int = 0
    """Lines with a value that was not read to its end."""
    strata: int = 0
    window_seconds: int | None = None
    effective: int | None = None
    """What the draws are worth; None: all was looked at."""
    thinnest: int | None = None
    """Of how many lines the stratum was drawn of which the fewest were; None: all were whole."""
    estimate: float | None = None
    """Of those that leak, where some do."""
    ended: bool = False
    """Whether what was to be looked at was: False where the source said no."""
    gaps: list[tuple[Text, Text]] = field(default_factory=list)
    """What was not seen, and what to do about it."""

    def gap(self, reason: Text, what_to_do: Text = NOTHING) -> None:
        """Note what was not seen; a thousand objects that cannot be read are told by the first of them."""
        if len(self.gaps) < _TOLD:
            self.gaps.append((reason, what_to_do))

    @property
    def whole(self) -> bool:
        """Whether everything was looked at."""
        return self.ended and not self.gaps and self.effective is None

    def bound(self, design: Design) -> float | None:
        """Return the rate of disclosing lines or parts that is still possible; None: it is known, or nothing can be said."""
        if self.effective is None or self.leaking or self.beside or not self.ended:
            return None
        return design.bound(self.effective)

    def judge(self, design: Design, found: Findings) -> None:
        """Add what it comes to, but for what was found."""
        for reason, what_to_do in self.gaps:
            found.add(Status.UNKNOWN, reason, what_to_do)
        if not self.ended or self.gaps or self.leaking or self.beside:
            return
        bound = self.bound(design)
        if bound is None:
            if self.lines:
                found.add(Status.OK, say.whole(self.place, self.lines))
            else:
                found.add(Status.WARN, say.empty(self.place), say.IS_IT_WRITTEN)
            return
        wanted = design.rate if self.unit == LINES else design.part_rate
        if bound > wanted:
            found.add(Status.UNKNOWN, say.too_few(self.place, self.looked, wanted), say.DRAW_MORE)
        else:
            found.add(
                Status.OK,
                say.sampled(self.place, say.UNITS[self.unit], self.looked, self.there or 0, bound, design),
            )

    def row(self, design: Design) -> dict[str, Any]:
        """Return it as JSON."""
        bound = self.bound(design)
        return {
            "source": self.source,
            "place": self.place,
            "how": "whole" if self.whole else "sample" if self.ended and not self.gaps else "part",
            "unit": self.unit,
            "there": self.there,
            "looked_at": self.looked,
            "disclosing": self.leaking,
            "disclosing_beside": self.beside,
            "lines": self.lines,
            "bytes": self.bytes,
            "strata": self.strata,
            "window_seconds": self.window_seconds,
            "bound": None if bound is None else _short(bound),
            "stratum_bound": None if bound is None or self.thinnest is None else _short(design.bound(self.thinnest)),
            "estimated_rate": None if self.estimate is None else _short(self.estimate),
        }


def _short(rate: float) -> float:
    return float(f"{rate:.3g}")
