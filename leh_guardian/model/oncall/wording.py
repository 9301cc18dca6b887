"""Owns what is said of on-call settings and of what does not fit them; the one rule: what goes wrong, and a way out."""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text, count

PLACEHOLDER: Final = Text(
    ko="견본의 자리표시입니다. 실제 담당자로 바꾸십시오",
    en="this is the sample's placeholder: put a real person in its place",
)
NEVER_CALLED: Final = Text(
    ko="어느 당직표, 팀, 정책에도 없는 사람입니다", en="is in no schedule, no team and no policy"
)
NO_PHONE: Final = Text(
    ko="긴급 연락 규칙(urgent)에 전화, 문자, 알림톡 채널이 없습니다. 자는 사람을 깨울 수 없습니다",
    en="has no channel to a telephone among the urgent contact rules: nothing wakes them",
)
ONLY_AWS: Final = Text(
    ko="긴급 연락 규칙이 AWS 채널(SES, SNS)뿐입니다. AWS 장애 때 연락할 수 없습니다",
    en="has only channels of AWS (SES, SNS) among the urgent contact rules: an outage of AWS cuts them off",
)
UNUSED: Final = Text(ko="어느 정책도 이 당직표를 부르지 않습니다", en="no policy calls this schedule")


def gap(fallback: str) -> Text:
    """Return that nobody is on call, and who is called instead."""
    if not fallback:
        return Text(ko="당직자도 예비 담당자도 없습니다", en="nobody is on call, and there is no fallback")
    return Text(
        ko=f"당직자가 없어 예비 담당자({fallback})를 호출합니다",
        en=f"nobody is on call, so the fallback is called ({fallback})",
    )


def long_duty(person: str, days: int) -> Text:
    """Return that somebody has no rest."""
    return Text(
        ko=f"{person} 님이 쉬지 않고 {days}일 동안 당직입니다",
        en=f"{person} is on call for {count(days, 'day')} on end",
    )


def no_address(channel: str, address: str) -> Text:
    """Return that a channel lacks somebody's address."""
    return Text(
        ko=f"채널 {channel}에 필요한 {address} 항목이 없습니다",
        en=f"has no {address}, which the channel {channel} needs",
    )


def no_variable(name: str) -> Text:
    """Return that the environment lacks something."""
    return Text(
        ko=f"환경 변수 {name} 값이 없어 사용할 수 없습니다",
        en=f"cannot be used: the environment variable {name} is not set",
    )


def no_template(names: str) -> Text:
    """Return that AlimTalk lacks templates."""
    return Text(ko=f"알림톡 템플릿이 없습니다: {names}", en=f"has no AlimTalk template for: {names}")


def not_forever(times: int) -> Text:
    """Return that the calls end."""
    return Text(
        ko=f"마지막 단계를 {times}번만 되풀이합니다. 그 뒤에는 아무도 부르지 않습니다(times: forever)",
        en=f"repeats its last step {count(times, 'time')} only and calls nobody afterwards (times: forever)",
    )


def nobody_reached(level: int) -> Text:
    """Return that a level reaches nobody."""
    return Text(
        ko=f"Lv{level}에 채널도, 긴급 연락 규칙이 있는 사람도 없습니다",
        en=f"Lv{level} has neither a channel nor anybody with urgent contact rules",
    )


def two_levels(person: str, lower: int, higher: int) -> Text:
    """Return that somebody would be called twice."""
    return Text(
        ko=f"{person} 님이 Lv{lower}과 Lv{higher}에 동시에 있습니다",
        en=f"{person} is on Lv{lower} and Lv{higher} at the same time",
    )


def calendar_ends(last: str, source: str) -> Text:
    """Return that no holidays are known after a date."""
    return Text(
        ko=f"{last} 뒤의 휴일을 모릅니다({source}). 패키지를 새로 설치하십시오",
        en=f"knows no holidays after {last} ({source}): install the package anew",
    )


def no_schedule(name: str) -> Text:
    """Return that a stored override is of a schedule that the file does not know."""
    return Text(ko=f"당직표 {name}이(가) 없습니다", en=f"there is no schedule {name}")


def no_person(name: str) -> Text:
    """Return that a stored override is of somebody whom the file does not know."""
    return Text(ko=f"{name}: 그런 사람이 없습니다", en=f"{name}: there is no such person")


def replaced_already(person: str, other: str) -> Text:
    """Return that another override replaces somebody at that time."""
    return Text(
        ko=f"그 시간에 {person}은(는) 이미 다른 변경({other})으로 교체되어 있습니다",
        en=f"{person} is replaced at that time already, by another change ({other})",
    )
