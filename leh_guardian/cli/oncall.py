"""Owns `leh-guardian oncall`: who is on call, who is next, and what is wrong with it; the one rule: the file has the word.

What commands have changed (cli/overrides.py) is laid over it where the database can be asked; where not, that is said.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leh_guardian.cli import by_hand
from leh_guardian.cli.instant import given_instant
from leh_guardian.cli.language import said
from leh_guardian.cli.lazy import LazyGroup
from leh_guardian.cli.output import as_json, out, print_json, print_table, raw, tell
from leh_guardian.cli.rules_folder import rules_folder
from leh_guardian.clock import SystemClock
from leh_guardian.language import Text, count
from leh_guardian.model.oncall import OnCall, Schedule, duty_at, spans
from leh_guardian.rules.diagnostics import Diagnostic, RulesRefused, did_you_mean
from leh_guardian.rules.folder import ONCALL, read_folder
from leh_guardian.rules.oncall.loading import check_oncall

if TYPE_CHECKING:
    from leh_guardian.model.oncall.by_hand import Misfit
    from leh_guardian.model.oncall.review import Finding

_DAYS = click.IntRange(1, 1000)

_of_folder = click.option(
    "--rules", "folder", type=click.Path(path_type=Path), help="The rules folder (LEH_RULES__DIR, else ./rules)."
)
_of_schedule = click.option("--schedule", "schedule_id", metavar="ID", help="This schedule alone.")

_SCHEDULE = Text(ko="당직표", en="Schedule")
_WHO = Text(ko="당직", en="On call")
_WHY = Text(ko="이유", en="Because")
_NO_SCHEDULES = Text(ko="당직표가 없습니다.", en="There are no schedules.")
_NOBODY = Text(ko="없음", en="nobody")


@click.group(cls=LazyGroup, elsewhere={"override": "leh_guardian.cli.overrides:override"})
def oncall() -> None:
    """Tell who is on call, who is next, and what is wrong with it."""


@oncall.command()
@click.option("--at", metavar="ISO", help="The instant; without a zone by the file's clocks. Now if left out.")
@_of_schedule
@_of_folder
@as_json
def who(at: str | None, schedule_id: str | None, folder: Path | None, json_: bool) -> None:
    """Tell who is on call; exit 1 where nobody is, and no fallback."""
    found = _load(folder)
    instant = given_instant(at, found.timezone)
    rows = [(schedule, duty_at(schedule, instant)) for schedule in _chosen(found, schedule_id)]
    if json_:
        for schedule, duty in rows:
            print_json(
                {
                    "schedule": schedule.id,
                    "at": instant.astimezone(schedule.zone).isoformat(),
                    "people": list(duty.people),
                    "because": said(duty.because),
                }
            )
    else:
        print_table(
            (_SCHEDULE, Text(ko="시각", en="At"), _WHO, _WHY),
            [(s.id, _shown(instant, s), _names(found, duty.people), duty.because) for s, duty in rows],
            empty=_NO_SCHEDULES,
        )
    sys.exit(0 if rows and all(duty.people for _, duty in rows) else 1)


@oncall.command(name="next")
@click.option("--days", type=_DAYS, default=14, show_default=True)
@_of_schedule
@_of_folder
@as_json
def next_(days: int, schedule_id: str | None, folder: Path | None, json_: bool) -> None:
    """Tell who is on call from now on, turn by turn."""
    found, now = _load(folder), SystemClock().now()
    rows = [(s, span) for s in _chosen(found, schedule_id) for span in spans(s, now, now + timedelta(days=days))]
    if json_:
        for schedule, span in rows:
            begin, end = (at.astimezone(schedule.zone).isoformat() for at in (span.begin, span.end))
            duty = span.duty
            print_json(
                {
                    "schedule": schedule.id,
                    "from": begin,
                    "to": end,
                    "people": list(duty.people),
                    "fallback": duty.fallback,
                }
            )
        return
    print_table(
        (_SCHEDULE, Text(ko="부터", en="From"), Text(ko="까지", en="To"), _WHO, _WHY),
        [
            (s.id, _shown(span.begin, s), _shown(span.end, s), _names(found, span.duty.people), span.duty.because)
            for s, span in rows
        ],
        empty=_NO_SCHEDULES,
    )


@oncall.command()
@click.option("--days", type=_DAYS, default=90, show_default=True)
@_of_folder
@as_json
def check(days: int, folder: Path | None, json_: bool) -> None:
    """Find gaps, people who cannot be woken, and whatever else would be missed at night; exit 1 if there is something."""
    from leh_guardian.model.oncall.review import review

    content, name = _file(folder)
    checked = check_oncall(content, name)
    # What is said of a channel's variables comes again, as a finding.
    diagnostics = [one for one in checked.diagnostics if one.severity == "error"]
    findings, found = [], checked.oncall
    if found is not None:
        found, misfits = by_hand.changed(found, now := SystemClock().now())
        findings = review(found, now, days) + [_misfit(one) for one in misfits]
    if json_:
        for row in (*map(_wrong, diagnostics), *map(_doubtful, findings)):
            print_json(row)
    else:
        for diagnostic in diagnostics:
            out(diagnostic.render())
        if found:
            _print(findings, found)
    sys.exit(1 if diagnostics or findings else 0)


@oncall.command()
@click.option("--days", type=_DAYS, default=90, show_default=True, help="How far ahead.")
@_of_schedule
@_of_folder
def export(days: int, schedule_id: str | None, folder: Path | None) -> None:
    """Print the duty as an iCalendar file, for calendar programs."""
    from leh_guardian.model.oncall.ical import calendar

    found = _load(folder)
    raw(calendar(found, list(_chosen(found, schedule_id)), SystemClock().now(), days))


def _file(folder: Path | None) -> tuple[bytes, str]:
    """Return the bytes and the path of the file; exits with a message where there is none."""
    file = read_folder(rules_folder(folder)).oncall
    if file is None:
        path = rules_folder(folder) / ONCALL
        raise click.UsageError(f"there is no {path}: without it, one policy is built in that tells one channel")
    if refusal := file.refusal():
        raise RulesRefused([refusal])
    return file.content, str(file.path)


def load_file(folder: Path | None) -> OnCall:
    """Return what the file says.

    Raises:
        click.UsageError: there is none.
        RulesRefused: it is wrong.
    """
    content, name = _file(folder)
    checked = check_oncall(content, name)
    if checked.oncall is None:
        raise RulesRefused(one for one in checked.diagnostics if one.severity == "error")
    return checked.oncall


def _load(folder: Path | None) -> OnCall:
    found, misfits = by_hand.changed(load_file(folder), SystemClock().now())
    by_hand.tell_misfits(misfits, found)
    return found


def _misfit(one: Misfit) -> Finding:
    from leh_guardian.model.oncall.review import Finding

    message = Text(
        ko=f"명령으로 만든 변경이 적용되지 않습니다: {one.reason.ko}",
        en=f"a change made by command is not applied: {one.reason.en}",
    )
    return Finding(
        "override-misfit", f"override:{one.override.named}", message, one.override.begins_at, one.override.ends
    )


def _chosen(found: OnCall, schedule_id: str | None) -> Iterator[Schedule]:
    if schedule_id is None:
        return iter(found.schedules.values())
    if (schedule := found.schedules.get(schedule_id)) is None:
        hint = did_you_mean(schedule_id, found.schedules) or f"there are: {', '.join(found.schedules)}"
        raise click.UsageError(f"there is no schedule {schedule_id!r}; {hint}")
    return iter((schedule,))


def _shown(at: datetime, schedule: Schedule) -> str:
    return at.astimezone(schedule.zone).strftime("%Y-%m-%d %H:%M")


def _names(found: OnCall, people: tuple[str, ...]) -> str:
    return ", ".join(f"{found.people[one].name} ({one})" if one in found.people else one for one in people) or said(
        _NOBODY
    )


def _print(findings: list[Finding], found: OnCall) -> None:
    def local(at: datetime | None) -> str:
        return at.astimezone(found.timezone).strftime("%Y-%m-%d %H:%M") if at else "-"

    for one in findings:
        when = f" [{local(one.begin)} ~ {local(one.end)}]" if one.begin else ""
        out(f"{one.subject}: {said(one.message)}{when} [{one.code}]")
    number = len(findings)
    if not findings:
        tell(Text(ko="문제가 없습니다.", en="Nothing is doubtful."))
    else:
        tell(Text(ko=f"{number}건을 확인하십시오.", en=f"{count(number, 'thing')} to look after."))


def _wrong(one: Diagnostic) -> dict[str, Any]:
    return {
        "code": one.code,
        "subject": f"{one.file}:{one.line}:{one.column}",
        "message": one.message,
        "from": None,
        "to": None,
    }


def _doubtful(one: Finding) -> dict[str, Any]:
    return {"code": one.code, "subject": one.subject, "message": said(one.message), "from": one.begin, "to": one.end}
