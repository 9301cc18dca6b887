"""Owns `leh-guardian rules schedule`: when each schedule rule ticks next; the one rule: what is listed is what the daemon will do.

It asks the files alone: a mode that this installation sets otherwise (`rules.modes`) is not known here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final

import click

from leh_guardian.cli.instant import given_instant
from leh_guardian.cli.output import SEOUL, as_json, local_time, out, print_json, print_table, tell
from leh_guardian.cli.rules_folder import registry, rules_folder
from leh_guardian.fields import format_duration
from leh_guardian.model.mode import Mode
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.ruleset import Rule
from leh_guardian.rules.schedule import Schedule

_MOST: Final = 1000
"""Ticks of a rule that are looked for."""
_SHOWN: Final = 20
"""Ticks of a rule that a person wants to read."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A schedule rule and its ticks to come."""

    rule: Rule
    schedule: Schedule
    ticks: Sequence[datetime]

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        zone = self.schedule.cron.zone
        return {
            "rule": self.rule.id,
            "mode": self.rule.mode.value,
            "cron": self.schedule.cron.text,
            "timezone": zone.key,
            "catch_up": format_duration(self.schedule.catch_up),
            "ticks": [tick.astimezone(zone).isoformat() for tick in self.ticks],
        }


@click.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--days", type=click.IntRange(1, 366 * 5), default=14, show_default=True, help="How far ahead.")
@click.option("--from", "begin", metavar="ISO", help="From when on; without a zone by Korea's clocks. Now if left out.")
@as_json
def schedule(directory: Path | None, days: int, begin: str | None, json_: bool) -> None:
    """Tell when each schedule rule of DIRECTORY (LEH_RULES__DIR, else ./rules) ticks next.

    Exit 1 if none does in that time. A rule whose mode is off ticks nothing; of one, 1000 ticks at most are told.
    """
    rules = load_rules(rules_folder(directory), registry())
    since = given_instant(begin, SEOUL, "--from")
    until = since + timedelta(days=days)
    ahead = [_ahead(rule, rule.schedule, since, until) for rule in rules.rules if rule.schedule]
    for one in ahead if json_ else ():
        print_json(one.to_json())
    if not json_:
        _print(ahead, days)
    sys.exit(0 if any(one.ticks for one in ahead) else 1)


def _ahead(rule: Rule, written: Schedule, since: datetime, until: datetime) -> _Ahead:
    ticks = takewhile(lambda tick: tick <= until, written.cron.ticks(since))
    return _Ahead(rule, written, [] if rule.mode is Mode.OFF else list(islice(ticks, _MOST)))


def _print(ahead: Sequence[_Ahead], days: int) -> None:
    lines = sorted((tick, one.rule.id, one) for one in ahead for tick in one.ticks[:_SHOWN])
    rows = [
        (local_time(tick), tick.astimezone(one.schedule.cron.zone).isoformat(), rule_id, one.rule.mode.value)
        for tick, rule_id, one in lines
    ]
    titles = ("AT (KST)", "BY ITS CLOCKS", "RULE", "MODE")
    print_table(titles, rows, empty=f"no rule ticks within {days} days" if ahead else "no rule has a `schedule`")
    for one in ahead:
        if one.rule.mode is Mode.OFF:
            tell(f"{one.rule.id} is off: it ticks nothing ({one.schedule})")
        elif (left := len(one.ticks) - _SHOWN) > 0:
            more = f"{left} or more" if len(one.ticks) == _MOST else f"{left}"
            out(f"{one.rule.id}: {more} ticks follow ({one.schedule})")
