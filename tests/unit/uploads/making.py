"""Owns short ways to records and subjects; the one rule: what a test does not name is ordinary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from leh_guardian.rules.upload_signals import built_in_upload_signals
from leh_guardian.uploads import Judgement, Record, judge, record_of
from leh_guardian.uploads.crowd import with_crowds
from leh_guardian.uploads.gathering import gather
from leh_guardian.uploads.measures import MEASURES
from leh_guardian.uploads.subject import Subject, subjects_of

NOON = datetime(2026, 3, 11, 3, tzinfo=UTC)
"""Noon in Seoul, a Wednesday."""
NOW = NOON + timedelta(days=30)


def row(seconds: float, action: str = "upload", **fields: Any) -> dict[str, Any]:
    """Return a record as JSON gives it, so many seconds after noon."""
    return {"time": (NOON + timedelta(seconds=seconds)).isoformat(), "action": action, "user_id": "u", **fields}


def uploads(count: int, gap: float = 10.0, **fields: Any) -> list[dict[str, Any]]:
    """Return uploads; a field that is a list gives its items in turn, `{}` in a text the number."""

    def of(value: Any, n: int) -> Any:
        value = value[n % len(value)] if isinstance(value, list) else value
        return value.replace("{}", str(n)) if isinstance(value, str) else value

    return [row(n * gap, **{name: of(value, n) for name, value in fields.items()}) for n in range(count)]


def records(rows: list[dict[str, Any]]) -> list[Record]:
    """Return the records of rows."""
    return [record for one in rows if (record := record_of(one))]


def subjects(rows: list[dict[str, Any]]) -> dict[str | None, Subject]:
    """Return the subjects of a log by user."""
    return {one.who.user: one for one in with_crowds(subjects_of(gather(records(rows), NOW)))}


def measured(name: str, rows: list[dict[str, Any]], user: str | None = "u") -> float | None:
    """Return a measure of a user."""
    return MEASURES[name].function(subjects(rows)[user])


def judged(rows: list[dict[str, Any]]) -> Judgement:
    """Return what the shipped signals make of a log."""
    return judge(records(rows), built_in_upload_signals(), NOW)
