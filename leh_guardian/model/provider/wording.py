"""Owns what people read of an outage, in Korean; the one rule: users read what it means for their files, and no internals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from leh_guardian.model.provider.internal import INTERNAL
from leh_guardian.model.provider.outage import Announcement, Audience, Occasion, Outage
from leh_guardian.model.text import told

_SEOUL: Final = timezone(timedelta(hours=9))
_STATES: Final = {
    "outage_confirmed": "확인됨 (상태 페이지와 Worker 오류율이 일치)",
    "outage_suspected": "의심됨 (근거가 한쪽뿐)",
    "degraded": "일부 실패",
    "page_only": "상태 페이지에만 나타남",
    "transient": "일시적 오류",
    "normal": "정상",
    "undecided": "판단 보류",
}
_SUBJECT: Final = {"내부 시스템": "이", "외부 AI 서비스": "가"}
"""The particle after each."""
_SAFE: Final = "올리신 자료는 안전하게 보관되어 있습니다. 다시 올리지 않으셔도 됩니다."


def announce(outage: Outage, what: Announcement, now: datetime) -> tuple[str, list[str]]:
    """Return the title and the lines of an announcement."""
    if what.audience is Audience.USERS:
        return _for_users(outage, what)
    return _for_team(outage, what, now)


def _for_users(outage: Outage, what: Announcement) -> tuple[str, list[str]]:
    who = "내부 시스템" if outage.provider in INTERNAL else "외부 AI 서비스"
    since = f"시작: {_clock(outage.began_at)}"
    if what.occasion is Occasion.END:
        ended = _clock(outage.ended_at or outage.looked_at)
        return "AI 분석이 다시 시작되었습니다", [
            f"{who}{_SUBJECT[who]} 복구되어, 밀린 자료를 차례로 분석하고 있습니다.",
            "분석이 끝나면 평소처럼 결과를 보실 수 있습니다.",
            f"{since}, 복구: {ended}",
        ]
    title = "AI 분석이 계속 지연되고 있습니다" if what.occasion is Occasion.UPDATE else "AI 분석이 지연되고 있습니다"
    return title, [
        f"{who}에 문제가 있어, 올리신 자료의 AI 분석이 늦어지고 있습니다.",
        _SAFE,
        "복구되면 자동으로 분석을 이어 갑니다.",
        since,
    ]


def _for_team(outage: Outage, what: Announcement, now: datetime) -> tuple[str, list[str]]:
    name = told(outage.provider, 60)
    kind = "장애" if outage.provider in INTERNAL else "외부 장애"
    lasted = _length((outage.ended_at or now) - outage.began_at)
    match what.occasion:
        case Occasion.NOTICE:
            title, next_ = f"{name} 상태 페이지에 문제가 표시됨", "Worker는 정상입니다. 계속 처리합니다."
        case Occasion.START:
            title, next_ = (
                f"{name} {kind}: 재처리를 멈추고 복구를 기다립니다",
                "재전송(redrive)은 복구 확인 뒤에 이어집니다.",
            )
        case Occasion.UPDATE:
            title, next_ = f"{name} {kind}가 {lasted}째 계속됩니다", "재전송(redrive)은 계속 멈춰 있습니다."
        case Occasion.END:
            title, next_ = f"{name} 복구: {lasted} 만에 끝났습니다", "멈춰 있던 다음 단계를 이어 갑니다."
    return title, [*_seen(outage.facts), f"시작: {_clock(outage.began_at)}", next_]


def _seen(facts: Mapping[str, Any]) -> list[str]:
    """Return what was seen, a line each. The page's texts are another's: redacted and cut."""
    state = str(facts.get("state", ""))
    lines = [
        f"판단: {_STATES.get(state, state)}, 확신도 {facts.get('confidence', 0)}",
        f"근거: {told(facts.get('reason', ''))}",
    ]
    lines += [
        f"공지: {told(each.get('name', ''), 200)} ({told(each.get('status', ''), 40)})"
        for each in list(facts.get("incidents", ()))[:3]
    ]
    if vanished := facts.get("vanished"):
        lines.append(f"상태 페이지에서 사라진 구성 요소: {told(', '.join(vanished))}. 설정을 확인하세요.")
    return lines


def _clock(at: datetime) -> str:
    return f"{at.astimezone(_SEOUL):%Y-%m-%d %H:%M} (한국 시간)"


def _length(lasted: timedelta) -> str:
    minutes = max(0, int(lasted.total_seconds() // 60))
    return f"{minutes // 60}시간 {minutes % 60}분" if minutes >= 60 else f"{minutes}분"
