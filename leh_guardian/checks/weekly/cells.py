"""Owns how results become words that every form shows; the one rule: foreign text is redacted and one line before it is cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from leh_guardian.checks.weekly import wording as say
from leh_guardian.checks.weekly.report import Change, Report, Row
from leh_guardian.language import Locale, moment
from leh_guardian.model.check import Status
from leh_guardian.model.text import told

CELL: Final = 240
"""Letters of a cell; the JSON has the whole."""
SENTENCE: Final = 600
"""Letters of a finding."""
STATEMENT: Final = 2000
"""Letters of what a sample proves: it has a part for each table, log group and prefix."""
_ENOUGH: Final = 4000
"""Letters that a cell is cut from: where a longer text is cut is far beyond what is shown."""
_MOST: Final = 40
"""Members of a mapping or list that are looked at."""
_DEEPEST: Final = 4
MARKS: Final[Mapping[Status | None, str]] = {
    Status.OK: "🟢",
    Status.WARN: "🟡",
    Status.UNKNOWN: "⚪",
    Status.FAIL: "🔴",
    None: "·",
}
"""What stands for a status in a line of text."""


def compact(value: object, limit: int = CELL) -> str:
    """Return a value of a result in one line, such as days=12, trust=trusted."""
    text = ""
    for part in _parts(value, _DEEPEST):
        text += f", {part}" if text else part
        if len(text) > _ENOUGH:
            break
    return told(text, limit) or "-"


def _parts(value: object, levels: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in list(value.items())[:_MOST]:
            # What a sample proves is said in words of its own.
            if inner is None or name == "statement":
                continue
            yield f"{name}{_value(inner, levels - 1)}"
    elif isinstance(value, list | tuple):
        yield from (_value(inner, levels - 1).removeprefix("=") for inner in value[:_MOST])
    elif value is not None:
        yield _plain(value)


def _value(value: object, levels: int) -> str:
    if isinstance(value, Mapping | list | tuple):
        return f"({', '.join(_parts(value, levels))})" if levels > 0 else "=…"
    return f"={_plain(value)}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:_ENOUGH]


def finding(row: Row, locale: Locale, limit: int = SENTENCE) -> str:
    """Return the worst that was found, and how many more there are."""
    if not row.reasons:
        return "-"
    first = told(row.reasons[0].of(locale), limit)
    more = len(row.reasons) - 1
    return f"{first} ({say.more(more).of(locale)})" if more else first


def measured(row: Row, locale: Locale) -> str:
    """Return what was measured: in words first, then the numbers."""
    numbers = compact(row.measured)
    words = finding(row, locale, CELL)
    return words if numbers == "-" else f"{words} [{numbers}]"


def to_do(row: Row, locale: Locale) -> str:
    """Return the first thing to do."""
    if row.what_to_do:
        return told(row.what_to_do[0].of(locale), SENTENCE)
    return "-" if row.status is Status.OK else say.RUNBOOK.of(locale)


def since(row: Row, report: Report) -> str:
    """Return the day since which it is so, by the report's clocks."""
    return f"{row.since.astimezone(report.zone):%Y-%m-%d}" if row.since else "-"


def before(row: Row) -> str:
    """Return last week's status, with an arrow where it was another one."""
    arrow = {Change.WORSE: " ↘", Change.BETTER: " ↗"}.get(row.change, "")
    return f"{row.before or '-'}{arrow}"


def when(report: Report, locale: Locale) -> str:
    """Return when the report was made, and of which week it is."""
    return f"{moment(report.at, report.zone).of(locale)} · {report.week}"


def changes(report: Report, locale: Locale) -> list[str]:
    """Return a line for each check that has changed; one that says so where none has."""
    if report.before is None:
        return [say.FIRST.of(locale)]
    lines = []
    for change, word in ((Change.WORSE, say.WORSE), (Change.BETTER, say.BETTER)):
        for row in report.changed(change):
            name = told(say.name_of(row.check).of(locale), CELL)
            lines.append(f"{word.of(locale)}: {name} {row.before} → {row.status}")
    return lines or [say.NO_CHANGE.of(locale)]


def overall(report: Report, locale: Locale) -> str:
    """Return how it all stands, beside last week."""
    now = f"{report.overall} ({say.word_of(report.overall).of(locale)})"
    worse, better = len(report.changed(Change.WORSE)), len(report.changed(Change.BETTER))
    beside = say.FIRST if report.before is None else say.summary(worse, better)
    return f"{now} · {beside.of(locale)}"


def statements(report: Report, locale: Locale) -> list[tuple[str, str]]:
    """Return, by check, what samples prove."""
    return [
        (told(say.name_of(row.check).of(locale), CELL), told(row.statement.of(locale), STATEMENT))
        for row in report.rows
        if row.statement
    ]


def trend(row: Row, report: Report) -> str:
    """Return a check's weeks in words, such as 2026-W48 OK, 2026-W49 FAIL."""
    return ", ".join(f"{week} {status or '-'}" for week, status in zip(report.weeks, row.trend, strict=True))


def detailed(report: Report) -> list[Row]:
    """Return what is not well, and of which more was found than its row has room for."""
    return [
        row for row in report.rows if row.status is not Status.OK and max(len(row.reasons), len(row.what_to_do)) > 1
    ]
