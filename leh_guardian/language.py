"""Owns the languages that people are told in, and a text in all of them; the one rule: no message lacks one of its languages.

A message is a constant `Text`, or a function that returns one: its arguments are the message's, so that a wrong name or a missing
value is found by mypy, and a missing language is a missing argument of `Text`. Who reads it is known where it goes out, and there
`of` picks. Beside it stands what is said differently: lengths of time, instants, numbers of things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not strftime's: what that says depends on the process's environment."""
_SEOUL: Final = "Asia/Seoul"


class Locale(StrEnum):
    """A language that people are told in."""

    KO = "ko"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in every language; event content in them is data, like everywhere."""

    ko: str
    en: str

    def of(self, locale: Locale) -> str:
        """Return the words in one language."""
        match locale:
            case Locale.KO:
                return self.ko
            case Locale.EN:
                return self.en

    @classmethod
    def each(cls, write: Callable[[Locale], str]) -> Text:
        """Return what `write` makes for each language."""
        return cls(**{locale.value: write(locale) for locale in Locale})

    @classmethod
    def same(cls, text: str | Text) -> Text:
        """Return words that are alike in all languages, such as names and data; what has its languages is left alone."""
        return text if isinstance(text, Text) else cls.each(lambda _: text)

    def __str__(self) -> str:
        """Refuse: within another text it must have a language.

        Raises:
            TypeError: always.
        """
        raise TypeError("a Text has no language by itself: say which with `of`, `.ko` or `.en`")

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return bool(self.ko or self.en)


NOTHING: Final = Text(ko="", en="")


class Declined(ValueError):
    """What somebody asks for and cannot have; `text` says why in the reader's language, the error itself, for logs, in English."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def lines_of(*lines: Text) -> Text:
    """Return texts one below the other."""
    return Text.each(lambda locale: "\n".join(line.of(locale) for line in lines))


def count(number: int, one: str, more: str = "") -> str:
    """Return a number of things in English: 1 message, 2 messages; `more` is the plural that is not made with an s."""
    return f"{number} {one if number == 1 else more or f'{one}s'}"


def length(lasts: timedelta) -> Text:
    """Return a length of time as people say it: 30분, 1시간 30분, 2일 3시간; 30 min, 1 h 30 min, 2 days 3 h."""
    minutes = round(lasts.total_seconds() / 60)
    if minutes < 1:
        seconds = round(lasts.total_seconds())
        return Text(ko=f"{seconds}초", en=f"{seconds} s")
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    korean = [f"{days}일"] * (days > 0) + [f"{hours}시간"] * (hours > 0) + [f"{minutes}분"] * (minutes > 0)
    english = [count(days, "day")] * (days > 0) + [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0)
    return Text(ko=" ".join(korean[:2]), en=" ".join(english[:2]))


def moment(at: datetime, zone: tzinfo) -> Text:
    """Return an instant whole, by the clocks of `zone`: 2026-11-28 14:03 (한국 시간), 28 Nov 2026 14:03 KST."""
    there, name = at.astimezone(zone), zone_name(at, zone)
    return Text(
        ko=f"{there:%Y-%m-%d %H:%M} ({name.ko})",
        en=f"{there.day} {_MONTHS[there.month - 1]} {there:%Y %H:%M} {name.en}",
    )


def zone_name(at: datetime, zone: tzinfo) -> Text:
    """Return what people call the time of a zone at an instant: 한국 시간, KST."""
    name = at.astimezone(zone).tzname() or str(zone)
    return Text(ko="한국 시간" if str(zone) == _SEOUL else name, en=name)


def day_and_time(at: datetime, zone: tzinfo, *, seconds: bool = False) -> Text:
    """Return an instant without its year: 11-28 14:03, 28 Nov 14:03."""
    there = at.astimezone(zone)
    time = f"{there:%H:%M:%S}" if seconds else f"{there:%H:%M}"
    return Text(ko=f"{there:%m-%d} {time}", en=f"{there.day} {_MONTHS[there.month - 1]} {time}")


def time_of_day(at: datetime, now: datetime, zone: tzinfo) -> Text:
    """Return an instant as somebody says it at `now`: 14:03, and with the day where that is another one."""
    there = at.astimezone(zone)
    return Text.same(f"{there:%H:%M}") if there.date() == now.astimezone(zone).date() else day_and_time(at, zone)
