"""Owns the reading of a cron expression as written; the one rule: another scheduler's spelling is answered with what to write here.

EventBridge's expressions have six fields, count the days of the week from 1 and end with a year (EventBridge Scheduler User Guide,
"Schedule types"). Where one has a five-field form that means the same, the diagnostic says it; else it says what has none.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NoReturn

from cronsim import CronSim, CronSimError

_NAMES: Final = ("minute", "hour", "day-of-month", "month", "day-of-week")
_WANTED: Final = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, L for the last, LW for the last from Monday to Friday",
    "month": "1 to 12 or JAN to DEC",
    "day-of-week": "0 to 7 (0 and 7 are Sunday) or SUN to SAT, 5L for the last Friday, MON#2 for the second Monday",
}
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_ANY: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a reading of a clock on a wall, of no zone
_LONGEST: Final = 200


class _NoFormError(Exception):
    """Why there is no five-field form."""


def read_cron(written: str) -> str:
    """Return the five fields of an expression, one space between them.

    Raises:
        ValueError: it is none, or never ticks; the text says what to write.
    """
    if len(written) > _LONGEST:
        raise ValueError(f"write {_LONGEST} characters at most")
    text = " ".join(written.split())
    if called := re.fullmatch(r"(cron|rate|at) ?\((.*)\)", text, re.IGNORECASE):
        _refuse_call(called[1].lower(), called[2].strip())
    if text.startswith("@"):
        meant = _NICKNAMES.get(text.lower())
        raise ValueError(f"write `{meant}`" if meant else "write five fields, such as 0 9 * * MON")
    fields = text.split(" ")
    if len(fields) == 6:
        _refuse_six(fields)
    if len(fields) != 5:
        raise ValueError(f"write five fields ({', '.join(_NAMES)}), such as 0 9 * * MON")
    if "?" in fields:
        raise ValueError(f"`?` is EventBridge's: write `{text.replace('?', '*')}`")
    _check(text, fields)
    return text


def _check(text: str, fields: list[str]) -> None:
    try:
        clock = CronSim(text, _ANY)
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        field = fields[_NAMES.index(name)]
        if name == "day-of-month" and _reads(" ".join([*fields[:3], "*", fields[4]])):
            raise ValueError(f"this never ticks: no month of `{fields[3]}` has a day {field}") from None
        if name == "day-of-month" and re.search(r"\dW", field, re.IGNORECASE):
            raise ValueError("cron has no nearest weekday (`W`); LW is the last weekday of a month") from None
        raise ValueError(f"`{field}` is no {name}: write {_WANTED[name]}; with lists, ranges, steps") from None
    if next(clock, None) is None:
        raise ValueError("this never ticks: no day of the next 50 years fits it")


def _reads(text: str) -> bool:
    try:
        CronSim(text, _ANY)
    except CronSimError:
        return False
    return True


def _refuse_call(name: str, inside: str) -> NoReturn:
    if name == "at":
        raise ValueError("an instant is no schedule: write five fields, such as 0 9 * * MON")
    fields = inside.split(" ")
    if name == "cron" and len(fields) != 6:
        raise ValueError("write five fields without `cron(…)`, such as 0 9 * * MON")
    try:
        meant = _of_rate(inside) if name == "rate" else _of_eventbridge(fields)
    except _NoFormError as error:
        raise ValueError(f"it is EventBridge's, and has no five-field form: {error}") from None
    raise ValueError(f"it is EventBridge's: write `{meant}`")


def _refuse_six(fields: list[str]) -> NoReturn:
    if fields[0] == "0" and not re.fullmatch(r"[\d*,/-]+", fields[5]):
        # With seconds first, as Quartz and Spring have it; how they number the days of the week differs.
        meant = " ".join(fields[1:]).replace("?", "*")
        if not re.search(r"\d", fields[5]) and _reads(meant):
            raise ValueError(f"it begins with seconds, which cron has not: write `{meant}`")
    try:
        meant = _of_eventbridge(fields)
    except _NoFormError as error:
        raise ValueError(f"six fields are EventBridge's, and these have no five-field form: {error}") from None
    raise ValueError(f"six fields are EventBridge's: write `{meant}`")


def _of_eventbridge(fields: list[str]) -> str:
    minute, hour, day, month, weekday, year = fields
    if year not in {"*", "?"}:
        raise _NoFormError(f"cron has no year, and this one is `{year}`")
    if re.search(r"\dW", day, re.IGNORECASE):
        raise _NoFormError(f"cron has no nearest weekday (`{day}`)")
    weekdays = ",".join(_weekday(term) for term in weekday.upper().split(","))
    text = " ".join((minute, hour, "*" if day == "?" else day, month, weekdays))
    try:
        return read_cron(text)
    except ValueError as error:
        raise _NoFormError(str(error)) from None


def _weekday(term: str) -> str:
    """Return a day of the week, range, step, `L` or `#` of EventBridge's, whose days are 1 to 7."""
    if term == "L":
        return "6"
    if found := re.fullmatch(r"([*?])(/\d+)?", term):
        return f"*{found[2] or ''}"
    found = re.fullmatch(r"([A-Z]{3}|\d)(?:(L)|(#\d)|-([A-Z]{3}|\d))?(/\d+)?", term)
    if found is None:
        raise _NoFormError(f"`{term}` is no day of the week")
    first, last, nth, until, step = found.groups()
    if last:
        return f"{_number(first)}L"
    if nth:
        return f"{_day(first)}{nth}"
    if step:
        # Cron's last day is a second Sunday, to which a step would run.
        return f"{_number(first)}-{_number(until) if until else 6}{step}"
    return f"{_day(first)}-{_day(until)}" if until else _day(first)


def _day(word: str) -> str:
    return word if word in _DAYS else str(_number(word))


def _number(word: str) -> int:
    if word in _DAYS:
        return _DAYS.index(word)
    if word.isdigit() and 1 <= int(word) <= 7:
        return int(word) - 1
    raise _NoFormError(f"`{word}` is no day of the week")


def _of_rate(inside: str) -> str:
    found = re.fullmatch(r"(\d{1,6}) (minute|hour|day)s?", inside, re.IGNORECASE | re.ASCII)
    if found is None or int(found[1]) == 0:
        raise _NoFormError("a rate is a number and minutes, hours or days")
    number, unit = int(found[1]), found[2].lower()
    for smaller, larger, size in (("minute", "hour", 60), ("hour", "day", 24)):
        if unit == smaller and number % size == 0:
            number, unit = number // size, larger
    if unit == "minute" and 60 % number == 0:
        return "* * * * *" if number == 1 else f"*/{number} * * * *"
    if unit == "hour" and 24 % number == 0:
        return "0 * * * *" if number == 1 else f"0 */{number} * * *"
    if unit == "day" and number in {1, 7}:
        return "0 0 * * *" if number == 1 else "0 0 * * MON"
    whole = {"minute": "an hour", "hour": "a day", "day": "a week or a month"}[unit]
    raise _NoFormError(f"{number} {unit}s do not go into {whole}")
