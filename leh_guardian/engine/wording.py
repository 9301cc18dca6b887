"""Owns what the engine says to the on-call, in Korean; the one rule: what happened, what it needs, what to type - in that order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from leh_guardian.model.escalation import Call, Why
from leh_guardian.model.expectation import MANY
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Kind
from leh_guardian.model.text import told


class Cause(StrEnum):
    """Why people are told."""

    STEP_FAILED = "step-failed"
    NEEDS_HUMAN = "needs-human"
    BUDGET_SPENT = "budget-spent"
    NOT_HELPED = "not-helped"
    FALSE_OK = "false-ok"
    UNCONFIRMED = "unconfirmed"
    APPROVAL = "approval"
    NO_REMEDY = "no-remedy"
    UNHANDLED = "unhandled"
    RULES_REFUSED = "rules-refused"
    RULE_GONE = "rule-gone"
    ALARM_GONE = "alarm-gone"
    SLOW = "slow"
    STALLED = "stalled"
    NO_OK = "no-ok"
    BESIDE = "beside"
    SILENT = "silent"
    PROBE = "probe"
    CHANNEL_BROKEN = "channel-broken"


_SENTENCES = {
    Cause.STEP_FAILED: "자동 조치가 실패하여 중단했습니다. 사람이 확인해야 합니다.",
    Cause.NEEDS_HUMAN: "조치가 실행되었는지 알 수 없습니다. 다시 실행하지 않고 사람의 확인을 기다립니다.",
    Cause.BUDGET_SPENT: (
        "규칙의 실행 한도를 모두 사용했습니다. "
        "이후 이 규칙의 장애는 조치하지도, 하나씩 알리지도 않으므로 사람이 확인해야 합니다."
    ),
    Cause.NOT_HELPED: "조치를 실행했지만 효과가 확인되지 않았습니다.",
    Cause.FALSE_OK: "경보는 정상(OK)으로 바뀌었지만 큐가 비지 않았습니다.",
    Cause.UNCONFIRMED: "경보는 정상(OK)으로 바뀌었지만 큐를 확인할 수 없어 장애를 닫지 않았습니다.",
    Cause.APPROVAL: "승인을 기다리는 조치가 있습니다. 승인하지 않으면 아무것도 실행하지 않습니다.",
    Cause.NO_REMEDY: "자동 조치가 없는 장애입니다. 사람이 대응해야 합니다.",
    Cause.UNHANDLED: "진단 결과에 맞는 조치가 규칙에 없어 아무 조치도 하지 않았습니다. 사람이 대응해야 합니다.",
    Cause.RULES_REFUSED: "규칙 파일을 읽을 수 없어 마지막으로 정상인 규칙을 계속 사용합니다. 파일을 고치면 자동으로 다시 읽습니다.",
    Cause.SLOW: "자동 조치가 정해진 시간 안에 끝나지 않아 호출합니다. 조치는 계속 진행 중입니다.",
    Cause.STALLED: "자동 조치가 진행되지 않고 있습니다. 사람이 확인해야 합니다.",
    Cause.NO_OK: "자동 조치는 끝났지만 경보가 정상(OK)으로 돌아오지 않았습니다. 사람이 확인해야 합니다.",
    Cause.BESIDE: "자동 조치와 동시에 담당자를 호출합니다.",
    Cause.SILENT: "정해진 시간 안에 신호(하트비트)가 오지 않았습니다. 보내는 쪽이 멈추지 않았는지 사람이 확인해야 합니다.",
    Cause.PROBE: "guardian이 서비스를 직접 점검한 결과(프로브)가 연속으로 실패했습니다. 서비스가 동작하는지 사람이 확인해야 합니다.",
    Cause.ALARM_GONE: "이 장애의 CloudWatch 경보가 삭제되어 정상(OK) 이벤트로 닫히지 않습니다. 확인 후 직접 해결 처리하세요.",
    Cause.CHANNEL_BROKEN: (
        "연락 채널 불통: 이 채널이 메시지를 받지 않아 다른 수단(failover)으로 보냅니다. "
        "토큰, 권한, 서비스 상태를 확인하세요. 다시 동작하면 자동으로 닫힙니다."
    ),
    Cause.RULE_GONE: "이 장애의 규칙이 삭제되었거나 이름이 바뀌어 정상(OK) 이벤트로 닫히지 않습니다. 확인 후 직접 해결 처리하세요.",
}


class Outage(StrEnum):
    """What guardian cannot work without."""

    DATABASE = "postgresql"
    ALERTS = "alert_queue"
    URGENT = "urgent_queue"
    CANARY = "canary"
    LOST_CALL = "lost_call"
    LATE_CALLS = "late_calls"


_QUEUE_AWAY = (
    "guardian이 경보 큐(SQS)를 사용할 수 없어 새 경보를 받지 못합니다. CloudWatch 경보를 직접 확인하고 대응하세요."
)
_OUTAGES = {
    Outage.DATABASE: (
        "guardian이 데이터베이스(PostgreSQL)를 사용할 수 없어 경보를 처리하지 못합니다. CloudWatch 경보를 직접 확인하고 대응하세요."
    ),
    Outage.ALERTS: _QUEUE_AWAY,
    Outage.URGENT: _QUEUE_AWAY,
    Outage.CANARY: (
        "guardian의 자체 점검 이벤트가 경보 경로를 끝까지 통과하지 못합니다. 경보가 처리되지 않을 수 있으므로 직접 확인하세요."
    ),
    Outage.LOST_CALL: (
        "다음 호출이 예약되지 않은 열린 장애가 있어 다시 예약했습니다. "
        "호출이 늦었을 수 있으므로 열린 장애를 직접 확인하세요."
    ),
    Outage.LATE_CALLS: (
        "guardian의 호출이 예정보다 늦어지고 있습니다. 담당자가 호출을 받지 못했을 수 있으므로 열린 장애를 직접 확인하세요."
    ),
}
_SEOUL = ZoneInfo("Asia/Seoul")


def distress(outage: Outage, reason: str, began: datetime, replica: str, *, over: bool) -> list[str]:
    """Return the lines of a notice that guardian itself cannot work, or can again; the first is its title."""
    since = f"{began.astimezone(_SEOUL):%Y-%m-%d %H:%M} (한국 시간)"
    if over:
        return [
            f"[복구] guardian: {outage.value}",
            "guardian이 다시 정상적으로 동작합니다. 장애 동안 울린 경보는 CloudWatch에서 한 번 더 확인하세요.",
            f"장애 시작: {since}",
            f"서버: {told(replica, 120, phones=False)}",
        ]
    return [
        f"[SEV1] guardian 자체 장애: {outage.value}",
        _OUTAGES[outage],
        f"상세: {told(reason, 600)}",
        f"시작: {since}",
        f"서버: {told(replica, 120, phones=False)}",
        "확인: leh-guardian doctor",
    ]


ACTION_WORDS: Final = {
    "proposed": "승인 대기",
    "scheduled": "예정",
    "running": "실행 중",
    "waiting": "기다리는 중",
    "succeeded": "성공",
    "skipped": "건너뜀",
    "failed": "실패",
    "needs_human": "결과를 알 수 없음",
    "rejected": "거절됨",
}
"""What people call the states of an action."""
_WHY = {
    Why.UNANSWERED: "{waited} 무응답으로 Lv{level} 호출",
    Why.REPEATED: "{waited} 무응답으로 Lv{level} 다시 호출",
    Why.UNRESOLVED: "확인했지만 제시간에 해결되지 않아 Lv{level} 호출",
    Why.EXPIRED: "확인한 뒤 소식이 없어 Lv{level} 다시 호출",
    Why.TAKEN_BACK: "확인이 취소되어 Lv{level} 다시 호출",
    Why.ASKED: "{by} 님의 상위 보고로 Lv{level} 호출",
    Why.WORSE: "상황이 더 나빠져 Lv{level} 호출",
    Why.REOPENED: "해결된 장애가 다시 발생하여 Lv{level} 호출",
    Why.WOKEN: "보류 시간이 끝났고 장애가 계속되어 Lv{level} 다시 호출",
}
_NEWS = {
    Kind.ACKNOWLEDGED: ("확인", "{by} 님이 확인하고 대응 중입니다. 더 호출하지 않습니다."),
    Kind.RESOLVED: ("해결", "장애가 해결되었습니다."),
    Kind.SNOOZED: ("보류", "{by} 님이 잠시 보류했습니다. 시간이 지나면 다시 호출합니다."),
    Kind.APPROVAL_GIVEN: ("승인", "{by} 님이 조치를 승인했습니다. 다른 사람의 승인이 더 필요합니다."),
    Kind.ACK_ENDED: ("확인 취소", "{by} 님이 확인을 취소했습니다."),
    Kind.NEEDS_PERSON: (
        "정상 신호",
        "경보가 정상으로 돌아왔습니다. 이 등급의 장애는 자동으로 닫지 않으므로 확인 후 직접 해결 처리하세요.",
    ),
}


def called(call: Call, incident: Incident, ack_within: float | None, late: timedelta | None, by: str) -> str:
    """Return what somebody is called with: what it is about and until when to answer, why now, and what was told before."""
    about = (incident.escalation.about if incident.escalation else "").splitlines()
    deadline = f" · {spoken(timedelta(seconds=ack_within))} 내 응답" if ack_within else " · 즉시 응답"
    lines = [f"[{incident.severity.value.upper()}·Lv{call.level}] {_subject(incident)}{deadline}"]
    if why := because(call, by):
        lines.append(why)
    if late is not None:
        lines.append(f"지연 처리: guardian이 멈춰 있어 예정보다 {spoken(late)} 늦게 호출합니다.")
    if call.passed:
        lines.append(f"{', '.join(f'Lv{level}' for level in call.passed)}은(는) 호출하지 못하고 지나갔습니다.")
    return "\n".join([*lines, *(about[1:] or [f"확인: leh-guardian incidents show {incident.id}"])])


def passed_on(call: Call, incident: Incident, by: str) -> str:
    """Return what those hear who were called before, when others are called."""
    lines = [f"[Lv{call.level} 호출] {_subject(incident)}", because(call, by) or f"Lv{call.level}을(를) 호출했습니다."]
    return "\n".join([*lines, f"확인: leh-guardian incidents show {incident.id}"])


def because(call: Call, by: str) -> str:
    """Return why somebody is called, in Korean; an empty text where it has just begun."""
    why = _WHY.get(call.why, "")
    waited = spoken(timedelta(seconds=call.waited))
    return why.format(waited=waited, level=call.level, by=told(by or "담당자", 60, phones=False))


def news(what: Kind, incident: Incident, by: str, detail: str) -> str:
    """Return what those who were told of an incident hear when it moves on."""
    word, sentence = _NEWS[what]
    lines = [f"[{word}] {_subject(incident)}", sentence.format(by=told(by or "담당자", 60, phones=False))]
    if detail:
        lines.append(f"상세: {told(detail, 300, phones=False)}")
    return "\n".join([*lines, f"확인: leh-guardian incidents show {incident.id}"])


def reminder(incident: Incident, left: timedelta) -> str:
    """Return what somebody hears whose acknowledgement is about to run out."""
    lines = [
        f"[알림] {_subject(incident)}",
        f"확인한 장애가 아직 해결되지 않았습니다. {spoken(left)} 뒤에는 다시 호출합니다.",
        f"계속 대응 중이면 다시 확인하세요: leh-guardian incidents ack {incident.id}",
    ]
    return "\n".join(lines)


def spoken(length: timedelta) -> str:
    """Return a length of time as people say it: 30분, 1시간 30분, 2일 3시간."""
    minutes = round(length.total_seconds() / 60)
    if minutes < 1:
        return f"{round(length.total_seconds())}초"
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    parts = [f"{days}일"] * (days > 0) + [f"{hours}시간"] * (hours > 0) + [f"{minutes}분"] * (minutes > 0)
    return " ".join(parts[:2])


_MEASURES: Final = {"count": "이벤트 수", "sum": "합계", "distinct": "서로 다른 값"}


def too_much(envelope: Mapping[str, Any]) -> str:
    """Return what a window rule measured in the event that set it off, an empty text for any other event."""
    told = envelope.get("window")
    if not isinstance(told, Mapping) or not {"measure", "value", "bound", "over"} <= told.keys():
        return ""
    over = spoken(timedelta(seconds=told["over"]))
    return f"{over} 동안 {_MEASURES[told['measure']]} {told['value']:,} (한도 {told['bound']:,})"


def _subject(incident: Incident) -> str:
    subject = f" ({told(incident.dedup_key, 120, phones=False)})" if incident.dedup_key else ""
    return f"{incident.rule_id}{subject}"


def message(cause: Cause, incident: Incident, detail: str, *, action: str | None = None) -> str:
    """Return the text of a message about `incident`; `detail` is data and is shown on one line."""
    lines = [
        f"[{incident.severity.value.upper()}] {_subject(incident)}",
        _SENTENCES[cause],
        f"상세: {told(detail, 600, phones=False)}",
    ]
    if incident.dedup_key == MANY:
        lines.append(
            "같은 규칙으로 놓친 나머지를 모두 이 장애 하나로 셉니다. 하나하나의 이름은 아래 명령의 기록에 있습니다."
        )
    if action is not None:
        lines.append(f"승인: leh-guardian actions approve {action}")
        lines.append(f"거절: leh-guardian actions reject {action}")
    if cause is Cause.BUDGET_SPENT:
        lines.append(f"목록: leh-guardian incidents list --rule {incident.rule_id}")
    lines.append(f"확인: leh-guardian incidents show {incident.id}")
    return "\n".join(lines)
