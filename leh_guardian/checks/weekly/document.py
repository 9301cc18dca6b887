"""Owns the report as JSON (docs/weekly-report.schema.json); the one rule: a field keeps its name and meaning, or SCHEMA is raised.

Programs read it: texts are in both languages, times ISO 8601 in UTC, and statuses the four words. What a check measured is its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.checks.weekly import wording as say
from leh_guardian.checks.weekly.report import Report, Row
from leh_guardian.language import Text
from leh_guardian.model.text import dump_json
from leh_guardian.telemetry.redaction import redact_all

SCHEMA: Final = 1
"""Raised when a reader of the one before would read wrong; fields may be added without."""


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain data, secrets taken out."""
    data = {
        "schema": SCHEMA,
        "generated_at": _at(report.at),
        "timezone": str(report.zone),
        "week": report.week,
        "weeks": list(report.weeks),
        "overall": report.overall.value,
        "previous_overall": report.before.value if report.before else None,
        "checks": [_row(row) for row in report.rows],
    }
    plain: dict[str, Any] = json.loads(dump_json(redact_all(data)))
    return plain


def _row(row: Row) -> Mapping[str, Any]:
    return {
        "check": row.check,
        "title": _text(say.name_of(row.check)),
        "status": row.status.value,
        "previous_status": row.before.value if row.before else None,
        "change": row.change.value,
        "since": _at(row.since),
        "looked_at": _at(row.looked_at),
        "measured": dict(row.measured),
        "threshold": dict(row.threshold),
        "evidence": dict(row.evidence),
        "reasons": [_text(one) for one in row.reasons],
        "what_to_do": [_text(one) for one in row.what_to_do],
        "statement": _text(row.statement) if row.statement else None,
        "trend": [status.value if status else None for status in row.trend],
    }


def _text(text: Text) -> Mapping[str, str]:
    return {"ko": text.ko, "en": text.en}


def _at(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
