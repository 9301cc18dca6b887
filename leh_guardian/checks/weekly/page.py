"""Owns the report as a page of HTML; the one rule: every text is escaped, nothing runs, and nothing comes from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final

from leh_guardian.checks.weekly import cells, picture
from leh_guardian.checks.weekly import wording as say
from leh_guardian.checks.weekly.report import Report, Row
from leh_guardian.language import Locale
from leh_guardian.model.text import told

_STYLE: Final = (
    ":root{color-scheme:light dark;--ink:#1c1c1c;--paper:#fff;--line:#c8c8c8;--ok:#1a7f37;--warn:#9a6700;--unknown:#6e7781;"
    "--fail:#c1121f}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#161616;--line:#444;--ok:#4ac26b;--warn:#d4a72c;"
    "--unknown:#9aa4ae;--fail:#ff7b72}}"
    "body{font-family:sans-serif;line-height:1.5;margin:1.5rem;color:var(--ink);background:var(--paper)}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid var(--line);padding:.4rem .5rem;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}"
    ".OK{color:var(--ok)}.WARN{color:var(--warn)}.UNKNOWN{color:var(--unknown)}.FAIL{color:var(--fail)}"
    ".s-OK{fill:var(--ok)}.s-WARN{fill:var(--warn)}.s-UNKNOWN{fill:var(--unknown)}.s-FAIL{fill:var(--fail)}"
    ".s-none{fill:var(--line)}"
)


def written(report: Report, locale: Locale = Locale.KO) -> str:
    """Return the whole page, ending in a line's end."""
    heading = f"{say.TITLE.of(locale)} {report.week}"
    return "\n".join(
        [
            f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(heading)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(heading)}</h1>",
            f'<p><strong class="{report.overall}">{_text(say.OVERALL.of(locale))}: {_text(cells.overall(report, locale))}</strong>'
            f"<br>{_text(cells.when(report, locale))}</p>",
            f"<h2>{_text(say.CHANGES.of(locale))}</h2>",
            f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in cells.changes(report, locale))}</ul>",
            f"<h2>{_text(say.CHECKS.of(locale))}</h2>",
            f"<table><thead><tr>{''.join(f'<th>{_text(title)}</th>' for title in _titles(locale))}</tr></thead><tbody>",
            *(_row(row, report, locale) for row in report.rows),
            "</tbody></table>",
            *_samples(report, locale),
            *_details(report, locale),
            f"<p>{_text(say.RUNBOOK.of(locale))}</p>",
            "</body></html>",
            "",
        ]
    )


def _titles(locale: Locale) -> list[str]:
    return [column.of(locale) for column in (*say.COLUMNS, say.TREND)]


def _row(row: Row, report: Report, locale: Locale) -> str:
    texts = [
        cells.before(row),
        cells.since(row, report),
        cells.measured(row, locale),
        cells.compact(row.threshold),
        cells.compact(row.evidence),
        cells.to_do(row, locale),
    ]
    return (
        f'<tr><th scope="row">{_name(row, locale)}</th><td class="{row.status}"><strong>{row.status}</strong><br>'
        f"{_text(say.word_of(row.status).of(locale))}</td>{''.join(f'<td>{_text(text)}</td>' for text in texts)}"
        f"<td>{picture.trend(row, report)}</td></tr>"
    )


def _samples(report: Report, locale: Locale) -> list[str]:
    said = cells.statements(report, locale)
    if not said:
        return []
    items = "".join(f"<li>{_text(name)}: {_text(words)}</li>" for name, words in said)
    return [f"<h2>{_text(say.SAMPLES.of(locale))}</h2>", f"<ul>{items}</ul>"]


def _details(report: Report, locale: Locale) -> list[str]:
    """Return everything that was found of what is not well."""
    rows = cells.detailed(report)
    lines = [f"<h2>{_text(say.DETAILS.of(locale))}</h2>"] if rows else []
    for row in rows:
        said = [one.of(locale) for one in row.reasons] + [f"→ {one.of(locale)}" for one in row.what_to_do]
        items = "".join(f"<li>{_text(told(one, cells.SENTENCE))}</li>" for one in said)
        lines += [
            f'<h3>{_name(row, locale)} (<span class="{row.status}">{row.status}</span>)</h3>',
            f"<ul>{items}</ul>",
        ]
    return lines


def _name(row: Row, locale: Locale) -> str:
    return _text(told(say.name_of(row.check).of(locale), cells.CELL))


def _text(text: str) -> str:
    # Isolated: a name that is written from right to left must not turn what stands beside it.
    return f"<bdi>{escape(text)}</bdi>"
