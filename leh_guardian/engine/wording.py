"""Owns what the engine says to the on-call, in Korean; the one rule: what happened, what it needs, what to type - in that order."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from leh_guardian.model.expectation import MANY
from leh_guardian.model.incident import Incident
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
    Cause.RULE_GONE: "이 장애의 규칙이 삭제되었거나 이름이 바뀌어 정상(OK) 이벤트로 닫히지 않습니다. 확인 후 직접 해결 처리하세요.",
}


class Outage(StrEnum):
    """What guardian cannot work without."""

    DATABASE = "postgresql"
    ALERTS = "alert_queue"
    URGENT = "urgent_queue"
    CANARY = "canary"


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


def message(cause: Cause, incident: Incident, detail: str, *, action: str | None = None) -> str:
    """Return the text of a message about `incident`; `detail` is data and is shown on one line."""
    subject = f" ({told(incident.dedup_key, 120, phones=False)})" if incident.dedup_key else ""
    lines = [
        f"[{incident.severity.value.upper()}] {incident.rule_id}{subject}",
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
