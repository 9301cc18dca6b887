"""Owns what the acknowledge page says; the one rule: a refusal says what to do instead."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.language import Text, zone_name
from leh_guardian.model.answer_token import Refusal

TITLE: Final = Text(ko="장애 확인", en="Acknowledge an incident")
NUMBER: Final = Text(ko="번호", en="Number")
LEVEL: Final = Text(ko="등급", en="Level")
RULE: Final = Text(ko="규칙", en="Rule")
BEGAN: Final = Text(ko="발생", en="Began")
STATE: Final = Text(ko="상태", en="State")
PERSON: Final = Text(ko="담당자", en="You are")
CODE: Final = Text(ko="메시지의 확인 코드 4자리", en="The 4 digits of the message's code")
BUTTON: Final = Text(ko="확인: 제가 대응합니다", en="Acknowledge: I am on it")
UNKNOWN: Final = Text(ko="그런 장애가 없습니다.", en="There is no such incident.")
OVER: Final = Text(ko="이미 해결된 장애입니다.", en="The incident is resolved already.")
OLD_PAGE: Final = Text(
    ko="시간이 지난 페이지입니다. 다시 눌러 주세요.", en="This page was open for too long. Press again."
)
WRONG_CODE: Final = Text(
    ko="확인 코드가 다릅니다. 메시지에 있는 4자리를 입력하세요.",
    en="That is not the code. Type the 4 digits of the message.",
)
GUESSED: Final = Text(
    ko="확인 코드를 너무 많이 틀렸습니다. 15분 뒤 다시 시도하거나 다른 방법으로 확인하세요.",
    en="The code was wrong too often. Try again in 15 minutes, or acknowledge in another way.",
)
LATER: Final = Text(ko="잠시 후 다시 시도하세요.", en="Try again in a while.")
AWAY: Final = Text(
    ko="지금은 처리할 수 없습니다. 잠시 후 다시 시도하세요.", en="This cannot be done now. Try again in a while."
)
STRANGER: Final = Text(
    ko="이 링크의 담당자가 당직 설정에 없습니다.", en="Whoever this link was made for is not in the on-call settings."
)
_UNUSABLE: Final = Text(ko="사용할 수 없는 링크입니다.", en="This link cannot be used.")
REFUSED: Final = {
    Refusal.MALFORMED: (404, _UNUSABLE),
    Refusal.FORGED: (404, _UNUSABLE),
    Refusal.VERSION: (
        404,
        Text(
            ko="다른 버전의 링크입니다. 최신 메시지의 링크를 여세요.",
            en="This link is of another version. Open the one of the newest message.",
        ),
    ),
    Refusal.TRUNCATED: (
        404,
        Text(
            ko="링크가 중간에 잘렸습니다. 메시지의 링크 전체를 여세요.",
            en="This link was cut off. Open the whole link of the message.",
        ),
    ),
    Refusal.EXPIRED: (
        410,
        Text(
            ko="만료된 링크입니다. 최신 메시지의 링크를 여세요.",
            en="This link has expired. Open the one of the newest message.",
        ),
    ),
}
"""{why a link does nothing: the status, and what is said}."""


def otherwise(why: Text) -> Text:
    """Return why a link does nothing, and what to do instead."""
    command = "leh-guardian incidents list"
    return Text(ko=f"{why.ko} 확인하려면: {command}", en=f"{why.en} To look: {command}")


def in_zone(time: Text, at: datetime, zone: ZoneInfo) -> Text:
    """Return a time with the name of whose clocks show it."""
    name = zone_name(at, zone)
    return Text(ko=f"{time.ko} ({name.ko})", en=f"{time.en} {name.en}")
