"""Owns the report as a message; the one rule: its title says how all stands, and each check has its line."""

from __future__ import annotations

from leh_guardian.checks.weekly import cells
from leh_guardian.checks.weekly import wording as say
from leh_guardian.checks.weekly.report import Report, Row
from leh_guardian.language import Locale
from leh_guardian.model.text import told


def title(report: Report, locale: Locale) -> str:
    """Return the first line."""
    return f"[{say.TITLE.of(locale)}] {report.week} {cells.overall(report, locale)}"


def lines(report: Report, locale: Locale) -> list[str]:
    """Return the lines below it."""
    found = [cells.when(report, locale), *cells.changes(report, locale)]
    for row in report.rows:
        found += _check(row, report, locale)
    found += [f"{say.SAMPLES.of(locale)} - {name}: {said}" for name, said in cells.statements(report, locale)]
    return [*found, say.AGAIN.of(locale)]


def _check(row: Row, report: Report, locale: Locale) -> list[str]:
    name = told(say.name_of(row.check).of(locale), cells.CELL)
    history = "".join(cells.MARKS[status] for status in row.trend)
    since = f" · {say.since(cells.since(row, report)).of(locale)}" if row.since else ""
    head = f"{cells.MARKS[row.status]} {row.status} {name}: {cells.finding(row, locale)}{since} · {history}"
    do = cells.to_do(row, locale)
    return [head] if do == "-" else [head, f"   → {do}"]
