"""Owns what people are told of their silences; the one rule: what is refused is refused with what to do instead."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.language import Text, count, time_of_day
from leh_guardian.model.silence import LONGEST

_SEOUL: Final = ZoneInfo("Asia/Seoul")

NO_REASON: Final = Text(
    ko="이유를 적으세요 (reason): 기록에 남고, 알림이 왜 오지 않는지 다른 사람이 알아야 합니다.",
    en="Give a reason: it is kept in the journal, and others have to know why they are not told.",
)
LENGTH: Final = Text(
    ko=f"무음은 1분부터 {LONGEST.days}일까지입니다. 더 길게 필요하면 규칙을 고치세요.",
    en=f"A silence lasts from 1 minute to {LONGEST.days} days. If you need a longer one, change the rule.",
)
OF_WHAT: Final = Text(
    ko="무엇을 무음으로 할지 적으세요 (match). 모든 알림을 끄는 무음은 만들 수 없습니다.",
    en="Say what is to be silent (match). There is no silence of everything.",
)
EVERYTHING: Final = Text(
    ko="이 조건은 모든 장애에 맞습니다. 모든 알림을 끄는 무음은 만들 수 없습니다.",
    en="This condition matches every incident. There is no silence of everything.",
)
UNKNOWN: Final = Text(ko="그런 무음이 없습니다.", en="There is no such silence.")


def no_json(given: str) -> Text:
    """Return that what begins like JSON is none."""
    return Text(ko=f"JSON이 아닙니다: {given}", en=f"This is no JSON: {given}")


def no_pair(given: str) -> Text:
    """Return how a condition is typed."""
    return Text(
        ko=f"'{given}': rule=이름,severity=sev3 처럼 쓰세요 (쉼표가 든 값은 JSON으로)",
        en=f"'{given}': write it like rule=NAME,severity=sev3 (a value with a comma as JSON)",
    )


def no_pattern(why: str) -> Text:
    """Return that a condition is none; `why` is what its reader says."""
    return Text(
        ko=f"조건(match)이 이벤트 패턴이 아닙니다: {why}", en=f"The condition (match) is no event pattern: {why}"
    )


def no_field(name: str, known: str) -> Text:
    """Return that incidents have no such field, and which they have."""
    return Text(ko=f"장애에는 '{name}' 항목이 없습니다 ({known}).", en=f"An incident has no field '{name}' ({known}).")


def grave(classes: str) -> Text:
    """Return that what is of security is never silent."""
    return Text(
        ko=f"보안 등급({classes})의 장애는 무음으로 할 수 없습니다. 대응 중이면 장애를 확인(ack)하세요.",
        en=f"Incidents of security ({classes}) are never silenced. If you are dealing with one, acknowledge it (ack).",
    )


def begun(name: str, until: datetime, now: datetime, match: str, covered: int) -> Text:
    """Return that a silence holds, of what, and how many open incidents it is about."""
    then = time_of_day(until, now, _SEOUL)
    return Text(
        ko=(
            f"무음 {name}: {then.ko}까지 호출을 보류합니다. 대상: {match}."
            f" 지금 열린 장애 {covered}건이 해당합니다. 보안 등급과 suppressible: false 정책의 장애는 그대로 호출합니다."
        ),
        en=(
            f"Silence {name}: calls are withheld until {then.en}. Of what: {match}. It covers"
            f" {count(covered, 'open incident')} now. Security, and policies with suppressible: false, go on calling."
        ),
    )


def over_already(name: str, ends: datetime, now: datetime, by: str) -> Text:
    """Return that a silence had ended before; `by` is who ended it before its time."""
    then = time_of_day(ends, now, _SEOUL)
    who = Text(ko=f" ({by} 님이 끝냄)", en=f" (by {by})") if by else Text.same("")
    return Text(
        ko=f"무음 {name}: 이미 {then.ko}에 끝났습니다{who.ko}.",
        en=f"Silence {name}: it ended at {then.en} already{who.en}.",
    )


def ended(name: str) -> Text:
    """Return that a silence has ended now."""
    return Text(
        ko=f"무음 {name}을(를) 끝냈습니다. 답이 없는 장애는 곧 다시 호출합니다.",
        en=f"Silence {name} has ended. Incidents that nobody has answered call again within seconds.",
    )
