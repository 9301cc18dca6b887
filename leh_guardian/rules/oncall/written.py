"""Owns the types of `oncall.yaml`'s values; the one rule: what a person wrote is refused with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticKnownError

from leh_guardian.fields import parse_duration

NAME: Final = r"[a-z0-9][a-z0-9_-]{0,62}"
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TARGET: Final = rf"(schedule|person|team|channel|webhook):({NAME})"
_DAY: Final = timedelta(days=1)
_LONGEST_TURN: Final = timedelta(weeks=52)


def _match(pattern: re.Pattern[str], wanted: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        raise ValueError(f"write {wanted}")

    return read


def _clock(value: Any) -> time:
    if isinstance(value, time):
        return value
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        return time.fromisoformat(value)
    raise ValueError('write a time of day such as "09:30"')


def read_date(value: Any) -> date:
    """Read 2026-11-02.

    Raises:
        ValueError: `value` is no such text, or the calendar has no such day.
    """
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"2[01]\d\d-\d\d-\d\d", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("write a date that the calendar has") from None
    raise ValueError("write a date such as 2026-11-02")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value, re.ASCII):
        clock = _clock(value[11:])
        return datetime.combine(read_date(value[:10]), clock)
    raise ValueError("write a date and a time by the schedule's clocks, such as 2026-12-25T10:00, without a zone")


def _weekday(value: Any) -> int:
    if isinstance(value, str) and value in WEEKDAYS:
        return WEEKDAYS.index(value)
    raise ValueError(f"write one of {', '.join(WEEKDAYS)}")


def _zone(value: Any) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(value if isinstance(value, str) and not value.startswith((".", "/")) else "")
    except (ValueError, OSError, KeyError):  # names with odd letters, folders, names that are not there
        raise ValueError("write a time zone such as Asia/Seoul") from None


def _turn(value: Any) -> timedelta:
    every = parse_duration(value)
    whole_days = not every % _DAY if every else False
    part_of_a_day = timedelta(hours=1) <= every < _DAY and not _DAY % every
    if (whole_days or part_of_a_day) and every <= _LONGEST_TURN:
        return every
    raise ValueError("write whole days (1d, 1w, 2w) or a part of a day that goes into it (12h, 8h, 6h)")


def _times(value: Any) -> int | None:
    if value == "forever":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000:
        return value
    raise ValueError("write forever, or how many times")


def _phone(value: str) -> str:
    if re.fullmatch(r"\+[1-9]\d{6,14}", value, re.ASCII):
        return value
    raise ValueError('write the number as the world calls it, in quotes: "+821012345678"')


def _address(value: str) -> str:
    if re.fullmatch(r"[^\s@<>]{1,64}@[^\s@<>]{1,255}", value):
        return value
    raise ValueError("write an address such as oncall@example.co.kr")


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if value:
        return value
    raise PydanticKnownError("too_short", {"field_type": "List", "min_length": 1, "actual_length": 0})


def _text(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": list(examples)})


# As a check of the whole list: pydantic counts what is right in it, and would call a list short whose one element is wrong.
Some = AfterValidator(_some)
SOME = Field(json_schema_extra={"minItems": 1})

Name = Annotated[
    str,
    BeforeValidator(
        _match(
            re.compile(NAME, re.ASCII),
            "small letters, digits, hyphens and underscores, 63 at most, a letter or digit first",
        )
    ),
    _text(NAME),
]
Target = Annotated[
    str,
    BeforeValidator(_match(re.compile(TARGET, re.ASCII), "schedule:ID, person:ID, team:ID or channel:NAME")),
    _text(TARGET, "schedule:lv1", "channel:default"),
]
Clock = Annotated[time, BeforeValidator(_clock), _text(r"([01]\d|2[0-3]):[0-5]\d", "09:30")]
Day = Annotated[date, BeforeValidator(read_date), _text(r"\d{4}-\d\d-\d\d", "2026-11-02")]
Moment = Annotated[datetime, BeforeValidator(_moment), _text(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", "2026-12-25T10:00")]
Weekday = Annotated[int, BeforeValidator(_weekday), WithJsonSchema({"enum": list(WEEKDAYS)})]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Asia/Seoul"]})]
Turn = Annotated[timedelta, BeforeValidator(_turn), _text(r"\d+(h|d|w|m)", "1w", "1d", "12h")]
Times = Annotated[
    int | None,
    BeforeValidator(_times),
    WithJsonSchema({"anyOf": [{"const": "forever"}, {"type": "integer", "minimum": 0}]}),
]
Phone = Annotated[str, AfterValidator(_phone)]
Address = Annotated[str, AfterValidator(_address)]
