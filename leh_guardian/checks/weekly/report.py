"""Owns what a weekly report says; the one rule: a check that did not run is UNKNOWN, and the whole is as good as its worst.

Weeks are calendar weeks of the reader's zone, Monday to Sunday (ISO 8601), so that a run that takes its time stays in its week. Of
each check a week has its newest result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from leh_guardian.checks.weekly import wording as say
from leh_guardian.language import NOTHING, Text
from leh_guardian.model.check import KeptResult, Status, worst

WEEKS: Final = 8
"""Weeks that the trend goes back."""
_WEEK: Final = timedelta(days=7)


class Change(StrEnum):
    """How a check stands beside last week."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    NEW = "new"
    """Nothing is known of an earlier run."""

    @property
    def news(self) -> bool:
        """Whether the reader should look at it first."""
        return self in {Change.WORSE, Change.BETTER}


@dataclass(frozen=True, slots=True)
class Row:
    """One check."""

    check: str
    status: Status
    before: Status | None
    """Last week's; None: nothing is known of an earlier run."""
    change: Change
    since: datetime | None
    """Since when it is so; for what did not run, when it last did; None: never."""
    looked_at: datetime | None
    """When it ran; None: it did not."""
    trend: tuple[Status | None, ...]
    """Its weeks, the oldest first and this one last; None: nothing ran."""
    measured: Mapping[str, Any]
    threshold: Mapping[str, Any]
    evidence: Mapping[str, Any]
    reasons: tuple[Text, ...]
    what_to_do: tuple[Text, ...]
    statement: Text = NOTHING
    """What a sample proves, and within what bound; nothing where all was looked at."""


@dataclass(frozen=True, slots=True)
class Report:
    """A weekly report."""

    at: datetime
    zone: ZoneInfo
    weeks: tuple[str, ...]
    """Like 2026-W49, the oldest first and its own last."""
    overall: Status
    before: Status | None
    """Last week's overall; None: nothing is known of it."""
    rows: tuple[Row, ...]
    """What has changed first, then the worst."""

    @property
    def week(self) -> str:
        """Its own week."""
        return self.weeks[-1]

    def changed(self, change: Change) -> tuple[Row, ...]:
        """Return the checks that stand so beside last week."""
        return tuple(row for row in self.rows if row.change is change)


def week_of(at: datetime, zone: ZoneInfo) -> str:
    """Return the calendar week of an instant, like 2026-W49."""
    year, week, _ = at.astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"


def week_end(week: str, zone: ZoneInfo) -> datetime:
    """Return the first instant after a week.

    Raises:
        ValueError: it is not written like 2026-W49, or that year has no such week.
    """
    year, _, number = week.partition("-W")
    return datetime.fromisocalendar(int(year), int(number), 1).replace(tzinfo=zone) + _WEEK


def reach(at: datetime, weeks: int = WEEKS) -> datetime:
    """Return from when on results are needed for a report at an instant."""
    return at - (weeks + 1) * _WEEK


def missing(kept: Sequence[KeptResult], names: Sequence[str], at: datetime, fresh: datetime) -> list[str]:
    """Return the checks that have no result since `fresh`."""
    there = {result.check for result in kept if fresh <= result.looked_at <= at}
    return [name for name in names if name not in there]


def compose(
    kept: Sequence[KeptResult],
    names: Sequence[str],
    at: datetime,
    zone: ZoneInfo,
    *,
    weeks: int = WEEKS,
    fresh: datetime | None = None,
) -> Report:
    """Return the report at an instant of the results that are kept; what ran before `fresh` has not run."""
    # By the calendar: across a change of clocks a week has not 168 hours.
    local = at.astimezone(zone)
    span = tuple(week_of(local - number * _WEEK, zone) for number in range(weeks - 1, -1, -1))
    rows = [
        _row(name, [one for one in kept if one.check == name and one.looked_at <= at], span, zone, fresh)
        for name in names
    ]
    rows.sort(key=lambda row: (not row.change.news, -row.status.rank, names.index(row.check)))
    known = [row.before for row in rows if row.before is not None]
    return Report(at, zone, span, worst(row.status for row in rows), worst(known) if known else None, tuple(rows))


def _row(name: str, kept: Sequence[KeptResult], span: Sequence[str], zone: ZoneInfo, fresh: datetime | None) -> Row:
    by_week: dict[str, KeptResult] = {}
    for one in sorted(kept, key=lambda one: one.looked_at):
        by_week[week_of(one.looked_at, zone)] = one
    now = by_week.get(span[-1])
    if now is not None and fresh is not None and now.looked_at < fresh:
        now = None
    status = now.status if now else Status.UNKNOWN
    earlier = any(week < span[-1] for week in by_week)
    last = by_week.get(span[-2]) if len(span) > 1 else None
    before = last.status if last else Status.UNKNOWN if earlier else None
    trend = tuple(by_week[week].status if week in by_week else None for week in span[:-1])
    newest = max(kept, key=lambda one: one.looked_at, default=None)
    common = (name, status, before, _change(status, before))
    if now is None:
        return Row(
            *common,
            newest.looked_at if newest else None,
            None,
            (*trend, None),
            {},
            {},
            {},
            (say.did_not_run(newest.looked_at, newest.status, zone) if newest else say.NEVER_RAN,),
            (say.see_rule(name),),
        )
    facts = now.facts
    return Row(
        *common,
        now.since,
        now.looked_at,
        (*trend, status),
        _mapping(facts.get("measured")),
        _mapping(facts.get("threshold")),
        _mapping(facts.get("evidence")),
        _texts(facts.get("reasons")),
        _texts(facts.get("what_to_do")),
        _statement(facts) or NOTHING,
    )


def _change(status: Status, before: Status | None) -> Change:
    if before is None:
        return Change.NEW
    if status is before:
        return Change.SAME
    return Change.WORSE if status.rank > before.rank else Change.BETTER


def _statement(facts: Mapping[str, Any]) -> Text | None:
    """Return what a check says of its sample, wherever in its result that is; None where all was looked at."""
    for place in (facts, *(_mapping(facts.get(name)) for name in ("measured", "evidence"))):
        if said := _texts([place.get("statement")]):
            return said[0]
    return None


def _texts(values: object) -> tuple[Text, ...]:
    """Return words in both languages; what is kept may be of another version, and what fits nothing is left out."""
    found: list[Text] = []
    for value in values if isinstance(values, list | tuple) else ():
        if isinstance(value, str) and value:
            found.append(Text.same(value))
        elif isinstance(value, Mapping) and isinstance(value.get("ko"), str) and isinstance(value.get("en"), str):
            found.append(Text(ko=value["ko"], en=value["en"]))
    return tuple(found)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
