"""Owns what people read of an outage; the one rule: users read what it means for their files, and no internals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from leh_guardian.language import Locale, Text, moment
from leh_guardian.model.provider.internal import INTERNAL
from leh_guardian.model.provider.outage import Announcement, Audience, Occasion, Outage
from leh_guardian.model.text import told

_SEOUL: Final = ZoneInfo("Asia/Seoul")
_STATES: Final = {
    "outage_confirmed": Text(
        ko="확인됨 (상태 페이지와 Worker 오류율이 일치)", en="confirmed (the status page and the worker's errors agree)"
    ),
    "outage_suspected": Text(ko="의심됨 (근거가 한쪽뿐)", en="suspected (only one of the two says so)"),
    "degraded": Text(ko="일부 실패", en="some calls fail"),
    "page_only": Text(ko="상태 페이지에만 나타남", en="on the status page alone"),
    "transient": Text(ko="일시적 오류", en="passing errors"),
    "normal": Text(ko="정상", en="well"),
    "undecided": Text(ko="판단 보류", en="undecided"),
}
_INSIDE: Final = Text(ko="내부 시스템", en="one of our own systems")
_OUTSIDE: Final = Text(ko="외부 AI 서비스", en="the AI service that we use")
_SUBJECT: Final = {_INSIDE: "이", _OUTSIDE: "가"}
"""The Korean particle after each."""
_SAFE: Final = Text(
    ko="올리신 자료는 안전하게 보관되어 있습니다. 다시 올리지 않으셔도 됩니다.",
    en="Your files are kept safe. You need not upload them again.",
)


def announce(outage: Outage, what: Announcement, now: datetime, locale: Locale = Locale.KO) -> tuple[str, list[str]]:
    """Return the title and the lines of an announcement."""
    title, lines = _for_users(outage, what) if what.audience is Audience.USERS else _for_team(outage, what, now)
    return title.of(locale), [line.of(locale) for line in lines]


def _for_users(outage: Outage, what: Announcement) -> tuple[Text, list[Text]]:
    who = _INSIDE if outage.provider in INTERNAL else _OUTSIDE
    began = moment(outage.began_at, _SEOUL)
    if what.occasion is Occasion.END:
        ended = moment(outage.ended_at or outage.looked_at, _SEOUL)
        return Text(ko="AI 분석이 다시 시작되었습니다", en="AI analysis has begun again"), [
            Text(
                ko=f"{who.ko}{_SUBJECT[who]} 복구되어, 밀린 자료를 차례로 분석하고 있습니다.",
                en=f"{_capital(who.en)} works again, and the files that waited are being analysed one after the other.",
            ),
            Text(
                ko="분석이 끝나면 평소처럼 결과를 보실 수 있습니다.",
                en="You find the results as usual once they are done.",
            ),
            Text(ko=f"시작: {began.ko}, 복구: {ended.ko}", en=f"Began: {began.en}, ended: {ended.en}"),
        ]
    title = Text(ko="AI 분석이 지연되고 있습니다", en="AI analysis is delayed")
    if what.occasion is Occasion.UPDATE:
        title = Text(ko="AI 분석이 계속 지연되고 있습니다", en="AI analysis is still delayed")
    return title, [
        Text(
            ko=f"{who.ko}에 문제가 있어, 올리신 자료의 AI 분석이 늦어지고 있습니다.",
            en=f"There is a problem with {who.en}, so the AI analysis of your files is late.",
        ),
        _SAFE,
        Text(ko="복구되면 자동으로 분석을 이어 갑니다.", en="It goes on by itself as soon as the problem is over."),
        Text(ko=f"시작: {began.ko}", en=f"Began: {began.en}"),
    ]


def _for_team(outage: Outage, what: Announcement, now: datetime) -> tuple[Text, list[Text]]:
    name = told(outage.provider, 60)
    kind = Text(ko="장애", en="outage") if outage.provider in INTERNAL else Text(ko="외부 장애", en="outage outside")
    lasted, began = _length((outage.ended_at or now) - outage.began_at), moment(outage.began_at, _SEOUL)
    title, follows = _occasions(name, kind, lasted)[what.occasion]
    return title, [*_seen(outage.facts), Text(ko=f"시작: {began.ko}", en=f"Began: {began.en}"), follows]


def _occasions(name: str, kind: Text, lasted: Text) -> dict[Occasion, tuple[Text, Text]]:
    """Return the title of each occasion, and what happens now."""
    return {
        Occasion.NOTICE: (
            Text(ko=f"{name} 상태 페이지에 문제가 표시됨", en=f"{name}: its status page shows a problem"),
            Text(ko="Worker는 정상입니다. 계속 처리합니다.", en="The worker is well and goes on."),
        ),
        Occasion.START: (
            Text(
                ko=f"{name} {kind.ko}: 재처리를 멈추고 복구를 기다립니다",
                en=f"{name}, {kind.en}: redrives stop until it is over",
            ),
            Text(ko="재전송(redrive)은 복구 확인 뒤에 이어집니다.", en="They go on once it is seen to be well again."),
        ),
        Occasion.UPDATE: (
            Text(ko=f"{name} {kind.ko}가 {lasted.ko}째 계속됩니다", en=f"{name}, {kind.en}: {lasted.en} by now"),
            Text(ko="재전송(redrive)은 계속 멈춰 있습니다.", en="Redrives are still stopped."),
        ),
        Occasion.END: (
            Text(ko=f"{name} 복구: {lasted.ko} 만에 끝났습니다", en=f"{name} is well again after {lasted.en}"),
            Text(ko="멈춰 있던 다음 단계를 이어 갑니다.", en="What was stopped goes on."),
        ),
    }


def _seen(facts: Mapping[str, Any]) -> list[Text]:
    """Return what was seen, a line each. The page's texts are another's: redacted and cut."""
    state, confidence = str(facts.get("state", "")), facts.get("confidence", 0)
    word, reason = _STATES.get(state, Text.same(state)), told(facts.get("reason", ""))
    lines = [
        Text(ko=f"판단: {word.ko}, 확신도 {confidence}", en=f"Verdict: {word.en}, confidence {confidence}"),
        Text(ko=f"근거: {reason}", en=f"Because: {reason}"),
    ]
    for each in list(facts.get("incidents", ()))[:3]:
        notice = f"{told(each.get('name', ''), 200)} ({told(each.get('status', ''), 40)})"
        lines.append(Text(ko=f"공지: {notice}", en=f"Notice: {notice}"))
    if vanished := facts.get("vanished"):
        names = told(", ".join(vanished))
        lines.append(
            Text(
                ko=f"상태 페이지에서 사라진 구성 요소: {names}. 설정을 확인하세요.",
                en=f"Components that are gone from the status page: {names}. Look at the settings.",
            )
        )
    return lines


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _length(lasted: timedelta) -> Text:
    minutes = max(0, int(lasted.total_seconds() // 60))
    if minutes < 60:
        return Text(ko=f"{minutes}분", en=f"{minutes} min")
    return Text(ko=f"{minutes // 60}시간 {minutes % 60}분", en=f"{minutes // 60} h {minutes % 60} min")
