"""Owns the report in Markdown; the one rule: whatever a result quotes stays text - no table, link or HTML comes of it."""

from __future__ import annotations

from leh_guardian.checks.weekly import cells
from leh_guardian.checks.weekly import wording as say
from leh_guardian.checks.weekly.report import Report, Row
from leh_guardian.language import Locale
from leh_guardian.model.markdown import table, text

_LONGEST = 2000
"""Letters of a cell whose parts are cut already."""


def written(report: Report, locale: Locale = Locale.KO) -> str:
    """Return the whole report, ending in a line's end."""
    return "\n".join(
        [
            f"# {say.TITLE.of(locale)} {report.week}",
            "",
            f"**{say.OVERALL.of(locale)}: {_cell(cells.overall(report, locale))}** — {_cell(cells.when(report, locale))}",
            "",
            f"## {say.CHANGES.of(locale)}",
            "",
            *(f"- {_cell(line)}" for line in cells.changes(report, locale)),
            "",
            f"## {say.CHECKS.of(locale)}",
            "",
            *table([column.of(locale) for column in say.COLUMNS], [_row(row, report, locale) for row in report.rows]),
            "",
            f"## {say.TREND.of(locale)}",
            "",
            *table(
                ["", *(_cell(week) for week in report.weeks)],
                [[_name(row, locale), *(cells.MARKS[status] for status in row.trend)] for row in report.rows],
            ),
            "",
            *_samples(report, locale),
            *_details(report, locale),
            say.RUNBOOK.of(locale),
            "",
        ]
    )


def _row(row: Row, report: Report, locale: Locale) -> list[str]:
    return [
        _name(row, locale),
        f"{cells.MARKS[row.status]} {row.status}",
        cells.before(row),
        _cell(cells.since(row, report)),
        _cell(cells.measured(row, locale)),
        _cell(cells.compact(row.threshold)),
        _cell(cells.compact(row.evidence)),
        _cell(cells.to_do(row, locale)),
    ]


def _samples(report: Report, locale: Locale) -> list[str]:
    said = cells.statements(report, locale)
    if not said:
        return []
    return [f"## {say.SAMPLES.of(locale)}", "", *(f"- {_cell(name)}: {_cell(words)}" for name, words in said), ""]


def _details(report: Report, locale: Locale) -> list[str]:
    """Return everything that was found of what is not well."""
    lines = [f"## {say.DETAILS.of(locale)}", ""]
    rows = cells.detailed(report)
    if not rows:
        return []
    for row in rows:
        lines += [f"### {_name(row, locale)} ({row.status})", ""]
        lines += [f"- {text(reason.of(locale), cells.SENTENCE)}" for reason in row.reasons]
        lines += [f"- → {text(one.of(locale), cells.SENTENCE)}" for one in row.what_to_do]
        lines.append("")
    return lines


def _name(row: Row, locale: Locale) -> str:
    return text(say.name_of(row.check).of(locale), cells.CELL)


def _cell(line: str) -> str:
    return text(line, _LONGEST)
