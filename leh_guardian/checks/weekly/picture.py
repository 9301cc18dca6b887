"""Owns the trend as a picture (SVG); the one rule: what its colours say its heights and its words say, too."""

from __future__ import annotations

from html import escape
from typing import Final

from leh_guardian.checks.weekly import cells
from leh_guardian.checks.weekly.report import Report, Row
from leh_guardian.model.check import Status

_STEP: Final = 14
_BAR: Final = 10
_HIGH: Final = 24
_HEIGHTS: Final = {Status.OK: 6, Status.WARN: 12, Status.UNKNOWN: 18, Status.FAIL: 24}


def trend(row: Row, report: Report) -> str:
    """Return a bar for each week, the newest at the right: the higher, the worse; a line at the bottom where nothing ran."""
    words = escape(cells.trend(row, report))
    bars = []
    for number, (week, status) in enumerate(zip(report.weeks, row.trend, strict=True)):
        high = _HEIGHTS[status] if status else 2
        kind = f"s-{status}" if status else "s-none"
        place = f'x="{number * _STEP + 2}" y="{_HIGH - high}" width="{_BAR}" height="{high}"'
        bars.append(f'<rect class="{kind}" {place}><title>{escape(week)} {status or "-"}</title></rect>')
    wide = len(report.weeks) * _STEP + 2
    return (
        f'<svg role="img" aria-label="{words}" width="{wide}" height="{_HIGH}" viewBox="0 0 {wide} {_HIGH}"'
        f' xmlns="http://www.w3.org/2000/svg">{"".join(bars)}</svg>'
    )
