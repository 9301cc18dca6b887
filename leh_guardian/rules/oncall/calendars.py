"""Owns calendars of public holidays; the one rule: only here the package that knows them is loaded, and a year is made when asked for.

A substitute holiday by decree is in the package months later: `extra` and `exclude` are the operators' own.
"""

from __future__ import annotations

from datetime import date
from importlib.metadata import version

import holidays

from leh_guardian.model.oncall.schedule import Calendar
from leh_guardian.rules.diagnostics import Path, did_you_mean
from leh_guardian.rules.oncall.reading import Reading
from leh_guardian.rules.oncall.schedule_entries import CalendarEntry
from leh_guardian.rules.oncall.written import read_date


class _Days:
    """The days of a calendar, as a function of dates that never changes its answer."""

    def __init__(self, entry: CalendarEntry, extra: frozenset[date]) -> None:
        self._entry = entry
        self._extra = extra
        self._years: dict[int, frozenset[date]] = {}

    def __call__(self, day: date) -> bool:
        if self._entry.source is None:
            return day in self._extra
        if day.year not in self._years:
            self._years[day.year] = self._year(day.year)
        return day in self._years[day.year]

    def _year(self, year: int) -> frozenset[date]:
        found = holidays.country_holidays(self._entry.country, years=year, categories=self._entry.categories)
        return frozenset(found) - frozenset(self._entry.exclude) | self._extra


def read_calendar(name: str, entry: CalendarEntry, path: Path, reading: Reading) -> Calendar | None:
    """Return a calendar, None where it can have no days."""
    extra = set()
    for written in entry.extra:
        try:
            extra.add(read_date(written))
        except ValueError as error:
            reading.say((*path, "extra", written), "bad-value", f"`{written}` is no date: {error}", on_key=True)
    days = _Days(entry, frozenset(extra))
    if entry.source is None:
        return Calendar(name, days)
    known = holidays.list_supported_countries(include_aliases=False)
    if entry.country not in known:
        hint = did_you_mean(entry.country, known)
        reading.say((*path, "country"), "bad-value", f"`holidays` has no country `{entry.country}`", hint)
        return None
    country = holidays.country_holidays(entry.country)
    for number, category in enumerate(entry.categories):
        if category not in country.supported_categories:
            some = sorted(country.supported_categories)
            hint = did_you_mean(category, some) or f"it has: {', '.join(some)}"
            message = f"{entry.country} has no holidays of the category `{category}`"
            reading.say((*path, "categories", number), "bad-value", message, hint)
            return None
    return Calendar(name, days, date(country.end_year, 12, 31), f"holidays {version('holidays')}")
