"""Owns what people are told of changes of duty by command; the one rule: who, in place of whom, from when to when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Final

from leh_guardian.language import Text, count, day_and_time
from leh_guardian.model.oncall.by_hand import StoredOverride
from leh_guardian.model.text import shown

NO_REASON: Final = Text(ko="이유를 적으세요 (reason)", en="give a reason")
PAST: Final = Text(ko="이미 지난 시간입니다 (to)", en="that time is over already (to)")
BACKWARDS: Final = Text(
    ko="끝(to)은 시작(from)보다 뒤여야 합니다", en="the end (to) must be after the beginning (from)"
)
NO_CHANGE: Final = Text(
    ko="바꾸는 것이 없습니다: 교체(replace), 추가(add), 제외(remove) 중 하나가 필요합니다",
    en="it changes nothing: give replace, add or remove",
)
UNKNOWN: Final = Text(ko="그런 당직 변경이 없습니다.", en="There is no such change of duty.")


def no_schedule(name: str, hint: str) -> Text:
    """Return that there is no such schedule, and which there are."""
    return Text(ko=f"당직표 '{name}'이(가) 없습니다 ({hint}).", en=f"There is no schedule '{name}' ({hint}).")


def too_long(days: int) -> Text:
    """Return how long a change may be."""
    return Text(ko=f"변경은 {days}일까지입니다", en=f"a change lasts {count(days, 'day')} at most")


def twice(option: str) -> Text:
    """Return that the schedule's clocks show an instant twice."""
    return Text(
        ko=f"{option}: 당직표의 시계가 두 번 가리키는 시각입니다",
        en=f"{option}: the schedule's clocks show this time twice",
    )


def too_many(people: int) -> Text:
    """Return how many people one change may be of."""
    return Text(ko=f"한 번에 {people}명까지입니다", en=f"{count(people, 'person', 'people')} at most in one change")


def all_wrong(those: Sequence[Text]) -> Text:
    """Return everything that is wrong as one text."""
    return Text(ko=". ".join(one.ko for one in those) + ".", en="; ".join(one.en for one in those) + ".")


def there_already(name: str) -> Text:
    """Return that the same change is there."""
    return Text(ko=f"이미 있는 변경입니다 ({name}).", en=f"This change is there already ({name}).")


def made(name: str, what: Text) -> Text:
    """Return that a change holds."""
    return Text(ko=f"당직 변경 {name}: {what.ko}", en=f"Change of duty {name}: {what.en}")


def over_already(name: str) -> Text:
    """Return that a change had ended before."""
    return Text(ko=f"당직 변경 {name}: 이미 끝났습니다.", en=f"Change of duty {name}: it is over already.")


def ended(name: str) -> Text:
    """Return that a change was taken back."""
    return Text(ko=f"당직 변경 {name}을(를) 끝냈습니다.", en=f"The change of duty {name} was taken back.")


def described(override: StoredOverride, zone: tzinfo, name: Callable[[str], str]) -> Text:
    """Say what an override changes and when, by the clocks of `zone`; `name` says what somebody is called."""
    begin, end = day_and_time(override.begins_at, zone), day_and_time(override.ends, zone)
    schedule, reason = override.schedule, shown(override.reason, 100)
    parts = [
        *(_instead(name(old), name(new)) for old, new in override.replace.items()),
        *(_added(name(one)) for one in override.add),
        *(_removed(name(one)) for one in override.remove),
    ]
    what = Text.each(lambda locale: ", ".join(part.of(locale) for part in parts))
    return Text(
        ko=f"{schedule} {begin.ko} ~ {end.ko} {what.ko} ({reason})",
        en=f"{schedule} {begin.en} ~ {end.en} {what.en} ({reason})",
    )


def _instead(old: str, new: str) -> Text:
    return Text(ko=f"{old} 대신 {new}", en=f"{new} for {old}")


def _added(name: str) -> Text:
    return Text(ko=f"{name} 추가", en=f"{name} added")


def _removed(name: str) -> Text:
    return Text(ko=f"{name} 제외", en=f"{name} removed")
